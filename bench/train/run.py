#!/usr/bin/env python3
"""Measures the digits example beside its peers, in turns, and prints Markdown tables.

See README.md beside this file for what is measured and how.
"""

import argparse
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
OURS = "Trainyard"
# Of a training step: forward 14.5 million, backward twice that without the gradient of the image.
FLOP_PER_IMAGE = 42.3e6


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


class Ours:
    def __init__(self, precision, batch):
        self.name = f"{OURS}, {precision}"
        self.precision = precision
        self.batch = batch

    def steps(self, work):
        program = ROOT / "build/release/bench/digits_step"
        answer = measured([program, MNIST, self.precision, self.batch, 80, 15]).answer
        return answer["p10_ms"], answer["median_ms"], answer["p90_ms"]

    def job(self, work):
        progress = pathlib.Path(work) / "progress"
        run = measured(
            [ROOT / "bin/digits", f"--data_dir={MNIST}", f"--precision={self.precision}"]
            + ["--max_steps=100", f"--batch_size={self.batch}"]
            + [f"--model_dir={work}/model", f"--export_dir={work}/export"],
            TRAINYARD_PROGRESS_FILE=str(progress),
        )
        # docs/contracts/progress.md
        lines = [json.loads(line) for line in progress.read_text().splitlines()]
        run.first_step = next(l["time"] for l in lines if l.get("step", 0) >= 1) - run.started
        return run


class Peer:
    def __init__(self, name, python, program, *options):
        self.name = name
        self.command = [python, HERE / program]
        self.options = list(options)

    def steps(self, work):
        run = measured(self.command + ["steps", MNIST, work] + self.options)
        times = sorted(run.answer["milliseconds"])
        tenth = len(times) // 10
        return times[tenth], statistics.median(times), times[-1 - tenth]

    def job(self, work):
        run = measured(self.command + ["job", MNIST, work] + self.options)
        run.first_step = run.answer["first_step_at"] - run.started
        return run


def in_turns(programs, rounds, measure):
    """{name: [result of each round]}; every round measures each program once."""
    results = {program.name: [] for program in programs}
    for number in range(rounds):
        for program in programs:
            with tempfile.TemporaryDirectory() as work:
                results[program.name].append(measure(program, work))
            print(f"  round {number + 1} of {rounds}: {program.name}", file=sys.stderr)
    return results


def ours_beside(name):
    """The name of our row that this one is compared with."""
    return f"{OURS}, {'bfloat16' if 'bfloat16' in name else 'float32'}"


def matmul_rate(precision):
    """GFLOP per second of large matrix products, by TensorFlow's kernels."""
    program = ROOT / "build/release/bench/matmul_rate"
    return measured([program, precision, 2048, 5]).answer["gflops"]


def print_steps(results, batch, rates):
    reached = ", ".join(f"{rate:.0f} GFLOP/s in {name}" for name, rate in rates.items())
    print(f"Batch {batch}; matrix products of 2048 x 2048 reach {reached}.\n")
    print("| program | ms per step | 10-90 % | beside ours | images/s | of the matrix rate |")
    print("|---|---|---|---|---|---|")
    rows = {
        name: [statistics.median(values) for values in zip(*rounds)]
        for name, rounds in results.items()
    }
    for name, (low, middle, high) in rows.items():
        ratio = middle / rows[ours_beside(name)][1]
        images = 1000 * batch / middle
        share = images * FLOP_PER_IMAGE / 1e9 / rates[name.split(", ")[1].split()[0]]
        print(
            f"| {name} | {middle:.1f} | {low:.1f}-{high:.1f} | {ratio:.2f} "
            f"| {images:.0f} | {100 * share:.0f} % |"
        )


def print_jobs(results):
    print("| program | wall, s | beside ours | CPU, s | peak memory, MB | first step, s |")
    print("|---|---|---|---|---|---|")

    def median(name, field):
        return statistics.median(getattr(run, field) for run in results[name])

    for name in results:
        wall, ratio = median(name, "wall"), median(name, "wall") / median(ours_beside(name), "wall")
        print(
            f"| {name} | {wall:.2f} | {ratio:.2f} | {median(name, 'cpu'):.2f} "
            f"| {median(name, 'memory'):.0f} | {median(name, 'first_step'):.2f} |"
        )


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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="turns of each program (default 5)")
    parser.add_argument("--precision", choices=["float32", "bfloat16", "both"], default="both")
    parser.add_argument("--estimator", action="store_true", help="TensorFlow 2.15's Estimator, too")
    parser.add_argument("--torch", action="store_true", help="PyTorch, too (a download of gigabytes)")
    parser.add_argument("--batch", type=int, default=100, help="images in a batch (default 100)")
    parser.add_argument("--jit", action="store_true", help="Keras with jit_compile, too")
    parser.add_argument("--only", choices=["steps", "job"], help="one of the two tables")
    options = parser.parse_args()

    if options.estimator and options.batch != 100:
        parser.error("--estimator has batches of 100 only")
    python, batch = DEPS / "venv/bin/python", options.batch
    both = ["float32", "bfloat16"]
    precisions = both if options.precision == "both" else [options.precision]
    programs = []
    for precision in precisions:
        programs.append(Ours(precision, batch))
        keras = [f"Keras 2.21, {precision}", python, "keras_peer.py", precision, batch]
        programs.append(Peer(*keras))
        if options.jit:
            programs.append(Peer(keras[0] + " jit", *keras[1:], "jit"))
    if options.estimator:
        name = "Estimator 2.15, float32"
        programs.append(Peer(name, other_python("estimator"), "estimator_peer.py"))
    if options.torch:
        torch = other_python("torch")
        for precision in precisions:
            name = f"PyTorch 2.15, {precision}"
            programs.append(Peer(name, torch, "torch_peer.py", precision, batch))

    print(f"{machine()}. Medians of {options.rounds} rounds.\n")
    if options.only != "job":
        rates = {precision: matmul_rate(precision) for precision in precisions}
        steps = in_turns(programs, options.rounds, lambda program, work: program.steps(work))
        print_steps(steps, batch, rates)
        print()
    if options.only != "steps":
        print_jobs(in_turns(programs, options.rounds, lambda program, work: program.job(work)))


if __name__ == "__main__":
    main()
