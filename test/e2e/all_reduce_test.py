"""Training by all-reduce goes on after a worker was killed, frozen or stopped, and loses no step."""

import contextlib
import json
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from conftest import BIN, background, wait_for  # noqa: E402
from digits_job import digits_job  # noqa: E402
from recovery_test import Job  # noqa: E402

STEPS = 120


def all_reduce_job():
    """The digits job without parameter servers and without a chief: worker 0 leads."""
    flags = [f"--max_steps={STEPS}", "--save_checkpoints_steps=20", "--step_timeout_secs=4"]
    flags += ["--batch_size=16", "--hidden_layers=3", "--save_summary_steps=0"]
    job = json.loads(digits_job("all-reduce", flags, workers=2))
    replicas = job["spec"]["tfReplicaSpecs"]
    job["spec"]["tfReplicaSpecs"] = {"Worker": replicas["Worker"]}
    return json.dumps(job)


@contextlib.contextmanager
def running_job(directory):
    file = directory / "job.yaml"
    file.write_text(all_reduce_job())
    command = [BIN / "trainyard", "run", file, "--workdir", directory / "out", "--output", "json"]
    log = directory / "events.jsonl"
    with background(command, log) as process:
        yield Job(process, log)


def disturb(directory, replica, number):
    with running_job(directory) as job:
        job.wait_for_step(30)
        os.kill(job.pid(replica), number)
        job.wait_for_restart(replica)
        result = job.result()
    assert result["result"] == "succeeded"
    assert result["step"] == STEPS
    return (directory / "out/logs/worker-0.log").read_text()


def test_a_killed_worker_comes_back(tmp_path):
    log = disturb(tmp_path, "worker-1", signal.SIGKILL)
    assert "Lost the cluster (a member of the group is lost" in log


def test_a_killed_chief_takes_the_workers_variables(tmp_path):
    log = disturb(tmp_path, "worker-0", signal.SIGKILL)
    assert ", which worker 1 has." in log


def test_a_stopped_worker_comes_back(tmp_path):
    disturb(tmp_path, "worker-1", signal.SIGTERM)


def test_a_frozen_worker_is_noticed_and_waited_for(tmp_path):
    log = tmp_path / "out/logs/worker-0.log"
    with running_job(tmp_path) as job:
        job.wait_for_step(30)
        frozen = job.pid("worker-1")
        os.kill(frozen, signal.SIGSTOP)
        try:
            wait_for(lambda: "Waiting for the other workers" in log.read_text(), "a wait", job.process)
        finally:
            os.kill(frozen, signal.SIGCONT)
        result = job.result()
    assert result["result"] == "succeeded"
    assert result["step"] == STEPS
