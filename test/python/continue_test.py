"""Python's TensorFlow trains the digits network on from our checkpoint, and ours from Python's."""

import gzip
import re
import shutil
import subprocess

import numpy
import pytest
from conftest import BIN, MNIST, RUN_STEPS

PYTHON_STEPS = 20


def digits(kind, count):
    """Images between 0 and 1 and labels, the first `count` of MNIST's files."""

    def read(name, header):
        (path,) = [path for path in MNIST.iterdir() if path.name.startswith(name)]
        opened = gzip.open(path) if path.suffix == ".gz" else path.open("rb")
        with opened as file:
            return numpy.frombuffer(file.read()[header:], numpy.uint8)

    images = read(f"{kind}-images", 16).reshape(-1, 28, 28, 1)[:count]
    return images.astype(numpy.float32) / 255, read(f"{kind}-labels", 8)[:count].astype(numpy.int32)


def network(v1, image, training):
    """The digits network with the names that our model gives its variables."""
    import tensorflow as tf

    updates = []

    def variable(name, shape, trainable=True):
        return v1.get_variable(name, shape, trainable=trainable, use_resource=True)

    def batch_norm(x, name):
        depth = x.shape[-1]
        gamma, beta = variable(f"{name}/gamma", [depth]), variable(f"{name}/beta", [depth])
        mean = variable(f"{name}/moving_mean", [depth], trainable=False)
        variance = variable(f"{name}/moving_variance", [depth], trainable=False)
        if not training:
            return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)
        batch_mean, batch_variance = tf.nn.moments(x, [0, 1, 2])
        for old, new in [(mean, batch_mean), (variance, batch_variance)]:
            updates.append(old.assign(old * 0.9 + new * 0.1))
        return tf.nn.batch_normalization(x, batch_mean, batch_variance, beta, gamma, 1e-3)

    x = image
    for name, norm, shape in [
        ("conv2d", "batch_normalization", [5, 5, 1, 32]),
        ("conv2d_1", "batch_normalization_1", [5, 5, 32, 32]),
    ]:
        x = tf.nn.conv2d(x, variable(f"{name}/kernel", shape), 1, "SAME")
        x = tf.nn.relu(tf.nn.max_pool2d(batch_norm(x, norm), 2, 2, "VALID"))
    x = tf.reshape(x, [-1, 7 * 7 * 32])
    x = tf.nn.relu(x @ variable("dense/kernel", [1568, 1024]) + variable("dense/bias", [1024]))
    if training:
        x = tf.nn.dropout(x, 0.4)
    return x @ variable("dense_1/kernel", [1024, 10]) + variable("dense_1/bias", [10]), updates


def accuracy(checkpoint):
    import tensorflow as tf

    v1 = tf.compat.v1
    images, labels = digits("t10k", 1000)
    with tf.Graph().as_default(), v1.Session() as session:
        logits, _ = network(v1, tf.constant(images), training=False)
        v1.train.Saver().restore(session, checkpoint)
        return (session.run(logits).argmax(axis=1) == labels).mean()


@pytest.fixture(scope="module")
def by_python(digits_run, tmp_path_factory):
    """A model directory with a checkpoint that Python wrote, PYTHON_STEPS after ours."""
    import tensorflow as tf

    v1 = tf.compat.v1
    directory = tmp_path_factory.mktemp("python")
    images, labels = digits("train", PYTHON_STEPS * 100)
    with tf.Graph().as_default(), v1.Session() as session:
        step = v1.train.get_or_create_global_step()
        image = v1.placeholder(tf.float32, [None, 28, 28, 1])
        label = v1.placeholder(tf.int32, [None])
        logits, updates = network(v1, image, training=True)
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=label, logits=logits)
        )
        with tf.control_dependencies(updates):
            train = v1.train.AdamOptimizer(1e-4).minimize(loss, global_step=step)
        saver = v1.train.Saver()
        # Every variable of Python's graph, the optimizer's included, is in our checkpoint.
        saver.restore(session, str(digits_run / "model" / f"model.ckpt-{RUN_STEPS}"))
        assert session.run(step) == RUN_STEPS
        for i in range(PYTHON_STEPS):
            batch = slice(i * 100, (i + 1) * 100)
            value, _ = session.run([loss, train], {image: images[batch], label: labels[batch]})
            assert value < 0.7  # a new network is at 2.3
        saver.save(session, str(directory / "model.ckpt"), global_step=step)
    return directory


def test_python_goes_on_from_our_checkpoint(digits_run, by_python):
    before = accuracy(str(digits_run / "model" / f"model.ckpt-{RUN_STEPS}"))
    after = accuracy(str(by_python / f"model.ckpt-{RUN_STEPS + PYTHON_STEPS}"))
    assert before > 0.95 and after > before - 0.02


def test_we_go_on_from_pythons_checkpoint(by_python, tmp_path):
    directory = tmp_path / "model"
    shutil.copytree(by_python, directory)
    last = RUN_STEPS + PYTHON_STEPS + 20
    done = subprocess.run(
        [BIN / "digits", f"--model_dir={directory}", f"--data_dir={MNIST}"]
        + [f"--max_steps={last}", "--eval_steps=10"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    restored = re.search(r"Restoring parameters from (\S+)", done.stderr + done.stdout)
    assert restored and restored[1].endswith(f"model.ckpt-{RUN_STEPS + PYTHON_STEPS}")
    assert accuracy(str(directory / f"model.ckpt-{last}")) > 0.95
