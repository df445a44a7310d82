"""What exact_test.py compares our metrics with: Keras's, by the name of the case."""

import tensorflow as tf

_metrics = tf.keras.metrics


def _results(metrics, v, labels, weights):
    """{key: (metric, predictions' key)}; the keys with "weighted" in them get the weights."""
    outputs = {}
    for key, (metric, found) in metrics.items():
        for batch in range(len(v["weights"])):
            arguments = [v[found][batch]]
            if not isinstance(metric, _metrics.Mean) or isinstance(metric, _WITH_LABELS):
                arguments.insert(0, v[labels][batch])
            metric.update_state(
                *arguments, sample_weight=v[weights][batch] if "weighted" in key else None
            )
        outputs[key] = metric.result()
    return outputs


# Keras derives these from Mean.
_WITH_LABELS = (
    _metrics.Accuracy,
    _metrics.BinaryAccuracy,
    _metrics.SparseTopKCategoricalAccuracy,
    _metrics.MeanSquaredError,
    _metrics.MeanAbsoluteError,
    _metrics.RootMeanSquaredError,
)


def class_metrics(v):
    top_k = _metrics.SparseTopKCategoricalAccuracy
    metrics = {
        "accuracy": (_metrics.Accuracy(), "classes"),
        "accuracy_weighted": (_metrics.Accuracy(), "classes"),
        "top2": (top_k(2), "scores"),
        "top3_weighted": (top_k(3), "scores"),
    }
    outputs = _results(metrics, v, "labels", "weights")
    labels, classes = (tf.reshape(v[key], [-1]) for key in ("labels", "classes"))
    for name, weights in (("cm", None), ("cm_weighted", tf.reshape(v["weights"], [-1]))):
        matrix = tf.math.confusion_matrix(labels, classes, 5, weights, dtype=tf.float32)
        for i in range(5):
            for j in range(5):
                outputs[f"{name}/{i}_{j}"] = matrix[i, j]
    return outputs


def binary_metrics(v):
    metrics = {
        "accuracy": _metrics.BinaryAccuracy(),
        "accuracy_weighted": _metrics.BinaryAccuracy(threshold=0.3),
        "precision": _metrics.Precision(),
        "precision_weighted": _metrics.Precision(0.7),
        "recall": _metrics.Recall(),
        "recall_weighted": _metrics.Recall(0.7),
        "auc": _metrics.AUC(),
        "auc_weighted": _metrics.AUC(20),
        "auc_pr": _metrics.AUC(curve="PR"),
        "auc_pr_weighted": _metrics.AUC(20, curve="PR"),
        "auc_minoring": _metrics.AUC(summation_method="minoring"),
        "auc_pr_majoring": _metrics.AUC(curve="PR", summation_method="majoring"),
    }
    pairs = {key: (metric, "found") for key, metric in metrics.items()}
    # Keras means over the last dimension, which is the examples' here.
    columns = {key: value[..., None] for key, value in v.items() if key != "weights"}
    return _results(pairs, {**columns, "weights": v["weights"]}, "labels", "weights")


def error_metrics(v):
    metrics = {
        "mean": _metrics.Mean(),
        "mean_weighted": _metrics.Mean(),
        "squared": _metrics.MeanSquaredError(),
        "squared_weighted": _metrics.MeanSquaredError(),
        "absolute_weighted": _metrics.MeanAbsoluteError(),
        "root": _metrics.RootMeanSquaredError(),
        "root_weighted": _metrics.RootMeanSquaredError(),
    }
    pairs = {key: (metric, "found") for key, metric in metrics.items()}
    return _results(pairs, v, "labels", "weights")
