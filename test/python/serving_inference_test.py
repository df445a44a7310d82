"""Classify, Regress and MultiInference as TensorFlow Serving's own Python stubs see them, on models
exported by TensorFlow's Python in both styles, every number compared with Python's own output; and
what the server writes down about its requests."""

import json
import re

import pytest

from conftest import BIN, background, wait_for
from serving_client_test import Served, error_of, served_port

SERVER = BIN / "trainyard-serve"
LABELS = [b"cold", b"warm", b"hot"]
TOKEN = "test-token-0123456789"


def example(**features):
    """A serialized tf.Example; floats, integers or bytes."""
    import tensorflow as tf

    def feature(values):
        if isinstance(values[0], float):
            return tf.train.Feature(float_list=tf.train.FloatList(value=values))
        if isinstance(values[0], int):
            return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))

    parts = {name: feature(values) for name, values in features.items()}
    return tf.train.Example(features=tf.train.Features(feature=parts))


def write_tf1_model(directory):
    """A TensorFlow 1 export with variables, a lookup table, an asset-free ParseExample and the three
    kinds of signatures, with the method names they had then."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        serialized = v1.placeholder(tf.string, [None], name="tf_example")
        parsed = v1.parse_example(
            serialized,
            {
                "x": tf.io.FixedLenFeature([2], tf.float32),
                "place": tf.io.FixedLenFeature([], tf.string, default_value="nowhere"),
            },
        )
        table = v1.lookup.StaticHashTable(
            v1.lookup.KeyValueTensorInitializer(["here", "there"], tf.constant([1.0, 2.0])), 0.0
        )
        place = table.lookup(parsed["place"])
        weights = v1.get_variable("w", initializer=[[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
        scores = tf.nn.softmax(tf.matmul(parsed["x"], weights) + place[:, None])
        order = tf.argsort(scores, direction="DESCENDING")
        classes = tf.gather(tf.constant(LABELS), order)
        sorted_scores = tf.gather(scores, order, batch_dims=1)
        value = tf.reduce_sum(parsed["x"], axis=1, keepdims=True) + place[:, None]
        session.run(v1.global_variables_initializer())
        session.run(v1.tables_initializer())
        utils = v1.saved_model.signature_def_utils
        builder = v1.saved_model.Builder(str(directory))
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            signature_def_map={
                "serving_default": utils.classification_signature_def(
                    serialized, classes, sorted_scores
                ),
                "regress": utils.regression_signature_def(serialized, value),
                "labels": utils.classification_signature_def(serialized, classes, None),
                "predict": utils.predict_signature_def({"examples": serialized}, {"scores": scores}),
            },
            main_op=v1.tables_initializer(),
        )
        builder.save()

        def answer(examples):
            feed = {serialized: [e.SerializeToString() for e in examples]}
            return session.run([classes, sorted_scores, value], feed)

        examples = [
            example(x=[1.0, 2.0], place=[b"here"]),
            example(x=[-0.5, 0.25]),
            example(x=[3.0, -4.0], place=[b"there"]),
        ]
        return examples, answer(examples)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    path = tmp_path_factory.mktemp("models")
    examples, expected = write_tf1_model(path / "5")
    log = path / "log"
    command = [SERVER, "--model_name=m", "--port=0", f"--model_base_path={path}"]
    command += [f"--access_log={path / 'access.log'}"]
    with background(command, log) as process:
        port = wait_for(lambda: served_port(log), "served model", process)
        result = Served(port)
        result.examples, result.expected = examples, expected
        result.access_log = path / "access.log"
        yield result


def request_for(kind, examples, signature="", model="m", context=None):
    request = kind()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    fill_input(request.input, examples, context)
    return request


def fill_input(message, examples, context=None):
    if context is None:
        message.example_list.examples.extend(examples)
    else:
        message.example_list_with_context.examples.extend(examples)
        message.example_list_with_context.context.CopyFrom(context)


def classify(served, examples, **kwargs):
    from tensorflow_serving.apis import classification_pb2

    request = request_for(classification_pb2.ClassificationRequest, examples, **kwargs)
    return served.prediction.Classify(request, timeout=60)


def regress(served, examples, **kwargs):
    from tensorflow_serving.apis import regression_pb2

    request = request_for(regression_pb2.RegressionRequest, examples, **kwargs)
    return served.prediction.Regress(request, timeout=60)


def multi_inference(served, tasks, examples):
    from tensorflow_serving.apis import inference_pb2

    request = inference_pb2.MultiInferenceRequest()
    for signature, method in tasks:
        task = request.tasks.add(method_name=f"tensorflow/serving/{method}")
        task.model_spec.name = "m"
        task.model_spec.signature_name = signature
    fill_input(request.input, examples)
    return served.prediction.MultiInference(request, timeout=60)


def check_classes(result, classes, scores):
    import numpy

    rows = result.classifications
    assert [[c.label.encode() for c in row.classes] for row in rows] == classes.tolist()
    assert numpy.allclose([[c.score for c in row.classes] for row in rows], scores, atol=1e-6)


def test_classifies_as_python_does(served):
    answer = classify(served, served.examples)
    check_classes(answer.result, served.expected[0], served.expected[1])
    assert answer.model_spec.name == "m"
    assert answer.model_spec.version.value == 5
    assert answer.model_spec.signature_name == "serving_default"


def test_gives_labels_without_scores(served):
    import numpy

    answer = classify(served, served.examples, signature="labels")
    check_classes(answer.result, served.expected[0], numpy.zeros((3, 3)))


def test_regresses_as_python_does(served):
    import numpy

    answer = regress(served, served.examples, signature="regress")
    values = [r.value for r in answer.result.regressions]
    assert numpy.allclose(values, served.expected[2][:, 0], atol=1e-6)
    assert answer.model_spec.signature_name == "regress"


def test_a_context_adds_its_features_to_every_example(served):
    answer = regress(
        served,
        [example(x=[1.0, 2.0]), example(x=[0.0, 0.0])],
        signature="regress",
        context=example(place=[b"there"]),
    )
    assert [r.value for r in answer.result.regressions] == [5.0, 2.0]


def test_infers_several_things_at_once(served):
    import numpy

    answer = multi_inference(
        served, [("regress", "regress"), ("", "classify")], served.examples
    )
    first, second = answer.results
    values = [r.value for r in first.regression_result.regressions]
    assert numpy.allclose(values, served.expected[2][:, 0], atol=1e-6)
    check_classes(second.classification_result, served.expected[0], served.expected[1])
    assert second.model_spec.signature_name == "serving_default"
    assert second.model_spec.version.value == 5


def test_refuses_with_the_known_codes_and_texts(served):
    one = served.examples[:1]
    invalid = "INVALID_ARGUMENT"
    assert error_of(lambda: classify(served, [])) == (invalid, "Input is empty.")
    assert error_of(lambda: classify(served, one, signature="s")) == (
        invalid,
        "No signature was found with the name: s",
    )
    assert error_of(lambda: classify(served, one, model="n")) == (
        "NOT_FOUND",
        "Servable not found for request: Latest(n)",
    )
    assert error_of(lambda: regress(served, one)) == (invalid, "Expected one output Tensor.")
    code, text = error_of(lambda: regress(served, one, signature="predict"))
    assert code == invalid
    assert text.startswith("No regression inputs found in SignatureDef: inputs {")
    assert error_of(lambda: multi_inference(served, [("predict", "predict")], one)) == (
        "UNIMPLEMENTED",
        "Unsupported signature method_name: tensorflow/serving/predict",
    )
    assert error_of(lambda: multi_inference(served, [("none", "regress")], one)) == (
        invalid,
        "Requested signature not found in model graph: none",
    )
    code, text = error_of(lambda: regress(served, [example(y=[1.0])], signature="regress"))
    assert code == invalid and "x" in text


def test_writes_each_request_down(served):
    classify(served, served.examples)
    error_of(lambda: classify(served, [], model="no\nsuch"))

    def lines():
        whole = served.access_log.read_text().rpartition("\n")[0]
        found = [json.loads(line) for line in whole.splitlines()]
        return found if found and found[-1]["model"] == "no\nsuch" else None

    good, bad = wait_for(lines, "the log's lines")[-2:]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", good["time"])
    assert good["peer"].startswith("127.0.0.1:")
    assert good["microseconds"] > 0 and good["request_bytes"] > 0 and good["response_bytes"] > 0
    assert (good["api"], good["model"], good["version"], good["code"]) == ("Classify", "m", 5, "OK")
    assert bad["code"] == "NOT_FOUND" and "version" not in bad
    assert "here" not in served.access_log.read_text()  # a value that was sent


def test_tensorflow_2_exports_can_be_classified_although_they_say_predict(tmp_path):
    import numpy
    import tensorflow as tf

    class Model(tf.Module):
        def __init__(self):
            super().__init__()
            self.w = tf.Variable([[1.0, -2.0], [0.5, 3.0]])

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
        def score(self, inputs):
            parsed = tf.io.parse_example(inputs, {"x": tf.io.FixedLenFeature([2], tf.float32)})
            return {"scores": tf.matmul(parsed["x"], self.w)}

    model = Model()
    tf.saved_model.save(model, str(tmp_path / "models/1"), signatures=model.score)
    examples = [example(x=[1.0, 2.0]), example(x=[-3.0, 0.5])]
    expected = model.score(tf.constant([e.SerializeToString() for e in examples]))["scores"]
    for flags, checked in [([], False), (["--enable_signature_method_name_check"], True)]:
        log = tmp_path / f"log{checked}"
        command = [SERVER, "--model_name=m", "--port=0", *flags]
        command += [f"--model_base_path={tmp_path / 'models'}"]
        with background(command, log) as process:
            served = Served(wait_for(lambda: served_port(log), "served model", process))
            if checked:
                assert error_of(lambda: classify(served, examples)) == (
                    "INVALID_ARGUMENT",
                    "Expected classification signature method_name to be "
                    "tensorflow/serving/classify. Was: tensorflow/serving/predict",
                )
                continue
            rows = classify(served, examples).result.classifications
            scores = [[c.score for c in row.classes] for row in rows]
            assert numpy.allclose(scores, expected.numpy(), atol=1e-5)
            assert {c.label for row in rows for c in row.classes} == {""}


def test_tokens_and_limits(tmp_path):
    import grpc
    from serving_client_test import write_model

    write_model(tmp_path / "models", 1)
    tokens = tmp_path / "tokens"
    tokens.write_text(f"# the team's\n{TOKEN}\n")
    log = tmp_path / "log"
    command = [SERVER, "--model_name=m", "--port=0", f"--model_base_path={tmp_path / 'models'}"]
    command += [f"--auth_token_file={tokens}", "--max_request_seconds=30"]
    with background(command, log) as process:
        served = Served(wait_for(lambda: served_port(log), "served model", process))
        code, text = error_of(lambda: served.predict({"x": [[1.0, 2.0, 3.0]]}))
        assert code == "UNAUTHENTICATED" and "Bearer" in text
        channel = grpc.insecure_channel(f"127.0.0.1:{served.port}")
        status = channel.unary_unary("/tensorflow.serving.ModelService/GetModelStatus")
        with_token = [("authorization", f"Bearer {TOKEN}")]
        assert status(b"\n\x03\n\x01m", timeout=60, metadata=with_token)
        for wrong in [f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", TOKEN]:
            with pytest.raises(grpc.RpcError) as error:
                status(b"\n\x03\n\x01m", timeout=60, metadata=[("authorization", wrong)])
            assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED
            assert TOKEN not in error.value.details()
    assert TOKEN not in log.read_text()
