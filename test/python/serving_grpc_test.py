"""The gRPC front end with Python's gRPC: TLS in both ways, certificates of clients, certificates that
change, unix sockets, reflection, health, connections on which nothing comes."""

import contextlib
import resource
import signal
import socket
import subprocess

import pytest

from conftest import BIN, background, wait_for
from serving_client_test import write_model

SERVER = BIN / "trainyard-serve"
LIST_SERVICES = b"\x3a\x00"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    path = tmp_path_factory.mktemp("models")
    write_model(path, 1)
    return path


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))


class Authority:
    """Signs certificates, which it leaves as files."""

    def __init__(self, folder):
        self.folder = folder
        self.ca = folder / "ca.pem"
        self._openssl("req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:P-256", "-days", "2", "-subj", "/CN=test authority",
                      "-keyout", folder / "ca.key", "-out", self.ca)

    def sign(self, name, serial=1):
        """The paths of a certificate for localhost and its key."""
        key, cert = self.folder / f"{name}.key", self.folder / f"{name}.pem"
        request, extensions = self.folder / "request", self.folder / "extensions"
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self._openssl("req", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                      "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey",
                      self.folder / "ca.key", "-set_serial", str(serial), "-days", "2",
                      "-extfile", extensions, "-out", cert)
        return cert, key

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


def serving(models, tmp_path, *flags):
    """A context that gives the port once the model is served."""
    log = tmp_path / "log"
    command = [SERVER, "--model_name=m", f"--model_base_path={models}", *flags]
    return background(command, log), log


def served_address(log):
    lines = [line for line in log.read_text().splitlines() if line.startswith("serving model")]
    return lines and lines[0].split(" on ")[1].split(" ")[0]


def predict(channel):
    import numpy
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    request = predict_pb2.PredictRequest()
    request.model_spec.name = "m"
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([[1.0, 2.0, 3.0]]))
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    answer = tf.make_ndarray(stub.Predict(request, timeout=60).outputs["y"])
    return numpy.array_equal(answer, [[2.0, 4.0, 6.0]])


def secure_channel(address, authority, cert=None, key=None):
    import grpc

    credentials = grpc.ssl_channel_credentials(
        authority.ca.read_bytes(),
        key.read_bytes() if key else None,
        cert.read_bytes() if cert else None,
    )
    return grpc.secure_channel(address, credentials)


def quoted(path):
    return '"' + path.read_text().replace("\n", "\\n") + '"'


def unavailable(call):
    import grpc

    with pytest.raises(grpc.RpcError) as error:
        call()
    return error.value.code() == grpc.StatusCode.UNAVAILABLE


def test_ssl_config_file_as_tensorflow_serving_reads_it(models, tmp_path, authority):
    import grpc

    cert, key = authority.sign("server")
    client_cert, client_key = authority.sign("client")
    config = tmp_path / "ssl.pbtxt"
    config.write_text(
        f"server_key: {quoted(key)}\nserver_cert: {quoted(cert)}\n"
        f"custom_ca: {quoted(authority.ca)}\nclient_verify: true\n"
    )
    process, log = serving(models, tmp_path, "--port=0", f"--ssl_config_file={config}")
    with process as running:
        address = wait_for(lambda: served_address(log), "served model", running)
        assert predict(secure_channel(address, authority, client_cert, client_key))
        assert unavailable(lambda: predict(secure_channel(address, authority)))
        assert unavailable(lambda: predict(grpc.insecure_channel(address)))


def test_certificates_in_files_are_read_again_when_they_change(models, tmp_path, authority):
    import ssl

    cert, key = authority.sign("rotating", serial=7)
    process, log = serving(models, tmp_path, "--port=0", f"--grpc_tls_cert_file={cert}",
                           f"--grpc_tls_key_file={key}")

    def serial(address):
        host, port = address.split(":")
        shown = ssl.get_server_certificate((host, int(port)), timeout=60)
        done = subprocess.run(["openssl", "x509", "-noout", "-serial"], input=shown,
                              capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.strip()

    def is_new(address):
        try:
            return serial(address) == "serial=08"
        except OSError:
            return False  # what was read between the changes of the two files does not fit together

    with process as running:
        address = wait_for(lambda: served_address(log), "served model", running)
        assert predict(secure_channel(address, authority))
        assert serial(address) == "serial=07"
        authority.sign("rotating", serial=8)
        wait_for(lambda: is_new(address), "the new certificate", running)
        assert predict(secure_channel(address, authority))


def test_a_unix_socket_is_enough(models, tmp_path):
    import grpc

    path = tmp_path / "socket"
    process, log = serving(models, tmp_path, "--port=0", f"--grpc_socket_path={path}")
    with process as running:
        address = wait_for(lambda: served_address(log), "served model", running)
        assert address == f"unix:{path}"
        assert predict(grpc.insecure_channel(address))
    assert not path.exists()


def test_a_deadline_ends_a_loop_that_would_not_end(tmp_path):
    """That the run has ended is seen by the server's end: it waits for the thread that runs."""
    import grpc
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    class Model(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([], tf.int64, name="n")])
        def count(self, n):
            start = [tf.constant(0, tf.int64)]
            return {"n": tf.while_loop(lambda i: i < n, lambda i: (i + 1,), start)[0]}

    model = Model()
    tf.saved_model.save(model, str(tmp_path / "models/1"), signatures=model.count)
    access_log = tmp_path / "access"
    process, log = serving(tmp_path / "models", tmp_path, "--port=0", f"--access_log={access_log}")
    with process as running:
        address = wait_for(lambda: served_address(log), "served model", running)
        stub = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(address))
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "m"
        request.inputs["n"].CopyFrom(tf.make_tensor_proto(1000, tf.int64))
        answer = stub.Predict(request, timeout=60)
        assert tf.make_ndarray(answer.outputs["n"]) == 1000
        request.inputs["n"].CopyFrom(tf.make_tensor_proto(2**62, tf.int64))
        with pytest.raises(grpc.RpcError) as error:
            stub.Predict(request, timeout=2)  # long enough for the run to begin
        assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        running.send_signal(signal.SIGTERM)
        assert running.wait(120) == 0
    assert '"code":"DEADLINE_EXCEEDED"' in access_log.read_text()


