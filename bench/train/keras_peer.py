"""The examples' networks in Keras.

Prints one JSON line: for `steps` the time of each step after warm-up, for `job` and `accuracy` the
accuracy; for all when the first step ended, in seconds since 1970.
"""

import json
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
import data
import keras
import keras_models
import numpy
import peer_options


class StepTimes(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.ends = []
        self.first_step_at = None

    def on_train_batch_end(self, batch, logs=None):
        if not self.ends:
            self.first_step_at = time.time()
        self.ends.append(time.perf_counter())

    def milliseconds(self, warm_up):
        return [1000 * value for value in numpy.diff(self.ends)[warm_up - 1 :]]


def take(features, count):
    if isinstance(features, dict):
        return {name: values[:count] for name, values in features.items()}
    return features[:count]


def train_to(goal, model, options, times):
    """Evaluates after every 100 steps until `goal` is reached; returns the accuracy and the time."""
    features, labels = data.load_mnist(options.data, "train")
    tests = data.load_mnist(options.data, "t10k")
    order = numpy.random.default_rng(1).permutation(len(features))
    part = 100 * options.batch
    for first in range(0, len(features), part):
        rows = order[first : first + part]
        batches = {"batch_size": options.batch, "verbose": 0}
        model.fit(features[rows], labels[rows], callbacks=[times], **batches)
        accuracy = float(model.evaluate(*tests, batch_size=options.batch, verbose=0)[1])
        if accuracy >= goal:
            return {"accuracy": accuracy, "reached_at": time.time(), "steps": len(times.ends)}
    raise SystemExit(f"{goal} was not reached: {accuracy}")


def main():
    options = peer_options.parse(__doc__)
    if options.precision == "bfloat16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    times, rate = StepTimes(), None
    if options.mode == "accuracy":  # what examples/digits does in so many steps
        steps, warm_up = peer_options.ACCURACY_STEPS, peer_options.ACCURACY_STEPS // 12
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, steps - warm_up, warmup_target=0.002, warmup_steps=warm_up
        )
    model = keras_models.build(options.model, options.compile, rate)
    if options.mode == "accuracy":
        result = train_to(0.99, model, options, times)
        print(json.dumps(result | {"first_step_at": times.first_step_at}))
        return
    features, labels = data.load(options.model, options.data, options.batch)
    steps = data.BATCHES[options.model] if options.mode == "steps" else 100
    count = steps * options.batch
    if options.model == "digits":  # the data are enough for batches of up to 600
        count = min(count, len(features))
    epochs = -(-steps * options.batch // count)
    model.fit(
        take(features, count),
        labels[:count],
        batch_size=options.batch,
        epochs=epochs,
        verbose=0,
        callbacks=[times],
    )
    result = {"first_step_at": times.first_step_at}
    if options.mode == "steps":
        result["milliseconds"] = times.milliseconds(data.WARM_UP[options.model])
    else:
        test_images, test_labels = data.load_mnist(options.data, "t10k")
        scores = model.evaluate(test_images, test_labels, batch_size=options.batch, verbose=0)
        model.export(options.work, verbose=False)
        result["accuracy"] = float(scores[1])
    print(json.dumps(result))


main()
