"""The model server's REST interface as others' clients see it: curl and Python's HTTP clients, models
exported by TensorFlow's Python, every number compared with what Python computes."""

import base64
import concurrent.futures
import gzip
import http.client
import json
import os
import re
import select
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from conftest import BIN, background, wait_for
from serving_client_test import Served, error_of, served_port, write_model
from serving_inference_test import write_tf1_model

SERVER = BIN / "trainyard-serve"


class Rest:
    """A running server's REST port."""

    def __init__(self, port, context=None):
        self.port = port
        self.context = context

    def connect(self):
        if self.context is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self.context)

    def ask(self, method, path, body=None, headers={}):
        connection = self.connect()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        finally:
            connection.close()

    def predict(self, body, model="m", where=""):
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        status, answer, _ = self.ask("POST", f"/v1/models/{model}{where}:predict", text)
        return status, json.loads(answer)


def rest_port(log):
    """The REST port in a server's output, once it has announced the model."""
    if not served_port(log):
        return None
    return int(re.search(r"^listening on \S+:(\d+) \(REST", log.read_text(), re.MULTILINE)[1])


def serve(base_path, log, *flags):
    command = [SERVER, "--model_name=m", "--port=0", "--rest_api_port=-1"]
    return background(command + [f"--model_base_path={base_path}", *flags], log)


@pytest.fixture(scope="module")
def base_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("models")
    write_model(path, 3)
    return path


@pytest.fixture(scope="module")
def rest(base_path, tmp_path_factory):
    log = tmp_path_factory.mktemp("serve") / "log"
    with serve(base_path, log, "--rest_api_max_body_bytes=8000000") as process:
        yield Rest(wait_for(lambda: rest_port(log), "served model", process))


def test_predicts_what_python_computes(rest, base_path):
    import numpy
    import tensorflow as tf

    python = tf.saved_model.load(str(base_path / "3")).signatures["serving_default"]
    x = numpy.random.default_rng(1).normal(size=(50, 3)).astype(numpy.float32)
    expected = {name: value.numpy() for name, value in python(x=tf.constant(x)).items()}
    status, answer = rest.predict({"instances": x.tolist()})
    assert status == 200
    for name, value in expected.items():
        rows = numpy.array([row[name] for row in answer["predictions"]], numpy.float32)
        assert (rows == value).all(), name  # nine digits give each float back
    status, answer = rest.predict({"inputs": {"x": x.tolist()}})
    for name, value in expected.items():
        assert (numpy.array(answer["outputs"][name], numpy.float32) == value).all()


def test_strings_integers_booleans_and_halves_travel_both_ways(rest):
    status, answer = rest.predict(
        {
            "signature_name": "mixed",
            "inputs": {
                "words": ["a", {"b64": base64.b64encode(b"bc").decode()}, "\u00e9\U0001f600"],
                "ids": [3, 4, -(2**62)],
            },
        }
    )
    assert status == 200
    assert answer["outputs"] == {
        "upper": ["A", "BC", "\u00e9\U0001f600"],
        "next": [4, 5, -(2**62) + 1],
        "even": [False, True, True],
        "half": [3.0, 4.0, -float("inf")],
    }


def every_type(tf):
    """A module that gives back what it is given, for each type that JSON can carry."""
    names = ["float32", "float64", "float16", "bfloat16", "int8", "uint8", "int16", "uint16"]
    names += ["int32", "uint32", "int64", "uint64", "bool", "string", "complex64", "complex128"]
    module = tf.Module()
    signatures = {}
    for name in names:
        spec = tf.TensorSpec(None, tf.dtypes.as_dtype(name), name="x")
        function = tf.function(lambda x: {"y": tf.identity(x)}, input_signature=[spec])
        setattr(module, name, function)
        signatures[name] = function.get_concrete_function()
    return module, signatures


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    import tensorflow as tf

    path = tmp_path_factory.mktemp("echo")
    module, signatures = every_type(tf)
    tf.saved_model.save(module, str(path / "1"), signatures=signatures)
    log = path / "log"
    with serve(path, log) as process:
        yield Rest(wait_for(lambda: rest_port(log), "served model", process))


