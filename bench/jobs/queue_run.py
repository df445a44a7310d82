#!/usr/bin/env python3
"""What a short job costs in the queue of `trainyard run`, and whether anything is left behind.

Runs many jobs of one process each, whose program is a shell command, through one `trainyard run`, and the
same command as often through the peers: xargs, GNU parallel (if it is there), and Python's thread pool.
Beside trainyard's run its open files, threads and resident memory are read from /proc as jobs end. Exit
code 1 if a job failed or something grew or was left.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What may differ between job 50 and the last one: allocators keep some pages, jobs are starting. A leak of
# one file in a hundred jobs is more.
MAX_GROWTH_KB = 2048
MAX_MORE_FILES = 4
WARM_UP_JOBS = 50

JOB = """apiVersion: kubeflow.org/v1
kind: TFJob
metadata: {{name: short-{number:04}}}
spec:
  tfReplicaSpecs:
    Worker:
      replicas: 1
      restartPolicy: Never
      template:
        spec:
          containers:
          - {{name: tensorflow, image: none, command: [sh, -c, {command}]}}
"""


def processes_with(mark):
    """The processes whose environment carries the text."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
        except OSError:
            pass  # gone, or not ours
    return found


def sample(pid):
    """What a process holds right now."""
    status = dict(
        line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return {
        "open_files": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": int(status["Threads"]),
        "rss_kb": int(status["VmRSS"].split()[0]),
    }


class Timer:
    """Wall time, and the processor time of all children that were waited for."""

    def __enter__(self):
        self._wall, self._cpu = time.monotonic(), self._children()
        return self

    def __exit__(self, *_):
        self.wall, self.cpu = time.monotonic() - self._wall, self._children() - self._cpu

    @staticmethod
    def _children():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime


class Ours:
    """One `trainyard run` of all jobs."""

    name = "trainyard run"

    def __init__(self, arguments, directory):
        files = []
        (directory / "jobs").mkdir()
        for number in range(arguments.jobs):
            files.append(directory / "jobs" / f"{number:04}.yaml")
            files[-1].write_text(JOB.format(number=number, command=json.dumps(arguments.command)))
        self.directory = directory
        self.command = [arguments.bin / "trainyard", "run", *files, "--output", "json"]
        self.command += ["--max-parallel", str(arguments.parallel), "--workdir", directory / "out"]
        self.samples = {}  # by the number of jobs that have ended
        self.mark = f"TRAINYARD_BENCH_MARK={uuid.uuid4()}"

    def run(self):
        environment = dict(os.environ, TRAINYARD_STATE_DIR=str(self.directory / "state"))
        environment.update([self.mark.split("=")])
        process = subprocess.Popen(
            [str(part) for part in self.command], stdout=subprocess.PIPE, text=True, env=environment
        )
        ended = 0
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "result":
                ended += 1
                assert event["result"] == "succeeded", line
                try:
                    self.samples[ended] = sample(process.pid)
                except (OSError, KeyError):
                    pass  # it is just ending
        if process.wait() != 0:
            sys.exit(f"trainyard run ended with {process.returncode}")

    def left(self):
        """What is there that should not be."""
        problems = []
        if processes := processes_with(self.mark):
            problems.append(f"processes {processes} are left")
        early, late = (
            statistics_of([s for n, s in self.samples.items() if low <= n <= high])
            for low, high in [
                (WARM_UP_JOBS, WARM_UP_JOBS + 25),
                (max(self.samples) - 25, max(self.samples)),
            ]
        )
        print(f"\ntrainyard    at job {WARM_UP_JOBS:<6} at job {max(self.samples)}")
        for key in early:
            print(f"{key:12} {early[key]:<13g} {late[key]:g}")
        if late["open_files"] > early["open_files"] + MAX_MORE_FILES:
            problems.append("open files have become more")
        if late["threads"] > early["threads"]:
            problems.append("threads have become more")
        if late["rss_kb"] > early["rss_kb"] + MAX_GROWTH_KB:
            problems.append(f"memory has grown by {late['rss_kb'] - early['rss_kb']:.0f} kB")
        works = [path for path in (self.directory / "out").iterdir()]
        files = {sum(1 for path in work.rglob("*") if path.is_file()) for work in works}
        print(f"files left by each job: {sorted(files)}")
        if len(files) != 1:
            problems.append(f"jobs leave between {min(files)} and {max(files)} files")
        return problems


def statistics_of(samples):
    return {key: statistics.median(s[key] for s in samples) for key in samples[0]}


def run_xargs(arguments, _):
    lines = "\n".join(map(str, range(arguments.jobs)))
    command = ["xargs", f"-P{arguments.parallel}", "-n1", "sh", "-c", arguments.command]
    subprocess.run(command, input=lines, text=True, check=True)


def run_gnu_parallel(arguments, directory):
    """With a file for each job's output and a line for each job in a log, as ours."""
    lines = "\n".join(map(str, range(arguments.jobs)))
    command = [arguments.gnu_parallel, f"-j{arguments.parallel}", "--results", directory / "gnu"]
    command += ["--joblog", directory / "gnu.log", f"{arguments.command}; : {{}}"]
    subprocess.run(
        [str(part) for part in command],
        input=lines,
        text=True,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def run_thread_pool(arguments, _):
    with concurrent.futures.ThreadPoolExecutor(arguments.parallel) as pool:
        for done in pool.map(
            lambda _: subprocess.run(["sh", "-c", arguments.command]), range(arguments.jobs)
        ):
            assert done.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=500, help="%(default)s")
    parser.add_argument("--parallel", type=int, default=4, help="jobs at once (%(default)s)")
    parser.add_argument("--command", default="exit 0", help='what a job does ("%(default)s")')
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "bin")
    parser.add_argument("--gnu_parallel", default=shutil.which("parallel"), help="GNU parallel's program")
    arguments = parser.parse_args()
    if arguments.jobs < 2 * WARM_UP_JOBS:
        parser.error(f"--jobs: at least {2 * WARM_UP_JOBS}")

    with tempfile.TemporaryDirectory(prefix="bench_queue_") as name:
        directory = pathlib.Path(name)
        ours = Ours(arguments, directory)
        programs = {ours.name: ours.run}
        if arguments.gnu_parallel:
            programs["GNU parallel"] = lambda: run_gnu_parallel(arguments, directory)
        programs["xargs"] = lambda: run_xargs(arguments, directory)
        programs["Python's pool"] = lambda: run_thread_pool(arguments, directory)
        print(f"{arguments.jobs} jobs, {arguments.parallel} at once: sh -c '{arguments.command}'\n")
        print(f"{'':15} {'wall ms/job':>12} {'CPU ms/job':>12}")
        for program, run in programs.items():
            with Timer() as timer:
                run()
            wall, cpu = (1000 * value / arguments.jobs for value in (timer.wall, timer.cpu))
            print(f"{program:15} {wall:12.2f} {cpu:12.2f}", flush=True)
        problems = ours.left()
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    print("nothing is left, nothing has grown" if not problems else "")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
