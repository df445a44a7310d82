"""What the benchmarks here share: programs that are measured as the system counts, in turns."""

import dataclasses
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DEPS = pathlib.Path(os.environ.get("TRAINYARD_DEPS_DIR", ROOT / ".deps"))
MNIST = DEPS / "mnist"
BENCH = ROOT / "build/release/bench"
OURS = "Trainyard"


@dataclasses.dataclass
class Run:
    """One program run to its end."""

    answer: dict  # its line of JSON, if it printed one
    started: float  # seconds since 1970
    wall: float  # seconds
    cpu: float  # seconds, user and system
    memory: float  # MB, at the peak
    first_step: float = 0  # seconds from the start of the program to the end of its first step


def measured(command, **environment):
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        started = time.time()
        begin = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command], stdout=out, stderr=err, env=os.environ | environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode != 0:
            raise SystemExit(f"{command} ended with {process.returncode}:\n{err.read()[-3000:]}")
        answers = [line for line in out.read().splitlines() if line.startswith("{")]
    answer = json.loads(answers[-1]) if answers else {}
    cpu = usage.ru_utime + usage.ru_stime
    return Run(answer, started, wall, cpu, usage.ru_maxrss / 1024)


def progress_lines(path):
    """docs/contracts/progress.md"""
    return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]


def in_turns(programs, rounds, measure):
    """{name: [result of each round]}; every round measures each program once."""
    results = {program.name: [] for program in programs}
    for number in range(rounds):
        for program in programs:
            with tempfile.TemporaryDirectory() as work:
                results[program.name].append(measure(program, work))
            print(f"  round {number + 1} of {rounds}: {program.name}", file=sys.stderr)
    return results


def median(runs, field):
    return statistics.median(getattr(run, field) for run in runs)


def machine():
    model = "unknown processor"
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            model = line.split(":")[1].strip()
            break
    flags = open("/proc/cpuinfo").read()
    extras = [name for name in ("avx512_bf16", "amx_bf16") if f" {name}" in flags]
    load = os.getloadavg()[0]
    return (
        f"{len(os.sched_getaffinity(0))} cores of {model} ({', '.join(extras) or 'no bfloat16'}), "
        f"{platform.system()} {platform.release()}; load {load:.1f} at the start"
    )


def other_python(peer):
    """The interpreter of a virtual environment that is made on first use."""
    subprocess.run([ROOT / "tools/setup.sh", peer], check=True, stdout=sys.stderr)
    return DEPS / f"venv-{peer}/bin/python"
