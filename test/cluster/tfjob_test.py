#!/usr/bin/env python3
"""The behaviour of TFJobs, row by row, with our operator in a real cluster of one node."""

import json
import time
import unittest

import harness
from tfjobs import BUSYBOX, Jobs, replica, tfjob

SLEEP = "trap 'exit 0' TERM; while :; do sleep 0.1; done"
FOREVER = "while :; do sleep 0.1; done"


class TFJobTest(harness.ClusterTest):
    """One cluster and operator for all tests; a namespace of its own for each."""

    nodes = 1
    operator_flags = ["--evaluator-grace=5"]

    def setUp(self):
        self.jobs = Jobs(self.cluster, self.make_namespace())

    # --- success ---

    def test_the_chief_decides_and_servers_are_stopped(self):
        self.jobs.create(tfjob("a", Chief=replica(1, "sleep 4"), Worker=replica(2, "sleep 1"), PS=replica(1, SLEEP),
                               spec={"runPolicy": {"cleanPodPolicy": "Running"}}))
        self.jobs.wait("a", "Running")
        self.jobs.wait("a", "Succeeded")
        self.wait_for(lambda: set(self.jobs.pods("a")) == {"chief-0", "worker-0", "worker-1"}, 30)
        self.wait_for(lambda: self.jobs.services("a") == [], 30)
        status = self.jobs.job("a")["status"]
        self.assertEqual({kind: counts.get("succeeded") for kind, counts in status["replicaStatuses"].items()},
                         {"Chief": 1, "Worker": 2, "PS": 1})
        self.assertTrue(status["startTime"] and status["completionTime"])
        self.assertEqual(self.jobs.conditions("a")["Running"]["status"], "False")
        reasons = [reason for reason, _ in self.jobs.events("a")]
        for reason in ("SuccessfulCreatePod", "TFJobSucceeded"):
            self.assertIn(reason, reasons)

    def test_policy_none_keeps_ended_pods_and_ends_servers_where_they_are(self):
        self.jobs.create(tfjob("a", Chief=replica(1, "echo done"), PS=replica(1, "echo served; " + FOREVER)))
        self.jobs.wait("a", "Succeeded")
        self.wait_for(lambda: self.jobs.phases("a") == {"chief-0": "Succeeded", "ps-0": "Failed"}, 40)
        self.assertIn("served", self.jobs.log("a", "ps-0"))
        self.assertTrue(self.jobs.is_in("a", "Succeeded"))
        self.wait_for(lambda: self.jobs.services("a") == [], 30)

    def test_policy_all_removes_every_pod(self):
        self.jobs.create(tfjob("a", Chief=replica(1, "true"), PS=replica(1, SLEEP),
                               spec={"runPolicy": {"cleanPodPolicy": "All"}}))
        self.jobs.wait("a", "Succeeded")
        self.wait_for(lambda: self.jobs.pods("a") == {} and self.jobs.services("a") == [], 40)

    def test_worker_zero_decides_without_a_chief(self):
        self.jobs.create(tfjob("a", Worker=replica(2, "[ $HOSTNAME = a-worker-0 ] || sleep 1000")))
        self.jobs.wait("a", "Succeeded")

    def test_all_workers_decide_if_asked(self):
        self.jobs.create(tfjob("a", Worker=replica(2, "[ $HOSTNAME = a-worker-0 ] || sleep 10"),
                               spec={"successPolicy": "AllWorkers"}))
        self.wait_for(lambda: self.jobs.phases("a").get("worker-0") == "Succeeded", 30)
        self.assertFalse(self.jobs.is_in("a", "Succeeded"))
        self.jobs.wait("a", "Succeeded")

    def test_a_sidecar_does_not_hold_up_the_end(self):
        sidecar = {"name": "proxy", "image": BUSYBOX, "command": ["sleep", "1000"]}
        self.jobs.create(tfjob("a", Worker=replica(1, "sleep 1", sidecars=[sidecar])))
        self.jobs.wait("a", "Succeeded")
        self.wait_for(lambda: self.jobs.phases("a")["worker-0"] != "Running", 40)

    # --- the cluster as the program sees it ---

    def test_replicas_find_each_other_by_the_names_of_tf_config(self):
        script = ("echo $TF_CONFIG; for p in a-ps-0 a-worker-0 a-worker-1; do for i in $(seq 100); do "
                  "ping -c 1 -W 1 $p.$NS.svc >/dev/null 2>&1 && break; sleep 0.2; done; "
                  "ping -c 1 $p.$NS.svc >/dev/null || exit 1; done; sleep 2")
        here = {"env": [{"name": "NS", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}]}
        self.jobs.create(tfjob("a", Worker=replica(2, script, container=here), PS=replica(1, SLEEP)))
        self.jobs.wait("a", "Succeeded", 90)
        config = json.loads(self.jobs.log("a", "worker-1").splitlines()[0])
        self.assertEqual(config["task"], {"type": "worker", "index": 1})
        self.assertEqual(config["environment"], "cloud")
        self.assertEqual(config["cluster"]["ps"], ["a-ps-0.%s.svc:2222" % self.jobs.namespace])

    def test_pods_carry_the_labels_of_the_python_sdk(self):
        self.jobs.create(tfjob("a", Worker=replica(1, "true"), PS=replica(1, SLEEP)))
        self.jobs.wait("a", "Succeeded")
        labels = self.jobs.pods("a")["worker-0"]["metadata"]["labels"]
        self.assertEqual(labels["training.kubeflow.org/job-role"], "master")
        self.assertEqual(labels["training.kubeflow.org/replica-type"], "worker")
        self.assertEqual(labels["training.kubeflow.org/replica-index"], "0")
        self.assertEqual(labels["training.kubeflow.org/operator-name"], "tfjob-controller")

    # --- restarts and failure ---

    def test_never_fails_the_job(self):
        self.jobs.create(tfjob("a", Worker=replica(1, "exit 3")))
        self.jobs.wait("a", "Failed")
        self.assertIn("has failed because 1 Worker replica(s) failed",
                      self.jobs.conditions("a")["Failed"]["message"])

    def test_on_failure_runs_again_in_place(self):
        script = "[ -e /data/x ] && exit 0; touch /data/x; exit 3"
        volume = {"volumes": [{"name": "d", "emptyDir": {}}],
                  "container": {"volumeMounts": [{"name": "d", "mountPath": "/data"}]}}
        self.jobs.create(tfjob("a", Worker=replica(1, script, "OnFailure", **volume)))
        self.jobs.wait("a", "Succeeded", 90)
        self.assertEqual(self.jobs.restarts("a"), 1)

    def test_exit_code_from_128_makes_a_new_pod(self):
        self.jobs.create(tfjob("a", Worker=replica(1, "[ $N = 1 ] || exit 137", "ExitCode", container={
            "env": [{"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['trainyard.dev/instance']"}}}]})))
        self.jobs.wait("a", "Succeeded")
        self.assertEqual(self.jobs.restarts("a"), 1)
        self.assertIn("TFJobRestarting", [reason for reason, _ in self.jobs.events("a")])

    def test_exit_code_below_128_fails_the_job(self):
        self.jobs.create(tfjob("a", Worker=replica(1, "exit 127", "ExitCode")))
        self.jobs.wait("a", "Failed")
        self.assertEqual(self.jobs.restarts("a"), 0)

    def test_backoff_limit_counts_new_pods(self):
        self.jobs.create(tfjob("a", Worker=replica(1, "exit 130", "ExitCode"),
                               spec={"runPolicy": {"backoffLimit": 2}}))
        self.jobs.wait("a", "Failed", 60)
        self.assertIn("backoff limit", self.jobs.conditions("a")["Failed"]["message"])

    # --- disruption ---

    def test_a_deleted_pod_is_replaced_and_the_job_goes_on(self):
        self.jobs.create(tfjob("a", Chief=replica(1, "sleep 20"), Worker=replica(1, SLEEP)))
        self.jobs.wait("a", "Running")
        first = self.jobs.pods("a")["worker-0"]["metadata"]["uid"]
        self.jobs.kubectl("delete", "pod", "a-worker-0", "--wait=false")
        self.wait_for(lambda: self.jobs.pods("a").get("worker-0", {}).get("metadata", {}).get("uid") not in
                      (None, first), 30)
        self.jobs.wait("a", "Succeeded")
        self.assertNotIn("Failed", self.jobs.conditions("a"))

    def test_pods_collected_after_success_do_not_run_again(self):
        self.jobs.create(tfjob("a", Chief=replica(1, "true"), Worker=replica(1, "true")))
        self.jobs.wait("a", "Succeeded")
        self.wait_for(lambda: set(self.jobs.phases("a").values()) == {"Succeeded"}, 30)
        self.jobs.kubectl("delete", "pods", "--all")
        time.sleep(3)
        self.assertEqual(self.jobs.pods("a"), {})
        self.assertTrue(self.jobs.is_in("a", "Succeeded"))

    def test_a_deleted_service_comes_back(self):
        self.jobs.create(tfjob("a", Worker=replica(1, SLEEP), PS=replica(1, SLEEP)))
        self.jobs.wait("a", "Running")
        self.jobs.kubectl("delete", "service", "a-ps-0")
        self.wait_for(lambda: self.jobs.services("a") == ["ps-0", "worker-0"], 20)

    # --- run policy ---

    def test_the_deadline_fires_on_a_quiet_job(self):
        self.jobs.create(tfjob("a", Worker=replica(1, SLEEP), spec={"runPolicy": {"activeDeadlineSeconds": 8}}))
        self.jobs.wait("a", "Running")
        self.jobs.wait("a", "Failed", 15)
        self.assertIn("active longer than specified deadline", self.jobs.conditions("a")["Failed"]["message"])
        self.wait_for(lambda: self.jobs.phases("a").get("worker-0") != "Running", 30)

    def test_an_ended_job_is_deleted_after_its_time(self):
        self.jobs.create(tfjob("a", Worker=replica(1, "true"), spec={"runPolicy": {"ttlSecondsAfterFinished": 2}}))
        self.wait_for(lambda: self.jobs.job("a") is None, 40)
        self.wait_for(lambda: self.jobs.pods("a") == {} and self.jobs.services("a") == [], 40)

    def test_suspend_and_resume(self):
        self.jobs.create(tfjob("a", Chief=replica(1, "sleep 12"), Worker=replica(1, "true"), PS=replica(1, SLEEP)))
        self.wait_for(lambda: self.jobs.phases("a").get("worker-0") == "Succeeded", 40)
        self.jobs.kubectl("patch", "tfjob", "a", "--type=merge", "-p", '{"spec":{"runPolicy":{"suspend":true}}}')
        self.jobs.wait("a", "Suspended")
        self.wait_for(lambda: self.jobs.pods("a") == {} and self.jobs.services("a") == [], 30)
        self.jobs.kubectl("patch", "tfjob", "a", "--type=merge", "-p", '{"spec":{"runPolicy":{"suspend":false}}}')
        self.jobs.wait("a", "Succeeded")
        # The worker had succeeded and is not run again.
        self.assertEqual(set(self.jobs.pods("a")), {"chief-0", "ps-0"})
        self.assertEqual([t for t in self.jobs.conditions("a") if t == "Suspended"], ["Suspended"])

    def test_a_job_created_suspended_waits(self):
        self.jobs.create(tfjob("a", Worker=replica(1, "true"), spec={"runPolicy": {"suspend": True}}))
        self.jobs.wait("a", "Suspended")
        self.assertEqual(self.jobs.pods("a"), {})
        self.assertNotIn("startTime", self.jobs.job("a")["status"])

    def test_another_controllers_job_is_left_alone(self):
        self.jobs.create(tfjob("a", Worker=replica(1, "true"),
                               spec={"runPolicy": {"managedBy": "kueue.x-k8s.io/multikueue"}}))
        time.sleep(2)
        self.assertNotIn("status", self.jobs.job("a"))
        self.assertEqual(self.jobs.pods("a"), {})

    def test_scaling_workers(self):
        self.jobs.create(tfjob("a", Worker=replica(1, SLEEP), PS=replica(1, SLEEP),
                               spec={"enableDynamicWorker": True}))
        self.jobs.wait("a", "Running")
        self.jobs.kubectl("scale", "tfjob", "a", "--replicas=3")
        self.wait_for(lambda: set(self.jobs.pods("a")) == {"ps-0", "worker-0", "worker-1", "worker-2"}, 30)
        self.jobs.kubectl("scale", "tfjob", "a", "--replicas=1")
        self.wait_for(lambda: set(self.jobs.pods("a")) == {"ps-0", "worker-0"}, 30)
        self.wait_for(lambda: self.jobs.services("a") == ["ps-0", "worker-0"], 30)
        self.assertFalse(self.jobs.is_in("a", "Failed"))

    def test_servers_start_first_if_asked(self):
        self.jobs.create(tfjob("a", annotations={"trainyard.dev/startup-order": "InOrder"},
                               Worker=replica(1, "true"), PS=replica(1, SLEEP)))
        self.jobs.wait("a", "Succeeded")
        pods = self.jobs.pods("a")
        started = pods["ps-0"]["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
        self.assertGreaterEqual(pods["worker-0"]["metadata"]["creationTimestamp"], started)

    # --- bad input ---

    def test_a_mistake_that_admission_cannot_see_fails_the_job_by_name(self):
        self.jobs.create(tfjob("a", annotations={"trainyard.dev/startup-order": "Backwards"},
                               Worker=replica(1, "true")))
        self.jobs.wait("a", "Failed")
        condition = self.jobs.conditions("a")["Failed"]
        self.assertEqual(condition["reason"], "InvalidTFJobSpec")
        self.assertIn("startup-order", condition["message"])
        self.assertEqual(self.jobs.pods("a"), {})

    def test_a_pod_that_cannot_start_is_explained_and_bounded(self):
        self.jobs.create(tfjob("a", annotations={"trainyard.dev/pending-timeout-seconds": "15"},
                               Worker=replica(1, "true", container={"image": "localhost/nosuch:1",
                                                                    "imagePullPolicy": "Never"})))
        self.jobs.wait("a", "Failed", 40)
        self.assertIn("ErrImageNeverPull", self.jobs.conditions("a")["Failed"]["message"])
        self.assertIn("ErrImageNeverPull", [reason for reason, _ in self.jobs.events("a")])

    # --- versions and names ---

    def test_every_older_version_runs(self):
        for version in ("v1beta2", "v1beta1", "v1alpha2"):
            name = "old-" + version
            self.jobs.create(tfjob(name, version, Worker=replica(1, "true"), PS=replica(1, SLEEP)))
            self.jobs.wait(name, "Succeeded")
            # Their default is Running.
            self.wait_for(lambda: set(self.jobs.pods(name)) == {"worker-0"}, 40)

    def test_the_first_version_runs(self):
        template = replica(1, "true")["template"]
        server = replica(1, SLEEP)["template"]
        self.jobs.create({"apiVersion": "kubeflow.org/v1alpha1", "kind": "TFJob", "metadata": {"name": "a"},
                          "spec": {"replicaSpecs": [
                              {"replicas": 1, "tfReplicaType": "MASTER", "template": template},
                              {"replicas": 1, "tfReplicaType": "PS", "template": server}]}})
        self.jobs.wait("a", "Succeeded")
        self.assertEqual(self.jobs.job("a")["status"]["phase"], "Done")
        self.wait_for(lambda: self.jobs.pods("a") == {}, 40)

    def test_a_name_can_be_used_again_at_once(self):
        job = tfjob("a", Worker=replica(1, SLEEP), PS=replica(1, SLEEP))
        self.jobs.create(job)
        self.jobs.wait("a", "Running")
        first = self.jobs.job("a")["metadata"]["uid"]
        self.jobs.kubectl("delete", "tfjob", "a")
        self.jobs.create(job)
        self.jobs.wait("a", "Running", 60)
        pods = self.jobs.pods("a")
        self.assertNotEqual(self.jobs.job("a")["metadata"]["uid"], first)
        self.assertEqual({p["metadata"]["ownerReferences"][0]["uid"] for p in pods.values()},
                         {self.jobs.job("a")["metadata"]["uid"]})

    def test_kubectl_can_wait_for_it(self):
        self.jobs.create(tfjob("a", Worker=replica(1, "true")))
        self.jobs.kubectl("wait", "--for=condition=Succeeded", "tfjob/a", "--timeout=30s")
        columns = self.jobs.kubectl("get", "tfjob", "a").splitlines()
        self.assertEqual(columns[0].split(), ["NAME", "STATE", "AGE"])
        self.assertEqual(columns[1].split()[:2], ["a", "Succeeded"])

    # --- an operator that is killed ---

    def test_an_operator_killed_at_any_moment_loses_nothing(self):
        names = ["kill-%d" % i for i in range(6)]
        for i, name in enumerate(names):
            self.jobs.create(tfjob(name, Chief=replica(1, "sleep 6"), PS=replica(1, SLEEP),
                                   Worker=replica(2, "[ $N != 0 ] || exit 130; sleep 2", "ExitCode", container={
                                       "env": [{"name": "N", "valueFrom": {"fieldRef": {
                                           "fieldPath": "metadata.labels['trainyard.dev/instance']"}}}]}),
                                   spec={"runPolicy": {"cleanPodPolicy": "Running"}}))
            time.sleep(0.13 * i)
            self.operator.kill()
            self.operator.start()
        for _ in range(8):
            time.sleep(0.7)
            self.operator.kill()
            self.operator.start()
        for name in names:
            self.jobs.wait(name, "Succeeded", 90)
            self.assertEqual(self.jobs.restarts(name), 2, self.jobs.state(name))
            self.wait_for(lambda: "ps-0" not in self.jobs.pods(name) and self.jobs.services(name) == [], 40)


if __name__ == "__main__":
    unittest.main(verbosity=2)
