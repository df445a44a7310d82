#!/usr/bin/env python3
"""Runs a program of the thread sanitizer's build, and shows the data races that are our own.

    tools/races.py build/tsan/test/serving_test --gtest_brief=1

gRPC, protobuf and TensorFlow come without the sanitizer's instrumentation: it does not see how they
hand an object from one thread to another, and reports what is done with it on both sides. A report
counts if both of its accesses are lines in src/, the C++ library's own left out, and neither is the
constructor of something that gRPC then passes on.

Ends as the program does, and with 1 after a race.
"""

import os
import re
import subprocess
import sys

REPORT = re.compile(r"WARNING: ThreadSanitizer: (?!data race)|(?:ERROR|FATAL): ThreadSanitizer")
RACE = re.compile(r"={18}\nWARNING: ThreadSanitizer: data race.*?\n={18}", re.S)
STACK = re.compile(r"\n  (?:Previous )?(?:[Aa]tomic )?(?:[Rr]ead|[Ww]rite) of size .*?(?=\n\n|\Z)", re.S)
FRAME = re.compile(r"^    #\d+ (.*) (\S+?)(?::\d+)* \(\S+\)$", re.M)
# The C++ library, and what the sanitizer puts in the place of the C library.
LIBRARY = re.compile(r"/c\+\+/\d+/")
INTERCEPTED = re.compile(r"operator (?:new|delete)|free|malloc|mem(?:cpy|move|set|cmp|chr)|str\w+|bcmp")
# g++ 12's std::atomic<std::shared_ptr> ends a load with a relaxed unlock, which on x86 orders all the same.
ATOMIC_POINTER = "std::_Sp_atomic<"
# gRPC calls a reactor's methods one after the other, from any of its threads.
REACTORS = {"Watcher", "Stream"}

OPTIONS = "ignore_noninstrumented_modules=1:halt_on_error=0:exitcode=0:history_size=7"


def access(stack):
    """The function and the file whose line did it; None if the sanitizer has forgotten."""
    for function, file in FRAME.findall(stack):
        if not LIBRARY.search(file) and not INTERCEPTED.match(function):
            return function, file
    return None


def is_ours(place):
    return place and re.match(r"(?!/usr/).*\bsrc/", place[1]) and place[0] not in REACTORS


def own(text):
    """The reports in what a program has printed that are races of our own, or no races at all."""
    found = [
        report for report in RACE.findall(text)
        if ATOMIC_POINTER not in report
        and (places := [access(stack) for stack in STACK.findall(report)])
        and all(map(is_ours, places))
    ]
    return found + [text[match.start():][:4000] for match in REPORT.finditer(text)]


def main(command):
    if not command:
        sys.exit(__doc__)
    environment = {**os.environ, "TSAN_OPTIONS": OPTIONS}
    done = subprocess.run(command, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True, errors="replace",
                          env=environment)
    races = own(done.stdout)
    without_reports = RACE.sub("", done.stdout)
    print(without_reports[-20000:], *races, sep="\n")
    print(f"{len(races)} races of our own, {len(RACE.findall(done.stdout)) - len(races)} of others' code")
    sys.exit(done.returncode or int(bool(races)))


if __name__ == "__main__":
    main(sys.argv[1:])
