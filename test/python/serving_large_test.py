"""A request and an answer of more than a gigabyte each, as large as a protobuf message nearly can be."""

import pytest

from conftest import wait_for
from serving_client_test import write_model
from serving_grpc_test import served_address, serving

ROWS = 120_000_000  # of three floats
NEEDED = 16 << 30  # bytes of memory, for both sides' copies


def available_memory():
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("MemAvailable"))


@pytest.mark.skipif(available_memory() < NEEDED, reason="needs 16 GB of memory")
def test_messages_of_more_than_a_gigabyte(tmp_path):
    import grpc
    import numpy
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    write_model(tmp_path / "models", 1)
    process, log = serving(tmp_path / "models", tmp_path, "--port=0")
    with process as running:
        address = wait_for(lambda: served_address(log), "served model", running)
        unlimited = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
        stub = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(address, unlimited))
        x = numpy.arange(3 * ROWS, dtype=numpy.float32).reshape(ROWS, 3) % 1000
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "m"
        request.inputs["x"].CopyFrom(tf.make_tensor_proto(x))
        request.output_filter.append("y")
        answer = stub.Predict(request, timeout=300).outputs["y"]
        assert numpy.array_equal(tf.make_ndarray(answer), 2 * x)
