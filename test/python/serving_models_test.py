"""Models and their life cycle as TensorFlow Serving's users know them: exports of TensorFlow 1 and 2 by
TensorFlow's Python, configuration files, version policies, labels, reloads, warm-up records, damaged
files. The server is a process, asked through TensorFlow Serving's own Python stubs."""

import contextlib
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

import sorted_table
from conftest import BIN, background, wait_for

SERVER = BIN / "trainyard-serve"


class Served:
    """A running server, its log and stubs for it."""

    def __init__(self, process, log):
        import grpc
        from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

        self.process = process
        self.log = log
        found = wait_for(
            lambda: re.search(r"^listening on \S+:(\d+) ", log.read_text(), re.M), "port", process
        )
        self.port = int(found[1])
        self.channel = channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        self.prediction = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        self.model = model_service_pb2_grpc.ModelServiceStub(channel)

    def wait_for_version(self, model, version):
        line = f'serving model "{model}" version {version} on '
        wait_for(lambda: line in self.log.read_text(), line, self.process)

    def predict(self, model, inputs, signature="", version=None, label=None):
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2

        request = predict_pb2.PredictRequest()
        request.model_spec.name = model
        request.model_spec.signature_name = signature
        if version is not None:
            request.model_spec.version.value = version
        if label is not None:
            request.model_spec.version_label = label
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        response = self.prediction.Predict(request, timeout=60)
        return {name: tf.make_ndarray(value) for name, value in response.outputs.items()}

    def states(self, model, label=None):
        """{version: (state, error code)}"""
        from tensorflow_serving.apis import get_model_status_pb2

        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = model
        if label is not None:
            request.model_spec.version_label = label
        state = get_model_status_pb2.ModelVersionStatus.State
        response = self.model.GetModelStatus(request, timeout=60)
        return {
            status.version: (state.Name(status.state), status.status.error_code)
            for status in response.model_version_status
        }

    def reload(self, config, timeout=60):
        from google.protobuf import text_format
        from tensorflow_serving.apis import model_management_pb2

        request = model_management_pb2.ReloadConfigRequest()
        text_format.Parse(config, request.config)
        self.model.HandleReloadConfigRequest(request, timeout=timeout)


@contextlib.contextmanager
def serving(log, *flags):
    with background([SERVER, "--port=0", *flags], log) as process:
        yield Served(process, log)


def config(*models):
    """Of (name, base path, more fields as text)."""
    entries = "".join(
        f'config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow" {more} }}\n'
        for name, path, more in models
    )
    return "model_config_list {\n" + entries + "}\n"


def error_of(call):
    import grpc

    with pytest.raises(grpc.RpcError) as error:
        call()
    return error.value.code().name, error.value.details()


def publish(staging, base_path, version):
    base_path.mkdir(parents=True, exist_ok=True)
    staging.rename(base_path / str(version))
    return base_path / str(version)


def export_scale(base_path, version, scale):
    """TensorFlow 2: y = scale * x, scale being a variable."""
    import tensorflow as tf

    class Model(tf.Module):
        def __init__(self):
            super().__init__()
            self.scale = tf.Variable(float(scale))

        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
        def serve(self, x):
            return {"y": self.scale * x}

    model = Model()
    staging = pathlib.Path(f"{base_path}-staging-{version}")
    tf.saved_model.save(model, str(staging), signatures=model.serve)
    return publish(staging, pathlib.Path(base_path), version)


def export_words(base_path):
    """TensorFlow 2: ids of words by a table that is read from an asset, and back."""
    import tensorflow as tf

    class Model(tf.Module):
        def __init__(self, words):
            super().__init__()
            index = tf.lookup.TextFileIndex
            self.ids = tf.lookup.StaticHashTable(
                tf.lookup.TextFileInitializer(
                    words, tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER
                ),
                default_value=-1,
            )
            self.names = tf.lookup.StaticHashTable(
                tf.lookup.TextFileInitializer(
                    words, tf.int64, index.LINE_NUMBER, tf.string, index.WHOLE_LINE
                ),
                default_value="?",
            )

        @tf.function(input_signature=[tf.TensorSpec([None, None], tf.string, name="words")])
        def serve(self, words):
            ids = self.ids.lookup(words)
            return {"ids": ids, "again": self.names.lookup(ids)}

    words = base_path.parent / "words.txt"
    words.parent.mkdir(parents=True, exist_ok=True)
    words.write_text("null\none\ntwo\nthree\n")
    model = Model(str(words))
    staging = base_path.parent / "words-staging"
    tf.saved_model.save(model, str(staging), signatures=model.serve)
    words.unlink()
    return publish(staging, base_path, 1)


