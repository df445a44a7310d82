"""How long it takes from the start of a launcher to the first instruction of its replica.

Every launcher starts the same program, build/release/bench/stamp; they take turns, so that a machine
that is slower for a while is slower for all. Medians in milliseconds, with the quartiles.
"""
import argparse
import os
import statistics
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STAMP = os.path.join(ROOT, "build/release/bench/stamp")
TORCHRUN = os.path.join(ROOT, ".deps/venv-torch/bin/torchrun")


def launchers(folder, job_file):
    """Name and words of each; the stamp's file name is added at the end."""
    run = [os.path.join(ROOT, "bin/trainyard"), "run", "--workdir", os.path.join(folder, "out")]
    found = {
        "the program alone": [STAMP],
        "sh -c": ["/bin/sh", "-c", '"$0" "$1"', STAMP],
        "trainyard run --worker 1": run + ["--worker", "1", "--", STAMP],
        "trainyard run JOB.yaml": run + [job_file],
    }
    if os.path.exists(TORCHRUN):
        found["torchrun, 1 process"] = [TORCHRUN, "--standalone", "--no-python",
                                        "--nproc-per-node=1", STAMP]
    return found


def write_job(path, stamp_file):
    with open(path, "w") as job:
        job.write(f"""apiVersion: kubeflow.org/v1
kind: TFJob
metadata: {{name: start}}
spec:
  tfReplicaSpecs:
    Worker:
      template:
        spec:
          containers:
          - name: tensorflow
            image: none
            command: [{STAMP}, {stamp_file}]
""")


def measure(words, stamp_file):
    """Milliseconds from just before the launcher is started; None if it failed."""
    if os.path.exists(stamp_file):
        os.remove(stamp_file)
    null = os.open(os.devnull, os.O_WRONLY)
    actions = [(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
    begin = time.monotonic_ns()
    pid = os.posix_spawn(words[0], words, os.environ, file_actions=actions)
    os.waitpid(pid, 0)
    os.close(null)
    try:
        with open(stamp_file) as file:
            return (int(file.read()) - begin) / 1e6
    except (OSError, ValueError):
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--slow-runs", type=int, default=5, help="of launchers that take seconds")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stamp_file = os.path.join(folder, "stamp")
        job_file = os.path.join(folder, "job.yaml")
        write_job(job_file, stamp_file)
        words = launchers(folder, job_file)
        times = {name: [] for name in words}
        for i in range(args.runs):
            for name, line in words.items():
                if name.startswith("torchrun") and i >= args.slow_runs:
                    continue
                own = line if line[-1] == job_file else line + [stamp_file]
                times[name].append(measure(own, stamp_file))
    print(f"{'launcher':28} {'median':>9} {'quartiles':>19} {'runs':>5}   milliseconds")
    for name, values in times.items():
        good = [value for value in values if value is not None]
        if not good:
            print(f"{name:28} failed")
            continue
        quartiles = statistics.quantiles(good, n=4) if len(good) > 1 else [good[0]] * 3
        print(f"{name:28} {statistics.median(good):9.2f} {quartiles[0]:9.2f} {quartiles[2]:9.2f}"
              f" {len(good):5}")


if __name__ == "__main__":
    main()
