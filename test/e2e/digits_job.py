"""The job that the tests here train: digits on a chief, workers and a parameter server.

Needs nothing but Python, so that kill_rounds.py runs without pytest.
"""

import json
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("TRAINYARD_BIN_DIR", ROOT / "bin"))
MNIST = pathlib.Path(os.environ.get("TRAINYARD_DEPS_DIR", ROOT / ".deps")) / "mnist"


def digits_job(name, flags, workers=1, has_evaluator=False):
    """The text of a job file in which every replica runs digits with these flags."""
    container = {
        "name": "tensorflow",
        "image": "none",
        "command": [str(BIN / "digits")],
        "args": [f"--data_dir={MNIST}", "--model_dir=$(TRAINYARD_OUT)/model", *flags],
    }
    replica = {
        "replicas": 1,
        "restartPolicy": "ExitCode",
        "template": {"spec": {"containers": [container]}},
    }
    replicas = {"Chief": replica, "Worker": {**replica, "replicas": workers}, "PS": replica}
    if has_evaluator:
        replicas["Evaluator"] = replica
    job = {
        "apiVersion": "kubeflow.org/v1",
        "kind": "TFJob",
        "metadata": {"name": name},
        "spec": {"tfReplicaSpecs": replicas},
    }
    return json.dumps(job)
