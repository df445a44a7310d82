"""Jobs of this machine as a person handles them: several at once, looked at, stopped, killed, resumed."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from conftest import BIN, background, wait_for  # noqa: E402
from processes import left_running, new_mark, processes_with  # noqa: E402

# A program that waits for a file which the test makes, but not for ever.
WAIT_FOR_GO = "n=0; until [ -e go ]; do sleep 0.05; n=$((n+1)); [ $n -lt 6000 ] || exit 9; done"


def write_job(path, name, replicas, extra=""):
    """A TFJob file; `replicas` is {type: (count, shell script)}."""
    specs = "".join(
        f"""
    {kind}:
      replicas: {count}
      restartPolicy: ExitCode
      template:
        spec:
          terminationGracePeriodSeconds: 5
          containers:
          - name: tensorflow
            image: none
            command: [sh, -c, {json.dumps(script)}]"""
        for kind, (count, script) in replicas.items()
    )
    path.write_text(
        f"""apiVersion: kubeflow.org/v1
kind: TFJob
metadata: {{name: {name}}}
spec:
  tfReplicaSpecs:{specs}
{extra}"""
    )
    return path.name


class Cli:
    """`trainyard` in a directory of its own, with a registry of its own."""

    def __init__(self, directory):
        self.directory = directory
        self.mark = new_mark()

    def __call__(self, *arguments, code=0):
        """Runs a command to its end; all that it prints."""
        done = subprocess.run(
            [str(part) for part in [BIN / "trainyard", *arguments]],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
        )
        assert done.returncode == code, f"{arguments} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    @contextlib.contextmanager
    def running(self, *arguments):
        """`trainyard run` in the background."""
        with background([BIN / "trainyard", "run", *arguments], self.directory / "run.log") as process:
            yield process

    def jobs(self):
        items = json.loads(self("jobs", "--local", "--output", "json"))["items"]
        return {item["name"]: item["state"] for item in items}

    def wait_for_line(self, file, text, process):
        path = self.directory / file
        wait_for(lambda: path.exists() and text in path.read_text(), f"{text} in {file}", process)


@pytest.fixture
def cli(tmp_path, monkeypatch):
    cli = Cli(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRAINYARD_STATE_DIR", str(tmp_path / "state"))
    for name, value in cli.mark.items():
        monkeypatch.setenv(name, value)
    yield cli
    assert left_running(cli.mark) == {}, "left running"


def test_jobs_run_one_after_the_other(cli):
    # Each fails if it finds another at work.
    script = "mkdir busy && echo $TRAINYARD_JOB >>order && rmdir busy"
    files = [
        write_job(cli.directory / f"{name}.yaml", name, {"Worker": (1, script)}) for name in ("a", "b", "c")
    ]
    printed = cli("run", *files, "--max-parallel", 1)
    assert (cli.directory / "order").read_text() == "a\nb\nc\n"
    assert "3 jobs: 3 succeeded" in printed
    assert cli.jobs() == {name: "Succeeded" for name in ("a", "b", "c")}


def test_as_many_jobs_run_at_once_as_allowed(cli):
    # The first two end only when both have begun; the third may begin only when one of them has ended.
    both = "touch begun-$TRAINYARD_JOB; n=0; until [ -e begun-a ] && [ -e begun-b ]; do sleep 0.02; "
    both += "n=$((n+1)); [ $n -lt 5000 ] || exit 9; done; touch ended"
    files = [
        write_job(cli.directory / "a.yaml", "a", {"Worker": (1, both)}),
        write_job(cli.directory / "b.yaml", "b", {"Worker": (1, both)}),
        write_job(cli.directory / "c.yaml", "c", {"Worker": (1, "[ -e ended ] && touch begun-c")}),
    ]
    cli("run", *files, "--max-parallel", 2)
    assert (cli.directory / "begun-c").exists()


def test_one_failed_job_does_not_keep_the_others_from_running(cli):
    files = [
        write_job(cli.directory / "bad.yaml", "bad", {"Worker": (1, "echo no luck; exit 3")}),
        write_job(cli.directory / "good.yaml", "good", {"Worker": (1, "exit 0")}),
    ]
    printed = cli("run", *files, "--max-parallel", 1, code=1)
    assert "job bad failed: worker-0 ended with exit code 3" in printed
    assert "no luck" in printed
    assert cli.jobs() == {"bad": "Failed", "good": "Succeeded"}


def test_the_replica_that_failed_is_blamed_and_not_one_that_was_stopped_for_it(cli):
    replicas = {"Chief": (1, "echo broken; exit 1"), "Worker": (1, "exec sleep 30")}
    file = write_job(cli.directory / "job.yaml", "blame", replicas, "  runPolicy: {backoffLimit: 1}\n")
    path = cli.directory / file
    path.write_text(path.read_text().replace("ExitCode", "OnFailure"))
    printed = cli("run", file, code=1)
    assert "job blame failed: chief-0 ended with exit code 1" in printed
    assert "| broken" in printed


def test_a_finished_job_can_be_looked_at(cli):
    script = "for i in 1 2 3; do echo line $i of $TRAINYARD_REPLICA; done"
    file = write_job(cli.directory / "job.yaml", "digits", {"Chief": (1, script), "Worker": (2, script)})
    cli("run", file)
    assert "digits" in cli("jobs", "--local")
    assert "Succeeded" in cli("jobs", "--local")
    described = cli("describe", "digits", "--local")
    for word in ("TFJobSucceeded", "chief-0", "worker-1", "job.yaml", "Submitted"):
        assert word in described
    as_json = json.loads(cli("describe", "digits", "--local", "--output", "json"))
    assert as_json["state"] == "Succeeded"
    assert {r["name"]: r["state"] for r in as_json["replicas"]}["chief-0"] == "succeeded"
    assert cli("logs", "digits", "--local", "--replica", "worker-1").endswith("line 3 of worker-1\n")
    everything = cli("logs", "digits", "--local")
    assert "[chief-0] line 1 of chief-0" in everything
    assert "[worker-1] line 2 of worker-1" in everything
    tail = cli("logs", "digits", "--local", "--tail", 1)
    assert "line 3 of chief-0" in tail
    assert "line 2" not in tail
    assert "job digits: Succeeded" in cli("wait", "digits", "--local")
    assert "Succeeded" in cli("wait", "digits", "--local", "--for=condition=Failed", code=1)


def test_a_running_job_can_be_waited_for_and_deleted(cli):
    file = write_job(cli.directory / "job.yaml", "long", {"Worker": (2, f"touch result; {WAIT_FOR_GO}")})
    with cli.running(file) as process:
        cli.wait_for_line("run.log", "job long: running", process)
        cli("wait", "long", "--local", "--for=condition=Running", "--timeout", "120s")
        assert cli.jobs() == {"long": "Running"}
        wait_for((cli.directory / "result").exists, "the result", process)
        cli("wait", "long", "--local", "--timeout", "0s", code=1)
        cli("delete", "long", "--local")
        assert process.wait(120) == 130
    assert cli.jobs() == {}
    assert processes_with(cli.mark) == {}
    assert (cli.directory / "result").exists()
    cli("describe", "long", "--local", code=2)


def test_logs_are_followed_to_the_end_of_the_job(cli):
    script = f"echo hello; {WAIT_FOR_GO}; echo bye"
    file = write_job(cli.directory / "job.yaml", "talk", {"Worker": (1, script)})
    with cli.running(file) as process:
        cli.wait_for_line("run.log", "job talk: running", process)
        command = [BIN / "trainyard", "logs", "talk", "--local", "--follow"]
        with background(command, cli.directory / "follow.log") as follower:
            cli.wait_for_line("follow.log", "hello", follower)
            (cli.directory / "go").touch()
            assert follower.wait(120) == 0
        assert process.wait(120) == 0
    assert (cli.directory / "follow.log").read_text().splitlines()[-2:] == [
        "[worker-0] hello",
        "[worker-0] bye",
    ]


@pytest.fixture
def half_done(cli):
    """A job of two workers, the first of which is quickly done."""
    script = f"echo $TRAINYARD_REPLICA >>starts; [ $TRAINYARD_REPLICA = worker-0 ] || {{ {WAIT_FOR_GO}; }}"
    return write_job(
        cli.directory / "job.yaml", "half", {"Worker": (2, script)}, "  successPolicy: AllWorkers\n"
    )


def starts(cli):
    return sorted((cli.directory / "starts").read_text().split())


def test_a_stopped_job_is_gone_on_with(cli, half_done):
    with cli.running(half_done) as process:
        cli.wait_for_line("run.log", "worker-0: succeeded", process)
        cli.wait_for_line("starts", "worker-1", process)
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 130
    assert cli.jobs() == {"half": "Interrupted"}
    assert processes_with(cli.mark) == {}
    (cli.directory / "go").touch()
    assert "going on" in cli("run", "--resume", "half")
    # A replica that has succeeded never runs again.
    assert starts(cli) == ["worker-0", "worker-1", "worker-1"]
    assert cli.jobs() == {"half": "Succeeded"}
    assert "it has finished" in cli("run", "--resume", "half", code=1)


def test_a_killed_run_says_so_and_is_gone_on_with(cli, half_done):
    with cli.running(half_done) as process:
        cli.wait_for_line("run.log", "worker-0: succeeded", process)
        cli.wait_for_line("starts", "worker-1", process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(120)
        assert left_running(cli.mark) == {}, "outlived trainyard"
    assert cli.jobs() == {"half": "Interrupted"}
    assert "was killed" in cli("describe", "half", "--local")
    (cli.directory / "go").touch()
    assert "the last run of half was killed" in cli("run", half_done)
    assert starts(cli) == ["worker-0", "worker-1", "worker-1"]
    assert cli.jobs() == {"half": "Succeeded"}


def test_a_finished_job_begins_anew(cli):
    file = write_job(cli.directory / "job.yaml", "again", {"Worker": (1, "echo run >>runs")})
    cli("run", file)
    cli("run", file)
    assert (cli.directory / "runs").read_text() == "run\nrun\n"


def test_a_second_run_of_a_running_job_is_refused(cli):
    file = write_job(cli.directory / "job.yaml", "once", {"Worker": (1, WAIT_FOR_GO)})
    with cli.running(file) as process:
        cli.wait_for_line("run.log", "job once: running", process)
        assert "another run" in cli("run", file, code=1)
        (cli.directory / "go").touch()
        assert process.wait(120) == 0


def test_a_batch_job_runs_with_its_indexes(cli):
    (cli.directory / "job.yaml").write_text(
        """
