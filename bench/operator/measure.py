"""What is measured of one operator that runs against one control plane; see README.md."""

import collections
import os
import queue
import threading
import time

from apiserver import (JOBS, Watch, count_requests, cpu_seconds, make_namespace, memory_mib, percentile, session)

NAMESPACE = "bench"
USER = "bench-operator"
SUBMITTERS = 8


def replica(count):
    return {
        "replicas": count,
        "restartPolicy": "Never",
        "template": {"spec": {"containers": [{
            "name": "tensorflow", "image": "localhost/none:1", "command": ["true"],
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}]}},
    }


def tfjob(name, workers, namespace=NAMESPACE):
    return {
        "apiVersion": "kubeflow.org/v1",
        "kind": "TFJob",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"runPolicy": {"cleanPodPolicy": "Running"},
                 "tfReplicaSpecs": {"Chief": replica(1), "Worker": replica(workers), "PS": replica(1)}},
    }


def has_condition(job, kind):
    conditions = (job.get("status") or {}).get("conditions") or []
    return any(c["type"] == kind and c["status"] == "True" for c in conditions)


def in_parallel(server, items, do):
    """do(connection, item) for every item, from several connections."""
    todo = queue.Queue()
    for item in items:
        todo.put(item)

    def work():
        connection = server.connect()
        while True:
            try:
                item = todo.get_nowait()
            except queue.Empty:
                return
            do(connection, item)

    threads = [threading.Thread(target=work) for _ in range(SUBMITTERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def create(connection, path, body):
    status, answer = connection.call("POST", path, body)
    if status != 201:
        raise RuntimeError("POST %s: %s %s" % (path, status, answer))


def wait_for_operator(server, timeout=120):
    """Until a first job, in a namespace of its own, has succeeded."""
    connection = server.connect()
    make_namespace(connection, NAMESPACE)
    make_namespace(connection, "warmup")
    end = time.monotonic() + timeout
    while connection.call("GET", JOBS % NAMESPACE)[0] != 200:
        if time.monotonic() > end:
            raise RuntimeError("there is no TFJob CRD")
        time.sleep(0.2)
    create(connection, JOBS % "warmup", tfjob("warmup", 2, "warmup"))
    while True:
        _, job = connection.call("GET", JOBS % "warmup" + "/warmup")
        if has_condition(job, "Succeeded"):
            return
        if time.monotonic() > end:
            raise RuntimeError("the first job did not succeed: %s" % job)
        time.sleep(0.2)


class Seen:
    """When each thing happened, as a client sees it."""

    def __init__(self, server):
        self.at = collections.defaultdict(dict)
        self.created_again = []
        self.uids = {}
        Watch(server, "/api/v1/namespaces/%s/pods" % NAMESPACE, self.on_pod)
        Watch(server, "/api/v1/namespaces/%s/services" % NAMESPACE, self.on_service)
        Watch(server, JOBS % NAMESPACE, self.on_job)
        time.sleep(1)

    def note(self, what, name):
        return self.at[what].setdefault(name, time.monotonic())

    def on_pod(self, kind, pod):
        name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
        if self.uids.setdefault(name, uid) != uid:
            self.created_again.append(name)
        self.note("pod", name)
        if kind == "DELETED":
            self.note("pod-deleted", name)

    def on_service(self, kind, service):
        self.note("service", service["metadata"]["name"])

    def on_job(self, kind, job):
        for condition in ("Succeeded", "Failed"):
            if has_condition(job, condition):
                self.note(condition, job["metadata"]["name"])

    def last(self, what, start):
        times = self.at[what].values()
        return round(max(times) - start, 2) if times else None


def burst(server, operator, servers, audit_log, jobs, workers=2, timeout=600):
    """`jobs` TFJobs of 2 + workers replicas at once. `operator` is the leader of its session."""
    wait_for_operator(server)
    time.sleep(5)
    seen = Seen(server)
    pods = jobs * (workers + 2)
    offset = os.path.getsize(audit_log)
    idle = memory_mib(session(operator), "VmRSS")
    cpu = cpu_seconds(session(operator))
    server_cpu = {name: cpu_seconds([pid]) for name, pid in servers.items()}
    names = ["job-%04d" % i for i in range(jobs)]
    sent = {}

    def submit(connection, name):
        sent[name] = time.monotonic()
        create(connection, JOBS % NAMESPACE, tfjob(name, workers))

    start = time.monotonic()
    in_parallel(server, names, submit)
    submitted = time.monotonic() - start
    quiet_since = None
    while time.monotonic() - start < timeout:
        ended = len(seen.at["Succeeded"]) + len(seen.at["Failed"])
        # The parameter servers go last.
        if ended >= jobs and len(seen.at["pod-deleted"]) >= jobs:
            quiet_since = quiet_since or time.monotonic()
            if time.monotonic() - quiet_since > 3:
                break
        time.sleep(0.02)
    used = cpu_seconds(session(operator)) - cpu
    server_used = {name: round(cpu_seconds([pid]) - server_cpu[name], 2) for name, pid in servers.items()}
    peak, rest = memory_mib(session(operator), "VmHWM"), memory_mib(session(operator), "VmRSS")
    time.sleep(0.5)
    requests, codes = count_requests(audit_log, offset, USER)
    by_job = collections.defaultdict(list)
    for what in ("pod", "service"):
        for name, at in seen.at[what].items():
            by_job[name.rsplit("-", 2)[0]].append(at)
    latencies = [max(by_job[name]) - sent[name] for name in names if len(by_job[name]) == 2 * (workers + 2)]
    created = max(seen.last("pod", start) or 0, seen.last("service", start) or 0)
    return {
        "jobs": jobs, "succeeded": len(seen.at["Succeeded"]), "failed": len(seen.at["Failed"]),
        "pods_wanted": pods, "pods_created": len(seen.at["pod"]), "services_created": len(seen.at["service"]),
        "pods_created_again": len(seen.created_again),
        "submitted_s": round(submitted, 2), "all_created_s": created,
        "jobs_per_s": round(jobs / created, 2) if created else None,
        "all_succeeded_s": seen.last("Succeeded", start),
        "job_created_p50_s": percentile(latencies, 0.5), "job_created_p99_s": percentile(latencies, 0.99),
        "operator_cpu_s": round(used, 2), "memory_idle_mib": round(idle, 1), "memory_peak_mib": round(peak, 1),
        "memory_end_mib": round(rest, 1), "requests_per_job": round(sum(requests.values()) / jobs, 2),
        "requests": dict(requests.most_common()), "codes": dict(codes), "server_cpu_s": server_used,
    }


def bare_loop(server, jobs, workers=2):
    """The same objects created by a bare loop: the rate that the API server takes.

    A TFJob each and its pods and Services, from as many connections as submit jobs elsewhere.
    """
    connection = server.connect()
    make_namespace(connection, "bare")
    names = ["job-%04d" % i for i in range(jobs)]

    def make(connection, name):
        create(connection, JOBS % "bare", tfjob(name, workers, "bare"))
        for kind, count in (("chief", 1), ("worker", workers), ("ps", 1)):
            for index in range(count):
                metadata = {"name": "%s-%s-%d" % (name, kind, index), "namespace": "bare"}
                labels = {"training.kubeflow.org/job-name": name, "training.kubeflow.org/replica-type": kind,
                          "training.kubeflow.org/replica-index": str(index)}
                metadata["labels"] = labels
                spec = dict(replica(1)["template"]["spec"], restartPolicy="Never")
                create(connection, "/api/v1/namespaces/bare/pods",
                       {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
                create(connection, "/api/v1/namespaces/bare/services",
                       {"apiVersion": "v1", "kind": "Service", "metadata": metadata,
                        "spec": {"clusterIP": "None", "selector": labels, "ports": [{"port": 2222}]}})

    start = time.monotonic()
    in_parallel(server, names, make)
    seconds = time.monotonic() - start
    return {"jobs": jobs, "seconds": round(seconds, 2), "jobs_per_s": round(jobs / seconds, 2)}


def latency(server, rounds=100):
    """From `create` to the first pod, one job at a time on an idle cluster."""
    wait_for_operator(server)
    time.sleep(2)
    seen = Seen(server)
    connection = server.connect()
    times = []
    for i in range(rounds):
        name = "single-%03d" % i
        job = tfjob(name, 0)
        del job["spec"]["tfReplicaSpecs"]["Worker"], job["spec"]["tfReplicaSpecs"]["PS"]
        sent = time.monotonic()
        create(connection, JOBS % NAMESPACE, job)
        pod = name + "-chief-0"
        end = sent + 30
        while pod not in seen.at["pod"] and time.monotonic() < end:
            time.sleep(0.0005)
        times.append((seen.at["pod"][pod] - sent) * 1000)
        time.sleep(0.05)
    return {"rounds": rounds, "first_pod_p50_ms": round(percentile(times, 0.5), 1),
            "first_pod_p99_ms": round(percentile(times, 0.99), 1)}


def finished_job(name):
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    conditions = [{"type": kind, "status": status, "reason": "TFJob" + kind, "message": "TFJob %s" % kind.lower(),
                   "lastUpdateTime": now, "lastTransitionTime": now}
                  for kind, status in (("Created", "True"), ("Running", "False"), ("Succeeded", "True"))]
    status = {"conditions": conditions, "startTime": now, "completionTime": now,
              "replicaStatuses": {"Chief": {"succeeded": 1}, "Worker": {"succeeded": 2}, "PS": {"succeeded": 1}}}
    return dict(tfjob(name, 2), status=status)


def fill(server, jobs):
    """TFJobs that ended an hour ago, put there while no operator runs."""
    make_namespace(server.connect(), NAMESPACE)

    def put(connection, name):
        job = finished_job(name)
        create(connection, JOBS % NAMESPACE, job)
        status, answer = connection.call("PATCH", JOBS % NAMESPACE + "/%s/status" % name, {"status": job["status"]},
                                         "application/merge-patch+json")
        if status != 200:
            raise RuntimeError("status of %s: %s %s" % (name, status, answer))

    in_parallel(server, ["old-%05d" % i for i in range(jobs)], put)


def at_rest(operator, jobs, settle=20, seconds=60):
    """CPU and memory of an operator that has nothing to do among `jobs` ended ones."""
    time.sleep(settle)
    cpu = cpu_seconds(session(operator))
    start = time.monotonic()
    time.sleep(seconds)
    used = cpu_seconds(session(operator)) - cpu
    return {"finished_jobs": jobs, "cpu_percent": round(100 * used / (time.monotonic() - start), 2),
            "cpu_to_start_s": round(cpu, 2),
            "memory_mib": round(memory_mib(session(operator), "VmRSS"), 1),
            "memory_peak_mib": round(memory_mib(session(operator), "VmHWM"), 1)}
