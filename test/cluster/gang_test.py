#!/usr/bin/env python3
"""Gang scheduling: the operator's side of it. The group is admitted by the test, which plays Volcano."""

import json

import harness
from tfjobs import Jobs, replica, tfjob

POD_GROUPS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "podgroups.scheduling.volcano.sh"},
    "spec": {
        "group": "scheduling.volcano.sh",
        "scope": "Namespaced",
        "names": {"kind": "PodGroup", "plural": "podgroups", "singular": "podgroup"},
        "versions": [{
            "name": "v1beta1", "served": True, "storage": True, "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
        }],
    },
}  # fmt: skip


class GangTest(harness.ClusterTest):
    """The control plane alone: pods are created, and nothing runs them."""

    operator_flags = ["--gang-scheduler-name=volcano"]

    def test_pods_wait_for_their_group(self):
        jobs = Jobs(self.cluster, self.make_namespace())
        jobs.create(tfjob("a", Worker=replica(2, "true"), PS=replica(1, "true"),
                          spec={"runPolicy": {"schedulingPolicy": {"minAvailable": 2, "queue": "team"}}}))  # fmt: skip
        # Without the CRD the operator lives, and the job says what is missing.
        self.wait_for(lambda: any(reason == "FailedCreatePodGroup" and "CRD installed?" in message
                                  for reason, message in jobs.events("a")), 20)  # fmt: skip
        self.assertTrue(self.operator.is_running())
        self.assertEqual(jobs.pods("a"), {})

        self.cluster.apply(POD_GROUPS)
        group = self.wait_for(lambda: jobs.get("podgroups", "a"), 60)
        self.assertEqual(group["spec"]["minMember"], 2)
        self.assertEqual(group["spec"]["queue"], "team")
        self.assertEqual(jobs.pods("a"), {})

        admitted = json.dumps({"status": {"phase": "Inqueue"}})
        jobs.kubectl("patch", "podgroup", "a", "--subresource=status", "--type=merge", "-p", admitted)
        self.wait_for(lambda: set(jobs.pods("a")) == {"ps-0", "worker-0", "worker-1"}, 20)
        pod = jobs.pods("a")["worker-1"]
        self.assertEqual(pod["spec"]["schedulerName"], "volcano")
        self.assertEqual(pod["metadata"]["annotations"]["scheduling.k8s.io/group-name"], "a")

        jobs.kubectl("patch", "tfjob", "a", "--type=merge", "-p", '{"spec":{"runPolicy":{"suspend":true}}}')
        self.wait_for(lambda: jobs.get("podgroups", "a") is None, 20)
        self.wait_for(lambda: jobs.pods("a") == {}, 20)


if __name__ == "__main__":
    harness.main()