def export_tf1(base_path, reference_variables):
    """TensorFlow 1: variables, a table that an init op fills from an asset, devices by name, a
    signature that feeds the middle of the graph, one without inputs that counts."""
    import tensorflow as tf

    v1 = tf.compat.v1
    words = base_path.parent / "v1-words.txt"
    words.parent.mkdir(parents=True, exist_ok=True)
    words.write_text("low\nhigh\n")
    staging = base_path.parent / f"v1-staging-{reference_variables}"
    soft = v1.ConfigProto(allow_soft_placement=True)
    with v1.Graph().as_default() as graph, v1.Session(graph=graph, config=soft) as session:
        x = v1.placeholder(tf.float32, [None], name="x")
        asset = v1.constant(str(words), name="asset")
        use_resource = not reference_variables
        with v1.device("/device:GPU:0"):
            w = v1.get_variable("w", initializer=3.0, use_resource=use_resource)
            middle = tf.multiply(x, w, name="middle")
        y = tf.add(middle, 1.0, name="y")
        value = w if reference_variables else w.read_value()  # of type float_ref, and float
        count = v1.get_variable("count", initializer=0, use_resource=use_resource)
        counted = tf.identity(v1.assign_add(count, 1))
        table = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(
                asset,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
            ),
            default_value="?",
        )
        names = table.lookup(tf.cast(y > 10, tf.int64))
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        session.run(v1.assign(w, 4.0))

        def signature(inputs, outputs):
            return v1.saved_model.signature_def_utils.build_signature_def(
                {name: v1.saved_model.build_tensor_info(t) for name, t in inputs.items()},
                {name: v1.saved_model.build_tensor_info(t) for name, t in outputs.items()},
                "tensorflow/serving/predict",
            )

        # Named differently over the years.
        init = "legacy_init_op" if reference_variables else "main_op"
        builder = v1.saved_model.builder.SavedModelBuilder(str(staging))
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            signature_def_map={
                "serving_default": signature({"x": x}, {"y": y, "name": names, "w": value}),
                "from_middle": signature({"middle": middle}, {"y": y}),
                "count": signature({}, {"count": counted}),
            },
            assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
            **{init: v1.tables_initializer()},
        )
        builder.save()
    words.unlink()
    return publish(staging, base_path, 1)


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    root = tmp_path_factory.mktemp("exports")
    export_scale(root / "scale", 1, 2)
    export_scale(root / "scale", 2, 3)
    export_words(root / "words")
    export_tf1(root / "references", reference_variables=True)
    export_tf1(root / "resources", reference_variables=False)
    return root


@pytest.fixture(scope="module")
def served(exports, tmp_path_factory):
    directory = tmp_path_factory.mktemp("served")
    file = directory / "models.config"
    models = [(name, exports / name, "") for name in ("words", "references", "resources")]
    policy = "model_version_policy { all {} } "
    labels = "".join(
        f'version_labels {{ key: "{label}" value: {version} }} '
        for label, version in {"stable": 1, "canary": 2}.items()
    )
    file.write_text(config(("scale", exports / "scale", policy + labels), *models))
    with serving(directory / "log", f"--model_config_file={file}") as server:
        for model, version in [("scale", 1), ("scale", 2)] + [(name, 1) for name, _, _ in models]:
            server.wait_for_version(model, version)
        yield server


def test_several_versions_answer_at_the_same_time_by_number_and_label(served):
    x = {"x": [1.0, 10.0]}
    assert served.predict("scale", x)["y"].tolist() == [3.0, 30.0]
    assert served.predict("scale", x, version=1)["y"].tolist() == [2.0, 20.0]
    assert served.predict("scale", x, label="stable")["y"].tolist() == [2.0, 20.0]
    assert served.predict("scale", x, label="canary")["y"].tolist() == [3.0, 30.0]
    assert error_of(lambda: served.predict("scale", x, label="old")) == (
        "INVALID_ARGUMENT",
        "Unrecognized servable version label: old",
    )
    assert served.states("scale") == {1: ("AVAILABLE", 0), 2: ("AVAILABLE", 0)}
    assert served.states("scale", label="stable") == {1: ("AVAILABLE", 0)}


def test_tables_are_filled_from_assets(served, exports):
    import tensorflow as tf

    words = [["one", "three"], ["zero", "null"]]
    python = tf.saved_model.load(str(exports / "words/1")).signatures["serving_default"]
    expected = python(words=tf.constant(words))
    answer = served.predict("words", {"words": words})
    assert answer["ids"].tolist() == expected["ids"].numpy().tolist() == [[1, 3], [-1, 0]]
    assert answer["again"].tolist() == expected["again"].numpy().tolist()


