"""Stock TensorBoard shows a run: its HTTP API returns our scalars and our graph."""

import json
import re
import sys
import urllib.parse
import urllib.request

import pytest
from conftest import RUN_STEPS, background, wait_for


@pytest.fixture(scope="module", params=["fast loader", "Python loader"])
def board(request, digits_run, tmp_path_factory):
    """Asks a running TensorBoard: board("/data/runs") gives the body of its answer."""
    fast = "true" if request.param == "fast loader" else "false"
    log = tmp_path_factory.mktemp("tensorboard") / "log"
    command = [sys.executable, "-m", "tensorboard.main", f"--logdir={digits_run / 'model'}"]
    command += ["--host=127.0.0.1", "--port=0", f"--load_fast={fast}", "--reload_interval=1"]
    with background(command, log) as process:
        found = wait_for(
            lambda: re.search(r"http://127\.0\.0\.1:\d+/", log.read_text()), "address", process
        )

        def ask(path, **query):
            url = found[0].rstrip("/") + path + "?" + urllib.parse.urlencode(query)
            with urllib.request.urlopen(url, timeout=60) as answer:
                return answer.read().decode()

        def steps(run, tag):
            try:
                points = json.loads(ask("/data/plugin/scalars/scalars", run=run, tag=tag))
            except OSError:
                return []  # not known yet
            return [step for _, step, _ in points]

        # The address is printed before the files are read, which are read bit by bit.
        wait_for(lambda: len(steps(".", "loss")) >= 3, "losses", process)
        wait_for(lambda: steps(".", "global_step/sec"), "the speed", process)
        wait_for(lambda: RUN_STEPS in steps("eval", "accuracy"), "the last accuracy", process)
        yield ask


def test_training_and_evaluation_are_runs(board):
    assert set(json.loads(board("/data/runs"))) == {".", "eval"}


def test_scalars_have_their_tags(board):
    tags = json.loads(board("/data/plugin/scalars/tags"))
    assert {"loss", "global_step/sec"} <= set(tags["."])
    assert {"loss", "accuracy"} <= set(tags["eval"])


def test_loss_falls_over_the_steps(board):
    points = json.loads(board("/data/plugin/scalars/scalars", run=".", tag="loss"))
    steps = [step for _, step, _ in points]
    assert steps == sorted(set(steps))
    assert steps[-1] <= RUN_STEPS
    assert len(points) >= 3
    assert points[-1][2] < points[0][2]
    walls = [wall for wall, _, _ in points]
    assert walls == sorted(walls)


def test_evaluation_stands_at_the_last_step(board):
    points = json.loads(board("/data/plugin/scalars/scalars", run="eval", tag="accuracy"))
    _, step, accuracy = points[-1]
    assert step == RUN_STEPS
    assert 0.9 < accuracy <= 1


def test_graph_of_the_run_is_there(board):
    info = json.loads(board("/data/plugin/graphs/info"))
    assert info["."]["run_graph"]
    graph = board("/data/plugin/graphs/graph", run=".")
    assert "Conv2D" in graph
