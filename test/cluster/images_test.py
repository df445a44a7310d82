#!/usr/bin/env python3
"""Our programs run as images on a node: the operator as deploy/ has it, and a short training."""

import json

import harness
import images
from tfjobs import Jobs, replica, tfjob

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}


class ImagesTest(harness.ClusterTest):
    nodes = 1
    with_operator = False

    def test_digits_trains_in_a_pod(self):
        namespace = self.make_namespace()
        container = {
            "name": "tensorflow",
            "image": images.digits(self.cluster),
            "args": ["--max_steps=20", "--model_dir=/out/model", "--eval_steps=1"],
            "env": [{"name": "TRAINYARD_DATA", "value": "/data"}],
            "volumeMounts": [
                {"name": "data", "mountPath": "/data", "readOnly": True},
                {"name": "out", "mountPath": "/out"},
            ],
            "securityContext": RESTRICTED,
        }
        spec = {
            "restartPolicy": "Never",
            "containers": [container],
            "securityContext": {"runAsUser": 65532, "runAsNonRoot": True},
            "volumes": [
                {"name": "data", "hostPath": {"path": str(images.data_dir())}},
                {"name": "out", "emptyDir": {}},
            ],
        }
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "digits"}, "spec": spec}
        self.cluster.kubectl("-n", namespace, "create", "-f", "-", stdin=json.dumps(pod))

        def phase():
            found = self.cluster.get("pod", "digits", namespace)["status"].get("phase")
            return found if found in ("Succeeded", "Failed") else None

        ended = self.wait_for(phase, 120)
        log = self.cluster.kubectl("-n", namespace, "logs", "digits")
        self.assertEqual(ended, "Succeeded", log)
        self.assertIn("20", log)

    def test_the_operator_runs_as_deployed(self):
        images.operator(self.cluster)
        self.cluster.kubectl("apply", "--server-side", "-k", harness.ROOT / "deploy")
        words = ["-n", "trainyard-system", "rollout", "status", "deployment/trainyard-operator"]
        self.cluster.kubectl(*words, "--timeout=60s", timeout=90)
        # One of the two leads.
        lease = self.wait_for(lambda: self.cluster.get("leases", namespace="trainyard-system"), 20)
        self.assertTrue(lease[0]["spec"]["holderIdentity"].startswith("trainyard-operator-"))
        namespace = self.make_namespace()
        jobs = Jobs(self.cluster, namespace)
        jobs.create(tfjob("a", Worker=replica(1, "echo done")))
        jobs.wait("a", "Succeeded")
        events = self.wait_for(lambda: jobs.events("a"), 10)
        self.assertIn("SuccessfulCreatePod", [reason for reason, _ in events])


if __name__ == "__main__":
    harness.main()
