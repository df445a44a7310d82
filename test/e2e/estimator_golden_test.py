"""The digits network as TensorFlow 2.15's Estimator trains it, beside ours: files of the same structure,
each read by the other. Where ours differ, the difference stands here with its reason; any other fails.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
from conftest import (  # noqa: E402, F401
    BIN,
    DIGITS,
    MNIST,
    ROOT,
    TEST_PROGRAMS,
    digit_images,
    model_server,
    run,
)

DEPS = pathlib.Path(os.environ.get("TRAINYARD_DEPS_DIR", ROOT / ".deps"))
PYTHON = DEPS / "venv-estimator/bin/python"
STEPS = 200
MORE_STEPS = 220

# What Estimator writes and ours do not, with the reason. Patterns of whole names.
ESTIMATOR_ALONE = {
    "files": {},
    "training events": {
        r"meta_graph_def": "nothing that reads event files uses more of it than graph_def has",
        r"summary enqueue_input/.*": "of a queue that our inputs do not have",
    },
    "evaluation events": {
        r"(meta_)?graph_def": "one evaluation graph lives as long as its process; training's is shown",
    },
    "collections": {
        r"global_step": "an exported model does not train",
    },
}
# And the other way round.
OURS_ALONE = {
    "files": {r"model\.ckpt-\d+\.input-worker-0": "the place in the data"},
    "training events": {r"summary learning_rate": "drawn wherever a schedule is used"},
    "evaluation events": {},
    "collections": {},
}


def assert_same_but_for_the_list(kind, estimators, ours):
    """The same names, but for those in the lists above, each of which must have been seen."""
    for alone, other, listed in [
        (estimators, ours, ESTIMATOR_ALONE[kind]),
        (ours, estimators, OURS_ALONE[kind]),
    ]:
        different = set(alone) - set(other)
        unlisted = {n for n in different if not any(re.fullmatch(p, n) for p in listed)}
        assert not unlisted, f"{kind} differ"
        unseen = {p for p in listed if not any(re.fullmatch(p, n) for n in different)}
        assert not unseen, f"{kind}: no longer different"


def train_estimator(model_dir, export_dir, max_steps):
    assert PYTHON.exists(), "tools/setup.sh estimator has not been run"
    script = pathlib.Path(__file__).parent / "estimator_digits.py"
    command = [PYTHON, script, MNIST, model_dir, export_dir, str(max_steps)]
    environment = {k: v for k, v in os.environ.items() if k != "TF_CONFIG"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stderr


def train_ours(model_dir, export_dir, max_steps):
    command = [BIN / "digits", f"--model_dir={model_dir}", f"--export_dir={export_dir}"]
    command += [f"--data_dir={MNIST}", f"--max_steps={max_steps}", "--seed=1", "--eval_steps=10"]
    command += ["--save_checkpoints_steps=100", "--save_summary_steps=100", "--eval_throttle_secs=0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stderr


class Trained:
    def __init__(self, train, directory):
        self.model, self.exports = directory / "model", directory / "export"
        self.log = train(self.model, self.exports, STEPS)
        (self.export,) = self.exports.iterdir()


@pytest.fixture(scope="module")
def estimators(tmp_path_factory):
    return Trained(train_estimator, tmp_path_factory.mktemp("estimators"))


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return Trained(train_ours, tmp_path_factory.mktemp("ours"))


def event_file(directory):
    (path,) = directory.glob("events.out.tfevents.*")
    return path


def events(directory):
    """(step, what) of each event; what is its kind, with a summary's tag or a session's status."""
    import tensorflow as tf

    found = []
    for event in tf.compat.v1.train.summary_iterator(str(event_file(directory))):
        kind = event.WhichOneof("what")
        if kind == "summary":
            found += [(event.step, f"summary {value.tag}") for value in event.summary.value]
        elif kind == "session_log":
            log = event.session_log
            text = log.SessionStatus.Name(log.status) + " " + pathlib.Path(log.checkpoint_path).name
            found.append((event.step, text.strip()))
        else:
            found.append((event.step, kind))
    return found


def names(found):
    return {what for _, what in found}


def steps_of(found, what):
    return [step for step, name in found if name == what]


def files(directory):
    """Their names but for what differs from run to run, and into how many files a checkpoint goes."""
    return {
        re.sub(r"(tfevents|data)[.-].*", r"\1", str(path.relative_to(directory)))
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_the_same_files(estimators, ours):
    assert_same_but_for_the_list("files", files(estimators.model), files(ours.model))
    # Ours tells a server what the files' bytes are to be.
    assert files(estimators.export) | {"SHA256SUMS"} == files(ours.export)


def test_the_checkpoint_file_says_the_same(estimators, ours):
    assert (estimators.model / "checkpoint").read_text() == (ours.model / "checkpoint").read_text()


@pytest.mark.parametrize("step", [0, 100, 200])
def test_checkpoints_have_the_same_variables(estimators, ours, step):
    import tensorflow as tf

    def variables(model):
        reader = tf.train.load_checkpoint(str(model / f"model.ckpt-{step}"))
        types = reader.get_variable_to_dtype_map()
        shapes = reader.get_variable_to_shape_map()
        return {name: (shape, types[name].name) for name, shape in shapes.items()}

    expected = variables(estimators.model)
    # Weights and moving statistics, Adam's two slots for each weight, its two powers, the step.
    assert len(expected) == 14 + 2 * 10 + 2 + 1
    assert variables(ours.model) == expected
    reader = tf.train.load_checkpoint(str(ours.model / f"model.ckpt-{step}"))
    assert reader.get_tensor("global_step") == step


def test_training_writes_the_same_events(estimators, ours):
    expected, got = events(estimators.model), events(ours.model)
    assert_same_but_for_the_list("training events", names(expected), names(got))
    for what in ("file_version", "summary loss", "CHECKPOINT model.ckpt"):
        assert steps_of(got, what) == steps_of(expected, what), what
    # Estimator announces the session with its first summaries, and draws the first speed one step
    # after the second look at its clock; ours at the session's start, and at each hundredth step.
    assert (steps_of(expected, "START"), steps_of(got, "START")) == ([1], [0])
    speed = "summary global_step/sec"
    assert (steps_of(expected, speed), steps_of(got, speed)) == ([101], [100, 200])


def test_evaluation_writes_the_same_events(estimators, ours):
    expected, got = events(estimators.model / "eval"), events(ours.model / "eval")
    assert_same_but_for_the_list("evaluation events", names(expected), names(got))
    summaries = [[event for event in found if "summary" in event[1]] for found in (expected, got)]
    assert summaries[0] == summaries[1]  # the order within a step, too
    assert steps_of(got, "summary accuracy")[-1] == STEPS


def test_our_reader_reads_estimators_events(estimators):
    import tensorflow as tf

    expected = []
    path = event_file(estimators.model / "eval")
    for event in tf.compat.v1.train.summary_iterator(str(path)):
        for value in event.summary.value:
            if value.HasField("tensor"):
                expected.append((event.step, value.tag, value.tensor.string_val[0].decode()))
            else:
                expected.append((event.step, value.tag, pytest.approx(value.simple_value, rel=1e-4)))
    printed = run(TEST_PROGRAMS / "event_tool", "read", path).splitlines()
    assert printed.pop() == "0 corrupt"
    got = [line.split(" ", 3) for line in printed]
    assert [
        (int(step), tag, float(value) if kind == "scalar" else value) for step, kind, tag, value in got
    ] == expected


def test_evaluation_lines_have_the_same_names(estimators, ours):
    def metrics(log):
        lines = re.findall(rf"Saving dict for global step {STEPS}: (.*)", log)
        return [pair.split(" = ")[0] for pair in lines[-1].split(", ")]

    assert metrics(ours.log) == metrics(estimators.log) == ["accuracy", "global_step", "loss"]


def meta_graph(export):
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel.FromString((export / "saved_model.pb").read_bytes())
    assert model.saved_model_schema_version == 1
    (meta,) = model.meta_graphs
    return meta


def signatures(meta):
    """All of the signatures but the tensors' names, which models choose."""

    def tensors(infos):
        return {
            name: (info.dtype, [dim.size for dim in info.tensor_shape.dim])
            for name, info in infos.items()
        }

    return {
        name: (signature.method_name, tensors(signature.inputs), tensors(signature.outputs))
        for name, signature in meta.signature_def.items()
    }


