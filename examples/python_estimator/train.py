"""Reads handwritten digits with a tf.estimator, in whatever role TF_CONFIG gives this process."""

import argparse
import os
import pathlib

import numpy
import tensorflow as tf

v1 = tf.compat.v1
BATCH_SIZE = 50


def load_mnist(directory, part):
    """(images [N, 784] between 0 and 1, labels [N]) of "train" or "t10k"."""
    directory = pathlib.Path(directory)
    images = numpy.fromfile(directory / f"{part}-images-idx3-ubyte", numpy.uint8)[16:]
    labels = numpy.fromfile(directory / f"{part}-labels-idx1-ubyte", numpy.uint8)[8:]
    return images.reshape(-1, 784).astype(numpy.float32) / 255, labels.astype(numpy.int32)


def model_fn(features, labels, mode):
    """One hidden layer. Its variables stand on the parameter servers; the Estimator sees to that."""
    hidden = v1.layers.dense(features["image"], 64, activation=tf.nn.relu)
    logits = v1.layers.dense(hidden, 10)
    classes = tf.argmax(logits, axis=1)
    loss = v1.losses.sparse_softmax_cross_entropy(labels, logits)
    train_op = v1.train.AdamOptimizer(0.001).minimize(loss, v1.train.get_global_step())
    metrics = {"accuracy": v1.metrics.accuracy(labels, classes)}
    return tf.estimator.EstimatorSpec(mode, classes, loss, train_op, metrics)


def input_fn(data_dir, part):
    """Shuffled batches for ever of the training images; the test images once."""
    images, labels = load_mnist(data_dir, part)
    training = part == "train"
    return v1.estimator.inputs.numpy_input_fn(
        {"image": images},
        labels,
        batch_size=BATCH_SIZE,
        num_epochs=None if training else 1,
        shuffle=training,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data_dir", default=os.environ.get("TRAINYARD_DATA", ".deps/mnist"))
    parser.add_argument("--model_dir", required=True)
    parser.add_argument("--max_steps", type=int, default=3000)
    arguments = parser.parse_args()
    v1.logging.set_verbosity(v1.logging.INFO)

    config = tf.estimator.RunConfig(arguments.model_dir, save_checkpoints_steps=1000)
    estimator = tf.estimator.Estimator(model_fn, config=config)
    training = tf.estimator.TrainSpec(input_fn(arguments.data_dir, "train"), arguments.max_steps)
    # Without delays: the defaults, two minutes before the first evaluation and ten between two, are
    # meant for days of training.
    evaluation = tf.estimator.EvalSpec(
        input_fn(arguments.data_dir, "t10k"), steps=None, start_delay_secs=0, throttle_secs=2
    )
    tf.estimator.train_and_evaluate(estimator, training, evaluation)


if __name__ == "__main__":
    main()
