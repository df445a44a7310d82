"""The peers' data: float32 images between 0 and 1, int32 labels, the tabular example's table."""

import csv
import pathlib

import numpy

BATCHES = {"digits": 95, "resnet": 50, "tabular": 330}  # steps that a step benchmark takes
WARM_UP = {"digits": 15, "resnet": 10, "tabular": 30}  # of them not counted


def load_mnist(directory, part):
    """(images [N, 28, 28, 1], labels [N]) of "train" or "t10k"."""
    directory = pathlib.Path(directory)
    images = numpy.fromfile(directory / f"{part}-images-idx3-ubyte", numpy.uint8)[16:]
    labels = numpy.fromfile(directory / f"{part}-labels-idx1-ubyte", numpy.uint8)[8:]
    images = images.reshape(-1, 28, 28, 1).astype(numpy.float32) / 255
    return images, labels.astype(numpy.int32)


def random_images(count):
    """(images [count, 32, 32, 3], labels [count]): the time of a step does not depend on them."""
    random = numpy.random.default_rng(1)
    images = random.random((count, 32, 32, 3), numpy.float32)
    return images, random.integers(0, 10, count).astype(numpy.int32)


def load_clicks(directory):
    """({"user", "film": int32 [N], "hour": float32 [N]}, clicked: float32 [N]).

    Names are numbers already, which spares the peers the lookup of strings that ours does.
    """
    with open(pathlib.Path(directory) / "train.csv") as file:
        rows = list(csv.DictReader(file))
    features = {
        "user": numpy.array([int(row["user"][1:]) for row in rows], numpy.int32),
        "film": numpy.array([int(row["film"][1:]) for row in rows], numpy.int32),
        "hour": numpy.array([float(row["hour"]) for row in rows], numpy.float32),
    }
    return features, numpy.array([float(row["clicked"]) for row in rows], numpy.float32)


def load(model, directory, batch):
    """Features and labels to train `model` with."""
    if model == "digits":
        return load_mnist(directory, "train")
    if model == "resnet":
        return random_images(BATCHES[model] * batch)
    return load_clicks(directory)
