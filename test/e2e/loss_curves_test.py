"""Digits learns as fast in every mode, in either precision, as in Keras: what differs is no more than what
seeds make of it."""

import math
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import loss_curves  # noqa: E402
from loss_curves import PARTS, PRECISIONS, SEEDS  # noqa: E402

# Of eight means of a normal variable whose deviation is known from 24 degrees of freedom, the largest and
# the smallest are further apart than so many deviations of a mean once in 10,000 times (Tukey's range).
STUDENTIZED_RANGE = 8.3


@pytest.fixture(scope="module")
def curves(tmp_path_factory):
    directory = pathlib.Path(os.environ.get("TRAINYARD_CURVES") or tmp_path_factory.mktemp("curves"))
    measured = loss_curves.measure(directory)
    loss_curves.write(measured, directory)
    print(loss_curves.table(measured))
    return measured


def is_in_step(name):
    return not name.startswith(("asynchronous", "Keras, late"))


def tolerance(curves, part):
    """Of the logarithm of a loss."""
    return STUDENTIZED_RANGE * loss_curves.spreads(curves, PARTS)[part] / math.sqrt(len(SEEDS))


@pytest.mark.parametrize("part", range(PARTS))
def test_modes_differ_by_no_more_than_seeds_do(curves, part):
    curves = {name: of_mode for name, of_mode in curves.items() if is_in_step(name)}
    means = {name: loss_curves.means(of_mode, PARTS)[part] for name, of_mode in curves.items()}
    highest, lowest = max(means, key=means.get), min(means, key=means.get)
    difference = math.log(means[highest] / means[lowest])
    assert difference <= tolerance(curves, part), f"{highest} and {lowest}: {means}"


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("precision", PRECISIONS)
def test_asynchronous_updates_cost_no_more_than_late_gradients_do(curves, precision, part):
    def loss(mode):
        return math.log(loss_curves.means(curves[f"{mode}, {precision}"], PARTS)[part])

    # Their curves spread more than the others.
    own = {f"{mode}": curves[f"{mode}, {precision}"] for mode in ["asynchronous", "Keras, late"]}
    room = tolerance(own, part)
    assert loss("Keras") - room <= loss("asynchronous") <= loss("Keras, late") + room


def test_every_mode_learns(curves):
    for name, of_mode in curves.items():
        first, *_, last = loss_curves.means(of_mode, PARTS)
        assert last < first / 3, name