apiVersion: batch/v1
kind: Job
metadata: {name: sums}
spec:
  completions: 3
  parallelism: 3
  completionMode: Indexed
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: sum
        image: none
        command: [sh, -c, "echo index $JOB_COMPLETION_INDEX >>indexes; test -z \\"$TF_CONFIG\\""]
"""
    )
    cli("run", "job.yaml")
    assert sorted((cli.directory / "indexes").read_text().splitlines()) == ["index 0", "index 1", "index 2"]
    assert cli.jobs() == {"sums": "Succeeded"}


def test_config_maps_secrets_and_volumes_reach_the_program(cli):
    (cli.directory / "data").mkdir()
    (cli.directory / "data/images").write_text("pixels")
    # The secret stands in the job's own file, the ConfigMap beside it.
    (cli.directory / "settings.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
        "data: {rate: '0.5', layers.txt: 'conv dense'}\n"
    )
    (cli.directory / "job.yaml").write_text(
        """
apiVersion: v1
kind: Secret
metadata: {name: login}
data: {password: b3BlbiBzZXNhbWU=}
---
apiVersion: kubeflow.org/v1
kind: TFJob
metadata: {name: mapped}
spec:
  tfReplicaSpecs:
    Worker:
      replicas: 1
      template:
        spec:
          containers:
          - name: tensorflow
            image: none
            command: [sh, -c, 'cat "$@" >/results/all; echo "$RATE $PASSWORD" >>/results/all', sh]
            args: [/etc/settings/layers.txt, /data/images]
            env:
            - name: RATE
              valueFrom: {configMapKeyRef: {name: settings, key: rate}}
            - name: PASSWORD
              valueFrom: {secretKeyRef: {name: login, key: password}}
            volumeMounts:
            - {name: settings, mountPath: /etc/settings}
            - {name: data, mountPath: /data}
            - {name: results, mountPath: /results}
          volumes:
          - {name: settings, configMap: {name: settings}}
          - {name: data, persistentVolumeClaim: {claimName: mnist}}
          - {name: results, persistentVolumeClaim: {claimName: results}}
