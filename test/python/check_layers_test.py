"""The include check finds what it is for."""

import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import check_layers  # noqa: E402


@pytest.fixture
def tree(tmp_path):
    """Makes a source tree of the given files; gives the errors found in it."""

    def errors(files):
        for path, text in {**files, "src/layers.txt": (ROOT / "src/layers.txt").read_text()}.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        return check_layers.check(tmp_path)

    return errors


@pytest.mark.parametrize(
    "path, include",
    [
        ("src/job/plan.cc", '"spec/tfjob.h"'),
        ("src/job/plan.cc", '"base/status.h"'),
        ("src/job/plan.cc", '"job/plan.h"'),
        ("src/job/plan.cc", "<vector>"),
        ("src/apps/serve_main.cc", '"serving/server.h"'),
        ("src/dashboard/jobs/list.cc", '"kube/client.h"'),
        ("src/tuner/runners/kube.cc", '"kube/client.h"'),
        ("src/tf/graph.cc", '"tensorflow/c/c_api.h"'),
        ("src/net/server.cc", "<boost/beast/core.hpp>"),
        ("src/serving/inference/predict.cc", '"tensorflow/core/framework/tensor.pb.h"'),
        ("src/kube/internal/a.cc", '"kube/internal/b.h"'),
        ("src/kube/client_test.cc", '"kube/testing/fake_client.h"'),
        ("examples/digits/main.cc", '"train/estimator.h"'),
        ("test/e2e/a.cc", '"kube/testing/fake_client.h"'),
    ],
)
def test_accepts(tree, path, include):
    assert tree({path: f"#include {include}\n"}) == []


@pytest.mark.parametrize(
    "path, include, message",
    [
        ("src/spec/a.cc", '"job/plan.h"', "spec may not include from job"),
        ("src/base/a.cc", '"spec/tfjob.h"', "base may not include from spec"),
        ("src/train/a.cc", '"serving/server.h"', "train may not include from serving"),
        ("src/serving/a.cc", '"train/estimator.h"', "serving may not include from train"),
        ("src/operator/a.cc", '"train/estimator.h"', "operator may not include from train"),
        ("src/cli/a.cc", '"tf/session.h"', "cli may not include from tf"),
        ("src/dashboard/a.cc", '"kube/client.h"', "dashboard may not include from kube"),
        ("src/train/a.cc", '"tensorflow/c/c_api.h"', "only src/tf may include"),
        ("examples/digits/a.cc", "<tensorflow/c/c_api.h>", "only src/tf may include"),
        ("src/kube/a.cc", "<curl/curl.h>", "only src/net may include"),
        ("src/operator/a.cc", '"kube/internal/a.h"', "only kube/ may include"),
        ("src/operator/a.cc", '"kube/testing/fake.h"', "only tests may include"),
        ("src/job/a.cc", '"../spec/tfjob.h"', "relative"),
        ("src/surprise/a.cc", '"base/status.h"', "has no line in src/layers.txt"),
    ],
)
def test_refuses(tree, path, include, message):
    [error] = tree({path: f"// first line\n#include {include}\n"})
    assert error.startswith(f"{path}:2: ")
    assert message in error


def test_refuses_an_include_that_is_not_rooted(tree):
    [error] = tree({"src/job/a.cc": '#include "plan.h"\n', "src/job/plan.h": ""})
    assert 'write "job/plan.h"' in error


def test_refuses_edges_that_go_round():
    with pytest.raises(SystemExit, match="a cycle"):
        check_layers.Layers("a: b\nb: a\n")