def test_reflection_and_compression(models, tmp_path):
    import grpc

    process, log = serving(models, tmp_path, "--port=0", "--grpc_compression=gzip",
                           "--grpc_channel_arguments=grpc.max_connection_age_ms=600000")
    with process as running:
        address = wait_for(lambda: served_address(log), "served model", running)
        channel = grpc.insecure_channel(address, compression=grpc.Compression.Gzip)
        assert predict(channel)
        for version in ["v1", "v1alpha"]:
            ask = channel.stream_stream(
                f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
            )
            [answer] = ask(iter([LIST_SERVICES]), timeout=60)
            for name in [b"tensorflow.serving.PredictionService", b"grpc.health.v1.Health"]:
                assert name in answer


def test_rubbish_is_refused_and_fills_no_log(models, tmp_path):
    import grpc

    process, log = serving(models, tmp_path, "--port=0")
    with process as running:
        address = wait_for(lambda: served_address(log), "served model", running)
        channel = grpc.insecure_channel(address)
        raw = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        for body in [b"\x0a\x05\x0a\x03\xff\xfe\xfd", b"\xff" * 100, b"\x0a\x7fshort"]:
            with pytest.raises(grpc.RpcError) as error:
                raw(body, timeout=60)
            assert error.value.code() == grpc.StatusCode.INTERNAL
        assert predict(channel)
    assert "protobuf" not in log.read_text()


def test_thousands_of_idle_connections_and_half_requests_keep_nobody_waiting(models, tmp_path):
    import grpc

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4000, hard), hard))
    process, log = serving(models, tmp_path, "--port=0")
    with process as running, contextlib.ExitStack() as connections:
        address = wait_for(lambda: served_address(log), "served model", running)
        host, port = address.rsplit(":", 1)
        for number in range(2000):
            connection = socket.create_connection((host, int(port)), timeout=60)
            connections.enter_context(connection)
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[: number % 25])
        assert predict(grpc.insecure_channel(address))
        running.send_signal(signal.SIGTERM)
        assert running.wait(120) == 0
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_bad_tls_files_are_one_line(models, tmp_path, authority):
    cert, key = authority.sign("server")
    (tmp_path / "ssl.pbtxt").write_text('server_key: "x"\nserver_cert: nonsense')
    _, other_key = authority.sign("other")
    mixed = tmp_path / "mixed.pbtxt"
    mixed.write_text(f"server_key: {quoted(other_key)}\nserver_cert: {quoted(cert)}\n")
    for flags, text in [
        ([f"--grpc_tls_cert_file={cert}"], "--grpc_tls_key_file"),
        ([f"--grpc_tls_cert_file={cert}", "--grpc_tls_key_file=/no/key"], "/no/key"),
        ([f"--ssl_config_file={tmp_path / 'ssl.pbtxt'}"], "Invalid protobuf file: "),
        ([f"--grpc_tls_cert_file={log_of(tmp_path)}", f"--grpc_tls_key_file={key}"], "PEM"),
        ([f"--ssl_config_file={mixed}"], "certificate and key do not work together"),
        (["--grpc_channel_arguments=nonsense"], "nonsense"),
    ]:
        done = subprocess.run(
            [SERVER, "--port=0", f"--model_base_path={models}", *flags],
            capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
        )
        assert done.returncode in (1, 2)
        assert done.stderr.count("\n") == 1 and text in done.stderr, done.stderr


def log_of(folder):
    path = folder / "no.pem"
    path.write_text("not a certificate\n")
    return path