def test_exports_have_the_same_structure(estimators, ours):
    expected, got = meta_graph(estimators.export), meta_graph(ours.export)
    assert list(got.meta_info_def.tags) == list(expected.meta_info_def.tags) == ["serve"]
    # Estimator leaves out attributes that have their defaults; ours write all, which every reader takes.
    assert expected.meta_info_def.stripped_default_attrs and not got.meta_info_def.stripped_default_attrs
    assert signatures(got) == signatures(expected)
    assert set(got.signature_def) == {"predict", "serving_default"}
    collections = [meta.collection_def for meta in (expected, got)]
    assert_same_but_for_the_list("collections", *collections)
    for name in ("variables", "trainable_variables"):
        counts = [len(each[name].bytes_list.value) for each in collections]
        assert counts[0] == counts[1], name
    # Which operation gives the saved file's name differs: loaders ask the graph for it by this field.
    saver = type(got.saver_def)()
    saver.CopyFrom(got.saver_def)
    saver.save_tensor_name = expected.saver_def.save_tensor_name
    assert saver == expected.saver_def


def test_our_server_answers_as_estimators_export_does(estimators, digit_images, tmp_path):  # noqa: F811
    import tensorflow as tf

    predict = tf.saved_model.load(str(estimators.export)).signatures["predict"]
    expected = predict(image=tf.constant(digit_images))["probabilities"].numpy()
    with model_server(estimators.exports, tmp_path / "log") as port:
        for digit in range(10):
            command = [BIN / "trainyard", "predict", "--host", "localhost", "--port", port]
            command += ["--image", DIGITS / f"{digit}.png", "--signature_name", "predict"]
            answer = json.loads(run(*command, "--model", "digits", "--output", "json"))
            assert answer["version"] == int(estimators.export.name)
            assert numpy.allclose(answer["probabilities"], expected[digit], atol=1e-5)


@pytest.mark.parametrize("first, second", [("estimators", "ours"), ("ours", "estimators")])
def test_one_goes_on_from_the_others_model_directory(first, second, request, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(request.getfixturevalue(first).model, model)
    train = {"ours": train_ours, "estimators": train_estimator}[second]
    log = train(model, tmp_path / "export", MORE_STEPS)
    assert f"Restoring parameters from {model}/model.ckpt-{STEPS}" in log
    (line,) = re.findall(rf"Saving dict for global step {MORE_STEPS}: (.*)", log)
    before = request.getfixturevalue(first).log
    (then,) = re.findall(rf"Saving dict for global step {STEPS}: (.*)", before)

    def accuracy(text):
        return float(re.search(r"accuracy = ([\d.]+)", text)[1])

    # A new network is at 0.1, and moving statistics take longer than 20 steps.
    assert accuracy(line) > accuracy(then) - 0.03
