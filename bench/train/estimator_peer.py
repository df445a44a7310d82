"""The digits network as a TensorFlow 2.15 Estimator.

Prints what keras_peer.py prints.
"""

import json
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import data
import numpy
import peer_options
import tensorflow as tf

v1 = tf.compat.v1


class StepTimes(tf.estimator.SessionRunHook):
    def __init__(self):
        self.ends = []
        self.first_step_at = None

    def after_run(self, run_context, run_values):
        if not self.ends:
            self.first_step_at = time.time()
        self.ends.append(time.perf_counter())

    def milliseconds(self, warm_up):
        return [1000 * value for value in numpy.diff(self.ends)[warm_up - 1 :]]


def model_fn(features, labels, mode):
    training = mode == tf.estimator.ModeKeys.TRAIN
    net = features["image"]
    for _ in range(2):
        net = v1.layers.conv2d(net, 32, 5, padding="same", use_bias=False)
        net = v1.layers.batch_normalization(net, momentum=0.9, training=training)
        net = tf.nn.relu(v1.layers.max_pooling2d(net, 2, 2))
    net = v1.layers.dense(v1.layers.flatten(net), 1024, activation=tf.nn.relu)
    logits = v1.layers.dense(v1.layers.dropout(net, 0.4, training=training), 10)
    classes = tf.argmax(logits, axis=1)
    if mode == tf.estimator.ModeKeys.PREDICT:
        predictions = {"classes": classes, "probabilities": tf.nn.softmax(logits)}
        outputs = {"predict": tf.estimator.export.PredictOutput(predictions)}
        return tf.estimator.EstimatorSpec(mode, predictions, export_outputs=outputs)
    loss = v1.losses.sparse_softmax_cross_entropy(labels, logits)
    with tf.control_dependencies(v1.get_collection(v1.GraphKeys.UPDATE_OPS)):
        train_op = v1.train.AdamOptimizer(0.001).minimize(loss, v1.train.get_global_step())
    metrics = {"accuracy": v1.metrics.accuracy(labels, classes)}
    return tf.estimator.EstimatorSpec(mode, None, loss, train_op, metrics)


def input_fn(images, labels, batch, training):
    # Not a tf.data set of the arrays: those would stand in the graph, and in its event file.
    return v1.estimator.inputs.numpy_input_fn(
        {"image": images},
        labels,
        batch_size=batch,
        num_epochs=None if training else 1,
        shuffle=training,
        num_threads=1,
    )


def receiver():
    image = v1.placeholder(tf.float32, [None, 28, 28, 1])
    return tf.estimator.export.ServingInputReceiver({"image": image}, {"image": image})


def main():
    options = peer_options.parse(__doc__)
    if options.model != "digits" or options.precision != "float32" or options.mode == "accuracy":
        raise SystemExit("the Estimator peer trains digits in float32, by steps or as a job")
    v1.logging.set_verbosity(v1.logging.ERROR)
    train, times = data.load_mnist(options.data, "train"), StepTimes()
    estimator = tf.estimator.Estimator(model_fn, options.work)
    train_input = input_fn(*train, options.batch, True)
    if options.mode == "steps":
        estimator.train(train_input, [times], max_steps=data.BATCHES["digits"])
        result = {"milliseconds": times.milliseconds(data.WARM_UP["digits"])}
    else:
        evaluation = tf.estimator.EvalSpec(
            input_fn(*data.load_mnist(options.data, "t10k"), options.batch, False),
            steps=None,
            exporters=tf.estimator.FinalExporter("digits", receiver),
        )
        training = tf.estimator.TrainSpec(train_input, 100, [times])
        metrics, _ = tf.estimator.train_and_evaluate(estimator, training, evaluation)
        result = {"accuracy": float(metrics["accuracy"])}
    result["first_step_at"] = times.first_step_at
    print(json.dumps(result))


if __name__ == "__main__":
    main()
