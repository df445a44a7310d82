"""Jobs whose replicas share no directory: the chief alone writes checkpoints (--save_on_chief)."""

import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
from conftest import background, wait_for  # noqa: E402
from digits_job import BIN, digits_job  # noqa: E402

STEPS = 320
FLAGS = [f"--max_steps={STEPS}", "--save_checkpoints_steps=40", "--batch_size=32", "--eval_steps=5"]
FLAGS += ["--step_timeout_secs=20", "--eval_throttle_secs=0"]
NOWHERE = "/proc/nowhere"  # can neither be read nor written, by root either


def job_of(model_dirs, flags, **options):
    """digits_job with a model directory for each type of replica."""
    job = json.loads(digits_job("apart", flags, **options))
    for role, replica in job["spec"]["tfReplicaSpecs"].items():
        replica = json.loads(json.dumps(replica))
        job["spec"]["tfReplicaSpecs"][role] = replica
        [container] = replica["template"]["spec"]["containers"]
        container["args"] = [a for a in container["args"] if not a.startswith("--model_dir")]
        container["args"].append(f"--model_dir={model_dirs[role]}")
    return job


class Run:
    """A job that runs, seen through its JSON events."""

    def __init__(self, directory, job):
        file = directory / "job.yaml"
        file.write_text(json.dumps(job))
        self.logs = directory / "out" / "logs"
        self.events_file = directory / "events.jsonl"
        command = [BIN / "trainyard", "run", file, "--workdir", directory / "out", "--output", "json"]
        self.background = background(command, self.events_file)

    def __enter__(self):
        self.process = self.background.__enter__()
        return self

    def __exit__(self, *exception):
        return self.background.__exit__(*exception)

    def events(self):
        whole = self.events_file.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def log(self, replica):
        file = self.logs / f"{replica}.log"
        return file.read_text() if file.exists() else ""

    def kill_after(self, replica, step):
        def has_step():
            return any(e.get("step", 0) >= step for e in self.events() if e["event"] == "progress")

        def of_replica():
            return [e for e in self.events() if e.get("replica") == replica]

        wait_for(has_step, f"step {step}", self.process, seconds=180)
        os.kill([e for e in of_replica() if "pid" in e][-1]["pid"], signal.SIGKILL)
        wait_for(
            lambda: any(e.get("restarts", 0) > 0 for e in of_replica()), "the restart", self.process
        )

    def result(self):
        self.process.wait(240)
        [result] = [e for e in self.events() if e["event"] == "result"]
        return result


def dirs(tmp_path):
    return {"Chief": tmp_path / "chief", "Worker": NOWHERE, "PS": NOWHERE}


@pytest.mark.parametrize("killed", ["ps-0", "chief-0"])
def test_the_chief_alone_needs_a_directory(tmp_path, killed):
    with Run(tmp_path, job_of(dirs(tmp_path), [*FLAGS, "--save_on_chief"])) as run:
        run.kill_after(killed, 50)
        result = run.result()
    assert result["result"] == "succeeded", run.log("chief-0")
    assert STEPS <= result["step"] <= STEPS + 2
    if killed == "ps-0":
        assert "Restoring parameters from" in run.log("chief-0")
    assert (tmp_path / "chief" / f"model.ckpt-{result['step']}.index").exists()


def test_python_reads_what_the_chief_gathered(tmp_path):
    import tensorflow as tf

    job = job_of(dirs(tmp_path), [*FLAGS[1:], "--save_on_chief", "--max_steps=20"])
    job["spec"]["tfReplicaSpecs"]["PS"]["replicas"] = 2
    with Run(tmp_path, job) as run:
        assert run.result()["result"] == "succeeded"
    reader = tf.train.load_checkpoint(str(tmp_path / "chief"))
    assert reader.get_tensor("global_step") >= 20
    assert reader.get_tensor("conv2d/kernel").shape == (5, 5, 1, 32)
    # Data files of each parameter server, as if they had written them.
    assert len(list((tmp_path / "chief").glob("model.ckpt-*.data-00001-of-0000?"))) > 0


def test_a_parameter_server_with_another_disk_is_noticed_before_training(tmp_path):
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
        pytest.skip("no mount namespaces here")
    model = tmp_path / "model"
    model.mkdir()
    job = job_of({"Chief": model, "Worker": model, "PS": model}, FLAGS)
    [container] = job["spec"]["tfReplicaSpecs"]["PS"]["template"]["spec"]["containers"]
    script = f'mount -t tmpfs none {model} && exec "$0" "$@"'
    container["command"] = ["unshare", "-m", "sh", "-c", script, *container["command"]]
    with Run(tmp_path, job) as run:
        assert run.result()["result"] == "failed"
    log = run.log("chief-0")
    assert f"cannot train with checkpoints in {model}: parameter server 0 (" in log
    assert "does not see what the chief writes there" in log
    assert "set save_on_chief in every process" in log
