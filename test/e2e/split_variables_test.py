"""Variables split over two parameter servers, in whole jobs: a killed server, checkpoints and exports that
Python reads as if nothing were split, and partitioned variables of Python's."""

import json
import os
import pathlib
import signal
import sys

import numpy
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
from conftest import BIN, run  # noqa: E402
from recovery_test import running_job  # noqa: E402

STEPS = 1500
# "user" and "film" are the names of the inputs.
TABLES = {"user_1/embeddings": (1001, 8), "film_1/embeddings": (301, 8)}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    directory = tmp_path_factory.mktemp("data")
    run(BIN / "tabular", f"--model_dir={directory / 'model'}", f"--data_dir={directory}", "--max_steps=1")
    return directory


def job_of(data, *flags):
    """A chief, a worker and two parameter servers that hold parts of both tables."""
    directories = [f"--data_dir={data}", "--model_dir=$(TRAINYARD_OUT)/model"]
    directories.append("--export_dir=$(TRAINYARD_OUT)/export")
    sizes = ["--min_slice_size=4096", "--batch_size=100", "--seed=1"]
    container = {
        "name": "tensorflow",
        "image": "none",
        "command": [str(BIN / "tabular")],
        "args": [*directories, *sizes, "--save_checkpoints_steps=50", *flags],
    }
    replica = {
        "replicas": 1,
        "restartPolicy": "ExitCode",
        "template": {"spec": {"containers": [container]}},
    }
    replicas = {"Chief": replica, "Worker": replica, "PS": {**replica, "replicas": 2}}
    return json.dumps(
        {
            "apiVersion": "kubeflow.org/v1",
            "kind": "TFJob",
            "metadata": {"name": "split"},
            "spec": {"tfReplicaSpecs": replicas},
        }
    )


def tensors(checkpoint):
    """Everything in a checkpoint, by name."""
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(checkpoint))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def newest_export(out):
    return max((out / "export").iterdir(), key=lambda path: int(path.name))


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """The output of a job whose second parameter server was killed on the way."""
    directory = tmp_path_factory.mktemp("split")
    with running_job(directory, job_of(data, f"--max_steps={STEPS}")) as job:
        job.wait_for_step(100)
        os.kill(job.pid("ps-1"), signal.SIGKILL)
        job.wait_for_restart("ps-1")
        result = job.result()
    assert result["result"] == "succeeded"
    assert STEPS <= result["step"] <= STEPS + 2
    return directory / "out"


def test_both_tables_are_split_and_restored_when_a_server_comes_back(trained):
    log = (trained / "logs/chief-0.log").read_text()
    assert "Variable user_1/embeddings [1001,8] is split into 2 parts." in log
    assert "Variable film_1/embeddings [301,8] is split into 2 parts." in log
    assert "dense/kernel" not in log  # smaller than a slice
    assert "Restoring parameters from" in log


def test_python_reads_each_table_and_its_slots_as_one_tensor(trained):
    saved = tensors(trained / "model")
    for table, shape in TABLES.items():
        for name in [table, f"{table}/Adam", f"{table}/Adam_1"]:
            assert saved[name].shape == shape, name
            # Both parts were trained: the last row is for unknown names, which there are none of.
            assert (saved[name][:-1] != 0).any(axis=1).all(), name
    assert not [name for name in saved if "part_" in name]


def test_python_imports_the_graph_and_its_parts(trained):
    import tensorflow as tf

    v1 = tf.compat.v1
    prefix = tf.train.latest_checkpoint(str(trained / "model"))
    with tf.Graph().as_default(), v1.Session() as session:
        saver = v1.train.import_meta_graph(prefix + ".meta", clear_devices=True)
        saver.restore(session, prefix)
        for table in TABLES:
            whole = session.run(f"{table}:0")
            assert numpy.array_equal(whole, tensors(prefix)[table])
        # A saver that Python makes knows the parts as slices.
        v1.train.Saver().restore(session, prefix)


def test_the_export_holds_the_tables_and_answers(trained):
    import tensorflow as tf

    export = newest_export(trained)
    saved, exported = tensors(trained / "model"), tensors(export / "variables" / "variables")
    for table in TABLES:
        assert numpy.array_equal(exported[table], saved[table])
    signature = tf.saved_model.load(str(export)).signatures["serving_default"]
    users, films = tf.constant(["u0003", "u0999", "nobody"]), tf.constant(["f299", "f000", "f100"])
    answer = signature(user=users, film=films, hour=tf.constant([1.0, 12.0, 23.0]))
    assert ((answer["probability"].numpy() > 0) & (answer["probability"].numpy() < 1)).all()


@pytest.fixture(scope="module")
def by_python(trained, tmp_path_factory):
    """The same model as Python's TensorFlow saves it, with tables in three parts."""
    import tensorflow as tf

    v1 = tf.compat.v1
    directory = tmp_path_factory.mktemp("python")
    saved = tensors(trained / "model")
    partitioner = v1.fixed_size_partitioner(3)
    with tf.Graph().as_default(), v1.Session() as session:
        for name, value in saved.items():
            split = partitioner if name.startswith(tuple(TABLES)) else None
            v1.get_variable(name, initializer=tf.constant(value), partitioner=split, use_resource=True)
        parts = [v.op.name for v in v1.global_variables() if v.op.name.startswith("user_1/embeddings")]
        assert len(parts) == 9
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(directory / "model.ckpt"), int(saved["global_step"]))
    return directory


def test_partitioned_variables_of_python_are_exported(trained, by_python, data, tmp_path):
    step = tensors(by_python)["global_step"]
    run(
        BIN / "tabular",
        f"--model_dir={by_python}",
        f"--data_dir={data}",
        f"--export_dir={tmp_path / 'export'}",
        f"--max_steps={step}",
    )
    exported = tensors(newest_export(tmp_path) / "variables" / "variables")
    for table in TABLES:
        assert numpy.array_equal(exported[table], tensors(trained / "model")[table])


def test_a_job_goes_on_from_partitioned_variables_of_python(trained, by_python, data, tmp_path):
    before = tensors(by_python)
    last = int(before["global_step"]) + 1
    model_dir = tmp_path / "out" / "model"
    model_dir.parent.mkdir()
    os.symlink(by_python, model_dir)
    # The rate has fallen to nothing by the last step.
    with running_job(tmp_path, job_of(data, f"--max_steps={last}")) as job:
        assert job.result()["result"] == "succeeded"
    after = tensors(by_python)
    assert last <= after["global_step"] <= last + 2
    for table in TABLES:
        assert numpy.allclose(after[table], before[table], atol=1e-3)
        assert (after[f"{table}/Adam"] != before[f"{table}/Adam"]).any()


def test_parts_are_updated_synchronously_and_gathered_by_the_chief(data, tmp_path):
    flags = ["--replicas_to_aggregate=2", "--save_on_chief", "--max_steps=120"]
    with running_job(tmp_path, job_of(data, *flags)) as job:
        result = job.result()
    assert result["result"] == "succeeded"
    assert result["step"] == 120
    saved = tensors(tmp_path / "out" / "model")
    for table, shape in TABLES.items():
        assert saved[table].shape == shape
        assert (saved[f"{table}/Adam"] != 0).any(axis=1).mean() > 0.9
