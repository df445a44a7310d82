"""What exact_test.py compares our layers with, by the name of the case: Keras' own layers."""

import keras
import tensorflow as tf

layers = keras.layers


def _run(layer, x, trainable=(), fixed=(), **options):
    """The layer's output with these weights in the places of its own, and its state afterwards."""
    layer.build(x.shape)
    return layer.stateless_call(list(trainable), list(fixed), x, **options)


def _layer(layer, v, prefix="", names=()):
    return {"y": _run(layer, v["x"], [v[f"{prefix}/{name}"] for name in names])[0]}


def dense(v):
    return _layer(layers.Dense(2, activation="tanh"), v, "dense", ("kernel", "bias"))


def relu(v):
    return {"y": keras.activations.relu(5 * v["x"])}


def relu6(v):
    return {"y": keras.activations.relu6(5 * v["x"])}


def leaky_relu(v):
    return {"y": keras.activations.leaky_relu(5 * v["x"])}


def elu(v):
    return {"y": keras.activations.elu(5 * v["x"])}


def selu(v):
    return {"y": keras.activations.selu(5 * v["x"])}


def gelu(v):
    return {"y": keras.activations.gelu(5 * v["x"])}


def gelu_tanh(v):
    return {"y": keras.activations.gelu(5 * v["x"], approximate=True)}


def swish(v):
    return {"y": keras.activations.swish(5 * v["x"])}


def softplus(v):
    return {"y": keras.activations.softplus(5 * v["x"])}


def softsign(v):
    return {"y": keras.activations.softsign(5 * v["x"])}


def sigmoid(v):
    return {"y": keras.activations.sigmoid(5 * v["x"])}


def hard_sigmoid(v):
    return {"y": keras.activations.hard_sigmoid(5 * v["x"])}


def tanh(v):
    return {"y": keras.activations.tanh(5 * v["x"])}


def softmax(v):
    return {"y": tf.nn.softmax(5 * v["x"])}


def log_softmax(v):
    return {"y": tf.nn.log_softmax(5 * v["x"])}


_CONV = ("kernel", "bias")
_DEPTHWISE = ("depthwise_kernel", "bias")
_SEPARABLE = ("depthwise_kernel", "pointwise_kernel", "bias")


def conv2d(v):
    layer = layers.Conv2D(4, (3, 2), strides=(2, 1), padding="same", activation="relu")
    return _layer(layer, v, "conv2d", _CONV)


def conv2d_dilated_same(v):
    layer = layers.Conv2D(2, 3, padding="same", dilation_rate=(2, 3))
    return _layer(layer, v, "conv2d", _CONV)


def conv2d_dilated_valid(v):
    return _layer(layers.Conv2D(2, (2, 3), dilation_rate=2), v, "conv2d", _CONV)


def depthwise_conv2d(v):
    layer = layers.DepthwiseConv2D((3, 2), strides=2, padding="same", depth_multiplier=2)
    return _layer(layer, v, "depthwise_conv2d", _DEPTHWISE)


def depthwise_conv2d_dilated(v):
    layer = layers.DepthwiseConv2D(3, padding="same", dilation_rate=2)
    return _layer(layer, v, "depthwise_conv2d", _DEPTHWISE)


def separable_conv2d(v):
    layer = layers.SeparableConv2D(4, 3, strides=2, depth_multiplier=2, activation="tanh")
    return _layer(layer, v, "separable_conv2d", _SEPARABLE)


def conv2d_transpose_same(v):
    layer = layers.Conv2DTranspose(2, 3, strides=(2, 3), padding="same")
    return _layer(layer, v, "conv2d_transpose", _CONV)


def conv2d_transpose_valid(v):
    layer = layers.Conv2DTranspose(2, (4, 2), strides=(2, 3))
    return _layer(layer, v, "conv2d_transpose", _CONV)


def _batch_norm(v, layer, names):
    """Output and moving statistics, which get no gradient."""
    values = {name.split("/")[1]: value for name, value in v.items() if "/" in name}
    moving = [values["moving_mean"], values["moving_variance"]]
    if layer.trainable:
        y, after = _run(layer, v["x"], [values[name] for name in names], moving, training=True)
    else:
        fixed = [values[name] for name in names] + moving
        y, after = _run(layer, v["x"], [], fixed, training=True)
    return {
        "y": tf.tanh(y),
        "moving_mean": tf.stop_gradient(after[-2]),
        "moving_variance": tf.stop_gradient(after[-1]),
    }


def batch_norm_of_images(v):
    return _batch_norm(v, layers.BatchNormalization(momentum=0.9), ("gamma", "beta"))


def batch_norm_of_vectors(v):
    layer = layers.BatchNormalization(momentum=0.75, epsilon=0.01)
    return _batch_norm(v, layer, ("gamma", "beta"))


def batch_norm_without_scale(v):
    return _batch_norm(v, layers.BatchNormalization(scale=False), ("beta",))


def batch_norm_frozen(v):
    layer = layers.BatchNormalization(momentum=0.9, trainable=False)
    return _batch_norm(v, layer, ("gamma", "beta"))


def layer_norm(v):
    return _layer(layers.LayerNormalization(), v, "layer_normalization", ("gamma", "beta"))


def layer_norm_without_center(v):
    layer = layers.LayerNormalization(epsilon=0.01, center=False)
    return _layer(layer, v, "layer_normalization", ("gamma",))


def max_pooling2d(v):
    return _layer(layers.MaxPooling2D((3, 2), strides=2, padding="same"), v)


def average_pooling2d(v):
    return _layer(layers.AveragePooling2D((3, 2), strides=2, padding="same"), v)


def global_average_pooling2d(v):
    return _layer(layers.GlobalAveragePooling2D(keepdims=True), v)


def global_max_pooling2d(v):
    return _layer(layers.GlobalMaxPooling2D(), v)


def zero_padding2d(v):
    return _layer(layers.ZeroPadding2D(((0, 1), (2, 3))), v)


def reshape(v):
    return _layer(layers.Reshape((2, -1, 2)), v)


def concatenate(v):
    return {"y": tf.concat([v["a"], v["b"], v["a"]], axis=-1)}


def residual_block(v):
    def norm(x, name):
        layer = layers.BatchNormalization()
        trainable = [v[f"{name}/gamma"], v[f"{name}/beta"]]
        moving = [v[f"{name}/moving_mean"], v[f"{name}/moving_variance"]]
        return _run(layer, x, trainable, moving, training=True)[0]

    x = v["x"]
    y = tf.nn.conv2d(x, v["conv2d/kernel"], 2, "SAME")
    y = tf.nn.relu(norm(y, "batch_normalization"))
    y = norm(tf.nn.conv2d(y, v["conv2d_1/kernel"], 1, "SAME"), "batch_normalization_1")
    shortcut = tf.nn.conv2d(x, v["residual/projection/kernel"], 2, "SAME")
    return {"y": tf.nn.relu(norm(shortcut, "residual/projection_norm") + y)}
