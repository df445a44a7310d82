#!/usr/bin/env python3
"""Measures the examples' training beside their peers, in turns, and prints Markdown tables.

See README.md beside this file for what is measured and how.
"""

import argparse
import pathlib
import statistics

from common import BENCH, DEPS, HERE, MNIST, OURS, ROOT
from common import in_turns, machine, measured, median, other_python, progress_lines

# Of a training step of digits: forward 14.5 million, backward twice that without the gradient of
# the image.
FLOP_PER_IMAGE = 42.3e6
CLICKS = pathlib.Path("out/tabular/data")
DATA = {"digits": MNIST, "resnet": "none", "tabular": CLICKS}


class Ours:
    def __init__(self, model, precision, batch):
        self.name = f"{OURS}, {precision}"
        self.model, self.precision, self.batch = model, precision, batch

    def steps(self, work):
        command = {
            "digits": ["digits_step", MNIST, self.precision, self.batch, 80, 15],
            "resnet": ["resnet_step", self.precision, self.batch, 40, 10],
            "tabular": ["tabular_step", CLICKS, self.batch, 300, 30],
        }[self.model]
        answer = measured([BENCH / command[0], *command[1:]]).answer
        return answer["p10_ms"], answer["median_ms"], answer["p90_ms"]

    def digits(self, work, *options):
        progress = pathlib.Path(work) / "progress"
        run = measured(
            [ROOT / "bin/digits", f"--data_dir={MNIST}", f"--precision={self.precision}"]
            + [f"--batch_size={self.batch}", f"--model_dir={work}/model", *options],
            TRAINYARD_PROGRESS_FILE=str(progress),
        )
        lines = progress_lines(progress)
        run.first_step = next(l["time"] for l in lines if l.get("step", 0) >= 1) - run.started
        return run, lines

    def job(self, work):
        return self.digits(work, "--max_steps=100", f"--export_dir={work}/export")[0]

    def accuracy(self, work):
        _, lines = run = self.digits(
            work,
            "--max_steps=800",
            "--save_checkpoints_steps=100",
            "--eval_throttle_secs=0",
        )
        for line in lines:
            if line.get("accuracy", 0) >= 0.99:
                return line["time"] - run[0].started, line["eval_step"], line["accuracy"]
        raise SystemExit(f"{self.name} did not reach 99 %")


class Peer:
    def __init__(self, name, python, program, model, precision, batch, *options):
        self.name = name
        self.command = [python, HERE / program]
        self.options = ["--model", model, "--data", DATA[model], "--precision", precision]
        self.options += ["--batch", batch, *options]

    def run(self, mode, work):
        return measured(self.command + [mode, "--work", work] + self.options)

    def steps(self, work):
        times = sorted(self.run("steps", work).answer["milliseconds"])
        tenth = len(times) // 10
        return times[tenth], statistics.median(times), times[-1 - tenth]

    def job(self, work):
        run = self.run("job", work)
        run.first_step = run.answer["first_step_at"] - run.started
        return run

    def accuracy(self, work):
        run = self.run("accuracy", work)
        answer = run.answer
        return answer["reached_at"] - run.started, answer["steps"], answer["accuracy"]


def ours_beside(name):
    """The name of our row that this one is compared with."""
    return f"{OURS}, {'bfloat16' if 'bfloat16' in name else 'float32'}"


def matmul_rate(precision):
    """GFLOP per second of large matrix products, by TensorFlow's kernels."""
    return measured([BENCH / "matmul_rate", precision, 2048, 5]).answer["gflops"]


def print_steps(results, model, batch, precisions):
    rates = {precision: matmul_rate(precision) for precision in precisions}
    reached = ", ".join(f"{rate:.0f} GFLOP/s in {name}" for name, rate in rates.items())
    print(f"{model}, batch {batch}; matrix products of 2048 x 2048 reach {reached}.\n")
    print("| program | ms per step | 10-90 % | beside ours | examples/s | of the matrix rate |")
    print("|---|---|---|---|---|---|")
    rows = {
        name: [statistics.median(values) for values in zip(*rounds)]
        for name, rounds in results.items()
    }
    for name, (low, middle, high) in rows.items():
        ratio = middle / rows[ours_beside(name)][1]
        examples = 1000 * batch / middle
        share = examples * FLOP_PER_IMAGE / 1e9 / rates[name.split(", ")[1].split()[0]]
        print(
            f"| {name} | {middle:.2f} | {low:.2f}-{high:.2f} | {ratio:.2f} | {examples:.0f} "
            f"| {f'{100 * share:.0f} %' if model == 'digits' else ''} |"
        )


