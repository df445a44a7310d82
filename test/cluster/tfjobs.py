"""TFJobs for the scenarios: small programs of a shell, and what is to be seen of them."""

import json

BUSYBOX = "localhost/busybox:test"


def replica(count, script, policy="Never", **pod):
    """A replica type whose container runs a script of the shell."""
    container = {"name": "tensorflow", "image": BUSYBOX, "command": ["sh", "-c", script]}
    container.update(pod.pop("container", {}))
    spec = {"containers": [container] + pod.pop("sidecars", []), "terminationGracePeriodSeconds": 1}
    spec.update(pod)
    return {"replicas": count, "restartPolicy": policy, "template": {"spec": spec}}


def tfjob(name, version="v1", annotations=None, spec=None, **types):
    """tfjob("a", Chief=replica(1, "true"), spec={"runPolicy": {...}})"""
    body = dict(spec or {})
    body["tfReplicaSpecs"] = types
    metadata = {"name": name}
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": "kubeflow.org/" + version, "kind": "TFJob", "metadata": metadata, "spec": body}


class Jobs:
    """What one namespace shows of its TFJobs."""

    def __init__(self, cluster, namespace):
        self.cluster, self.namespace = cluster, namespace

    def kubectl(self, *args, **options):
        return self.cluster.kubectl("-n", self.namespace, *args, **options)

    def create(self, *objects):
        for body in objects:
            self.kubectl("create", "-f", "-", stdin=json.dumps(body))

    def get(self, kind, name):
        """The object, or None."""
        text = self.kubectl("get", kind, name, "-o", "json", "--ignore-not-found")
        return json.loads(text) if text.strip() else None

    def job(self, name):
        return self.get("tfjobs.v1.kubeflow.org", name)

    def conditions(self, name):
        job = self.job(name) or {}
        return {c["type"]: c for c in job.get("status", {}).get("conditions", [])}

    def is_in(self, name, condition):
        return self.conditions(name).get(condition, {}).get("status") == "True"

    def wait(self, name, condition, timeout=60):
        self.cluster.wait_for(lambda: self.is_in(name, condition), timeout,
                              lambda: "%s is not %s: %s" % (name, condition, self.state(name)))

    def pods(self, name):
        """Pods of a job by replica, such as worker-0."""
        text = self.kubectl("get", "pods", "-l", "training.kubeflow.org/job-name=" + name, "-o", "json")
        return {p["metadata"]["name"][len(name) + 1:]: p for p in json.loads(text)["items"]}

    def phases(self, name):
        return {replica: pod["status"].get("phase") for replica, pod in self.pods(name).items()}

    def services(self, name):
        text = self.kubectl("get", "services", "-l", "training.kubeflow.org/job-name=" + name, "-o", "json")
        return sorted(s["metadata"]["name"][len(name) + 1:] for s in json.loads(text)["items"])

    def events(self, name):
        """(reason, message) of every event about the job."""
        text = self.kubectl("get", "events", "--field-selector", "involvedObject.name=" + name, "-o", "json")
        return [(e["reason"], e.get("message", "")) for e in json.loads(text)["items"]]

    def log(self, name, replica, *args):
        return self.kubectl("logs", "%s-%s" % (name, replica), "-c", "tensorflow", *args)

    def restarts(self, name):
        memory = (self.job(name) or {}).get("status", {}).get("trainyard", {})
        return sum(entry.get("restarts", 0) * (entry["to"] - entry["from"] + 1)
                   for entry in memory.get("replicas", []))

    def state(self, name):
        """For messages of a test that has failed."""
        job = self.job(name) or {}
        return json.dumps({"status": job.get("status"), "pods": self.phases(name), "events": self.events(name)},
                          indent=1)
