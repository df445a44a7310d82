"""The networks of the examples in Keras, compiled for training."""

import math

import keras
from keras import layers


def digits():
    image = keras.Input((28, 28, 1), name="image")
    x = image
    for _ in range(2):
        x = layers.Conv2D(32, 5, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(layers.MaxPooling2D(2)(x))
    x = layers.Dense(1024, activation="relu")(layers.Flatten()(x))
    x = layers.Dropout(0.4)(x)
    return keras.Model(image, layers.Dense(10, dtype="float32")(x))


def resnet():
    def convolution(x, filters, strides=1, size=3):
        return layers.Conv2D(
            filters,
            size,
            strides,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
        )(x)

    def norm(x, gamma="ones"):
        return layers.BatchNormalization(momentum=0.9, gamma_initializer=gamma)(x)

    image = keras.Input((32, 32, 3), name="image")
    x = layers.ReLU()(norm(convolution(image, 16, 2)))
    filters = 16
    for stage in range(3):
        for block in range(3):
            strides = 2 if stage > 0 and block == 0 else 1
            y = layers.ReLU()(norm(convolution(x, filters, strides)))
            y = norm(convolution(y, filters), "zeros")
            if strides > 1:
                x = norm(convolution(x, filters, strides, 1))
            x = layers.ReLU()(layers.Add()([x, y]))
        filters *= 2
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(10, dtype="float32")(x))


def tabular():
    user = keras.Input((), name="user", dtype="int32")
    film = keras.Input((), name="film", dtype="int32")
    hour = keras.Input((), name="hour")
    users, films = layers.Embedding(1001, 8)(user), layers.Embedding(301, 8)(film)
    angle = keras.ops.reshape(hour, (-1, 1)) * (2 * math.pi / 24)
    taste = layers.Multiply()([users, films])
    clock = [keras.ops.sin(angle), keras.ops.cos(angle)]
    x = layers.Concatenate()([users, films, taste] + clock)
    x = layers.Dense(32, activation="relu")(x)
    x = keras.ops.reshape(layers.Dense(1, dtype="float32")(x), (-1,))
    return keras.Model({"user": user, "film": film, "hour": hour}, x)


def build(name, jit, rate=None):
    """The network, with the optimizer of its example at a constant rate or the given schedule."""
    model = {"digits": digits, "resnet": resnet, "tabular": tabular}[name]()
    if name == "tabular":
        loss, metrics = keras.losses.BinaryCrossentropy(from_logits=True), []
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        metrics = ["accuracy"]
    optimizer = keras.optimizers.Adam(rate or 0.001)
    if name == "resnet":
        optimizer = keras.optimizers.SGD(rate or 0.1, momentum=0.9, nesterov=True, weight_decay=1e-4)
    # Without jit_compile=False Keras would choose by itself.
    model.compile(optimizer=optimizer, loss=loss, metrics=metrics, jit_compile=jit)
    return model