@pytest.mark.parametrize("model", ["references", "resources"])
def test_exports_of_tensorflow_1_are_served(served, model):
    answer = served.predict(model, {"x": [1.0, 5.0]})
    assert answer["y"].tolist() == [5.0, 21.0]
    assert answer["name"].tolist() == [b"low", b"high"]
    assert answer["w"].tolist() == 4.0
    answer = served.predict(model, {"middle": [1.0]}, signature="from_middle")
    assert answer["y"].tolist() == [2.0]
    counts = [served.predict(model, {}, signature="count")["count"].tolist() for _ in range(3)]
    assert counts == [1, 2, 3]


def test_sighup_applies_a_changed_file_and_a_broken_one_changes_nothing(exports, tmp_path):
    file = tmp_path / "models.config"
    file.write_text(config(("a", exports / "scale", "")))
    with serving(tmp_path / "log", f"--model_config_file={file}") as server:
        server.wait_for_version("a", 2)
        file.write_text("model_config_list { config { name: } }")
        server.process.send_signal(signal.SIGHUP)
        refused = f"Invalid protobuf file: '{file}': 1:36: "
        wait_for(lambda: refused in server.log.read_text(), refused, server.process)
        assert server.predict("a", {"x": [1.0]})["y"].tolist() == [3.0]
        one = "model_version_policy { specific { versions: 1 } }"
        file.write_text(config(("a", exports / "scale", one), ("b", exports / "words", "")))
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_version("b", 1)
        server.wait_for_version("a", 1)
        wait_for(lambda: server.states("a").get(2) == ("END", 0), "end of 2", server.process)
        assert server.predict("a", {"x": [1.0]})["y"].tolist() == [2.0]