def print_jobs(results):
    print("| program | wall, s | beside ours | CPU, s | peak memory, MB | first step, s |")
    print("|---|---|---|---|---|---|")
    for name, runs in results.items():
        wall, ratio = median(runs, "wall"), median(runs, "wall") / median(
            results[ours_beside(name)], "wall"
        )
        print(
            f"| {name} | {wall:.2f} | {ratio:.2f} | {median(runs, 'cpu'):.2f} "
            f"| {median(runs, 'memory'):.0f} | {median(runs, 'first_step'):.2f} |"
        )


def print_accuracy(results):
    print("| program | s to 99 % | beside ours | after steps | accuracy then, % |")
    print("|---|---|---|---|---|")
    rows = {
        name: [statistics.median(values) for values in zip(*rounds)]
        for name, rounds in results.items()
    }
    for name, (seconds, steps, accuracy) in rows.items():
        ratio = seconds / rows[ours_beside(name)][0]
        print(f"| {name} | {seconds:.1f} | {ratio:.2f} | {steps:.0f} | {100 * accuracy:.2f} |")


def programs_of(options, precisions):
    model, batch = options.model, options.batch
    python, torch = DEPS / "venv/bin/python", other_python("torch") if options.torch else None
    for precision in precisions:
        rest = [model, precision, batch]
        yield Ours(*rest)
        yield Peer(f"Keras 2.21, {precision}", python, "keras_peer.py", *rest)
        if options.compiled:
            name = f"Keras 2.21, {precision} compiled"
            yield Peer(name, python, "keras_peer.py", *rest, "--compile")
        if torch:
            yield Peer(f"PyTorch 2.15, {precision}", torch, "torch_peer.py", *rest)
        if torch and options.compiled:
            name = f"PyTorch 2.15, {precision} compiled"
            yield Peer(name, torch, "torch_peer.py", *rest, "--compile")
        if options.estimator and precision == "float32":
            estimator = other_python("estimator")
            yield Peer("Estimator 2.15, float32", estimator, "estimator_peer.py", *rest)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="turns of each program (default 5)")
    parser.add_argument("--precision", choices=["float32", "bfloat16", "both"], default="both")
    parser.add_argument("--estimator", action="store_true", help="TensorFlow 2.15's Estimator, too")
    parser.add_argument("--torch", action="store_true", help="PyTorch, too (a download of gigabytes)")
    parser.add_argument("--compiled", action="store_true", help="peers compiled, too (XLA, Inductor)")
    parser.add_argument("--model", choices=list(DATA), default="digits")
    parser.add_argument("--batch", type=int, default=100, help="examples in a batch (default 100)")
    parser.add_argument(
        "--only",
        choices=["steps", "job", "accuracy"],
        help="one table (default: steps, and for digits the job)",
    )
    options = parser.parse_args()
    if options.model != "digits" and (options.estimator or options.only in ("job", "accuracy")):
        parser.error("--estimator, --only job and --only accuracy are for --model digits")
    if options.only == "accuracy" and options.estimator:
        parser.error("--only accuracy has no Estimator")
    if options.model == "tabular":
        if options.precision == "bfloat16":
            parser.error("--model tabular is measured in float32: its products are small")
        options.precision = "float32"

    precisions = ["float32", "bfloat16"]
    if options.precision != "both":
        precisions = [options.precision]
    programs = list(programs_of(options, precisions))
    print(f"{machine()}. Medians of {options.rounds} rounds.\n")
    if options.model == "tabular":  # makes the example's table, if it is not there
        measured([BENCH / "tabular_step", CLICKS, 100, 1, 0])
    if options.only in (None, "steps"):
        steps = in_turns(programs, options.rounds, lambda program, work: program.steps(work))
        print_steps(steps, options.model, options.batch, precisions)
        print()
    if options.only == "job" or options.only is None and options.model == "digits":
        print_jobs(in_turns(programs, options.rounds, lambda program, work: program.job(work)))
    if options.only == "accuracy":
        accuracy = in_turns(programs, options.rounds, lambda program, work: program.accuracy(work))
        print_accuracy(accuracy)


if __name__ == "__main__":
    main()
