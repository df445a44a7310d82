"""Writes digits as an ONNX model, from the weights that models.py saved.

usage: onnx_model.py WEIGHTS.npz MODEL.onnx
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def main():
    weights = np.load(sys.argv[1])
    nodes, constants = [], []

    def constant(name, values):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(kind, inputs, output, **attributes):
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    # ONNX has the channels first; one channel is the same either way.
    x = node("Reshape", ["image", constant("image_shape", np.array([-1, 1, 28, 28]))], "x")
    for i, suffix in enumerate(("", "_1")):
        kernel = constant(f"kernel{i}", weights[f"conv2d{suffix}/kernel"].transpose(3, 2, 0, 1))
        x = node("Conv", [x, kernel], f"conv{i}", pads=[2, 2, 2, 2])
        norm = [
            constant(f"{name}{i}", weights[f"batch_normalization{suffix}/{name}"])
            for name in ("gamma", "beta", "moving_mean", "moving_variance")
        ]
        x = node("BatchNormalization", [x, *norm], f"norm{i}", epsilon=1e-3)
        x = node("MaxPool", [x], f"pool{i}", kernel_shape=[2, 2], strides=[2, 2])
        x = node("Relu", [x], f"relu{i}")
    # The dense layer was trained on channels that come last.
    x = node("Transpose", [x], "last", perm=[0, 2, 3, 1])
    x = node("Flatten", [x], "flat")
    for i, suffix in enumerate(("", "_1")):
        kernel = constant(f"dense{i}", weights[f"dense{suffix}/kernel"])
        bias = constant(f"bias{i}", weights[f"dense{suffix}/bias"])
        x = node("Gemm", [x, kernel, bias], f"logits{i}")
        if i == 0:
            x = node("Relu", [x], "hidden")
    node("Softmax", [x], "probabilities", axis=-1)
    node("ArgMax", [x], "classes", axis=-1, keepdims=0)
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 28, 28, 1])],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 10]),
            helper.make_tensor_value_info("classes", TensorProto.INT64, ["n"]),
        ],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    onnx.save(model, sys.argv[2])


main()
