"""Reads handwritten digits with Keras; workers keep equal copies of the model and add up gradients."""

import argparse
import json
import os
import pathlib

import numpy
import tensorflow as tf

BATCH_SIZE = 100  # of all workers together


def load_mnist(directory, part):
    """(images [N, 28, 28, 1] between 0 and 1, labels [N]) of "train" or "t10k"."""
    directory = pathlib.Path(directory)
    images = numpy.fromfile(directory / f"{part}-images-idx3-ubyte", numpy.uint8)[16:]
    labels = numpy.fromfile(directory / f"{part}-labels-idx1-ubyte", numpy.uint8)[8:]
    return images.reshape(-1, 28, 28, 1).astype(numpy.float32) / 255, labels.astype(numpy.int64)


def make_model():
    model = tf.keras.Sequential(
        [
            tf.keras.layers.Conv2D(8, 5, activation="relu", input_shape=(28, 28, 1)),
            tf.keras.layers.MaxPooling2D(4),
            tf.keras.layers.Flatten(),
            tf.keras.layers.Dense(10),
        ]
    )
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(tf.keras.optimizers.Adam(0.003), loss, metrics=["accuracy"])
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data_dir", default=os.environ.get("TRAINYARD_DATA", ".deps/mnist"))
    parser.add_argument("--model_dir", required=True)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--steps_per_epoch", type=int, default=200)
    arguments = parser.parse_args()

    # First of all: it starts this worker's server and waits for the others named in TF_CONFIG.
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    index = json.loads(os.environ.get("TF_CONFIG", "{}")).get("task", {}).get("index", 0)
    with strategy.scope():
        model = make_model()

    # Every worker reads the same images in the same order; the strategy gives each its share.
    train = tf.data.Dataset.from_tensor_slices(load_mnist(arguments.data_dir, "train"))
    train = train.shuffle(60000, seed=1).repeat().batch(BATCH_SIZE)
    test = tf.data.Dataset.from_tensor_slices(load_mnist(arguments.data_dir, "t10k")).batch(500)
    # Saves after each epoch, and after a restart goes on from there.
    backup = tf.keras.callbacks.BackupAndRestore(os.path.join(arguments.model_dir, "backup"))
    model.fit(
        train,
        epochs=arguments.epochs,
        steps_per_epoch=arguments.steps_per_epoch,
        callbacks=[backup],
        verbose=2,
    )
    loss, accuracy = model.evaluate(test, verbose=0)
    steps = int(model.optimizer.iterations.numpy())
    # In the words of an Estimator, which `trainyard run` understands.
    print(f"Saving dict for global step {steps}: accuracy = {accuracy:.4f}, loss = {loss:.4f}", flush=True)

    # Saving is work for all workers; worker 0 alone keeps what it wrote.
    checkpoint = tf.train.Checkpoint(model=model)
    directory = arguments.model_dir if index == 0 else f"{arguments.model_dir}-of-worker-{index}"
    checkpoint.write(os.path.join(directory, f"model.ckpt-{steps}"))
    if index != 0:
        tf.io.gfile.rmtree(directory)


if __name__ == "__main__":
    main()
