"""Latency while a version loads: constant load, and a new version every other second.

What is compared are requests of the same run: those that were under way while a version was loaded
or the one before unloaded, by the server's own log, and all others.
"""

import os
import pathlib
import re
import shutil
import statistics
import sys
import tempfile
import threading
import time
from array import array

import rates

INTERVAL = 2  # seconds between two new versions
LINE = re.compile(
    r"^\w (\d+):(\d+):(\d+\.\d+) (?:loaded model \S+ version (\d+) from .* in (\d+) ms"
    r"|unloaded model \S+ version (\d+))"
)
DAY = 86400


def windows(log, now):
    """[(from, to)] in seconds of the monotonic clock, one for each change of version, and how long
    each load took. `now`: (time.time(), time.monotonic()) of one moment after the log's last line."""
    here = time.localtime(now[0])
    seconds_of_day = here.tm_hour * 3600 + here.tm_min * 60 + here.tm_sec + now[0] % 1
    begun, ended, took = {}, {}, []
    for line in log.splitlines():
        if not (found := LINE.match(line)):
            continue
        hours, minutes, seconds, loaded, milliseconds, unloaded = found.groups()
        age = (seconds_of_day - int(hours) * 3600 - int(minutes) * 60 - float(seconds)) % DAY
        at = now[1] - age
        if loaded:
            begun[int(loaded)] = at - int(milliseconds) / 1000
            ended[int(loaded)] = at
            took.append(int(milliseconds))
        else:  # the version before: its successor's change ends now
            ended[int(unloaded) + 1] = at
    changes = [version for version in sorted(begun) if version > 1]
    return [(begun[version], ended[version]) for version in changes], took[1:]


def split(times, spans):
    """Latencies in ms, sorted: (of requests that met no span, of those that did)."""
    calm, disturbed = [], []
    for sent, answered in zip(times[::2], times[1::2]):
        meets = any(sent / 1e9 <= end and answered / 1e9 >= begin for begin, end in spans)
        (disturbed if meets else calm).append((answered - sent) / 1e6)
    return sorted(calm), sorted(disturbed)


def at(values, share):
    return values[min(len(values) - 1, int(share * len(values)))]


def one_round(options, program, folder, concurrency):
    count = max(2, int(options.reload_seconds / INTERVAL))
    with tempfile.TemporaryDirectory(dir=folder) as work:
        work = pathlib.Path(work)
        for version in range(1, count + 1):
            # Whole before it is seen: only its name changes while requests are measured.
            shutil.copytree(folder / options.model / "1", work / f"copies/{version}")
        base = work / "served"
        base.mkdir()
        os.rename(work / "copies/1", base / "1")
        with program.serve(options.model, base) as server:
            # Before counting begins a fifth of the time goes by; nothing is changed then.
            length = (count + 0.5) * INTERVAL

            def publish():
                start = time.monotonic() + length / 5
                for version in range(2, count + 1):
                    time.sleep(max(0, start + (version - 1.5) * INTERVAL - time.monotonic()))
                    os.rename(work / f"copies/{version}", base / str(version))

            publisher = threading.Thread(target=publish)
            publisher.start()
            file = work / "times"
            rates.load(server, program, folder, options.model, options.batch, concurrency, length, file)
            publisher.join()
            spans, took = windows(server.log_text(), (time.time(), time.monotonic()))
        times = array("q")
        times.frombytes(file.read_bytes())
    if len(spans) < max(1, count - 2):
        raise SystemExit(
            f"{program.name}, {concurrency} at once: {len(spans)} of {count - 1} versions were loaded while "
            "requests came; give it more --reload-seconds"
        )
    calm, disturbed = split(times, spans)
    return {
        "loads": len(spans),
        "load_ms": statistics.median(took),
        "requests_in_changes": len(disturbed),
        "p50_ms": at(calm, 0.5),
        "p99_ms": at(calm, 0.99),
        "p999_ms": at(calm, 0.999),
        "p50_change_ms": at(disturbed, 0.5),
        "p99_change_ms": at(disturbed, 0.99),
        "p999_change_ms": at(disturbed, 0.999),
        "max_change_ms": disturbed[-1],
        "p99_ratio": at(disturbed, 0.99) / at(calm, 0.99),
    }


def reloads(options, folder, programs):
    """{(program, concurrency): [report of each round]}."""
    results = {}
    for number in range(options.rounds):
        for program in programs:
            for concurrency in options.reload_concurrency:
                report = one_round(options, program, folder, concurrency)
                results.setdefault((program.name, concurrency), []).append(report)
            print(f"  round {number + 1} of {options.rounds}: reloads, {program.name}", file=sys.stderr)
    return results
