"""MNIST for the peers: float32 images between 0 and 1, int32 labels."""

import pathlib

import numpy


def load(directory, part):
    """(images [N, 28, 28, 1], labels [N]) of "train" or "t10k"."""
    directory = pathlib.Path(directory)
    images = numpy.fromfile(directory / f"{part}-images-idx3-ubyte", numpy.uint8)[16:]
    labels = numpy.fromfile(directory / f"{part}-labels-idx1-ubyte", numpy.uint8)[8:]
    images = images.reshape(-1, 28, 28, 1).astype(numpy.float32) / 255
    return images, labels.astype(numpy.int32)
