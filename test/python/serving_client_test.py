"""The model server as others' clients see it: TensorFlow Serving's own Python stubs, models exported
by TensorFlow's Python, and the server as a process with flags, signals and exit codes."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading

import pytest

from conftest import BIN, DIGITS, background, wait_for

SERVER = BIN / "trainyard-serve"


class Served:
    """A running server and stubs for it."""

    def __init__(self, port):
        import grpc
        from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

        self.port = port
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.prediction = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        self.model = model_service_pb2_grpc.ModelServiceStub(channel)

    def predict(self, inputs, signature="", model="m", version=None, outputs=()):
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2

        request = predict_pb2.PredictRequest(output_filter=outputs)
        request.model_spec.name = model
        request.model_spec.signature_name = signature
        if version is not None:
            request.model_spec.version.value = version
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        return self.prediction.Predict(request, timeout=60)

    def numbers(self, *args, **kwargs):
        import tensorflow as tf

        outputs = self.predict(*args, **kwargs).outputs
        return {name: tf.make_ndarray(value) for name, value in outputs.items()}


def served_port(log):
    """The port in a server's output, once it has announced the model."""
    printed = log.read_text()
    found = re.search(r'^serving model "m" version \d+ on \S+:(\d+) ', printed, re.MULTILINE)
    return found and int(found[1])


def write_model(base_path, version, scale=2.0):
    """A TensorFlow 2 export with a variable, several dtypes and signatures; gives the module."""
    import tensorflow as tf

    class Model(tf.Module):
        def __init__(self):
            super().__init__()
            self.scale = tf.Variable(scale)

        @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
        def scaled(self, x):
            return {"y": self.scale * x, "row_sums": tf.reduce_sum(x, axis=1)}

        @tf.function(
            input_signature=[
                tf.TensorSpec([None], tf.string, name="words"),
                tf.TensorSpec([None], tf.int64, name="ids"),
            ]
        )
        def mixed(self, words, ids):
            return {
                "upper": tf.strings.upper(words),
                "next": ids + 1,
                "even": ids % 2 == 0,
                "half": tf.cast(ids, tf.float16),
            }

    model = Model()
    staging = pathlib.Path(base_path) / f"temp-{version}"
    tf.saved_model.save(
        model, str(staging), signatures={"serving_default": model.scaled, "mixed": model.mixed}
    )
    staging.rename(pathlib.Path(base_path) / str(version))
    return model


@pytest.fixture(scope="module")
def base_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("models")
    write_model(path, 3)
    return path


@pytest.fixture(scope="module")
def served(base_path, tmp_path_factory):
    log = tmp_path_factory.mktemp("serve") / "log"
    command = [BIN / "trainyard", "serve", "--model_name=m", "--port", "0"]
    command += ["--model_base_path", base_path]
    with background(command, log) as process:
        yield Served(wait_for(lambda: served_port(log), "served model", process))


def error_of(call):
    import grpc

    with pytest.raises(grpc.RpcError) as error:
        call()
    return error.value.code().name, error.value.details()


def test_predicts_what_python_computes(served, base_path):
    import numpy
    import tensorflow as tf

    python = tf.saved_model.load(str(base_path / "3")).signatures["serving_default"]
    x = numpy.random.default_rng(1).normal(size=(5, 3)).astype(numpy.float32)
    expected = python(x=tf.constant(x))
    answer = served.numbers({"x": x})
    assert answer.keys() == {"y", "row_sums"}
    for name, value in answer.items():
        assert numpy.allclose(value, expected[name].numpy(), atol=1e-5)


def test_strings_integers_booleans_and_halves_travel_both_ways(served):
    import numpy

    answer = served.numbers(
        {"words": ["a", "bc"], "ids": numpy.array([3, 4], numpy.int64)}, signature="mixed"
    )
    assert answer["upper"].tolist() == [b"A", b"BC"]
    assert answer["next"].tolist() == [4, 5]
    assert answer["even"].tolist() == [False, True]
    assert answer["half"].dtype == "float16" and answer["half"].tolist() == [3, 4]


def test_says_who_answered_and_obeys_the_filter(served):
    answer = served.predict({"x": [[1.0, 2.0, 3.0]]}, version=3, outputs=["row_sums"])
    assert list(answer.outputs) == ["row_sums"]
    assert answer.model_spec.name == "m"
    assert answer.model_spec.version.value == 3
    assert answer.model_spec.signature_name == "serving_default"


def test_errors_have_the_known_codes_and_texts(served):
    x = [[1.0, 2.0, 3.0]]
    assert error_of(lambda: served.predict({"x": x}, model="n")) == (
        "NOT_FOUND",
        "Servable not found for request: Latest(n)",
    )
    assert error_of(lambda: served.predict({"x": x}, version=9)) == (
        "NOT_FOUND",
        "Servable not found for request: Specific(m, 9)",
    )
    assert error_of(lambda: served.predict({"x": x}, signature="s")) == (
        "FAILED_PRECONDITION",
        'Serving signature key "s" not found.',
    )
    assert error_of(lambda: served.predict({})) == (
        "INVALID_ARGUMENT",
        "input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. "
        "Missing but required: {x}.",
    )
    assert error_of(lambda: served.predict({"x": x}, outputs=["z"])) == (
        "INVALID_ARGUMENT",
        "output tensor alias not found in signature: z Outputs expected to be in the set "
        "{row_sums,y}.",
    )
    code, _ = error_of(lambda: served.predict({"x": ["word"]}))
    assert code == "INVALID_ARGUMENT"


