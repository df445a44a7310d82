#!/usr/bin/env python3
"""The operator beside Kubeflow's training-operator 1.9.3, in turns, each on a fresh control plane.

  run.py                 everything (about 40 minutes)
  run.py burst --jobs 200 --rounds 2
  run.py bare | latency | rest --jobs 10000

Needs what test/cluster/cluster.sh needs without nodes (no root). Writes results as JSON (--out).
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import measure
from apiserver import ApiServer

HERE = os.path.dirname(os.path.abspath(__file__))
CLUSTER = os.path.join(HERE, "..", "..", "test", "cluster", "cluster.sh")
OURS = os.path.join(HERE, "trainyard_operator.sh")
PEER = os.path.join(HERE, "kubeflow_operator.sh")
OPERATORS = {
    "trainyard": [OURS],
    "training-operator": [PEER],
    "trainyard, 16 workers": [OURS, "--workers=16"],
    "training-operator, tuned": [PEER, "--controller-threads=8", "--kube-api-qps=1000", "--kube-api-burst=2000"],
}


class ControlPlane:
    """etcd, API server, controller-manager and scheduler, alone on ports of their own."""

    def __init__(self, nodes):
        self.folder = tempfile.mkdtemp(prefix="ty-bench-")
        self.state = os.path.join(self.folder, "state")
        self.environment = dict(
            os.environ, TRAINYARD_K8S_STATE=self.state, TRAINYARD_K8S_PORT=os.environ.get("TRAINYARD_BENCH_PORT", "27443"),
            TRAINYARD_K8S_AUDIT="1",
            TRAINYARD_K8S_APISERVER_FLAGS="--max-requests-inflight 1000 --max-mutating-requests-inflight 500")
        self.script("up", "--control-plane-only")
        if nodes:
            self.script("kwok", str(nodes))
        for line in self.script("env").splitlines():
            name, _, value = line.removeprefix("export ").partition("=")
            self.environment[name] = value.strip("'\"").replace("$PATH", os.environ["PATH"])
        self.kubeconfig = self.script("kubeconfig", measure.USER, "system:masters").strip()
        self.server = ApiServer(os.path.join(self.state, "admin.conf"))
        self.audit_log = os.path.join(self.state, "log", "audit.log")

    def script(self, *args):
        return subprocess.run([CLUSTER, *args], env=self.environment, check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def pids(self):
        found = {}
        for name in os.listdir(os.path.join(self.state, "run")):
            if name.endswith(".pid"):
                with open(os.path.join(self.state, "run", name)) as file:
                    found[name[:-4]] = int(file.read().split()[0])
        return found

    def close(self):
        self.script("down")
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def control_plane(nodes=0):
    plane = ControlPlane(nodes)
    try:
        yield plane
    finally:
        plane.close()


@contextlib.contextmanager
def operator(plane, command):
    log = open(os.path.join(plane.state, "log", "operator.log"), "w")
    process = subprocess.Popen(command, env=dict(plane.environment, KUBECONFIG=plane.kubeconfig), stdout=log,
                               stderr=subprocess.STDOUT, start_new_session=True)
    try:
        yield process.pid
    except Exception:
        with open(log.name) as file:
            sys.stderr.write("".join(file.readlines()[-20:]))
        raise
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def run_burst(names, jobs, rounds):
    for round_number in range(rounds):
        for name in names:
            with control_plane(nodes=jobs * 4 // 100 + 2) as plane, operator(plane, OPERATORS[name]) as pid:
                result = measure.burst(plane.server, pid, plane.pids(), plane.audit_log, jobs)
            yield dict(result, what="burst", operator=name, round=round_number)


def run_bare(jobs, rounds):
    for round_number in range(rounds):
        with control_plane(nodes=jobs * 4 // 100 + 2) as plane:
            subprocess.run(["kubectl", "apply", "--server-side", "-f", os.path.join(HERE, "..", "..", "deploy", "crd", "tfjobs.yaml")],
                           env=dict(plane.environment, KUBECONFIG=plane.kubeconfig), check=True, stdout=subprocess.DEVNULL)
            time.sleep(2)
            yield dict(measure.bare_loop(plane.server, jobs), what="bare loop", round=round_number)


def run_latency(names):
    for name in names:
        with control_plane(nodes=4) as plane, operator(plane, OPERATORS[name]):
            yield dict(measure.latency(plane.server), what="latency", operator=name)


def run_rest(names, jobs):
    for name in names:
        with control_plane(nodes=4) as plane:
            with operator(plane, OPERATORS[name]):
                measure.wait_for_operator(plane.server)  # it installs its CRD
            measure.fill(plane.server, jobs)
            with operator(plane, OPERATORS[name]) as pid:
                yield dict(measure.at_rest(pid, jobs), what="rest", operator=name)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["all", "burst", "bare", "latency", "rest"], default="all")
    parser.add_argument("--jobs", type=int, help="TFJobs at once (burst: 200 and 1000; rest: 10000)")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--operator", action="append", choices=list(OPERATORS), help="only this one; may be repeated")
    parser.add_argument("--out", help="file for the results as JSON")
    arguments = parser.parse_args()
    names = arguments.operator or list(OPERATORS)
    defaults = [name for name in names if "," not in name] or names
    subprocess.run([CLUSTER, "build"], check=True)
    if any("training-operator" in name for name in names):
        subprocess.run([PEER, "build"], check=True, stdout=subprocess.DEVNULL)
    results = []

    def keep(stream):
        for result in stream:
            print(json.dumps(result), flush=True)
            results.append(result)
            if arguments.out:
                with open(arguments.out, "w") as file:
                    json.dump(results, file, indent=1)

    if arguments.what in ("all", "bare"):
        keep(run_bare(arguments.jobs or 200, arguments.rounds))
    if arguments.what in ("all", "burst"):
        for jobs in [arguments.jobs] if arguments.jobs else [200, 1000]:
            keep(run_burst(names, jobs, arguments.rounds))
    if arguments.what in ("all", "latency"):
        keep(run_latency(defaults))
    if arguments.what in ("all", "rest"):
        keep(run_rest(defaults, arguments.jobs or 10000))


if __name__ == "__main__":
    main()
