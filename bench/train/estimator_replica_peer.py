"""One replica, of TF_CONFIG, of the digits network as a TensorFlow 2.15 Estimator.

usage: estimator_replica_peer.py MNIST MODEL_DIRECTORY STEPS

The chief prints when it saw which global step.
"""

import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import data
import estimator_peer
import tensorflow as tf

v1 = tf.compat.v1


class GlobalSteps(tf.estimator.SessionRunHook):
    def __init__(self):
        self.seen = []

    def before_run(self, run_context):
        return tf.estimator.SessionRunArgs(v1.train.get_global_step())

    def after_run(self, run_context, run_values):
        self.seen.append((time.time(), int(run_values.results)))


def main():
    directory, work, steps = sys.argv[1:]
    v1.logging.set_verbosity(v1.logging.ERROR)
    config = tf.estimator.RunConfig(save_checkpoints_steps=10**9, save_summary_steps=0)
    estimator = tf.estimator.Estimator(estimator_peer.model_fn, work, config)
    hook = GlobalSteps()
    train = data.load_mnist(directory, "train")
    training = tf.estimator.TrainSpec(
        estimator_peer.input_fn(*train, 100, True), int(steps), [hook]
    )
    small = tuple(values[:100] for values in train)  # evaluated by nobody
    evaluation = tf.estimator.EvalSpec(estimator_peer.input_fn(*small, 100, False), steps=1)
    tf.estimator.train_and_evaluate(estimator, training, evaluation)
    if hook.seen:
        print(json.dumps({"global_steps": hook.seen}), flush=True)


main()
