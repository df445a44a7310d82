#!/usr/bin/env python3
"""Jobs go on when nodes, the API server or operators go away."""

import os
import pathlib
import re
import shutil
import signal
import tempfile
import time

import harness
from tfjobs import Jobs, replica, tfjob

FOREVER = "while :; do sleep 0.1; done"
LEASE_SECONDS = 15
INSTANCE = {"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['trainyard.dev/instance']"}}}
# A node that is drained or lost does not count, so that all may run on the other.
SPREAD = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule",
          "nodeTaintsPolicy": "Honor",
          "labelSelector": {"matchLabels": {"training.kubeflow.org/replica-type": "worker"}}}


class RecoveryTest(harness.ClusterTest):
    """Jobs whose chief ends when the test says so: files of a folder here are seen by all pods."""

    cluster_environment = {"TRAINYARD_K8S_NODE_GRACE": "6"}

    def setUp(self):
        self.jobs = Jobs(self.cluster, self.make_namespace())
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="trainyard-signs-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.folder.chmod(0o755)

    def tell(self, sign):
        (self.folder / sign).touch()

    def replica(self, count, script, policy="Never", **pod):
        """Its script may say `await SIGN`."""
        script = "await() { until [ -e /signs/$1 ]; do sleep 0.1; done; }; " + script
        container = {"volumeMounts": [{"name": "signs", "mountPath": "/signs"}], "env": [INSTANCE]}
        volume = {"name": "signs", "hostPath": {"path": str(self.folder)}}
        return replica(count, script, policy, container=container, volumes=[volume], **pod)

    def start(self, name, sign="end", **types):
        """The chief stays on node-1."""
        chief = self.replica(1, f"await {sign}", nodeSelector={"kubernetes.io/hostname": "node-1"})
        self.jobs.create(tfjob(name, Chief=chief, **types))

    def wait_for_replaced(self, name, which, uid, timeout):
        def pod():
            found = self.jobs.pods(name).get(which)
            return found and found["metadata"]["uid"] != uid and found["status"].get("phase") == "Running" and found

        return self.cluster.wait_for(pod, timeout, lambda: self.jobs.state(name))

    def check_success(self, *names):
        for name in names:
            self.jobs.wait(name, "Succeeded")
            self.assertNotIn("Failed", self.jobs.conditions(name))


class NodeTest(RecoveryTest):
    nodes = 2
    operator_flags = ["--lost-pod-timeout=5"]

    def start_on_two_nodes(self):
        """The name and uid of the worker that runs on node-2."""
        self.start("a", Worker=self.replica(2, FOREVER, topologySpreadConstraints=[SPREAD]))
        self.wait_for(lambda: list(self.jobs.phases("a").values()) == ["Running"] * 3, 40,
                      lambda: self.jobs.state("a"))
        [found] = [(which, pod["metadata"]["uid"]) for which, pod in self.jobs.pods("a").items()
                   if pod["spec"]["nodeName"] == "node-2"]
        return found

    def drain_node_2(self):
        self.addCleanup(self.cluster.kubectl, "uncordon", "node-2")
        self.cluster.kubectl("drain", "node-2", "--force", "--ignore-daemonsets", "--delete-emptydir-data",
                             "--timeout=40s")

    def test_a_drained_node(self):
        which, uid = self.start_on_two_nodes()
        self.drain_node_2()
        pod = self.wait_for_replaced("a", which, uid, 30)
        self.assertEqual(pod["spec"]["nodeName"], "node-1")
        self.tell("end")
        self.check_success("a")

    def test_a_drained_program_that_ends_with_0_has_not_done_its_work(self):
        preferred = {"weight": 100, "preference": {"matchExpressions": [
            {"key": "kubernetes.io/hostname", "operator": "In", "values": ["node-2"]}]}}
        affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [preferred]}}
        polite = self.replica(1, "trap 'exit 0' TERM; await end", affinity=affinity, terminationGracePeriodSeconds=10)
        self.jobs.create(tfjob("a", Chief=polite, Worker=polite, spec={"successPolicy": "AllWorkers"}))
        self.wait_for(lambda: list(self.jobs.phases("a").values()) == ["Running"] * 2, 40)
        uids = {which: pod["metadata"]["uid"] for which, pod in self.jobs.pods("a").items()
                if pod["spec"]["nodeName"] == "node-2"}
        self.assertEqual(set(uids), {"chief-0", "worker-0"})
        self.drain_node_2()
        for which, uid in uids.items():
            self.wait_for_replaced("a", which, uid, 30)
        self.assertFalse(self.jobs.is_in("a", "Succeeded"))
        self.tell("end")
        self.check_success("a")

    def test_a_lost_node(self):
        which, uid = self.start_on_two_nodes()
        self.addCleanup(self.cluster.sh, "node", "start", "node-2")
        self.cluster.sh("node", "kill", "node-2")
        self.check_node_2_is_given_up(which, uid)

    def test_a_node_that_is_cut_off_for_a_while(self):
        which, uid = self.start_on_two_nodes()
        self.addCleanup(self.wait_for, self.is_ready, 60)
        self.addCleanup(self.cluster.sh, "node", "thaw", "node-2")
        self.cluster.sh("node", "freeze", "node-2")
        self.check_node_2_is_given_up(which, uid)

    def is_ready(self):
        conditions = self.cluster.get("node", "node-2")["status"]["conditions"]
        return [c["status"] for c in conditions if c["type"] == "Ready"] == ["True"]

    def check_node_2_is_given_up(self, which, uid):
        pod = self.wait_for_replaced("a", which, uid, 90)
        self.assertEqual(pod["spec"]["nodeName"], "node-1")
        self.wait_for(lambda: "NodeLost" in [reason for reason, _ in self.jobs.events("a")], 10)
        self.tell("end")
        self.check_success("a")

    def test_a_lost_api_server(self):
        worker = self.replica(1, "[ $N != 0 ] || { await crash; exit 137; }; " + FOREVER, "ExitCode")
        self.start("ends-meanwhile", sign="end-at-once")
        self.start("crashes-meanwhile", Worker=worker)
        self.jobs.wait("ends-meanwhile", "Running")
        self.wait_for(lambda: self.jobs.phases("crashes-meanwhile").get("worker-0") == "Running", 30)
        uid = self.jobs.pods("crashes-meanwhile")["worker-0"]["metadata"]["uid"]
        self.kill_api_server()
        self.tell("end-at-once")
        self.tell("crash")
        time.sleep(3)
        self.cluster.sh("up", "--nodes", str(self.nodes))
        self.check_success("ends-meanwhile")
        self.wait_for_replaced("crashes-meanwhile", "worker-0", uid, 60)
        self.start("new")
        self.jobs.wait("new", "Running")
        self.tell("end")
        self.check_success("crashes-meanwhile", "new")
        self.assertTrue(self.operator.is_running())

    def kill_api_server(self):
        """With kill -9. The file has its pid and the time of its start."""
        pid = (self.cluster.state / "run/kube-apiserver.pid").read_text().split()[0]
        os.kill(int(pid), signal.SIGKILL)


