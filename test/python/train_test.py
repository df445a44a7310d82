"""Python reads what the training library writes: summaries, hyperparameters, timelines, exports with
signatures of each kind and a vocabulary."""

import json

import numpy
import pytest
from conftest import TEST_PROGRAMS, run


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    target = tmp_path_factory.mktemp("train") / "out"
    run(TEST_PROGRAMS / "train_cases", target)
    return target


@pytest.fixture(scope="module")
def events(directory):
    """The run as TensorBoard accumulates it."""
    from tensorboard.backend.event_processing import plugin_event_multiplexer

    multiplexer = plugin_event_multiplexer.EventMultiplexer({"run": str(directory / "model")})
    multiplexer.Reload()
    return multiplexer


def test_each_kind_of_summary_belongs_to_its_plugin(events):
    assert "bias" in events.PluginRunToTagToContent("scalars")["run"]
    assert set(events.PluginRunToTagToContent("histograms")["run"]) == {"weights"}
    assert set(events.PluginRunToTagToContent("images")["run"]) == {"picture/image/0", "picture/image/1"}
    assert set(events.PluginRunToTagToContent("text")["run"]) == {"note"}


def test_summaries_have_their_steps_and_values(events):
    import tensorflow as tf

    assert [event.step for event in events.Tensors("run", "weights")] == [1, 51, 101, 151, 201, 251]
    buckets = tf.make_ndarray(events.Tensors("run", "weights")[-1].tensor_proto)
    assert buckets[:, 2].sum() == 1  # one weight, near 3
    assert buckets[:, 0].min() <= 3.1 and buckets[:, 1].max() >= 2.9
    note = tf.make_ndarray(events.Tensors("run", "note")[0].tensor_proto)
    assert note.item() == b"**hello**"
    picture = events.Tensors("run", "picture/image/1")[0].tensor_proto
    width, height, image = tf.make_ndarray(picture)
    assert (int(width), int(height)) == (4, 4)
    assert tf.io.decode_png(image).shape == (4, 4, 1)


def test_graph_is_written_as_text(directory):
    from google.protobuf import text_format
    from tensorboard.backend.event_processing import event_file_loader
    from tensorflow.core.framework import graph_pb2

    text = (directory / "model" / "graph.pbtxt").read_text()
    graph = text_format.Parse(text, graph_pb2.GraphDef())
    files = (directory / "model").glob("events.out.tfevents.*")
    events = [e for file in files for e in event_file_loader.EventFileLoader(str(file)).Load()]
    (binary,) = [event.graph_def for event in events if event.graph_def]
    assert graph == graph_pb2.GraphDef.FromString(binary)
    assert any(node.op == "ResourceApplyGradientDescent" for node in graph.node)


def test_graph_of_a_checkpoint_is_imported_and_restored(directory):
    import tensorflow as tf

    v1 = tf.compat.v1
    prefix = tf.train.latest_checkpoint(str(directory / "model"))
    with tf.Graph().as_default(), v1.Session() as session:
        v1.train.import_meta_graph(prefix + ".meta").restore(session, prefix)
        weight, bias = v1.trainable_variables()
        assert abs(session.run(weight) - 3) < 0.1 and abs(session.run(bias) - 1) < 0.1
        session.run(v1.get_collection("train_op"), {"x:0": [[0.5]], "labels:0": [[2.5]]})
        assert session.run("global_step/Read/ReadVariableOp:0") == 301


def test_hyperparameters_are_read_by_their_plugin(events):
    from tensorboard.plugins.hparams import metadata

    content = events.PluginRunToTagToContent("hparams")["run"]
    start = metadata.parse_session_start_info_plugin_data(content[metadata.SESSION_START_INFO_TAG])
    assert start.hparams["rate"].number_value == 0.5
    assert start.hparams["optimizer"].string_value == "sgd"
    assert start.hparams["bias"].bool_value is True
    assert start.start_time_secs > 1.7e9


def test_timeline_is_a_trace(directory):
    trace = json.loads((directory / "model" / "timeline-2.json").read_text())
    spans = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert {"name", "pid", "tid", "ts", "dur"} <= set(spans[0])
    assert "ResourceApplyGradientDescent" in {event["args"]["op"] for event in spans}


@pytest.fixture(scope="module")
def exported(directory):
    (version,) = (directory / "export").iterdir()
    return version


def examples(*values):
    import tensorflow as tf

    def one(value):
        feature = tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
        return tf.train.Example(features=tf.train.Features(feature={"x": feature}))

    return tf.constant([one(value).SerializeToString() for value in values])


def test_signatures_answer_serialized_examples(exported):
    import tensorflow as tf

    signatures = tf.saved_model.load(str(exported)).signatures
    assert set(signatures) == {"serving_default", "regression", "classification"}
    asked = examples(0.1, 0.5)
    expected = numpy.array([[1.3], [2.5]])
    y = signatures["serving_default"](examples=asked)["y"].numpy()
    assert numpy.allclose(y, expected, atol=0.05)
    outputs = signatures["regression"](inputs=asked)["outputs"].numpy()
    assert numpy.array_equal(outputs, y)
    answer = signatures["classification"](inputs=asked)
    assert numpy.array_equal(answer["scores"].numpy(), y)
    assert answer["classes"].numpy().tolist() == [[b"one"], [b"two"]]


def test_export_lists_its_methods_and_asset(exported):
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel()
    model.ParseFromString((exported / "saved_model.pb").read_bytes())
    (meta,) = model.meta_graphs
    methods = {name: signature.method_name for name, signature in meta.signature_def.items()}
    assert methods == {
        "serving_default": "tensorflow/serving/predict",
        "regression": "tensorflow/serving/regress",
        "classification": "tensorflow/serving/classify",
    }
    assert [asset.filename for asset in meta.asset_file_def] == ["words.txt"]
    assert (exported / "assets" / "words.txt").read_text().split()[1] == "one"


def test_tf1_loader_fills_the_vocabulary(exported):
    import tensorflow as tf

    v1 = tf.compat.v1
    request = examples(0.5).numpy()
    with tf.Graph().as_default(), v1.Session() as session:
        meta = v1.saved_model.loader.load(session, ["serve"], str(exported))
        signature = meta.signature_def["classification"]
        classes = session.run(
            signature.outputs["classes"].name, {signature.inputs["inputs"].name: request}
        )
    assert classes.tolist() == [[b"two"]]
