"""Every layer, loss, metric, optimizer and schedule gives what Python's TensorFlow gives.

test/exact prints cases: inputs, variables, our outputs and gradients. A function of the case's name
in one of the modules below computes the outputs anew from inputs and variables.
"""

import json

import exact_embedding
import exact_inputs
import exact_layers
import exact_losses
import exact_metrics
import exact_optimizers
import exact_schedules
import numpy
import pytest
from conftest import TEST_PROGRAMS, run

MODULES = [
    exact_embedding,
    exact_inputs,
    exact_layers,
    exact_losses,
    exact_metrics,
    exact_optimizers,
    exact_schedules,
]


def load():
    cases = {}
    for line in run(TEST_PROGRAMS / "exact_cases").splitlines():
        case = json.loads(line)
        cases[case["case"]] = {
            key: numpy.array(value["data"], dtype=value["dtype"]).reshape(value["shape"])
            for key, value in case["values"].items()
        }
    return cases


CASES = load()
FUNCTIONS = {
    name: function
    for module in MODULES
    for name, function in vars(module).items()
    if callable(function) and not name.startswith("_") and function.__module__ == module.__name__
}


def close(ours, theirs, what):
    """To the rounding of float32, relative to the largest number of a tensor."""
    theirs = numpy.asarray(theirs)
    assert ours.shape == theirs.shape, what
    if ours.dtype.kind != "f":
        numpy.testing.assert_array_equal(ours, theirs, err_msg=what)
        return
    scale = max(1.0, float(numpy.max(numpy.abs(theirs), initial=0)))
    numpy.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6 * scale, err_msg=what)


def test_every_case_has_its_counterpart():
    assert sorted(CASES) == sorted(FUNCTIONS)


@pytest.mark.parametrize("name", sorted(CASES))
def test_agrees(name):
    import tensorflow as tf

    values = CASES[name]
    given = {
        key.split(":", 1)[1]: tf.constant(value)
        for key, value in values.items()
        if key.startswith(("in:", "var:"))
    }
    with tf.GradientTape(persistent=True) as tape:
        for value in given.values():
            tape.watch(value)
        outputs = FUNCTIONS[name](given)
        floats = [y for y in outputs.values() if tf.as_dtype(y.dtype).is_floating]
        loss = sum(tf.reduce_sum(tf.square(y)) for y in floats) if floats else None
    ours = {key[4:]: value for key, value in values.items() if key.startswith("out:")}
    assert sorted(ours) == sorted(outputs)
    for key, value in ours.items():
        close(value, outputs[key], f"{name}, output {key}")
    for key, value in values.items():
        if key.startswith("grad:"):
            close(value, tf.convert_to_tensor(tape.gradient(loss, given[key[5:]])), f"{name}, {key}")
