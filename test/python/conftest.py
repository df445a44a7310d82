"""What the compatibility tests share: our programs, one run of the digits example, a model server.

Set by ctest: TRAINYARD_BIN_DIR, the folder of our programs; TRAINYARD_TEST_DIR, that of the test
programs; TRAINYARD_DIGITS_RUN, where `digits_run` is kept for all test files (without it, each trains
a run of its own). A program that is missing fails the test that needs it.
"""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("TRAINYARD_BIN_DIR", ROOT / "bin"))
TEST_PROGRAMS = pathlib.Path(os.environ.get("TRAINYARD_TEST_DIR", ROOT / "build/release/test"))
MNIST = pathlib.Path(os.environ.get("TRAINYARD_DEPS_DIR", ROOT / ".deps")) / "mnist"
DIGITS = ROOT / "examples/digits/data"
RUN_STEPS = 300


def run(*command, timeout=300, **options):
    """Runs one of our programs to its end; its output if it succeeds, else the test fails."""
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=timeout,
        **options,
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stderr[-4000:]}"
    return done.stdout


def wait_for(condition, what, process=None, seconds=120):
    """Waits until condition() gives something true, and returns that; at most until the process ends."""
    deadline = time.monotonic() + seconds
    while True:
        # Looked at before the condition, which its last deeds may have made true.
        is_over = process is not None and process.poll() is not None
        is_late = time.monotonic() >= deadline
        found = condition()
        if found:
            return found
        if is_over:
            printed = process.log.read_text()[-2000:]
            raise AssertionError(f"ended with {process.returncode}, no {what}:\n{printed}")
        if is_late:
            raise AssertionError(f"no {what} within {seconds} s")
        time.sleep(0.05)


@contextlib.contextmanager
def background(command, log):
    """A program that runs while the block does; ended with all that it started."""
    with open(log, "wb") as out:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process.log = log
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            pass
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def model_server(export_dir, log):
    """`trainyard serve` of the exported digits, ready for calls; gives its port."""
    command = [BIN / "trainyard", "serve", "--model_name=digits"]
    command += [f"--model_base_path={export_dir}", "--port=0"]

    def port():
        served = re.search(r'^serving model "digits" .*:(\d+) \(gRPC\)$', log.read_text(), re.M)
        return served and int(served[1])

    with background(command, log) as process:
        yield wait_for(port, "the served model", process)


def train_digits(directory):
    """Trains the digits example in one process: directory/model and directory/export."""
    run(
        BIN / "digits",
        f"--model_dir={directory / 'model'}",
        f"--export_dir={directory / 'export'}",
        f"--data_dir={MNIST}",
        f"--max_steps={RUN_STEPS}",
        "--seed=1",
    )
    return directory


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory):
    """The directory of one finished run of the digits example."""
    kept = os.environ.get("TRAINYARD_DIGITS_RUN")
    if kept:
        return pathlib.Path(kept)
    return train_digits(tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="session")
def exported(digits_run):
    """The newest exported version of that run."""
    versions = [path for path in (digits_run / "export").iterdir() if path.name.isdigit()]
    assert versions, f"no export in {digits_run / 'export'}"
    return max(versions, key=lambda path: int(path.name))


@pytest.fixture(scope="session")
def digit_images():
    """The ten example images as the model takes them: float32 [10, 28, 28, 1] between 0 and 1."""
    import numpy
    from PIL import Image

    images = [numpy.asarray(Image.open(DIGITS / f"{digit}.png")) for digit in range(10)]
    return numpy.stack(images).astype(numpy.float32)[..., None] / 255
