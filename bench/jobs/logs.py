"""How fast the output of a replica comes out of `trainyard run --verbose`, and whether all of it does.

One replica prints lines of 100 bytes, which go to a pipe, into its rotated log, and with a prefix to
standard output. The launchers take turns. MB/s are those of the replica's lines (without the
prefix), from the launcher's start to its end; the median of the runs is given.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PRINT = os.path.join(ROOT, "build/release/bench/print_lines")
TORCHRUN = os.path.join(ROOT, ".deps/venv-torch/bin/torchrun")
LINE = 100


def launchers(folder, count):
    run = [os.path.join(ROOT, "bin/trainyard"), "run", "--workdir", os.path.join(folder, "out"),
           "--worker", "1"]
    found = {
        "trainyard run --verbose": run + ["--verbose", "--", PRINT, str(count)],
        "trainyard run (log only)": run + ["--", PRINT, str(count)],
        "| sed 's/^/[worker-0] /'": ["/bin/sh", "-c",
                                     f"{PRINT} {count} | sed 's/^/[worker-0] /'"],
    }
    if os.path.exists(TORCHRUN):
        # A Python process per replica copies lines one by one: a tenth of the lines is enough.
        found["torchrun --tee 1"] = [TORCHRUN, "--standalone", "--no-python", "--nproc-per-node=1",
                                     "--log-dir", os.path.join(folder, "torch"), "--tee", "1",
                                     PRINT, str(count // 10)]
    return found


def run_once(words, out):
    """Seconds, and peak memory in MB of the largest process."""
    begin = time.monotonic()
    process = subprocess.Popen(words, stdout=out, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    return time.monotonic() - begin, usage.ru_maxrss / 1024


def lines_in(path):
    """How many of the replica's lines arrived, and whether they are in order and without a gap."""
    command = f"grep -a -o '[0-9]\\{{10\\}} xxx' {path} | cut -c1-10"
    numbers = subprocess.Popen(["/bin/sh", "-c", command], stdout=subprocess.PIPE)
    expected = 0
    for line in numbers.stdout:
        if int(line) != expected:
            return expected, False
        expected += 1
    return expected, True


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", help="where logs and output go (default: a temporary one)")
    args = parser.parse_args()
    count = args.megabytes * 1_000_000 // LINE
    folder = tempfile.mkdtemp(dir=args.folder)
    rows = {}
    try:
        for _ in range(args.runs):
            for name, words in launchers(folder, count).items():
                printed = int(words[-1]) if words[0] != "/bin/sh" else count
                for target in ("/dev/null", "a file"):
                    if target == "a file" and "log only" in name:
                        continue
                    path = os.path.join(folder, "output") if target == "a file" else os.devnull
                    with open(path, "wb") as out:
                        seconds, memory = run_once(words, out)
                    rows.setdefault((name, target), []).append(
                        (printed * LINE / 1e6 / seconds, memory))
                    for made in ("out", "torch"):
                        shutil.rmtree(os.path.join(folder, made), ignore_errors=True)
                if name == "trainyard run --verbose" and len(rows[(name, "a file")]) == 1:
                    found, in_order = lines_in(path)
                    print(f"{found} of {printed} lines came out, "
                          f"{'in order' if in_order else 'OUT OF ORDER'}")
                    assert found == printed and in_order
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{'launcher':28} {'to':10} {'MB/s':>7}   of each run; peak memory in MB")
    for (name, target), values in rows.items():
        speeds = [speed for speed, _ in values]
        print(f"{name:28} {target:10} {statistics.median(speeds):7.0f}   "
              f"{', '.join(f'{speed:.0f}' for speed in speeds)}; "
              f"{max(memory for _, memory in values):.0f}")


if __name__ == "__main__":
    main()
