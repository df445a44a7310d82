"""One replica of the digits network under MultiWorkerMirroredStrategy, or alone without TF_CONFIG.

usage: mirrored_peer.py MNIST STEPS

Of TensorFlow 2.15: Keras 3 cannot train under this strategy. Prints the milliseconds of each step.
"""

import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import data
import numpy
import tensorflow as tf

BATCH = 100


class StepTimes(tf.keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.ends = []

    def on_train_batch_end(self, batch, logs=None):
        self.ends.append(time.perf_counter())


def digits_model():
    layers = [tf.keras.Input((28, 28, 1))]
    for _ in range(2):
        layers += [
            tf.keras.layers.Conv2D(32, 5, padding="same", use_bias=False),
            tf.keras.layers.BatchNormalization(momentum=0.9),
            tf.keras.layers.MaxPooling2D(2),
            tf.keras.layers.ReLU(),
        ]
    layers += [
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(1024, activation="relu"),
        tf.keras.layers.Dropout(0.4),
        tf.keras.layers.Dense(10),
    ]
    model = tf.keras.Sequential(layers)
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(tf.keras.optimizers.Adam(0.001), loss)
    return model


def main():
    steps = int(sys.argv[2])
    replicas = 1
    strategy = tf.distribute.get_strategy()
    if "TF_CONFIG" in os.environ:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
        replicas = strategy.num_replicas_in_sync
    images, labels = data.load_mnist(sys.argv[1], "train")
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    inputs = tf.data.Dataset.from_tensor_slices((images, labels)).repeat().shuffle(2000)
    inputs = inputs.batch(BATCH * replicas, drop_remainder=True).prefetch(2).with_options(options)
    with strategy.scope():
        model = digits_model()
    times = StepTimes()
    model.fit(inputs, steps_per_epoch=steps, epochs=1, verbose=0, callbacks=[times])
    print(json.dumps({"milliseconds": [1000 * value for value in numpy.diff(times.ends)]}))


main()
