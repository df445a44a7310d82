"""The exported model gives the same probabilities in Python's TensorFlow and in our server."""

import json

import numpy
import pytest
from conftest import BIN, DIGITS, model_server, run

TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def by_python(exported, digit_images):
    """What Python's TensorFlow computes: {"classes": [10], "probabilities": [10, 10]}."""
    import tensorflow as tf

    signature = tf.saved_model.load(str(exported)).signatures["predict"]
    result = signature(image=tf.constant(digit_images))
    return {name: value.numpy() for name, value in result.items()}


def test_python_loads_both_signatures(exported):
    import tensorflow as tf

    signatures = tf.saved_model.load(str(exported)).signatures
    assert {"predict", "serving_default"} <= set(signatures)
    for name in ("predict", "serving_default"):
        signature = signatures[name]
        image = signature.structured_input_signature[1]["image"]
        assert image.dtype == tf.float32
        assert image.shape.as_list() == [None, 28, 28, 1]
        assert {"classes", "probabilities"} <= set(signature.structured_outputs)


def test_probabilities_are_probabilities_and_most_digits_are_right(by_python):
    probabilities = by_python["probabilities"]
    assert probabilities.shape == (10, 10)
    assert numpy.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert numpy.array_equal(by_python["classes"], probabilities.argmax(axis=1))
    assert (by_python["classes"] == numpy.arange(10)).sum() >= 9


def test_tf1_loader_gives_the_same(exported, digit_images, by_python):
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        meta = v1.saved_model.loader.load(session, ["serve"], str(exported))
        signature = meta.signature_def["serving_default"]
        probabilities = session.run(
            signature.outputs["probabilities"].name,
            {signature.inputs["image"].name: digit_images},
        )
    assert numpy.allclose(probabilities, by_python["probabilities"], atol=TOLERANCE)


@pytest.fixture(scope="module")
def port(digits_run, tmp_path_factory):
    log = tmp_path_factory.mktemp("serve") / "log"
    with model_server(digits_run / "export", log) as port:
        yield port


def test_stock_client_gets_the_same_from_our_server(port, digit_images, by_python, exported):
    import grpc
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    request = predict_pb2.PredictRequest()
    request.model_spec.name = "digits"
    request.model_spec.signature_name = "predict"
    request.inputs["image"].CopyFrom(tf.make_tensor_proto(digit_images))
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        response = stub.Predict(request, timeout=60, wait_for_ready=True)
    assert response.model_spec.version.value == int(exported.name)
    probabilities = tf.make_ndarray(response.outputs["probabilities"])
    assert numpy.allclose(probabilities, by_python["probabilities"], atol=TOLERANCE)
    assert numpy.array_equal(tf.make_ndarray(response.outputs["classes"]), by_python["classes"])


def test_our_client_prints_the_same(port, by_python, exported):
    for digit in range(10):
        printed = run(
            *[BIN / "trainyard", "predict", "--host", "localhost", "--port", port],
            *["--image", DIGITS / f"{digit}.png", "--signature_name", "predict"],
            *["--model", "digits", "--output", "json"],
        )
        answer = json.loads(printed)
        expected = by_python["probabilities"][digit]
        assert answer["class"] == by_python["classes"][digit]
        assert answer["version"] == int(exported.name)
        assert answer["probabilities"] == pytest.approx(expected.tolist(), abs=TOLERANCE)
