"""The metrics as Prometheus reads them: every line well-formed, every histogram consistent, and what
was asked over gRPC and REST counted under TensorFlow Serving's names and ours."""

import re

import pytest

from conftest import wait_for
from serving_client_test import Served, error_of, served_port, write_model
from serving_rest_test import Rest, rest_port, serve

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
PAGE = "/monitoring/prometheus/metrics"


def parse(page):
    """(types by family, values by (name, labels)); refuses what the format does not have."""
    types, values, family = {}, {}, None
    assert page.endswith("\n")
    for line in page.splitlines():
        if line.startswith("# HELP "):
            family = line.split(" ")[2]
            assert re.fullmatch(NAME, family) and family not in types, line
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == family and kind in ("counter", "gauge", "histogram"), line
            types[name] = kind
        else:
            name, text, value = SAMPLE.fullmatch(line).groups()
            suffix = name[len(family) :]
            assert name.startswith(family), line
            assert suffix in (("_bucket", "_sum", "_count") if types[family] == "histogram" else ("",))
            labels = LABEL.findall(text or "")
            assert ",".join(f'{key}="{label}"' for key, label in labels) == (text or ""), line
            assert (name, tuple(labels)) not in values, line
            values[name, tuple(labels)] = float(value)
    return types, values


def check_histograms(types, values):
    """Buckets ascend, and the last has all."""
    series = {}
    for (name, labels), value in values.items():
        if name.endswith("_bucket"):
            key = name[: -len("_bucket")], labels[:-1]
            assert labels[-1][0] == "le"
            series.setdefault(key, []).append((float(labels[-1][1]), value))
    for (name, labels), buckets in series.items():
        assert types[name] == "histogram"
        assert buckets == sorted(buckets) and buckets[-1][0] == float("inf")
        assert [count for _, count in buckets] == sorted(count for _, count in buckets)
        assert buckets[-1][1] == values[f"{name}_count", labels]
        assert values[f"{name}_sum", labels] >= 0
    return len(series)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    path = tmp_path_factory.mktemp("models")
    write_model(path / "m", 3)
    log = path / "log"
    with serve(path / "m", log) as process:
        yield Rest(wait_for(lambda: rest_port(log), "served model", process)), Served(served_port(log))


def read(rest):
    status, page, headers = rest.ask("GET", PAGE)
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain")
    return parse(page.decode())


def value(values, name, **labels):
    found = [v for (n, at), v in values.items() if n == name and labels.items() <= dict(at).items()]
    return sum(found)


def test_counts_what_was_asked(server):
    rest, grpc = server
    for _ in range(3):
        grpc.predict({"x": [[1.0, 2.0, 3.0]]})
    assert rest.predict({"instances": [[1.0, 2.0, 3.0]]})[0] == 200
    assert rest.predict({"instances": [["a"]]})[0] == 400
    error_of(lambda: grpc.predict({"x": [[1.0]]}, model="not\nserved"))
    error_of(lambda: grpc.predict({"x": [[1.0]]}, signature="none"))
    types, values = read(rest)
    assert check_histograms(types, values) > 5
    count = ":tensorflow:serving:request_count"
    assert value(values, count, model_name="m", status="OK") == 4
    assert value(values, count, model_name="m", status="INVALID_ARGUMENT") == 1
    assert value(values, count, model_name="", status="NOT_FOUND") == 1
    latency = ":tensorflow:serving:request_latency_count"
    assert value(values, latency, model_name="m", API="Predict", entrypoint="GRPC") == 3
    assert value(values, latency, model_name="m", API="predict", entrypoint="REST") == 1
    ours = dict(model_name="m", version="3", signature="serving_default")
    assert value(values, "trainyard_serving_requests_total", code="OK", **ours) == 4
    assert value(values, "trainyard_serving_request_seconds_count", outcome="success", **ours) == 4
    assert value(values, "trainyard_serving_versions", model_name="m", state="AVAILABLE") == 1
    assert value(values, "trainyard_serving_ready") == 1
    assert value(values, ":tensorflow:cc:saved_model:load_attempt_count", status="success") == 1
    assert value(values, ":tensorflow:core:graph_runs") >= 4
    assert value(values, "process_resident_memory_bytes") > 1e7
    assert types[latency[: -len("_count")]] == "histogram"
    assert types[count] == "counter"


def test_can_be_moved_or_turned_off(tmp_path):
    write_model(tmp_path / "m", 1)
    config = tmp_path / "monitoring"
    for text, path, status in [
        ('prometheus_config { enable: true path: "/metrics" }', "/metrics", 200),
        ("prometheus_config { enable: false }", PAGE, 404),
    ]:
        config.write_text(text)
        log = tmp_path / f"log{status}"
        with serve(tmp_path / "m", log, f"--monitoring_config_file={config}") as process:
            rest = Rest(wait_for(lambda: rest_port(log), "served model", process))
            assert rest.ask("GET", path)[0] == status
