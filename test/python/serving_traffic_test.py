"""The model server in traffic of every kind, hostile requests among it, while versions and the
configuration change, until it is stopped in the middle of it all. In a sanitizer's build (make
sanitize) a report of the sanitizer fails the test; of the thread sanitizer's, those of our own code."""

import gzip
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import sys
import threading

import pytest

from conftest import ROOT, wait_for
from serving_client_test import write_model
from serving_models_test import config, serving
from serving_rest_test import HOSTILE

sys.path.insert(0, str(ROOT / "tools"))
import races  # noqa: E402

os.environ["TSAN_OPTIONS"] = races.OPTIONS

ROUNDS = int(os.environ.get("TRAINYARD_TRAFFIC_ROUNDS", "4"))
REPORT = re.compile(r"(?:Address|Leak)Sanitizer|runtime error:")
LABEL = 'version_labels {{ key: "stable" value: {} }}'
BATCHING = """max_batch_size { value: 2000 } max_execution_batch_size { value: 32 }
batch_timeout_micros { value: 500 }
max_enqueued_batches { value: 1000 } enable_large_batch_splitting { value: true }"""


class Traffic:
    """Clients that go on until they are told to stop, and what went wrong for them."""

    def __init__(self, served, rest_port):
        self.served = served
        self.rest_port = rest_port
        self.stopping = threading.Event()  # from here on requests may be refused
        self.ended = threading.Event()
        self.done = {}
        self.failures = []
        self.threads = []

    def start(self, *clients):
        for number, client in enumerate(clients):
            thread = threading.Thread(target=self._run, args=(client, random.Random(number)))
            thread.start()
            self.threads.append(thread)

    def _run(self, client, chance):
        name = client.__name__
        while not self.ended.is_set():
            try:
                client(self, chance)
                self.done[name] = self.done.get(name, 0) + 1
            except BaseException as error:  # pytest.raises has one of its own
                if self.stopping.is_set() and is_refusal(error):
                    return
                self.failures.append(f"{name}: {error!r}"[:2000])
                return

    def wait_for_each(self, number):
        """Until each client has done so many more rounds."""
        goals = {name: done + number for name, done in self.done.items()}
        wait_for(
            lambda: self.failures or all(self.done[n] >= goal for n, goal in goals.items()),
            f"{number} rounds of each client", self.served.process, seconds=300,
        )
        assert self.failures == []

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(120)

    def ask_rest(self, method, path, body=None, headers={}):
        connection = http.client.HTTPConnection("127.0.0.1", self.rest_port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def is_refusal(error):
    """Of a server that stops."""
    import grpc

    if isinstance(error, grpc.RpcError):
        return error.code() == grpc.StatusCode.UNAVAILABLE
    return isinstance(error, (OSError, http.client.HTTPException))


def request(x, **inputs):
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    message = predict_pb2.PredictRequest()
    message.model_spec.name = "m"
    for name, value in {"x": x, **inputs}.items():
        message.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return message


def predicts(traffic, chance):
    """Each answer is right for the version it names, which scales by its number."""
    import tensorflow as tf

    rows = [[float(chance.randrange(1000)) for _ in range(3)] for _ in range(chance.choice([1, 3, 20]))]
    answer = traffic.served.prediction.Predict(request(rows), timeout=60)
    version = answer.model_spec.version.value
    expected = [[version * value for value in row] for row in rows]
    assert tf.make_ndarray(answer.outputs["y"]).tolist() == expected
    assert tf.make_ndarray(answer.outputs["row_sums"]).tolist() == [sum(row) for row in rows]


def predicts_over_rest(traffic, chance):
    rows = [[chance.randrange(1, 1000) for _ in range(3)] for _ in range(chance.choice([1, 2, 500]))]
    body, headers = json.dumps({"instances": rows}).encode(), {}
    if chance.random() < 0.5:
        body, headers = gzip.compress(body), {"Content-Encoding": "gzip", "Accept-Encoding": "gzip"}
    status, answer = traffic.ask_rest("POST", "/v1/models/m:predict", body, headers)
    if answer.startswith(b"\x1f\x8b"):
        answer = gzip.decompress(answer)
    if traffic.stopping.is_set() and status == 503:
        raise ConnectionRefusedError
    assert status == 200, answer[:200]
    found = json.loads(answer)["predictions"]
    scale = found[0]["y"][0] / rows[0][0]
    assert scale in range(1, ROUNDS + 2)
    assert found == [{"y": [scale * v for v in row], "row_sums": sum(row)} for row in rows]


def loses_patience(traffic, chance):
    import grpc

    patience = chance.choice([0.0001, 0.001, 0.01])
    if chance.random() < 0.5:
        call = traffic.served.prediction.Predict.future(request([[1.0] * 3] * 1000), timeout=60)
        traffic.ended.wait(patience)
        call.cancel()
        return
    try:
        traffic.served.prediction.Predict(request([[1.0] * 3] * 1000), timeout=patience)
    except grpc.RpcError as error:
        in_queue = "Run() timeout exceeded while waiting in batching queue"
        if error.code() != grpc.StatusCode.DEADLINE_EXCEEDED and error.details() != in_queue:
            raise


def sends_rubbish(traffic, chance):
    """To both ports: bytes without meaning, half requests, connections that are only opened."""
    import grpc

    port = chance.choice([traffic.rest_port, traffic.served.port])
    with socket.create_connection(("127.0.0.1", port), timeout=60) as idle:
        idle.sendall(chance.choice([
            b"", chance.randbytes(300), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + chance.randbytes(100),
            b"POST /v1/models/m:predict HTTP/1.1\r\nContent-Length: 100\r\n\r\n{",
            b"POST /v1/models/m:predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n[",
        ]))
    body, code = chance.choice(HOSTILE[:-1])
    try:
        status = traffic.ask_rest("POST", "/v1/models/m:predict", body)[0]
        if traffic.stopping.is_set() and status == 503:
            raise ConnectionRefusedError
        assert status == code
    except BrokenPipeError:
        pass  # refused before all of it was sent
    raw = traffic.served.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    whole = bytearray(request([[1.0, 2.0, 3.0]]).SerializeToString())
    whole[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
    for bytes_sent in [bytes(whole), chance.randbytes(50)]:
        try:
            raw(bytes_sent, timeout=60)
        except grpc.RpcError as error:
            if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                raise


def asks_wrongly(traffic, chance):
    import grpc

    good = [[1.0, 2.0, 3.0]]
    wrong = chance.choice([request([["a", "b", "c"]]), request(good, more=1.0), request(1), request(good)])
    if wrong == request(good):
        wrong.model_spec.name = chance.choice(["n", "", "m" * 1000])
    with pytest.raises(grpc.RpcError) as error:
        traffic.served.prediction.Predict(wrong, timeout=60)
    if error.value.code() == grpc.StatusCode.UNAVAILABLE:
        raise error.value


def asks_about_it(traffic, chance):
    traffic.served.states("m")
    for path in ["/v1/models", "/v1/models/m", "/v1/models/m/metadata", "/healthz", "/readyz",
                 "/monitoring/prometheus/metrics"]:
        status, answer = traffic.ask_rest("GET", path)
        assert status == 200 or traffic.stopping.is_set(), (path, answer)


@pytest.mark.parametrize("mode", ["alone", "batching"])
def test_stands_traffic_of_every_kind(tmp_path, mode):
    models, ready = tmp_path / "models", tmp_path / "ready"
    for version in range(1, ROUNDS + 2):
        write_model(ready, version, scale=float(version))
    models.mkdir()
    shutil.move(ready / "1", models / "1")
    file, log = tmp_path / "models.config", tmp_path / "log"
    file.write_text(config(("m", models, LABEL.format(1))))
    flags = [f"--model_config_file={file}", "--rest_api_port=-1", "--access_log=" + str(tmp_path / "access")]
    if mode == "batching":
        (tmp_path / "batching").write_text(BATCHING)
        flags += ["--enable_batching", f"--batching_parameters_file={tmp_path / 'batching'}"]
    with serving(log, *flags) as served:
        served.wait_for_version("m", 1)
        rest_port = int(re.search(r"^listening on \S+:(\d+) \(REST", log.read_text(), re.M)[1])
        traffic = Traffic(served, rest_port)
        clients = [predicts, predicts, predicts_over_rest, loses_patience, sends_rubbish, asks_wrongly,
                   asks_about_it]
        traffic.done = {client.__name__: 0 for client in clients}
        try:
            traffic.start(*clients)
            for version in range(2, ROUNDS + 2):
                traffic.wait_for_each(3)
                broken = models / str(version + 1000)
                broken.mkdir()
                (broken / "saved_model.pb").write_bytes(b"no model")
                served.process.send_signal(signal.SIGHUP)
                shutil.rmtree(broken)
                shutil.move(ready / str(version), models / str(version))
                served.wait_for_version("m", version)
                served.reload(config(("m", models, LABEL.format(version))))
                shutil.rmtree(models / str(version - 1))
            traffic.wait_for_each(3)
            traffic.stopping.set()
            served.process.send_signal(signal.SIGTERM)
            assert served.process.wait(120) == 0, log.read_text()[-4000:]
        finally:
            traffic.end()
    assert traffic.failures == []
    assert not REPORT.search(log.read_text()), log.read_text()[-20000:]
    assert races.own(log.read_text()) == []
