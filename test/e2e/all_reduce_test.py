"""Training by all-reduce goes on after a worker was killed, frozen or stopped, and loses no step."""

import json
import os
import pathlib
import re
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from conftest import wait_for  # noqa: E402
from digits_job import digits_job  # noqa: E402
from recovery_test import frozen, is_idle, running_job  # noqa: E402

STEPS = 500  # some 85 a second where nothing else runs


def all_reduce_job(step_timeout=4, checkpoint_steps=50):
    """The digits job without parameter servers and without a chief: worker 0 leads."""
    flags = [f"--max_steps={STEPS}", f"--save_checkpoints_steps={checkpoint_steps}"]
    flags.append(f"--step_timeout_secs={step_timeout}")
    flags += ["--batch_size=16", "--hidden_layers=3", "--save_summary_steps=0"]
    job = json.loads(digits_job("all-reduce", flags, workers=2))
    replicas = job["spec"]["tfReplicaSpecs"]
    job["spec"]["tfReplicaSpecs"] = {"Worker": replicas["Worker"]}
    return json.dumps(job)


def disturb(directory, replica, number, **options):
    with running_job(directory, all_reduce_job(**options)) as job:
        job.wait_for_step(30)
        os.kill(job.pid(replica), number)
        job.wait_for_restart(replica)
        result = job.result()
    assert result["result"] == "succeeded"
    assert result["step"] == STEPS
    return job


def log_of(directory):
    return (directory / "out/logs/worker-0.log").read_text()


def was_restarted(job, replica):
    """One that writes to the other before it knows that it is gone is ended by SIGPIPE."""
    return any(e.get("restarts", 0) > 0 for e in job.events() if e.get("replica") == replica)


def test_a_killed_worker_comes_back(tmp_path):
    job = disturb(tmp_path, "worker-1", signal.SIGKILL)
    assert was_restarted(job, "worker-0") or "Lost the cluster (a member of the group is lost" in log_of(tmp_path)


def test_a_killed_chief_takes_the_workers_variables(tmp_path):
    # Without a checkpoint that could be as new as what the worker has.
    job = disturb(tmp_path, "worker-0", signal.SIGKILL, checkpoint_steps=STEPS)
    assert was_restarted(job, "worker-1") or ", which worker 1 has." in log_of(tmp_path)


def test_a_stopped_worker_comes_back(tmp_path):
    disturb(tmp_path, "worker-1", signal.SIGTERM)


def test_a_frozen_worker_is_noticed_and_waited_for(tmp_path):
    def number_of_waits():
        return (tmp_path / "out/logs/worker-0.log").read_text().count("Waiting for the other workers")

    with running_job(tmp_path, all_reduce_job()) as job:
        job.wait_for_step(30)
        with frozen(job.pid("worker-1")):
            waits = number_of_waits()
            wait_for(lambda: number_of_waits() > waits, "a wait", job.process)
        result = job.result()
    assert result["result"] == "succeeded"
    assert result["step"] == STEPS


def test_a_chief_that_is_stopped_while_a_worker_is_frozen_saves_and_comes_back(tmp_path):
    log = tmp_path / "out/logs/worker-0.log"
    with running_job(tmp_path, all_reduce_job(step_timeout=3600)) as job:
        job.wait_for_step(30)
        chief = job.pid("worker-0")
        with frozen(job.pid("worker-1")):
            # Between two steps there would be none in progress.
            wait_for(lambda: is_idle(chief), "a chief that waits for the frozen worker", job.process)
            os.kill(chief, signal.SIGTERM)
            job.wait_for_restart("worker-0")
        result = job.result()
    assert (result["result"], result["step"]) == ("succeeded", STEPS)
    assert "Asked to stop; the step in progress is not made" in log.read_text()
    assert "the next run goes on from there" in log.read_text()


def test_a_stopped_job_saves_and_goes_on_where_it_was(tmp_path):
    log = tmp_path / "out/logs/worker-0.log"
    with running_job(tmp_path, all_reduce_job()) as job:
        job.wait_for_step(30)
        job.process.send_signal(signal.SIGINT)
        assert job.process.wait(120) == 130
    stopped = re.search(r"stopped at step (\d+); the next run goes on from there", log.read_text())
    assert int(stopped[1]) >= 30
    with running_job(tmp_path, all_reduce_job()) as job:
        result = job.result()
    assert (result["result"], result["step"]) == ("succeeded", STEPS)
    assert f"Training with 2 workers from step {stopped[1]}" in log.read_text()