def test_reload_waits_for_the_models_and_is_all_or_nothing(exports, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(exports / "scale/1", broken / "4")
    (broken / "4/saved_model.pb").write_bytes(b"no model")
    flags = ["--model_name=a", f"--model_base_path={exports / 'scale'}"]
    # Without polling: reloads do not depend on it.
    with serving(tmp_path / "log", *flags, "--file_system_poll_wait_seconds=0") as server:
        server.wait_for_version("a", 2)
        words = ("words", exports / "words", "")
        code, text = error_of(lambda: server.reload(config(words, ("x", broken, ""))))
        assert code == "UNKNOWN"
        assert text.startswith(
            "1 model(s) did not become available: {{{name: x version: 4} due to error: "
        )
        assert error_of(lambda: server.predict("words", {"words": [["one"]]}))[0] == "NOT_FOUND"
        assert server.predict("a", {"x": [1.0]})["y"].tolist() == [3.0]

        labels = 'version_labels { key: "old" value: 1 }'
        assert error_of(lambda: server.reload(config(("a", exports / "scale", labels)))) == (
            "FAILED_PRECONDITION",
            "Request to assign label to version 1 of model a, which is not currently available "
            "for inference",
        )
        both = "model_version_policy { latest { num_versions: 2 } } "
        server.reload(config(words, ("a", exports / "scale", both + labels)))
        assert server.predict("words", {"words": [["one"]]})["ids"].tolist() == [[1]]
        assert server.predict("a", {"x": [1.0]}, label="old")["y"].tolist() == [2.0]
        server.reload(config(words))
        assert error_of(lambda: server.predict("a", {"x": [1.0]}))[0] == "NOT_FOUND"


def test_reload_refuses_with_the_known_texts(served, exports):
    before = served.states("scale")
    scale = ("scale", exports / "scale", "")
    cases = {
        "": "ServerModelConfig type not supported by HandleReloadConfigRequest. Only "
        "ModelConfigList is currently supported",
        config(scale, scale): "Illegal to list model scale multiple times in config list",
        config(("r", "models/r", "")): "Expected model r to have an absolute path or URI; got "
        "base_path()=models/r",
        config(scale).replace('"tensorflow"', '"caffe"'): "Model scale requests unsupported "
        "platform caffe",
    }
    for text, message in cases.items():
        assert error_of(lambda text=text: served.reload(text)) == ("INVALID_ARGUMENT", message)
    assert served.states("scale") == before


def test_a_broken_model_keeps_no_other_waiting_and_is_served_once_repaired(exports, tmp_path):
    half = tmp_path / "half"
    shutil.copytree(exports / "scale/1", half / "1")
    index = half / "1/variables/variables.index"
    index.rename(half / "index")
    file = tmp_path / "models.config"
    file.write_text(config(("half", half, ""), ("words", exports / "words", "")))
    with serving(tmp_path / "log", f"--model_config_file={file}") as server:
        server.wait_for_version("words", 1)
        missing = "version 1 is not loaded: variables/variables.index is missing"
        wait_for(lambda: missing in server.log.read_text(), missing, server.process)
        (half / "index").rename(index)
        server.wait_for_version("half", 1)
        assert server.predict("half", {"x": [1.0]})["y"].tolist() == [2.0]


def record_warm_up(directory, *logs):
    import tensorflow as tf

    (directory / "assets.extra").mkdir()
    with tf.io.TFRecordWriter(str(directory / "assets.extra/tf_serving_warmup_requests")) as file:
        for log in logs:
            file.write(log.SerializeToString())


def predict_log(values):
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.model_spec.name = "any"
    log.predict_log.request.inputs["x"].CopyFrom(tf.make_tensor_proto(values))
    return log


def test_recorded_requests_warm_a_version_up_and_their_failure_fails_the_load(exports, tmp_path):
    base = tmp_path / "warm"
    shutil.copytree(exports / "scale/1", base / "1")
    record_warm_up(base / "1", *[predict_log([1.0, 2.0])] * 3)
    with serving(tmp_path / "log", "--model_name=m", f"--model_base_path={base}") as server:
        server.wait_for_version("m", 1)
        staging = tmp_path / "staging"
        shutil.copytree(exports / "scale/2", staging)
        record_warm_up(staging, predict_log(["no", "numbers"]))
        staging.rename(base / "2")
        failed = "warm-up record at byte 0 of"
        wait_for(lambda: failed in server.log.read_text(), failed, server.process)
        assert server.predict("m", {"x": [1.0]})["y"].tolist() == [2.0]
        assert server.states("m") == {1: ("AVAILABLE", 0), 2: ("END", 3)}


def test_an_index_that_is_compressed_is_read(exports, tmp_path):
    base = tmp_path / "compressed"
    shutil.copytree(exports / "scale/1", base / "1")
    index = base / "1/variables/variables.index"
    index.write_bytes(sorted_table.compressed(index.read_bytes()))
    with serving(tmp_path / "log", "--model_name=m", f"--model_base_path={base}") as server:
        server.wait_for_version("m", 1)
        assert server.predict("m", {"x": [1.0]})["y"].tolist() == [2.0]


def sha256sum(directory):
    """What `sha256sum` writes, into SHA256SUMS."""
    done = subprocess.run(
        ["sha256sum", "saved_model.pb"], cwd=directory, capture_output=True, check=True, timeout=60
    )
    (directory / "SHA256SUMS").write_bytes(done.stdout)


def test_a_changed_byte_in_the_graph_is_an_error_where_there_are_checksums(exports, tmp_path):
    base = tmp_path / "graph"
    for version in ("1", "2"):
        shutil.copytree(exports / "scale/1", base / version)
        sha256sum(base / version)
    graph = bytearray((base / "2/saved_model.pb").read_bytes())
    graph[len(graph) // 2] ^= 1
    (base / "2/saved_model.pb").write_bytes(graph)
    with serving(tmp_path / "log", "--model_name=m", f"--model_base_path={base}") as server:
        server.wait_for_version("m", 1)
        assert "2/saved_model.pb is damaged" in server.log.read_text()
        assert server.states("m")[2][0] == "END"


def test_truncated_and_changed_files_are_errors_and_never_wrong_numbers(exports, tmp_path):
    base = tmp_path / "damaged"
    shutil.copytree(exports / "scale/1", base / "1")
    expected = 0
    for file in ("variables/variables.data-00000-of-00001", "variables/variables.index"):
        whole = (exports / "scale/1" / file).read_bytes()
        damaged = [whole[:-1], whole[: len(whole) // 2], b""]
        damaged += [whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :] for at in (0, 3)]
        for content in damaged:
            expected += 1
            version = base / str(1 + expected)
            shutil.copytree(exports / "scale/1", version)
            (version / file).write_bytes(content)
    policy = "model_version_policy { all {} }"
    file = tmp_path / "models.config"
    file.write_text(config(("m", base, policy)))
    with serving(tmp_path / "log", f"--model_config_file={file}") as server:
        server.wait_for_version("m", 1)
        answers = {server.predict("m", {"x": [1.0]}, version=1)["y"].tolist()[0]}
        for version, (state, code) in server.states("m").items():
            if state == "AVAILABLE":
                answers.add(server.predict("m", {"x": [1.0]}, version=version)["y"].tolist()[0])
            else:
                assert (state, code != 0) == ("END", True), version
    assert answers == {2.0}
