"""Synchronous training on parameter servers: every replica's gradients are in every update, whoever is killed;
a backup worker that hangs holds nobody up."""

import os
import pathlib
import re
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
from conftest import wait_for  # noqa: E402
from digits_job import digits_job  # noqa: E402
from recovery_test import frozen, running_job  # noqa: E402

STEPS = 160
FLAGS = [f"--max_steps={STEPS}", "--save_checkpoints_steps=20", "--step_timeout_secs=8", "--batch_size=32"]


def synchronous_job(replicas_to_aggregate):
    flags = [*FLAGS, f"--replicas_to_aggregate={replicas_to_aggregate}"]
    return digits_job("synchronous", flags, workers=2)


def kill_mid_training(directory, replica):
    with running_job(directory, synchronous_job(3)) as job:
        job.wait_for_step(40)
        os.kill(job.pid(replica), signal.SIGKILL)
        job.wait_for_restart(replica)
        result = job.result()
    assert result["result"] == "succeeded"
    # No replica is a step ahead of another.
    assert result["step"] == STEPS


def test_a_killed_worker_is_waited_for_and_comes_back(tmp_path):
    kill_mid_training(tmp_path, "worker-1")


def test_a_killed_chief_comes_back(tmp_path):
    kill_mid_training(tmp_path, "chief-0")


def test_a_killed_parameter_server_is_restored_from_the_last_checkpoint(tmp_path):
    kill_mid_training(tmp_path, "ps-0")
    assert "Restoring parameters from" in (tmp_path / "out/logs/chief-0.log").read_text()


def test_the_replica_that_the_others_wait_for_is_named(tmp_path):
    log = tmp_path / "out/logs/chief-0.log"
    with running_job(tmp_path, synchronous_job(3)) as job:
        job.wait_for_step(40)
        with frozen(job.pid("worker-1")):
            expected = "2 of 3 gradients are there, none of worker 1"
            wait_for(lambda: expected in log.read_text(), expected, job.process)
        result = job.result()
    assert (result["result"], result["step"]) == ("succeeded", STEPS)


def test_a_backup_worker_that_hangs_holds_nobody_up(tmp_path):
    with running_job(tmp_path, synchronous_job(2)) as job:
        job.wait_for_step(40)
        with frozen(job.pid("worker-1")):
            job.wait_for_step(STEPS)
        result = job.result()
    assert (result["result"], result["step"]) == ("succeeded", STEPS)


def test_a_stopped_job_saves_and_goes_on_where_it_was(tmp_path):
    log = tmp_path / "out/logs/chief-0.log"
    with running_job(tmp_path, synchronous_job(3)) as job:
        job.wait_for_step(40)
        job.process.send_signal(signal.SIGINT)
        assert job.process.wait(120) == 130
    stopped = re.search(r"stopped at step (\d+); the next run goes on from there", log.read_text())
    assert int(stopped[1]) >= 40
    with running_job(tmp_path, synchronous_job(3)) as job:
        result = job.result()
    assert (result["result"], result["step"]) == ("succeeded", STEPS)
    assert f"Restoring parameters from {tmp_path}/out/model/model.ckpt-{stopped[1]}\n" in log.read_text()


def test_a_chief_that_is_stopped_while_a_worker_is_frozen_saves_and_comes_back(tmp_path):
    with running_job(tmp_path, synchronous_job(3)) as job:
        job.wait_for_step(40)
        with frozen(job.pid("worker-1")):
            os.kill(job.pid("chief-0"), signal.SIGTERM)
            job.wait_for_restart("chief-0")
        result = job.result()
    assert (result["result"], result["step"]) == ("succeeded", STEPS)
    assert "the next run goes on from there" in (tmp_path / "out/logs/chief-0.log").read_text()