"""
    )
    cli("run", "job.yaml", "--volume", "mnist=data")
    made = cli.directory / "out/mapped/volumes/results/all"
    assert made.read_text() == "conv densepixels0.5 open sesame\n"
    # A secret is not to be read where a job is looked at.
    assert "open sesame" not in cli("describe", "mapped", "--local")


def test_an_image_is_a_directory_with_a_dockerfile(cli):
    image = cli.directory / "image"
    image.mkdir()
    (image / "main.py").write_text("import os, sys; print(sys.argv[1:], os.environ['GREETING'])\n")
    (image / "Dockerfile").write_text(
        "FROM python:3\nENV GREETING=hello\nCOPY main.py /app/main.py\n"
        'ENTRYPOINT ["python3", "/app/main.py"]\n'
    )
    (cli.directory / "job.yaml").write_text(
        """
apiVersion: kubeflow.org/v1alpha1
kind: TFJob
metadata: {name: old}
spec:
  replicaSpecs:
  - tfReplicaType: MASTER
    template:
      spec:
        containers:
        - {name: tensorflow, image: "example.org/greet:1", args: [--steps, "3"]}
        restartPolicy: OnFailure
"""
    )
    assert "--map-image" in cli("run", "job.yaml", code=2)
    cli("run", "job.yaml", "--map-image", "example.org/greet=image")
    assert cli("logs", "old", "--local", "--replica", "master-0").endswith("['--steps', '3'] hello\n")


def test_mistakes_are_one_line_and_exit_code_2(cli):
    write_job(cli.directory / "job.yaml", "digits", {"Worker": (1, "exit 0")})
    cli("run", "job.yaml")
    for arguments, words in [
        (["run", "missing.yaml"], "missing.yaml"),
        (["describe", "digit", "--local"], "did you mean digits?"),
        (["logs", "digits", "--local", "--replica", "worker-7"], "worker-0"),
        (["wait", "digits", "--local", "--for=condition=Happy"], "Succeeded"),
        (["run", "job.yaml", "--volume", "data"], "--volume data"),
    ]:
        printed = cli(*arguments, code=2)
        assert len(printed.strip().splitlines()) == 1, printed
        assert words in printed
