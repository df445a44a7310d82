"""Makes what bench/serving/run.py serves: digits, trained a little by our own program, a trivial
model, both as SavedModels; requests for them; and the weights of digits for the ONNX peer.

usage: models.py FOLDER DIGITS_PROGRAM MNIST
"""

import json
import pathlib
import subprocess
import sys

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

BATCHES = (1, 32)


def make_digits(folder, program, mnist):
    subprocess.run(
        [program, f"--data_dir={mnist}", "--max_steps=100", f"--model_dir={folder}/train"]
        + [f"--export_dir={folder}/digits"],
        check=True,
        capture_output=True,
    )
    version = next(path for path in (folder / "digits").iterdir() if path.name.isdigit())
    version.rename(folder / "digits/1")
    checkpoint = tf.train.load_checkpoint(str(folder / "digits/1/variables/variables"))
    names = checkpoint.get_variable_to_shape_map()
    np.savez(folder / "digits.npz", **{name: checkpoint.get_tensor(name) for name in names})


def make_trivial(folder):
    """TensorFlow Serving's demonstration model: half of x, plus two."""

    class HalfPlusTwo(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
        def predict(self, x):
            return {"y": 0.5 * x + 2.0}

    module = HalfPlusTwo()
    tf.saved_model.save(module, str(folder / "trivial/1"), signatures=module.predict)


def write_requests(folder, model, alias, values):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    # The values as bytes, which is what a client that cares for speed sends.
    request.inputs[alias].dtype = tf.float32.as_datatype_enum
    for size in values.shape:
        request.inputs[alias].tensor_shape.dim.add().size = size
    request.inputs[alias].tensor_content = values.tobytes()
    name = f"{model}-{values.shape[0]}"
    (folder / f"{name}.grpc").write_bytes(request.SerializeToString())
    (folder / f"{name}.json").write_text(json.dumps({"instances": values.tolist()}))


def main():
    folder = pathlib.Path(sys.argv[1])
    make_digits(folder, sys.argv[2], sys.argv[3])
    make_trivial(folder)
    signature = tf.saved_model.load(str(folder / "digits/1")).signatures["serving_default"]
    ((alias, spec),) = signature.structured_input_signature[1].items()
    shape = [size or 1 for size in spec.shape.as_list()[1:]]
    images = np.random.default_rng(1).random((max(BATCHES), *shape), dtype=np.float32)
    for batch in BATCHES:
        write_requests(folder, "digits", alias, images[:batch])
        write_requests(folder, "trivial", "x", np.ones(batch, np.float32))


main()
