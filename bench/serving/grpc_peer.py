"""A model server in Python: gRPC Predict on a SavedModel by TensorFlow, or on an ONNX model by
onnxruntime. What people write who need no more than that.

usage: grpc_peer.py tensorflow MODEL_DIRECTORY... | onnxruntime MODEL.onnx...
Prints its port once it answers. Requests go to the first model, whatever name they ask for; more of
them show what each costs.
"""

import concurrent.futures
import functools
import os
import pathlib
import subprocess
import sys
import tempfile

import grpc
import numpy as np

THREADS = 8


def with_tensorflow(path):
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    signature = tf.saved_model.load(path).signatures["serving_default"]

    def compute(inputs):
        tensors = {name: tf.constant(value) for name, value in inputs.items()}
        return {name: value.numpy() for name, value in signature(**tensors).items()}

    return predict_pb2, compute


def with_onnxruntime(path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # requests run side by side
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def compute(inputs):
        return dict(zip(names, session.run(names, inputs)))

    return compiled_messages(), compute


@functools.cache
def compiled_messages():
    """Our own .proto files; TensorFlow's package has them only together with TensorFlow."""
    root = pathlib.Path(__file__).resolve().parents[2] / "proto"
    with tempfile.TemporaryDirectory() as folder:
        files = ["tensor.proto", "serving/model.proto", "serving/predict.proto"]
        subprocess.run(
            ["protoc", f"-I{root}", f"--python_out={folder}"]
            + [f"{root}/tensorflow/{name}" for name in files],
            check=True,
        )
        sys.path.insert(0, folder)
        from tensorflow.serving import predict_pb2

    return predict_pb2


TYPES = {1: np.float32, 3: np.int32, 9: np.int64}
NUMBERS = {np.dtype(kind): number for number, kind in TYPES.items()}


def decode(tensor):
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    kind = TYPES[tensor.dtype]
    if tensor.tensor_content:
        return np.frombuffer(tensor.tensor_content, kind).reshape(shape)
    values = {1: tensor.float_val, 3: tensor.int_val, 9: tensor.int64_val}[tensor.dtype]
    return np.array(values, kind).reshape(shape)


def encode(array, tensor):
    tensor.dtype = NUMBERS[array.dtype]
    for size in array.shape:
        tensor.tensor_shape.dim.add().size = size
    tensor.tensor_content = array.tobytes()


def main():
    kind, *paths = sys.argv[1:]
    make = {"tensorflow": with_tensorflow, "onnxruntime": with_onnxruntime}[kind]
    models = [make(path) for path in paths]
    predict_pb2, compute = models[0]

    def predict(request, context):
        outputs = compute({name: decode(value) for name, value in request.inputs.items()})
        response = predict_pb2.PredictResponse(model_spec=request.model_spec)
        for name, value in outputs.items():
            encode(value, response.outputs[name])
        return response

    handler = grpc.unary_unary_rpc_method_handler(
        predict,
        request_deserializer=predict_pb2.PredictRequest.FromString,
        response_serializer=predict_pb2.PredictResponse.SerializeToString,
    )
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(THREADS))
    service = "tensorflow.serving.PredictionService"
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(service, {"Predict": handler})]
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"port {port}", flush=True)
    os.read(0, 1)  # until whoever started it closes the pipe
    server.stop(0)


main()