class LeaderTest(RecoveryTest):
    """Two operators, of which one leads."""

    nodes = 1
    with_operator = False
    flags = ["--leader-elect", "--leader-election-namespace=default"]

    @classmethod
    def prepare(cls):
        cls.cluster.install_crd()
        cls.operators = [harness.Operator(cls.cluster, cls.flags, f"operator-{i}", i) for i in range(2)]
        for operator in cls.operators:
            cls.addClassCleanup(operator.kill)

    def setUp(self):
        super().setUp()
        for operator in self.operators:
            if not operator.is_running():
                operator.start()
            operator.wait_ready()

    def leads(self, operator):
        return 'leader_election_master_status{name="trainyard-operator"} 1' in operator.metrics()

    def leader_and_other(self):
        leaders = self.wait_for(lambda: [o for o in self.operators if self.leads(o)], 30)
        self.assertEqual(len(leaders), 1)
        return leaders[0], next(o for o in self.operators if o is not leaders[0])

    def check_holder(self, operator):
        """The Lease names it, and it knows."""
        holder = self.cluster.get("lease", "trainyard-operator")["spec"]["holderIdentity"]
        self.assertEqual(re.findall(r"the leader is (\S+)", operator.log())[-1], holder)

    def check_handover(self, end, seconds):
        leader, other = self.leader_and_other()
        self.check_holder(leader)
        self.start("a", Worker=self.replica(1, FOREVER))
        self.jobs.wait("a", "Running")
        self.wait_for(lambda: self.jobs.phases("a").get("worker-0") == "Running", 30)
        uid = self.jobs.pods("a")["worker-0"]["metadata"]["uid"]
        self.assertFalse(self.leads(other))
        begin = time.monotonic()
        end(leader)
        self.start("b")
        self.jobs.kubectl("delete", "pod", "a-worker-0", "--wait=false")
        harness.wait_for(lambda: self.leads(other), seconds, other.log)
        print(f"another leads after {time.monotonic() - begin:.1f} s", flush=True)
        self.check_holder(other)
        self.wait_for_replaced("a", "worker-0", uid, 30)
        self.jobs.wait("b", "Running")
        self.tell("end")
        self.check_success("a", "b")
        return leader

    def test_a_leader_that_is_stopped_hands_over(self):
        leader = self.check_handover(harness.Operator.stop, LEASE_SECONDS - 3)
        self.assertEqual(leader.process.returncode, 0)

    def test_a_leader_that_is_killed_is_replaced_after_the_lease(self):
        self.check_handover(harness.Operator.kill, LEASE_SECONDS + 45)

    def test_a_leader_that_was_frozen_knows_that_it_leads_no_more(self):
        leader = self.check_handover(lambda operator: operator.process.send_signal(signal.SIGSTOP), LEASE_SECONDS + 45)
        leader.process.send_signal(signal.SIGCONT)
        self.assertEqual(leader.process.wait(60), 1)
        self.assertIn("the lease is lost", leader.log())


if __name__ == "__main__":
    harness.main()
