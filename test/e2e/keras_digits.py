"""The digits network in Keras, trained as examples/digits trains it: the same layers, schedule and batches.

usage: keras_digits.py MNIST STEPS BATCH LEARNING_RATE PRECISION LATE SEED...

Prints a JSON list for each seed: the loss of every step. LATE is 0, or 1: each gradient is then applied one
update after the one that its weights come from, as if two replicas took turns on a parameter server.
"""

import json
import math
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
import keras
import numpy
import tensorflow as tf


@keras.saving.register_keras_serializable()
class WarmUpAndCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Up to `rate` over a twelfth of the steps, then down to 0 along half a cosine wave."""

    def __init__(self, rate, steps):
        self.rate = rate
        self.steps = steps
        self.warm_up = steps // 12

    def __call__(self, step):
        step = keras.ops.cast(step, "float32")
        rising = (step + 1) / self.warm_up
        progress = (step - self.warm_up) / (self.steps - self.warm_up)
        falling = 0.5 * (1 + keras.ops.cos(math.pi * progress))
        return self.rate * keras.ops.where(step < self.warm_up, rising, falling)

    def get_config(self):
        return {"rate": self.rate, "steps": self.steps}


def digits_model():
    layers = [keras.Input((28, 28, 1))]
    for _ in range(2):
        layers += [
            keras.layers.Conv2D(32, 5, padding="same", use_bias=False),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.MaxPooling2D(2),
            keras.layers.ReLU(),
        ]
    layers += [
        keras.layers.Flatten(),
        keras.layers.Dense(1024, activation="relu"),
        keras.layers.Dropout(0.4),
        keras.layers.Dense(10, dtype="float32"),
    ]
    return keras.Sequential(layers)


def train(images, labels, steps, batch, rate, late, seed):
    keras.utils.set_random_seed(seed)
    model = digits_model()
    optimizer = keras.optimizers.Adam(WarmUpAndCosine(rate, steps))
    optimizer.build(model.trainable_variables)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def gradients_of(x, y):
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        return loss, tape.gradient(loss, model.trainable_variables)

    @tf.function
    def update(gradients):
        optimizer.apply(gradients, model.trainable_variables)

    order = numpy.random.default_rng(seed).permutation(len(images))
    losses, waiting = [], []
    for step in range(steps):
        rows = order[step * batch : (step + 1) * batch]
        loss, gradients = gradients_of(tf.constant(images[rows]), tf.constant(labels[rows]))
        losses.append(float(loss))
        waiting.append(gradients)
        if len(waiting) > late:
            update(waiting.pop(0))
    return losses


def main():
    directory, steps, batch, rate, precision, late, *seeds = sys.argv[1:]
    if precision == "bfloat16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    directory = pathlib.Path(directory)
    images = numpy.fromfile(directory / "train-images-idx3-ubyte", numpy.uint8)[16:]
    labels = numpy.fromfile(directory / "train-labels-idx1-ubyte", numpy.uint8)[8:]
    images = images.reshape(-1, 28, 28, 1).astype(numpy.float32) / 255
    labels = labels.astype(numpy.int32)
    for seed in map(int, seeds):
        losses = train(images, labels, int(steps), int(batch), float(rate), int(late), seed)
        print(json.dumps(losses), flush=True)


main()
