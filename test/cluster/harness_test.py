#!/usr/bin/env python3
"""Whatever ends a test, its cluster and operator end, too."""

import pathlib
import signal
import subprocess
import sys
import unittest

import harness

PROGRAM = """
import sys, harness
cluster = harness.Cluster()
cluster.start()
print(cluster.state, flush=True)
{end}
"""


def processes_of(state):
    """Processes whose command line or environment names the state directory."""
    found = {}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            text = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue  # gone, or not ours
        if f"{state}/".encode() in text or f"STATE={state}\0".encode() in text:
            found[process.name] = (process / "cmdline").read_text()[:80]
    return found


class HarnessTest(unittest.TestCase):
    def start(self, end):
        words = [sys.executable, "-c", PROGRAM.format(end=end)]
        child = subprocess.Popen(words, cwd=harness.HERE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.wait, 90)
        line = child.stdout.readline().strip()
        if line.startswith("SKIPPED"):
            harness.skip(line)
        return child, pathlib.Path(line)

    def check_nothing_is_left(self, state):
        harness.wait_for(lambda: not state.exists(), 180, "the state directory is still there")
        harness.wait_for(lambda: not processes_of(state), 60, lambda: processes_of(state))

    def test_a_killed_program_leaves_nothing(self):
        for number in (signal.SIGKILL, signal.SIGTERM):
            with self.subTest(number.name):
                child, state = self.start("import time; time.sleep(600)")
                self.assertTrue(processes_of(state))
                child.send_signal(number)
                child.wait(60)
                self.check_nothing_is_left(state)

    def test_a_program_that_ends_by_an_error_leaves_nothing(self):
        child, state = self.start("sys.exit('a mistake')")
        child.wait(90)
        self.check_nothing_is_left(state)

    def test_two_clusters_at_once(self):
        one, first = self.start("import time; time.sleep(600)")
        two, second = self.start("cluster.stop()")
        self.assertNotEqual(first, second)
        two.wait(180)
        self.check_nothing_is_left(second)
        self.assertTrue(processes_of(first))
        one.kill()
        self.check_nothing_is_left(first)


if __name__ == "__main__":
    harness.main()
