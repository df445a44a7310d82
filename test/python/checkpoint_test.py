"""Python's TensorFlow lists and reads the checkpoints that we write."""

import numpy
import pytest
from conftest import RUN_STEPS


@pytest.fixture(scope="module")
def reader(digits_run):
    import tensorflow as tf

    return tf.train.load_checkpoint(str(digits_run / "model"))


def test_latest_checkpoint_is_that_of_the_last_step(digits_run):
    import tensorflow as tf

    latest = tf.train.latest_checkpoint(str(digits_run / "model"))
    assert latest == str(digits_run / "model" / f"model.ckpt-{RUN_STEPS}")


def test_global_step_is_an_int64_and_counts_the_steps(reader):
    step = reader.get_tensor("global_step")
    assert step.dtype == numpy.int64
    assert step == RUN_STEPS


def test_every_variable_is_listed_with_its_shape_and_finite(digits_run, reader):
    import tensorflow as tf

    listed = dict(tf.train.list_variables(str(digits_run / "model")))
    shapes = sorted(tuple(shape) for shape in listed.values() if len(shape) > 1)
    for expected in [(5, 5, 1, 32), (5, 5, 32, 32), (7 * 7 * 32, 1024), (1024, 10)]:
        # the weights, and Adam's two moments of them
        assert shapes.count(expected) == 3, f"{expected} in {shapes}"
    for name, shape in listed.items():
        value = reader.get_tensor(name)
        assert list(value.shape) == list(shape), name
        assert numpy.all(numpy.isfinite(value)), name


def test_training_has_moved_the_weights(digits_run, reader):
    import tensorflow as tf

    for name, shape in tf.train.list_variables(str(digits_run / "model")):
        if len(shape) > 1:
            assert numpy.std(reader.get_tensor(name)) > 0, name
