#!/usr/bin/env python3
"""Removes a test's cluster when the test lets go of a pipe: because it is done, or is no more.

usage: watchdog.py ALIVE DONE LOCK STATE CLUSTER_SH

ALIVE is the reading end of a pipe that the test keeps open, DONE the writing end of one that is
closed when the cluster is down, LOCK the locked file of the cluster's slot; all are numbers of open
files. Nobody's child and in a session of its own, so that what ends the test does not end this too.
"""

import os
import subprocess
import sys


def leave_the_test(kept):
    """Continues as a process that has no relation to the test."""
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.closerange(max(kept) + 1, 256)


def main():
    alive, done, lock = (int(word) for word in sys.argv[1:4])
    state, cluster_sh = sys.argv[4:]
    leave_the_test([alive, done, lock])
    while os.read(alive, 100):
        pass
    log = f"{state}.down.log"
    with open(log, "wb") as output:
        result = subprocess.run([cluster_sh, "down"], stdout=output, stderr=output, check=False)
    if result.returncode == 0:
        os.unlink(log)
    os.close(done)
    os.close(lock)


if __name__ == "__main__":
    main()
