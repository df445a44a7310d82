"""The digits network in Keras.

usage: keras_peer.py steps|job MNIST EXPORT_DIRECTORY [float32|bfloat16 [BATCH [jit]]]

Prints one JSON line: for `steps` the time of each step after warm-up, for `job` the accuracy; for
both when the first step ended, in seconds since 1970.
"""

import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
import keras
import mnist
import numpy

WARM_UP = 15


class StepTimes(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.ends = []
        self.first_step_at = None

    def on_train_batch_end(self, batch, logs=None):
        if not self.ends:
            self.first_step_at = time.time()
        self.ends.append(time.perf_counter())

    def milliseconds(self):
        return [1000 * value for value in numpy.diff(self.ends)[WARM_UP - 1 :]]


def digits_model(jit):
    layers = [keras.Input((28, 28, 1), name="image")]
    for _ in range(2):
        layers += [
            keras.layers.Conv2D(32, 5, padding="same"),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.MaxPooling2D(2),
        ]
    layers += [
        keras.layers.Flatten(),
        keras.layers.Dense(1024, activation="relu"),
        keras.layers.Dropout(0.4),
        keras.layers.Dense(10, dtype="float32"),
    ]
    model = keras.Sequential(layers)
    model.compile(
        optimizer=keras.optimizers.Adam(0.001),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=jit,
    )
    return model


def main():
    mode, data, export = sys.argv[1:4]
    precision, batch, compiler = (sys.argv[4:] + ["float32", "100", ""][len(sys.argv) - 4 :])[:3]
    batch = int(batch)
    if precision == "bfloat16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    images, labels = mnist.load(data, "train")
    model, times = digits_model(compiler == "jit"), StepTimes()
    steps = 95 if mode == "steps" else 100
    count = steps * batch
    model.fit(images[:count], labels[:count], batch_size=batch, verbose=0, callbacks=[times])
    result = {"first_step_at": times.first_step_at}
    if mode == "steps":
        result["milliseconds"] = times.milliseconds()
    else:
        test_images, test_labels = mnist.load(data, "t10k")
        scores = model.evaluate(test_images, test_labels, batch_size=batch, verbose=0)
        model.export(export, verbose=False)
        result["accuracy"] = float(scores[1])
    print(json.dumps(result))


main()