def test_every_type_and_shape_comes_back_as_it_went(echo):
    import numpy
    import tensorflow as tf

    random = numpy.random.default_rng(5)
    for name in ["float32", "float64", "float16", "bfloat16"]:
        dtype = tf.dtypes.as_dtype(name).as_numpy_dtype
        value = (random.normal(size=(7, 3)) * 10.0 ** random.integers(-4, 4, (7, 3))).astype(dtype)
        body = {"signature_name": name, "inputs": value.astype(numpy.float64).tolist()}
        status, answer = echo.predict(body)
        assert status == 200, answer
        assert (numpy.array(answer["outputs"], numpy.float64).astype(dtype) == value).all(), name
    for name in ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]:
        limits = numpy.iinfo(name)
        values = [int(limits.min), 0, 1, int(limits.max)]
        assert echo.predict({"signature_name": name, "instances": values}) == (
            200,
            {"predictions": values},
        )
        status, answer = echo.predict({"signature_name": name, "instances": [int(limits.max) + 1]})
        assert status == 400 and "is not of expected type" in answer["error"]
    for name in ["complex64", "complex128"]:
        values = [[1.5, -2.0], [0.0, 0.25]]
        assert echo.predict({"signature_name": name, "instances": values})[1] == {
            "predictions": values
        }
    for shape in [[], [0], [3], [2, 3, 1], [1, 0, 2]]:
        value = numpy.arange(numpy.prod(shape, dtype=int)).reshape(shape).astype(numpy.float32)
        status, answer = echo.predict({"signature_name": "float32", "inputs": value.tolist()})
        assert status == 200 and answer["outputs"] == value.tolist()


def test_nan_and_infinity(echo):
    body = '{"signature_name": "float32", "inputs": [NaN, Infinity, -Infinity, 1e39]}'
    status, answer, _ = echo.ask("POST", "/v1/models/m:predict", body)
    assert status == 200
    values = re.findall(rb"\S+", answer.split(b"[")[1].split(b"]")[0])
    assert values == [b"NaN,", b"Infinity,", b"-Infinity,", b"Infinity"]


