"""Training goes on after any process of a job was killed or frozen, and loses at most what came after the
last checkpoint."""

import contextlib
import json
import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
from conftest import BIN, MNIST, background, run, wait_for  # noqa: E402
from digits_job import digits_job  # noqa: E402

STEPS = 280
JOB = digits_job(
    "recovery", [f"--max_steps={STEPS}", "--save_checkpoints_steps=20", "--step_timeout_secs=4"]
)


class Job:
    """`trainyard run` of the job above, seen through its JSON events."""

    def __init__(self, process, log):
        self.process = process
        self.log = log

    def events(self):
        whole = self.log.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def wait_for_step(self, step):
        wait_for(
            lambda: any(e.get("step", 0) >= step for e in self.events() if e["event"] == "progress"),
            f"step {step}",
            self.process,
            seconds=180,
        )

    def pid(self, replica):
        running = [e for e in self.events() if e.get("replica") == replica and "pid" in e]
        return running[-1]["pid"]

    def wait_for_restart(self, replica):
        wait_for(
            lambda: any(e.get("restarts", 0) > 0 for e in self.events() if e.get("replica") == replica),
            f"restart of {replica}",
            self.process,
        )

    def result(self):
        self.process.wait(180)
        [result] = [e for e in self.events() if e["event"] == "result"]
        return result


@contextlib.contextmanager
def running_job(directory, text=JOB):
    file = directory / "job.yaml"
    file.write_text(text)
    command = [BIN / "trainyard", "run", file, "--workdir", directory / "out", "--output", "json"]
    log = directory / "events.jsonl"
    with background(command, log) as process:
        yield Job(process, log)


def is_idle(pid):
    """True when the process uses less than a tenth of a processor, as one that waits for others does, and
    not because others have it."""

    def fields(path):
        return path.read_text().rpartition(")")[2].split()

    def processor_seconds():
        found = fields(pathlib.Path(f"/proc/{pid}/stat"))
        return (int(found[11]) + int(found[12])) / os.sysconf("SC_CLK_TCK")

    def wants_a_processor():
        for thread in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                if fields(thread)[0] == "R":
                    return True
        return False

    before = processor_seconds()
    wanted = 0
    for _ in range(10):
        time.sleep(0.05)
        wanted += wants_a_processor()
    return wanted <= 1 and processor_seconds() - before < 0.05


@contextlib.contextmanager
def frozen(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def kill_mid_training(directory, replica):
    with running_job(directory) as job:
        job.wait_for_step(40)
        os.kill(job.pid(replica), signal.SIGKILL)
        job.wait_for_restart(replica)
        result = job.result()
    assert result["result"] == "succeeded"
    assert STEPS <= result["step"] <= STEPS + 2


def test_a_killed_worker_comes_back(tmp_path):
    kill_mid_training(tmp_path, "worker-0")


def test_a_killed_chief_comes_back(tmp_path):
    kill_mid_training(tmp_path, "chief-0")


def test_a_killed_parameter_server_is_restored_from_the_last_checkpoint(tmp_path):
    kill_mid_training(tmp_path, "ps-0")
    assert "Restoring parameters from" in (tmp_path / "out/logs/chief-0.log").read_text()


def test_a_frozen_parameter_server_is_noticed(tmp_path):
    with running_job(tmp_path) as job:
        job.wait_for_step(40)
        with frozen(job.pid("ps-0")):
            job.wait_for_restart("chief-0")
        assert job.result()["result"] == "succeeded"
    log = (tmp_path / "out/logs/chief-0.log").read_text()
    assert "has not ended within 4 s: another task of the cluster does not answer" in log


def test_a_stopped_job_saves_and_goes_on_where_it_was(tmp_path):
    with running_job(tmp_path) as job:
        job.wait_for_step(40)
        job.process.send_signal(signal.SIGINT)
        assert job.process.wait(120) == 130
    assert "the next run goes on from there" in (tmp_path / "out/logs/chief-0.log").read_text()
    with running_job(tmp_path) as job:
        assert job.result()["result"] == "succeeded"
    assert "Restoring parameters from" in (tmp_path / "out/logs/chief-0.log").read_text()


def test_the_evaluator_waits_for_the_checkpoint_after_the_last_step(tmp_path, monkeypatch):
    model = tmp_path / "model"
    flags = [f"--data_dir={MNIST}", f"--model_dir={model}", "--hidden_layers=4", "--batch_size=8"]
    flags += ["--save_summary_steps=0", "--eval_steps=1", "--eval_throttle_secs=0"]
    run(BIN / "digits", *flags, "--max_steps=20", "--save_checkpoints_steps=10")

    def name_as_last(step):
        (model / "new").write_text(f'model_checkpoint_path: "model.ckpt-{step}"\n')
        (model / "new").rename(model / "checkpoint")

    name_as_last(10)
    cluster = {"chief": ["127.0.0.1:1"], "ps": ["127.0.0.1:2"]}
    task = {"type": "evaluator", "index": 0}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))
    log = tmp_path / "evaluator.log"
    # Two workers may have been in their last step when the chief saved at the tenth.
    with background([BIN / "digits", *flags, "--max_steps=10"], log) as evaluator:
        wait_for(lambda: "Saving dict for global step 10:" in log.read_text(), "step 10", evaluator)
        name_as_last(20)
        (model / "training_end.json").write_text('{"global_step": 20}\n')
        assert evaluator.wait(120) == 0
    assert "Saving dict for global step 20:" in log.read_text()
