"""Our event files as TensorBoard reads them, and others' event files as we read them."""

import subprocess

import pytest
from conftest import TEST_PROGRAMS, run


@pytest.fixture
def our_file(tmp_path):
    return run(TEST_PROGRAMS / "event_tool", "write", tmp_path).strip()


def load(path):
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

    return list(LegacyEventFileLoader(path).Load())


def test_tensorboard_reads_every_event(our_file):
    events = load(our_file)
    assert events[0].file_version == "brain.Event:2"
    assert events[0].source_metadata.writer == "trainyard.records.event_writer"
    assert events[1].session_log.status == 1
    scalars, histogram, text, checkpoint = events[2:6]
    assert (scalars.step, scalars.wall_time) == (7, 1700000000.25)
    values = {value.tag: value.simple_value for value in scalars.summary.value}
    assert values == {"loss": 0.25, "global_step/sec": 38.5}
    assert histogram.summary.value[0].tag == "weights"
    assert text.summary.value[0].tensor.string_val[0] == b"model.ckpt-7"
    assert checkpoint.session_log.checkpoint_path == "out/model.ckpt"
    assert [event.step for event in events[6:]] == list(range(8, 1000))


def test_tensorflow_reads_every_record(our_file):
    import tensorflow as tf

    records = list(tf.data.TFRecordDataset(our_file).as_numpy_iterator())
    assert len(records) == 6 + 992
    events = list(tf.compat.v1.train.summary_iterator(our_file))
    assert events[2].summary.value[0].simple_value == 0.25


def test_histogram_is_the_one_tensorflow_makes(our_file):
    import tensorflow as tf

    ours = load(our_file)[3].summary.value[0].histo
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        node = tf.compat.v1.summary.histogram("weights", tf.constant([-1, 0, 0.5, 0.5, 2]))
        theirs = tf.compat.v1.Summary.FromString(session.run(node)).value[0].histo
    for field in ("min", "max", "num", "sum", "sum_squares"):
        assert getattr(ours, field) == getattr(theirs, field), field
    assert list(ours.bucket) == list(theirs.bucket)
    assert list(ours.bucket_limit) == pytest.approx(list(theirs.bucket_limit), rel=1e-12)


def test_we_read_what_tensorflow_writes(tmp_path):
    import tensorflow as tf

    writer = tf.summary.create_file_writer(str(tmp_path))
    with writer.as_default():
        for step in range(3):
            tf.summary.scalar("loss", 0.5 + step, step=step)
    writer.close()
    [path] = tmp_path.glob("*tfevents*")
    lines = run(TEST_PROGRAMS / "event_tool", "read", path).splitlines()
    assert lines == ["0 scalar loss 0.5", "1 scalar loss 1.5", "2 scalar loss 2.5", "0 corrupt"]


def test_we_read_past_damage_where_tensorboard_stops(our_file, tmp_path):
    damaged = bytearray(open(our_file, "rb").read())
    damaged[len(damaged) // 2] ^= 0x10
    path = tmp_path / "events.out.tfevents.1.damaged"
    path.write_bytes(damaged)
    lines = run(TEST_PROGRAMS / "event_tool", "read", path).splitlines()
    assert lines[-1] == "1 corrupt"
    assert lines[-2].startswith("999 scalar")


def test_wrong_use_is_told(tmp_path):
    tool = str(TEST_PROGRAMS / "event_tool")
    assert subprocess.run([tool], stderr=subprocess.DEVNULL).returncode == 2
    missing = subprocess.run([tool, "read", str(tmp_path / "no")], stderr=subprocess.PIPE, text=True)
    assert missing.returncode == 1
    assert "No such file or directory" in missing.stderr