def test_describes_signatures_and_status(served):
    from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "m"
    response = served.prediction.GetModelMetadata(request, timeout=60)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    x = signatures.signature_def["serving_default"].inputs["x"]
    assert [dim.size for dim in x.tensor_shape.dim] == [-1, 3]

    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "m"
    [status] = served.model.GetModelStatus(request, timeout=60).model_version_status
    assert status.version == 3
    assert status.state == get_model_status_pb2.ModelVersionStatus.AVAILABLE
    assert status.status.error_message == ""


def test_predict_command_shows_the_signatures_it_could_use(served):
    done = subprocess.run(
        [BIN / "trainyard", "predict", "--port", str(served.port), "--model", "m"]
        + ["--signature_name", "s", "--image", DIGITS / "4.png"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert 'no signature "s"' in done.stderr and "mixed, serving_default" in done.stderr


def test_keras_export_is_served_and_asked_by_the_predict_command(tmp_path):
    import keras
    import numpy
    from PIL import Image

    model = keras.Sequential(
        [
            keras.Input((28, 28, 1), name="image"),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax", name="probabilities"),
        ]
    )
    named = keras.Model(model.inputs, {"probabilities": model.outputs[0]})
    named.export(str(tmp_path / "models/1"), verbose=False)
    pixels = numpy.asarray(Image.open(DIGITS / "4.png")).astype(numpy.float32) / 255
    expected = model.predict(pixels[None, ..., None], verbose=0)[0]
    log = tmp_path / "log"
    command = [SERVER, "--model_name=m", "--port=0", f"--model_base_path={tmp_path / 'models'}"]
    with background(command, log) as process:
        port = wait_for(lambda: served_port(log), "served model", process)
        done = subprocess.run(
            [BIN / "trainyard", "predict", "--port", str(port), "--model", "m"]
            + ["--image", DIGITS / "4.png", "--output", "json"],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.stderr == ""
    answer = json.loads(done.stdout)
    assert answer["class"] == int(expected.argmax())
    assert numpy.allclose(answer["probabilities"], expected, atol=1e-5)


def test_stops_on_sigterm_without_losing_a_request(tmp_path):
    import grpc

    write_model(tmp_path / "models", 1)
    log = tmp_path / "log"
    command = [SERVER, "--model_name=m", "--port=0", f"--model_base_path={tmp_path / 'models'}"]
    failures = []
    stopping = threading.Event()
    answered = threading.Semaphore(0)

    def ask(served):
        while True:
            try:
                served.predict({"x": [[1.0, 2.0, 3.0]]})
                answered.release()
            except grpc.RpcError as error:
                # A new request may be refused; one that was taken must be answered.
                if not stopping.is_set() or error.code() != grpc.StatusCode.UNAVAILABLE:
                    failures.append(f"{error.code()}: {error.details()}")
                return

    with background(command, log) as process:
        served = Served(wait_for(lambda: served_port(log), "served model", process))
        clients = [threading.Thread(target=ask, args=(served,)) for _ in range(4)]
        for client in clients:
            client.start()
        for _ in range(20):
            assert answered.acquire(timeout=120)
        stopping.set()
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
        for client in clients:
            client.join(120)
    assert failures == []
    assert "stopping" in log.read_text()


def refusal(*flags):
    done = subprocess.run(
        [SERVER, *flags], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("trainyard-serve: ")
    return done.returncode, done.stderr


def test_wrong_use_is_one_line_and_exit_code_2():
    for flags, text in [
        (["--model_base_path=/m", "--prot=1"], "--prot=1"),
        (["--model_base_path=/m", "--port=99999"], "--port"),
        (["--model_name=m"], "--model_base_path is missing"),
    ]:
        code, line = refusal(*flags)
        assert code == 2
        assert text in line


def test_a_taken_port_is_one_line_and_exit_code_1(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, line = refusal(f"--model_base_path={tmp_path}", f"--port={port}")
    assert code == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in line


def test_no_model_is_one_line_and_exit_code_1_when_polling_once(tmp_path):
    code, line = refusal(
        f"--model_base_path={tmp_path}", "--port=0", "--file_system_poll_wait_seconds=0"
    )
    assert code == 1
    assert f"no version directory in {tmp_path}" in line


def test_sigterm_ends_the_wait_for_the_first_load(tmp_path):
    write_model(tmp_path / "models", 1)
    os.mkfifo(tmp_path / "models/1/SHA256SUMS")  # the load waits until somebody writes into it
    log = tmp_path / "log"
    command = [SERVER, "--model_name=m", "--port=0", f"--model_base_path={tmp_path / 'models'}"]
    with background([*command, "--file_system_poll_wait_seconds=0"], log) as process:
        wait_for(lambda: "listening on" in log.read_text(), "port", process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    assert "stopping: no new requests" in log.read_text()
