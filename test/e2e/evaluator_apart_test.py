"""An evaluator whose directory is not the chief's: with --save_on_chief it fetches checkpoints from the
chief; without, it says what is wrong."""

import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from save_on_chief_test import FLAGS, NOWHERE, STEPS, Run, job_of  # noqa: E402


def job(tmp_path, flags, roles=("Chief", "Worker", "PS", "Evaluator")):
    """Chief and evaluator have a directory each, the others none."""
    directories = {"Chief": tmp_path / "chief", "Worker": NOWHERE, "PS": NOWHERE}
    directories["Evaluator"] = tmp_path / "evaluator"
    made = job_of(directories, flags, has_evaluator=True)
    replicas = made["spec"]["tfReplicaSpecs"]
    made["spec"]["tfReplicaSpecs"] = {role: replicas[role] for role in roles}
    return made


def check_end(tmp_path, run, result):
    """The job has succeeded, and the evaluator has the last checkpoint, its accuracy and curves."""
    log = run.log("evaluator-0")
    assert result["result"] == "succeeded", log
    assert STEPS <= result["step"] <= STEPS + 2
    assert result["eval_step"] == result["step"], log
    assert result["accuracy"] > 0.5
    evaluator = tmp_path / "evaluator"
    assert (evaluator / f"model.ckpt-{result['step']}.index").exists()
    assert list(evaluator.glob("eval/events.out.tfevents.*"))
    assert not (evaluator / "incoming").exists()
    assert not (tmp_path / "chief/eval").exists()
    assert not list(tmp_path.glob("*/.shared-*"))


def test_the_evaluator_needs_no_shared_directory(tmp_path):
    with Run(tmp_path, job(tmp_path, [*FLAGS, "--save_on_chief", "--export_best"])) as run:
        result = run.result()
    check_end(tmp_path, run, result)
    # Exporters act where evaluation happens, and write there.
    assert list((tmp_path / "evaluator/export/best").glob("[0-9]*/saved_model.pb"))
    assert not (tmp_path / "chief/export").exists()


@pytest.mark.parametrize("killed", ["chief-0", "evaluator-0"])
def test_a_kill_costs_no_evaluation(tmp_path, killed):
    with Run(tmp_path, job(tmp_path, [*FLAGS, "--save_on_chief"])) as run:
        run.kill_after(killed, 50)
        result = run.result()
    check_end(tmp_path, run, result)
    assert result["restarts"] >= 1


def test_a_chief_without_a_cluster_has_an_evaluator_too(tmp_path):
    with Run(tmp_path, job(tmp_path, [*FLAGS, "--save_on_chief"], ["Chief", "Evaluator"])) as run:
        result = run.result()
    check_end(tmp_path, run, result)


def test_a_directory_that_should_be_shared_is_named(tmp_path):
    made = job(tmp_path, [*FLAGS[1:], "--max_steps=100000"])
    for role in ["Worker", "PS"]:
        [container] = made["spec"]["tfReplicaSpecs"][role]["template"]["spec"]["containers"]
        container["args"][-1] = f"--model_dir={tmp_path / 'chief'}"
    with Run(tmp_path, made) as run:
        assert run.result()["result"] == "failed"
    log = run.log("evaluator-0")
    assert f"cannot evaluate checkpoints in {tmp_path / 'evaluator'}: the chief (" in log
    assert f"writes its own to {tmp_path / 'chief'}, where it does not see" in log
    assert "set save_on_chief in every process" in log


def test_all_reduce_has_an_evaluator_on_shared_storage(tmp_path):
    made = job(tmp_path, FLAGS, ["Chief", "Worker", "Evaluator"])
    [container] = made["spec"]["tfReplicaSpecs"]["Evaluator"]["template"]["spec"]["containers"]
    container["args"][-1] = f"--model_dir={tmp_path / 'chief'}"
    with Run(tmp_path, made) as run:
        result = run.result()
    assert result["result"] == "succeeded", json.dumps(run.events())
    assert result["step"] == result["eval_step"] == STEPS
    assert list((tmp_path / "chief").glob("eval/events.out.tfevents.*"))
