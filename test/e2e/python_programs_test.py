"""TensorFlow programs in Python, in every role, run to their end from job files: the examples for users."""

import json
import os
import pathlib
import re
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from conftest import BIN, MNIST, ROOT, background, wait_for  # noqa: E402
from processes import left_running, new_mark  # noqa: E402

sys.path.insert(0, str(ROOT / "tools"))
from read_scalars import last_scalars  # noqa: E402

VENV = pathlib.Path(os.environ.get("TRAINYARD_DEPS_DIR", ROOT / ".deps")) / "venv-estimator/bin"
JOB_SECONDS = 300


class Run:
    """`trainyard run` of an example, with the Python of TensorFlow 2.15, to its end."""

    def __init__(self, directory, monkeypatch, *arguments, meanwhile=lambda run: None):
        mark = new_mark()
        for name, value in {
            "PATH": f"{VENV}:{os.environ['PATH']}",
            "TRAINYARD_DATA": str(MNIST),
            "TRAINYARD_STATE_DIR": str(directory / "state"),
            **mark,
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(ROOT)
        assert (VENV / "python").exists(), "tools/setup.sh estimator has not been run"
        self.out = directory / "out"
        self.log = directory / "events.jsonl"
        command = [BIN / "trainyard", "run", *arguments, "--workdir", self.out, "--output", "json"]
        with background(command, self.log) as self.process:
            meanwhile(self)
            self.process.wait(JOB_SECONDS)
        self.left = left_running(mark)

    def events(self):
        whole = self.log.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def result(self):
        return next((e for e in self.events() if e["event"] == "result"), {})

    def last_state(self, replica):
        states = [e for e in self.events() if e["event"] == "replica" and e["replica"] == replica]
        return states[-1]["state"]

    def replica_log(self, replica):
        path = self.out / "logs" / f"{replica}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def assert_succeeded(self):
        tail = self.log.read_text()[-3000:]
        assert self.process.returncode == 0, tail
        assert self.result()["result"] == "succeeded", tail
        assert self.left == {}, "left running"


def last_checkpoint(model):
    """The step of the last checkpoint, whose files are there."""
    name = re.search(r'^model_checkpoint_path: "(.*)"', (model / "checkpoint").read_text(), re.M)[1]
    assert (model / f"{name}.index").exists()
    assert list(model.glob(f"{name}.data-*"))
    return int(name.split("-")[-1])


def test_an_estimator_trains_as_chief_worker_ps_and_evaluator(tmp_path, monkeypatch):
    run = Run(tmp_path, monkeypatch, "examples/python_estimator/tfjob.yaml")
    run.assert_succeeded()
    step = last_checkpoint(run.out / "model")
    # TensorFlow's trainers look at the step before their own update: each may go two beyond.
    assert 3000 <= step <= 3004
    evaluated, accuracy = last_scalars(run.out / "model/eval")["accuracy"]
    assert evaluated == step
    assert accuracy > 0.94
    # And so the command says.
    assert run.result()["eval_step"] == step
    assert run.result()["accuracy"] == pytest.approx(accuracy, abs=1e-3)
    assert "Loss for final step" in run.replica_log("chief-0")
    assert run.last_state("evaluator-0") == "succeeded"
    # Which would have waited for ever.
    assert run.last_state("ps-0") == "stopped"


def assert_keras_trained(run):
    run.assert_succeeded()
    ends = [re.findall(r"^Saving dict.*", run.replica_log(f"worker-{i}"), re.M) for i in (0, 1)]
    assert ends[0] and ends[0] == ends[1], "the workers' copies of the model differ"
    assert run.result()["eval_step"] == 600
    assert run.result()["accuracy"] > 0.94
    assert sorted(path.name for path in (run.out / "model").glob("model.ckpt*")) == [
        "model.ckpt-600.data-00000-of-00001",
        "model.ckpt-600.index",
    ]
    assert not list(run.out.glob("model-of-worker-*"))


def test_keras_workers_train_together(tmp_path, monkeypatch):
    run = Run(tmp_path, monkeypatch, "examples/keras_multi_worker/tfjob.yaml")
    assert_keras_trained(run)
    assert run.result()["restarts"] == 0


def test_keras_workers_go_on_together_after_one_was_killed(tmp_path, monkeypatch):
    def kill_a_worker(run):
        wait_for(
            lambda: "Epoch 2/3" in run.replica_log("worker-1"), "second epoch", run.process, JOB_SECONDS
        )
        [pid] = {e["pid"] for e in run.events() if e.get("replica") == "worker-1" and "pid" in e}
        os.kill(pid, signal.SIGKILL)

    run = Run(tmp_path, monkeypatch, "examples/keras_multi_worker/tfjob.yaml", meanwhile=kill_a_worker)
    assert_keras_trained(run)
    assert run.result()["restarts"] >= 2
    assert "Epoch 1/3" not in run.replica_log("worker-0").split("restart 1 of")[1]


def test_a_job_file_of_2018_runs_unchanged(tmp_path, monkeypatch):
    image = "example.org/tutorial/mnist=examples/tutorial_2018"
    run = Run(tmp_path, monkeypatch, "examples/tutorial_2018/job.yaml", "--map-image", image)
    run.assert_succeeded()
    results = run.out / "volumes/results"
    step = last_checkpoint(results / "model")
    assert 500 <= step <= 506
    evaluated, accuracy = last_scalars(results / "model/eval")["accuracy"]
    assert evaluated == step
    assert accuracy > 0.88
    [version] = (results / "export").iterdir()
    assert (version / "saved_model.pb").exists()
    assert run.last_state("master-0") == "succeeded"
    # Which would have waited for ever.
    assert run.last_state("ps-0") == "stopped"
