"""What exact_test.py compares our data pipelines with, by the name of the case."""

import os
import tempfile

import numpy
import tensorflow as tf


def _bytes(value):
    return bytes(value.numpy().astype(numpy.uint8))


def image_directory(v):
    with tempfile.TemporaryDirectory() as directory:
        os.mkdir(f"{directory}/class")
        for name in ("a.png", "b.jpg"):
            with open(f"{directory}/class/{name}", "wb") as file:
                file.write(_bytes(v[name]))
        data = tf.keras.utils.image_dataset_from_directory(
            directory, image_size=(12, 17), shuffle=False, batch_size=100, verbose=False
        )
        images, labels = next(iter(data))
    return {"images": images, "labels": labels}


def parse_example(v):
    description = {
        "open": tf.io.VarLenFeature(tf.int64),
        "fixed": tf.io.FixedLenFeature([2], tf.float32, default_value=[8.0, 9.0]),
    }
    outputs = {}
    for i in ("0", "1"):
        example = tf.io.parse_single_example(_bytes(v[i]), description)
        outputs["open" + i] = tf.cast(tf.sparse.to_dense(example["open"]), tf.int32)
        outputs["fixed" + i] = example["fixed"]
    return outputs


def make_csv_dataset(v):
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/f.csv"
        with open(path, "wb") as file:
            file.write(_bytes(v["file"]))
        data = tf.data.experimental.make_csv_dataset(
            path, batch_size=3, label_name="label", shuffle=False, num_epochs=1
        )
        features, labels = next(iter(data))
    joined = b"".join(text + b"|" for text in features["c"].numpy())
    return {
        "a": features["a"],
        "b": features["b"],
        "c": tf.constant(list(joined), tf.int32),
        "labels": labels,
    }


def interleave(v):
    lengths = v["lengths"]
    data = tf.data.Dataset.range(5, output_type=tf.int32).interleave(
        lambda file: tf.data.Dataset.range(
            tf.cast(lengths[file], tf.int64), output_type=tf.int32
        ).map(lambda i: 10 * file + i),
        cycle_length=3,
        block_length=2,
    )

    def whole(dataset):
        return tf.constant([int(x) for x in dataset.as_numpy_iterator()], tf.int32)

    return {"all": whole(data), "shard": whole(data.shard(2, 1))}
