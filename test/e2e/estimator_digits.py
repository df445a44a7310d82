"""The digits network of examples/digits as a TensorFlow 2.15 Estimator; for estimator_golden_test.py.

usage: estimator_digits.py MNIST MODEL_DIR EXPORT_DIR MAX_STEPS
"""

import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench/train"))
from data import load_mnist  # noqa: E402

v1 = tf.compat.v1


def model_fn(features, labels, mode):
    training = mode == tf.estimator.ModeKeys.TRAIN
    net = features["image"]
    for _ in range(2):
        net = v1.layers.conv2d(net, 32, 5, padding="same", use_bias=False)
        net = v1.layers.batch_normalization(net, momentum=0.9, training=training)
        net = tf.nn.relu(v1.layers.max_pooling2d(net, 2, 2))
    net = v1.layers.dense(v1.layers.flatten(net), 1024, activation=tf.nn.relu)
    logits = v1.layers.dense(v1.layers.dropout(net, 0.4, training=training), 10)
    classes = tf.argmax(logits, axis=-1)
    predictions = {"classes": classes, "probabilities": tf.nn.softmax(logits)}
    if mode == tf.estimator.ModeKeys.PREDICT:
        outputs = {"predict": tf.estimator.export.PredictOutput(predictions)}
        return tf.estimator.EstimatorSpec(mode, predictions, export_outputs=outputs)
    loss = v1.losses.sparse_softmax_cross_entropy(labels, logits)
    metrics = {"accuracy": v1.metrics.accuracy(labels, classes)}
    if not training:
        return tf.estimator.EstimatorSpec(mode, None, loss, eval_metric_ops=metrics)
    with tf.control_dependencies(v1.get_collection(v1.GraphKeys.UPDATE_OPS)):
        train_op = v1.train.AdamOptimizer(0.001).minimize(loss, v1.train.get_global_step())
    return tf.estimator.EstimatorSpec(mode, None, loss, train_op)


def input_fn(images, labels, training):
    return v1.estimator.inputs.numpy_input_fn(
        {"image": images},
        labels,
        batch_size=100,
        num_epochs=None if training else 1,
        shuffle=training,
        num_threads=1,
    )


def receiver():
    image = v1.placeholder(tf.float32, [None, 28, 28, 1])
    return tf.estimator.export.ServingInputReceiver({"image": image}, {"image": image})


def main():
    data, model_dir, export_dir, max_steps = sys.argv[1:]
    v1.logging.set_verbosity(v1.logging.INFO)
    config = tf.estimator.RunConfig(model_dir, tf_random_seed=1, save_checkpoints_steps=100)
    estimator = tf.estimator.Estimator(model_fn, config=config)
    tf.estimator.train_and_evaluate(
        estimator,
        tf.estimator.TrainSpec(input_fn(*load_mnist(data, "train"), True), int(max_steps)),
        tf.estimator.EvalSpec(
            input_fn(*load_mnist(data, "t10k"), False), steps=10, start_delay_secs=0, throttle_secs=0
        ),
    )
    if config.is_chief:
        estimator.export_saved_model(export_dir, receiver)


main()
