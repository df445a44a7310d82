"""The main job end to end, with fewer steps: train with five processes, export, serve, predict."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from conftest import BIN, DIGITS, MNIST, ROOT, model_server, run  # noqa: E402
from processes import left_running, new_mark  # noqa: E402

sys.path.insert(0, str(ROOT / "tools"))
from read_scalars import last_scalars  # noqa: E402

STEPS = 200


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    directory = tmp_path_factory.mktemp("quickstart")
    mark = new_mark()
    environment = dict(os.environ, TRAINYARD_DATA=str(MNIST), **mark)
    command = [BIN / "trainyard", "run", ROOT / "examples/digits/tfjob.yaml"]
    command += ["--workdir", directory / "out", "--set", f"args.max_steps={STEPS}"]
    run(*command, env=environment, timeout=240)
    assert left_running(mark) == {}, "left behind by `trainyard run`"
    return directory / "out"


def test_model_directory_holds_checkpoints_and_curves(trained):
    assert (trained / "model/checkpoint").exists()
    assert list((trained / "model").glob("model.ckpt-*.index"))
    step, loss = last_scalars(trained / "model")["loss"]
    assert 0 < step <= 2 * STEPS
    assert loss < 1.5


def test_evaluator_reports_a_model_that_has_learnt(trained):
    [directory] = {path.parent for path in (trained / "model").glob("eval*/*tfevents*")}
    step, accuracy = last_scalars(directory)["accuracy"]
    assert step >= STEPS
    assert accuracy > 0.9


def test_one_version_is_exported_whole(trained):
    [version] = (trained / "export").iterdir()
    assert version.name.isdigit()
    assert (version / "saved_model.pb").exists()
    assert (version / "variables/variables.index").exists()


def test_served_model_tells_the_digits(trained, tmp_path):
    with model_server(trained / "export", tmp_path / "serve.log") as port:
        predict = [BIN / "trainyard", "predict", "--host", "localhost", "--port", port]
        predict += ["--signature_name", "predict", "--model", "digits", "--image"]
        assert "4.png is a 4, probability" in run(*predict, DIGITS / "4.png")
        right = 0
        for digit in range(10):
            answer = json.loads(run(*predict, DIGITS / f"{digit}.png", "--output", "json"))
            assert 0 < answer["probability"] <= 1
            right += answer["class"] == digit
        assert right >= 9


def test_predict_without_a_server_is_one_line(tmp_path):
    command = [BIN / "trainyard", "predict", "--host", "localhost", "--port", "1"]
    command += ["--model", "digits", "--image", DIGITS / "4.png"]
    done = subprocess.run([str(p) for p in command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "localhost:1" in done.stderr
