#!/usr/bin/env python3
"""Trains digits in every mode, and in Keras, from several seeds each, and compares the loss curves.

Every update is made of 60 images, however many processes bring them; only asynchronous replicas bring 60
each. `python test/e2e/loss_curves.py DIRECTORY` leaves there curves.json, curves.svg and curves.md.
loss_curves_test.py judges them.

Three replicas, not two: losses are those that the chief has seen, and of MNIST's training images the even
ones are harder than the odd ones (0.17 and 0.07 at the end), since its two sources take turns.

Keras trains twice: as usual, and with each gradient applied two updates after the one its weights come from,
which is what three asynchronous replicas do to each other at worst.
"""

import dataclasses
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from digits_job import BIN, MNIST, digits_job  # noqa: E402

STEPS = 160
BATCH = 60
RATE = 0.001
SEEDS = [1, 2, 3, 4]
PARTS = 4  # of the training, whose mean losses are compared
POINTS = 10  # of a curve in the picture


@dataclasses.dataclass
class Mode:
    name: str
    replicas: dict  # how many of each type; {}: one process
    batch: int = BATCH  # of each replica
    flags: tuple = ()


SERVER = {"Chief": 1, "Worker": 2, "PS": 1}
MODES = [
    Mode("one process", {}),
    Mode("synchronous", SERVER, BATCH // 3, ("--replicas_to_aggregate=3",)),
    Mode("all-reduce", {"Worker": 3}, BATCH // 3),
    Mode("asynchronous", SERVER),
]
KERAS = {"Keras": 0, "Keras, late": 2}  # by how many updates gradients come late
PRECISIONS = ["float32", "bfloat16"]


def flags_of(mode, precision, seed):
    flags = [f"--max_steps={STEPS}", f"--batch_size={mode.batch}", f"--learning_rate={RATE}"]
    flags += [f"--seed={seed}", "--save_summary_steps=1", f"--save_checkpoints_steps={STEPS}"]
    flags += ["--eval_steps=1", f"--precision={precision}", "--force_bfloat16", *mode.flags]
    return flags


def run(command, **options):
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=600,
        **options,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return done.stdout


def train(mode, precision, seed, directory):
    """Trains once; [(step, loss)] as the chief has seen them."""
    directory.mkdir(parents=True)
    flags = flags_of(mode, precision, seed)
    model = directory / "out/model"
    if not mode.replicas:
        run([BIN / "digits", f"--data_dir={MNIST}", f"--model_dir={model}", *flags])
        return losses_in(model)
    job = json.loads(digits_job("curves", flags))
    specs = job["spec"]["tfReplicaSpecs"]
    job["spec"]["tfReplicaSpecs"] = {
        name: {**specs[name], "replicas": count} for name, count in mode.replicas.items()
    }
    (directory / "job.yaml").write_text(json.dumps(job))
    state = {"TRAINYARD_STATE_DIR": str(directory / "state")}
    run(
        [BIN / "trainyard", "run", directory / "job.yaml", "--workdir", directory / "out"],
        env=os.environ | state,
    )
    return losses_in(model)


def losses_in(model_dir):
    from tensorboard.backend.event_processing import event_accumulator

    events = event_accumulator.EventAccumulator(str(model_dir), size_guidance={"tensors": 0, "scalars": 0})
    events.Reload()
    tags = events.Tags()
    if "loss" in tags["scalars"]:
        return [(event.step, event.value) for event in events.Scalars("loss")]
    return [(event.step, float(event.tensor_proto.float_val[0])) for event in events.Tensors("loss")]


def train_keras(precision, late):
    command = [sys.executable, pathlib.Path(__file__).with_name("keras_digits.py"), MNIST]
    lines = run([*command, STEPS, BATCH, RATE, precision, late, *SEEDS]).splitlines()
    return [list(enumerate(json.loads(line), 1)) for line in lines if line.startswith("[")]


def measure(directory):
    """{"all-reduce, float32": one list of (step, loss) for each seed}"""
    curves = {}
    for precision in PRECISIONS:
        for name, late in KERAS.items():
            curves[f"{name}, {precision}"] = train_keras(precision, late)
        for mode in MODES:
            name = f"{mode.name}, {precision}"
            place = directory / name.replace(", ", "_").replace(" ", "_")
            curves[name] = [train(mode, precision, seed, place / str(seed)) for seed in SEEDS]
            print(name, [f"{part:.3f}" for part in means(curves[name], PARTS)], flush=True)
    return curves


def log_mean(curve, first, last):
    """The logarithm of the mean loss in the steps from `first` on and before `last`; None if others than the
    chief made all of them, as asynchronous replicas may."""
    losses = [loss for step, loss in curve if first <= step < last]
    return math.log(statistics.mean(losses)) if losses else None


def parts_of(curve, count):
    return [
        log_mean(curve, 1 + i * STEPS / count, 1 + (i + 1) * STEPS / count) for i in range(count)
    ]


def means(curves, count):
    """For each part of the training the mean loss (its geometric mean over the seeds)."""
    by_part = zip(*(parts_of(curve, count) for curve in curves), strict=True)
    known = [[value for value in values if value is not None] for values in by_part]
    return [math.exp(statistics.mean(values)) for values in known]


def spreads(curves, count):
    """For each part the deviation between seeds, as a share of the loss, of all modes together."""
    variances = []
    for of_mode in curves.values():
        by_part = zip(*(parts_of(curve, count) for curve in of_mode), strict=True)
        variances.append([statistics.variance(values) for values in by_part])
    return [math.sqrt(statistics.mean(values)) for values in zip(*variances, strict=True)]


def table(curves):
    steps = STEPS // PARTS
    names = [f"steps {1 + i * steps} to {(i + 1) * steps}" for i in range(PARTS)]
    lines = [f"| mean loss | {' | '.join(names)} |", "|---|" + "---|" * PARTS]
    for name, of_mode in curves.items():
        lines.append(f"| {name} | {' | '.join(f'{value:.4f}' for value in means(of_mode, PARTS))} |")
    shares = " | ".join(f"{100 * value:.1f} %" for value in spreads(curves, PARTS))
    return "\n".join([*lines, f"| deviation between seeds | {shares} |"]) + "\n"


def write(curves, directory):
    from curves_svg import draw

    (directory / "curves.json").write_text(json.dumps(curves))
    (directory / "curves.md").write_text(table(curves))
    points = {name: means(of_mode, POINTS) for name, of_mode in curves.items()}
    (directory / "curves.svg").write_text(draw(points, PRECISIONS, STEPS))


def main():
    directory = pathlib.Path(sys.argv[1]).resolve()
    curves = measure(directory)
    write(curves, directory)
    print(table(curves))


if __name__ == "__main__":
    main()
