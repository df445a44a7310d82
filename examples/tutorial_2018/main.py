"""A training program as they were written in 2018: TF_CONFIG with a MASTER, tf.estimator, tf.layers."""

import os

import numpy
import tensorflow.compat.v1 as tf

tf.flags.DEFINE_string("data_dir", os.environ.get("TRAINYARD_DATA", ".deps/mnist"), "MNIST's four files")
tf.flags.DEFINE_string("model_dir", "out/model", "checkpoints and event files")
tf.flags.DEFINE_string("export_dir", None, "the trained model, for TensorFlow Serving")
tf.flags.DEFINE_integer("train_steps", 500, "steps of all workers together")
tf.flags.DEFINE_integer("batch_size", 50, "images per step")
tf.flags.DEFINE_float("learning_rate", 0.002, "of Adam")
FLAGS = tf.flags.FLAGS


def read(part):
    """(images [N, 28, 28, 1] between 0 and 1, labels [N]) of "train" or "t10k"."""
    path = os.path.join(FLAGS.data_dir, part)
    images = numpy.fromfile(path + "-images-idx3-ubyte", numpy.uint8)[16:]
    labels = numpy.fromfile(path + "-labels-idx1-ubyte", numpy.uint8)[8:]
    return {"image": images.reshape(-1, 28, 28, 1).astype("float32") / 255}, labels.astype("int32")


def model_fn(features, labels, mode):
    net = tf.layers.conv2d(features["image"], 8, 5, activation=tf.nn.relu)
    net = tf.layers.max_pooling2d(net, 4, 4)
    logits = tf.layers.dense(tf.layers.flatten(net), 10)
    classes = tf.argmax(logits, axis=1)
    if mode == tf.estimator.ModeKeys.PREDICT:
        outputs = {"classes": classes, "probabilities": tf.nn.softmax(logits)}
        signature = tf.estimator.export.PredictOutput(outputs)
        return tf.estimator.EstimatorSpec(mode, outputs, export_outputs={"predict": signature})
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    optimizer = tf.train.AdamOptimizer(FLAGS.learning_rate)
    train_op = optimizer.minimize(loss, tf.train.get_global_step())
    metrics = {"accuracy": tf.metrics.accuracy(labels, classes)}
    return tf.estimator.EstimatorSpec(mode, classes, loss, train_op, metrics)


def serving_input():
    image = tf.placeholder(tf.float32, [None, 28, 28, 1])
    return tf.estimator.export.ServingInputReceiver({"image": image}, {"image": image})


def main(_):
    config = tf.estimator.RunConfig(FLAGS.model_dir, save_checkpoints_steps=200)
    estimator = tf.estimator.Estimator(model_fn, config=config)
    train = tf.estimator.inputs.numpy_input_fn(
        *read("train"), FLAGS.batch_size, num_epochs=None, shuffle=True
    )
    test = tf.estimator.inputs.numpy_input_fn(*read("t10k"), 500, shuffle=False)
    # On a parameter server this call never returns; the master evaluates at the end.
    tf.estimator.train_and_evaluate(
        estimator,
        tf.estimator.TrainSpec(train, FLAGS.train_steps),
        tf.estimator.EvalSpec(test, steps=None, start_delay_secs=0),
    )
    if FLAGS.export_dir and config.is_chief:
        estimator.export_saved_model(FLAGS.export_dir, serving_input)


if __name__ == "__main__":
    tf.logging.set_verbosity(tf.logging.INFO)
    tf.app.run()
