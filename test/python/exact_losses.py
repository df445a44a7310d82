"""What exact_test.py compares our losses with: Keras's, by the name of the case."""

from tensorflow import keras

_losses = keras.losses


def _case(loss, weighted=False, labels=lambda labels: labels):
    def case(v):
        weights = v["weights"] if weighted else None
        return {
            "loss": loss(labels(v["labels"]), v["x"], sample_weight=weights),
            "weights": v["weights"] * 1,
            "labels": v["labels"] * 1,
        }

    return case


def _one_hot(labels):
    return keras.ops.one_hot(labels, 3)


def _float(labels):
    return keras.ops.cast(labels, "float32")


sparse_softmax = _case(_losses.SparseCategoricalCrossentropy(from_logits=True))
sparse_softmax_weighted = _case(_losses.SparseCategoricalCrossentropy(from_logits=True), True)
sparse_softmax_smoothed = _case(
    _losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2), labels=_one_hot
)
softmax = _case(_losses.CategoricalCrossentropy(from_logits=True), True)
softmax_smoothed = _case(_losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1))
sigmoid = _case(_losses.BinaryCrossentropy(from_logits=True), labels=_float)
sigmoid_smoothed = _case(
    _losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1), True, labels=_float
)
mean_squared = _case(_losses.MeanSquaredError(), True)
mean_absolute = _case(_losses.MeanAbsoluteError(reduction="mean_with_sample_weight"), True)
huber = _case(_losses.Huber(delta=0.6, reduction="sum"), True)
hinge = _case(_losses.Hinge(reduction=None), labels=_float)