def test_curl_sees_status_metadata_and_errors(rest):
    def curl(*arguments):
        done = subprocess.run(
            ["curl", "-s", "-w", " %{http_code}", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    url = f"http://127.0.0.1:{rest.port}/v1/models/m"
    status = curl(url)
    assert status.endswith(" 200")
    assert json.loads(status[:-4]) == {
        "model_version_status": [
            {
                "version": "3",
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }
    metadata = json.loads(curl(url + "/metadata")[:-4])
    assert metadata["model_spec"] == {"name": "m", "signature_name": "", "version": "3"}
    signature = metadata["metadata"]["signature_def"]["signature_def"]["mixed"]
    assert signature["inputs"]["ids"]["dtype"] == "DT_INT64"
    assert signature["inputs"]["ids"]["tensor_shape"]["dim"] == [{"size": "-1", "name": ""}]
    body = '{"instances": [[1, 2, 3]]}'
    assert '"row_sums": 6.0' in curl("-d", body, url + ":predict")
    assert '"row_sums": 6.0' in curl("--compressed", "-d", body, url + ":predict")
    assert curl("-d", "{", url + ":predict").endswith(" 400")
    assert curl("-d", body, url + "/versions/9:predict") == (
        '{\n    "error": "Servable not found for request: Specific(m, 9)"\n} 404'
    )
    assert curl(f"http://127.0.0.1:{rest.port}/readyz") == "ready: 1 model\n 200"
    assert [
        model["name"]
        for model in json.loads(curl(f"http://127.0.0.1:{rest.port}/v1/models")[:-4])["models"]
    ] == ["m"]


def test_packed_and_chunked_bodies(rest):
    body = json.dumps({"instances": [[1, 2, 3]] * 1000}).encode()
    path = "/v1/models/m:predict"
    plain = rest.ask("POST", path, body)
    assert plain[0] == 200
    assert rest.ask("POST", path, gzip.compress(body), {"Content-Encoding": "gzip"})[:2] == plain[:2]
    pieces = (body[i : i + 100] for i in range(0, len(body), 100))
    assert rest.ask("POST", path, pieces)[:2] == plain[:2]  # an iterator is sent in chunks
    status, packed, headers = rest.ask("POST", path, body, {"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip" and gzip.decompress(packed) == plain[1]


HOSTILE = [
    (b"", 400),
    (b"{", 400),
    (b"[" * 1_000_000, 400),
    (b'{"instances": ' + b"[" * 1_000_000, 400),
    (b'{"a": ' * 100_000, 400),
    (b'{"instances": [1e99999999]}', 400),
    (b'{"instances": [' + b"9" * 1_000_000 + b"]}", 400),
    (b'{"instances": [[1, 2, 3]], "signature_name": "\xff\xfe"}', 400),
    (b'{"instances": [["\xff"]]}', 400),
    (b'{"instances": [[1, 2], [3]]}', 400),
    (b'{"instances": [[1, 2, 3]', 400),
    (b"\x00\x01\x02", 400),
    (b" " * 9_000_000, 413),
]


@pytest.mark.parametrize("body, code", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_bodies_are_refused_with_a_reason(rest, body, code):
    status, answer, _ = rest.ask("POST", "/v1/models/m:predict", body)
    assert status == code
    error = json.loads(answer.decode(errors="replace"), strict=False)["error"]
    assert 0 < len(error) < 1000


def test_a_bomb_is_refused(rest):
    bomb = gzip.compress(b" " * 500_000_000, 9)
    status, answer, _ = rest.ask(
        "POST", "/v1/models/m:predict", bomb, {"Content-Encoding": "gzip"}
    )
    assert status == 413 and b"unpacked" in answer
    assert rest.predict({"instances": [[1, 2, 3]]})[0] == 200


def test_half_requests_and_idle_connections_keep_nobody_waiting(rest):
    idle = []
    for i in range(300):
        idle.append(socket.create_connection(("127.0.0.1", rest.port), timeout=60))
        if i % 2:
            idle[-1].sendall(b"POST /v1/models/m:predict HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
    assert rest.predict({"instances": [[1, 2, 3]]})[0] == 200
    for connection in idle:
        connection.close()


def test_many_clients_at_once_get_their_own_answers(rest):
    def ask(number):
        connection = rest.connect()
        for i in range(50):
            connection.request(
                "POST",
                "/v1/models/m:predict",
                json.dumps({"instances": [[number, i, 0]]}),
            )
            answer = json.loads(connection.getresponse().read())
            if answer["predictions"] != [{"row_sums": number + i, "y": [2 * number, 2 * i, 0]}]:
                return answer
        connection.close()
        return None

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert list(pool.map(ask, range(16))) == [None] * 16


def test_no_request_is_lost_when_the_server_stops(tmp_path):
    write_model(tmp_path / "models", 1)
    log = tmp_path / "log"
    failures = []
    answered = threading.Semaphore(0)
    body = json.dumps({"instances": [[1, 2, 3]]})

    def ask(rest):
        connection = rest.connect()
        while True:
            if connection.sock and select.select([connection.sock], [], [], 0)[0]:
                connection.close()  # the server has, while nothing was asked
            try:
                connection.request("POST", "/v1/models/m:predict", body)
            except ConnectionRefusedError:
                return  # nobody listens any more; the request has not begun
            try:
                answer = connection.getresponse()
                answer.read()
            except (http.client.HTTPException, OSError) as error:
                failures.append(repr(error))
                return
            if answer.status != 200:
                failures.append(str(answer.status))
            answered.release()

    with serve(tmp_path / "models", log) as process:
        rest = Rest(wait_for(lambda: rest_port(log), "served model", process))
        clients = [threading.Thread(target=ask, args=(rest,)) for _ in range(4)]
        for client in clients:
            client.start()
        for _ in range(100):
            assert answered.acquire(timeout=120)
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
        for client in clients:
            client.join(120)
    assert failures == []


def test_a_success_after_the_deadline_is_none_over_rest_and_grpc(tmp_path):
    """A run without loops goes to its end; the answer says all the same that it came too late."""
    import tensorflow as tf

    class Model(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([], tf.string, name=name) for name in ("begin", "end")])
        def write(self, begin, end):
            with tf.control_dependencies([tf.io.write_file(begin, "x")]):
                with tf.control_dependencies([tf.io.write_file(end, "x")]):
                    return {"y": tf.identity(end)}

    model = Model()
    tf.saved_model.save(model, str(tmp_path / "models/1"), signatures=model.write)
    # A pipe keeps its writer until somebody opens it to read.
    pipes = {name: str(tmp_path / name) for name in ("begin", "end")}
    for pipe in pipes.values():
        os.mkfifo(pipe)

    def let_end_late():
        assert open(pipes["begin"]).read() == "x"
        time.sleep(1.1)  # the request came before
        assert open(pipes["end"]).read() == "x"

    log = tmp_path / "log"
    with serve(tmp_path / "models", log, "--max_request_seconds=1") as process:
        rest = Rest(wait_for(lambda: rest_port(log), "served model", process))
        served = Served(served_port(log))
        late = "Timed out waiting for notification"
        threading.Thread(target=let_end_late, daemon=True).start()
        assert rest.predict({"inputs": pipes}) == (504, {"error": late})
        threading.Thread(target=let_end_late, daemon=True).start()
        assert error_of(lambda: served.predict(pipes)) == ("DEADLINE_EXCEEDED", late)


def features_as_json(example):
    """A tf.Example as REST has it."""
    features = {}
    for name, feature in example.features.feature.items():
        kind = feature.WhichOneof("kind")
        values = list(getattr(feature, kind).value)
        if kind == "bytes_list":
            values = [{"b64": base64.b64encode(value).decode()} for value in values]
        features[name] = values
    return features


def test_classifies_and_regresses_as_python_does(tmp_path):
    import numpy

    examples, (classes, scores, values) = write_tf1_model(tmp_path / "models/5")
    body = json.dumps({"examples": [features_as_json(example) for example in examples]})
    log = tmp_path / "log"
    with serve(tmp_path / "models", log) as process:
        rest = Rest(wait_for(lambda: rest_port(log), "served model", process))
        status, answer, _ = rest.ask("POST", "/v1/models/m:classify", body)
        assert status == 200, answer
        for row, labels, expected in zip(json.loads(answer)["results"], classes, scores):
            assert [label for label, _ in row] == [label.decode() for label in labels]
            assert numpy.allclose([score for _, score in row], expected, atol=1e-6)
        regress = json.dumps({**json.loads(body), "signature_name": "regress"})
        status, answer, _ = rest.ask("POST", "/v1/models/m/versions/5:regress", regress)
        assert status == 200, answer
        assert numpy.allclose(json.loads(answer)["results"], values[:, 0], atol=1e-6)
        # A context gives all of them the same feature.
        context = {
            "context": {"place": "here"},
            "examples": [{"x": [1.0, 2.0]}],
            "signature_name": "regress",
        }
        status, answer, _ = rest.ask("POST", "/v1/models/m:regress", json.dumps(context))
        assert json.loads(answer)["results"] == [pytest.approx(float(values[0, 0]), abs=1e-6)]
        for wrong, text in [
            ({"examples": []}, "value is an empty array"),
            ({"examples": [{"x": "a"}]}, "Data types don't match"),
            ({"examples": [{}], "signature_name": "s"}, "No signature was found with the name: s"),
        ]:
            status, answer, _ = rest.ask("POST", "/v1/models/m:classify", json.dumps(wrong))
            assert status == 400 and text in json.loads(answer)["error"], answer


def test_tokens_metrics_and_access_log(tmp_path, base_path):
    token = "test-token-0123456789"
    (tmp_path / "tokens").write_text(token + "\n")
    log, access_log = tmp_path / "log", tmp_path / "access.log"
    flags = [f"--auth_token_file={tmp_path / 'tokens'}", f"--access_log={access_log}"]
    with serve(base_path, log, *flags) as process:
        rest = Rest(wait_for(lambda: rest_port(log), "served model", process))
        with_token = {"Authorization": f"Bearer {token}"}
        body = '{"instances": [[1, 2, 3]]}'
        path = "/v1/models/m:predict"
        for headers in [{}, {"Authorization": "Bearer wrong-token-0123456789"}]:
            status, answer, answered = rest.ask("POST", path, body, headers)
            assert status == 401 and answered["WWW-Authenticate"] == "Bearer"
        assert rest.ask("GET", "/monitoring/prometheus/metrics")[0] == 401
        assert rest.ask("GET", "/healthz")[0] == rest.ask("GET", "/readyz")[0] == 200
        assert rest.ask("POST", path, body, with_token)[0] == 200
        assert rest.ask("POST", path, "{", with_token)[0] == 400
        status, page, headers = rest.ask(
            "GET", "/monitoring/prometheus/metrics", headers=with_token
        )
        assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
        line = r'^:tensorflow:serving:request_count\{model_name="m",status="OK"\} 1$'
        assert re.search(line, page.decode(), re.MULTILINE), page.decode()
        assert b'entrypoint="REST"' in page
        wait_for(lambda: access_log.read_text().count("\n") >= 2, "lines in the access log")
        first, second = map(json.loads, access_log.read_text().splitlines())
        assert first["entrypoint"] == "REST" and first["version"] == 3
        assert first["code"] == "OK" and second["code"] == "INVALID_ARGUMENT"
        assert first["request_bytes"] == len(body) and token not in access_log.read_text()


def make_certificates(folder):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ["server", "client"]:
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl(
            *["x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key"],
            *["-CAcreateserial", "-out", f"{name}.pem", "-extfile", "names"],
        )


def test_tls_and_client_certificates_beside_tensorflow(tmp_path, base_path):
    make_certificates(tmp_path)
    log = tmp_path / "log"
    flags = [f"--rest_api_tls_cert_file={tmp_path / 'server.pem'}"]
    flags += [f"--rest_api_tls_key_file={tmp_path / 'server.key'}"]
    flags += [f"--rest_api_tls_client_ca_file={tmp_path / 'ca.pem'}"]
    with serve(base_path, log, *flags) as process:
        port = wait_for(lambda: rest_port(log), "served model", process)
        context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
        with pytest.raises((ssl.SSLError, OSError)):
            Rest(port, context).ask("GET", "/healthz")
        context.load_cert_chain(tmp_path / "client.pem", tmp_path / "client.key")
        rest = Rest(port, context)
        for _ in range(20):
            status, answer = rest.predict({"instances": [[1, 2, 3]] * 2000})
            assert status == 200 and answer["predictions"][1999]["row_sums"] == 6
        with pytest.raises((http.client.HTTPException, OSError)):
            Rest(port).ask("GET", "/healthz")


def test_wrong_flags_are_one_line(tmp_path):
    for flags, code, text in [
        (["--rest_api_port=99999"], 2, "--rest_api_port"),
        (["--rest_api_num_threads=-1"], 2, "--rest_api_num_threads"),
        (["--rest_api_port=-1", "--rest_api_tls_cert_file=/no/file"], 1, "/no/file"),
    ]:
        done = subprocess.run(
            [SERVER, f"--model_base_path={tmp_path}", "--port=0", *flags],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == code
        assert done.stderr.count("\n") == 1 and text in done.stderr


def test_metrics_are_where_the_configuration_says(tmp_path, base_path):
    (tmp_path / "monitoring").write_text('prometheus_config { enable: true path: "/metrics" }')
    log = tmp_path / "log"
    flag = f"--monitoring_config_file={tmp_path / 'monitoring'}"
    with serve(base_path, log, flag) as process:
        rest = Rest(wait_for(lambda: rest_port(log), "served model", process))
        assert rest.ask("GET", "/metrics?x=1")[0] == 200
        assert rest.ask("GET", "/monitoring/prometheus/metrics")[0] == 404
