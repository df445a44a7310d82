#!/usr/bin/env python3
"""What the API server makes of our resource and manifests: admission, versions, scaling, rights.

The control plane alone; no operator runs.
"""

import copy
import json

import harness
from harness import CommandError, ROOT
from tfjobs import replica

DEPLOY = ROOT / "deploy"
ACCOUNT = "system:serviceaccount:trainyard-system:trainyard-operator"
VERSIONS = ["v1", "v1beta2", "v1beta1", "v1alpha2", "v1alpha1"]


def job(name="a", version="v1", **spec):
    """job(Worker=replica(...)), or job(tfReplicaSpecs=...) or another whole spec."""
    types = {key: spec.pop(key) for key in list(spec) if key[0].isupper() and key != "RuntimeId"}
    if types:
        spec["tfReplicaSpecs"] = types
    return {
        "apiVersion": f"kubeflow.org/{version}",
        "kind": "TFJob",
        "metadata": {"name": name},
        "spec": spec,
    }


def worker(**changes):
    return {**replica(1, "true"), **changes}


def containers(*items):
    return {"template": {"spec": {"containers": list(items)}}}


def alpha(kind=None, count=1, **changes):
    item = {"replicas": count, "template": replica(1, "true")["template"], **changes}
    return {**item, "tfReplicaType": kind} if kind else item


def alpha_job(*items, **spec):
    return job(version="v1alpha1", replicaSpecs=list(items), **spec)


def policy(**values):
    return job(Worker=worker(), runPolicy=values)


def scheduling(**values):
    return policy(schedulingPolicy=values)


TENSORFLOW = {"name": "tensorflow", "image": "x"}
NAMED = "must have at least one container with name tensorflow"
UNKNOWN = "unknown replica type; expected Chief, Master, Worker, PS or Evaluator"
TWO_CHIEFS = "must not have more than 1 Chief or Master role"
NAME = "should match: [a-z]([-a-z0-9]*[a-z0-9])?"
LONG = "too long: a replica's name"

REFUSED = {
    "a name that starts with a digit": (job("1a", Worker=worker()), NAME),
    "a name with a dot": (job("a.b", Worker=worker()), NAME),
    "a name of 64 characters": (job("a" * 64, Worker=worker()), NAME),
    "a name too long for worker-0": (job("a" * 55, Worker=worker()), LONG),
    "a name too long for worker-10": (job("a" * 54, Worker=worker(replicas=11)), LONG),
    "a name too long for evaluator-0": (
        job("a" * 52, Worker=worker(), Evaluator=worker()),
        LONG,
    ),
    "no spec": ({**job(), "spec": None}, "spec"),
    "an empty spec": (job(), "spec.tfReplicaSpecs: Required value: must be required"),
    "no replica type": (job(tfReplicaSpecs={}), "spec.tfReplicaSpecs"),
    "replica specs that are null": (job(tfReplicaSpecs=None), "spec.tfReplicaSpecs"),
    "an unknown type": (job(Woker=worker()), UNKNOWN),
    "one type twice": (job(Worker=worker(), WORKER=worker()), "a second spec for the same"),
    "Chief beside Master": (job(Chief=worker(), Master=worker()), TWO_CHIEFS),
    "CHIEF beside MASTER": (job(CHIEF=worker(), MASTER=worker()), TWO_CHIEFS),
    "-1 replicas": (job(Worker=worker(replicas=-1)), "greater than or equal to 0"),
    "10001 replicas": (job(Worker=worker(replicas=10001)), "less than or equal to 10000"),
    "replicas as text": (job(Worker=worker(replicas="2")), "must be of type integer"),
    "an unknown restartPolicy": (
        job(Worker=worker(restartPolicy="Sometimes")),
        'supported values: "Always", "OnFailure", "Never", "ExitCode"',
    ),
    "a replica without a template": (job(Worker={"replicas": 1}), "must be specified"),
    "no containers": (job(Worker={"template": {"spec": {}}}), "must be specified"),
    "empty containers": (job(Worker=containers()), "must be specified"),
    "another container's name": (job(Worker=containers({"name": "main", "image": "x"})), NAMED),
    "a container without an image": (
        job(Worker=containers({"name": "tensorflow"})),
        "containers[0].image: Required value: must be required",
    ),
    "an empty image": (
        job(Worker=containers({"name": "tensorflow", "image": ""})),
        "containers[0].image: Required value: must be required",
    ),
    "a sidecar without an image": (
        job(Worker=containers(TENSORFLOW, {"name": "side"})),
        "must be required",
    ),
    "a container without a name": (
        job(Worker=containers(TENSORFLOW, {"image": "x"})),
        "containers[1].name: Required value",
    ),
    "two containers of a name": (job(Worker=containers(TENSORFLOW, TENSORFLOW)), "Duplicate value"),
    "an unknown field": (job(Worker=worker(), runpolicy={}), 'unknown field "spec.runpolicy"'),
    "an unknown cleanPodPolicy": (
        policy(cleanPodPolicy="Some"),
        'supported values: "All", "Running", "None"',
    ),
    "an unknown successPolicy": (
        job(Worker=worker(), successPolicy="Any"),
        'supported values: "", "AllWorkers"',
    ),
    "a negative backoffLimit": (policy(backoffLimit=-1), "greater than or equal to 0"),
    "a negative deadline": (policy(activeDeadlineSeconds=-1), "greater than or equal to 0"),
    "a negative time to live": (policy(ttlSecondsAfterFinished=-1), "greater than or equal to 0"),
    "a negative minAvailable": (scheduling(minAvailable=-1), "greater than or equal to 0"),
    "a quantity that is none": (scheduling(minResources={"cpu": "two"}), "should match"),
    "another manager": (
        policy(managedBy="example.org/me"),
        '"kubeflow.org/training-operator", "kueue.x-k8s.io/multikueue"',
    ),
    "flat fields beside runPolicy": (
        job(Worker=worker(), runPolicy={}, backoffLimit=2),
        "stands beside spec.runPolicy; move it there",
    ),
    "two shapes at once": (
        job(Worker=worker(), replicaSpecs=[alpha()]),
        "not beside tfReplicaSpecs",
    ),
    "v1beta2 with runPolicy": (
        job(version="v1beta2", Worker=worker(), runPolicy={}),
        "write it through kubeflow.org/v1",
    ),
    "v1beta1 without an image": (
        job(version="v1beta1", Worker=containers({"name": "tensorflow"})),
        "must be required",
    ),
    "v1alpha2 with an unknown type": (job(version="v1alpha2", Woker=worker()), UNKNOWN),
    "v1alpha1 with tfReplicaSpecs": (job(version="v1alpha1", Worker=worker()), "must be required"),
    "v1alpha1: two masters": (alpha_job(alpha(count=2)), "The MASTER must have Replicas = 1"),
    "v1alpha1: no master": (
        alpha_job(alpha("WORKER")),
        "Missing ReplicaSpec for chief: MASTER",
    ),
    "v1alpha1: a type twice": (alpha_job(alpha(), alpha("MASTER")), "a second spec for the same"),
    "v1alpha1: a type in lower case": (
        alpha_job(alpha("master")),
        'supported values: "MASTER", "WORKER", "PS"',
    ),
    "v1alpha1: another chief": (
        alpha_job(alpha(), alpha("PS"), terminationPolicy={"chief": {"replicaName": "PS"}}),
        "expected MASTER 0, or WORKER 0 in a job without MASTER",
    ),
    "v1alpha1: a port that is none": (alpha_job(alpha(tfPort=70000)), "less than or equal to"),
    "v1alpha1: no tensorflow": (
        alpha_job({"template": {"spec": {"containers": [{"name": "x", "image": "y"}]}}}),
        NAMED,
    ),
    "v1alpha1: a long name": (
        {**alpha_job(alpha()), "metadata": {"name": "a" * 55}},
        LONG,
    ),
}

ACCEPTED = {
    "the longest name": job("a" * 54, Worker=worker(replicas=10)),
    "every type": job(PS=worker(), Worker=worker(), Chief=worker(), Evaluator=worker()),
    "any letter case": job(
        tfReplicaSpecs=dict.fromkeys(["ps", "WORKER", "master", "eValuator"], worker())
    ),
    "0 replicas": job(Worker=worker(replicas=0)),
    "several chiefs, as in v1": job(Chief=worker(replicas=2)),
    "a sidecar": job(Worker=containers({"name": "side", "image": "x"}, TENSORFLOW)),
    "a template as Go writes it": job(
        Worker={
            "template": {
                "metadata": {"creationTimestamp": None, "labels": {"a": "b"}},
                "spec": {"containers": [{**TENSORFLOW, "resources": {}}], "futureField": {"x": 1}},
            }
        }
    ),
    "every policy": policy(
        cleanPodPolicy="All",
        ttlSecondsAfterFinished=0,
        activeDeadlineSeconds=2**40,
        backoffLimit=3,
        suspend=True,
        managedBy="kubeflow.org/training-operator",
        schedulingPolicy={
            "minAvailable": 2,
            "queue": "default",
            "minResources": {"cpu": 2, "memory": "1.5Gi", "nvidia.com/gpu": "1"},
            "priorityClass": "high",
            "scheduleTimeoutSeconds": 60,
        },
    ),
    "flat fields": job(
        Worker=worker(),
        cleanPodPolicy="None",
        ttlSecondsAfterFinished=9,
        activeDeadlineSeconds=9,
        backoffLimit=9,
    ),
    "elastic": job(Worker=worker(), enableDynamicWorker=True, successPolicy="AllWorkers"),
    "v1alpha1 as in the workshops of 2018": alpha_job(
        alpha("MASTER"), alpha("WORKER", 2), alpha("PS", tfPort=2223)
    ),
    "v1alpha1 that worker 0 ends": alpha_job(
        alpha("WORKER", 2),
        tfImage="tensorflow/tensorflow:1.3.0",
        RuntimeId="ab12",
        schedulerName="",
        cleanupPodPolicy="Running",
        terminationPolicy={"chief": {"replicaName": "WORKER", "replicaIndex": 0}},
    ),
    "the shape of v1alpha1 through v1": job(replicaSpecs=[alpha("MASTER")]),
}


class CrdTest(harness.ClusterTest):
    with_operator = False

    @classmethod
    def prepare(cls):
        # The way into a cluster; the second time nothing changes.
        for _ in range(2):
            cls.cluster.kubectl("apply", "--server-side", "-k", DEPLOY)
        cls.cluster.wait_for_crd("tfjobs.kubeflow.org")

    def setUp(self):
        self.namespace = self.make_namespace()

    def kubectl(self, *words, **options):
        return self.cluster.kubectl("-n", self.namespace, *words, **options)

    def create(self, body, *words):
        self.kubectl("create", "-f", "-", *words, stdin=json.dumps(body))

    def refusal(self, *words, **options):
        """What the API server says against it; "" if nothing."""
        try:
            self.kubectl(*words, **options)
        except CommandError as error:
            return error.output
        return ""

    def stored(self, name="a", version="v1"):
        return self.cluster.get(f"tfjobs.{version}.kubeflow.org", name, self.namespace)

    def patch(self, body, name="a", version="v1", *words):
        self.kubectl(*self.patch_words(body, name, version), *words)

    @staticmethod
    def patch_words(body, name="a", version="v1"):
        kind = f"tfjobs.{version}.kubeflow.org"
        return "patch", kind, name, "--type=merge", "-p", json.dumps(body)

    # --- admission ---

    def test_what_cannot_run_is_refused_with_its_reason(self):
        for what, (body, text) in REFUSED.items():
            with self.subTest(what):
                said = self.refusal(
                    "create", "--dry-run=server", "-f", "-", stdin=json.dumps(body)
                )
                self.assertIn(text, said)

    def test_what_can_run_is_accepted(self):
        for what, body in ACCEPTED.items():
            with self.subTest(what):
                self.create(body, "--dry-run=server")

    def test_managed_by_and_queue_never_change(self):
        self.create(
            job(
                Worker=worker(),
                runPolicy={
                    "managedBy": "kueue.x-k8s.io/multikueue",
                    "schedulingPolicy": {"queue": "one"},
                },
            )
        )
        for other in ("kubeflow.org/training-operator", None):
            with self.subTest(managedBy=other):
                change = {"spec": {"runPolicy": {"managedBy": other}}}
                said = self.refusal(*self.patch_words(change))
                self.assertIn("spec.runPolicy.managedBy: field is immutable", said)
        change = {"spec": {"runPolicy": {"schedulingPolicy": {"queue": "two"}}}}
        said = self.refusal(*self.patch_words(change))
        self.assertIn("spec.runPolicy.schedulingPolicy.queue is immutable", said)
        self.patch({"spec": {"runPolicy": {"suspend": True}}})

    def test_managed_by_is_not_added_later(self):
        self.create(job(Worker=worker()))
        change = {"spec": {"runPolicy": {"managedBy": "kueue.x-k8s.io/multikueue"}}}
        self.assertIn("field is immutable", self.refusal(*self.patch_words(change)))

    def test_scaling_past_a_name_is_refused(self):
        name = "a" * 54
        self.create(job(name, Worker=worker()))
        self.kubectl("scale", "tfjob", name, "--replicas=10")
        self.assertIn(LONG, self.refusal("scale", "tfjob", name, "--replicas=11"))

    def test_jobs_that_another_operator_let_in_can_still_be_told_failed(self):
        """What was stored before this resource came, and its rules do not like."""
        crd = self.cluster.get("crd", "tfjobs.kubeflow.org")
        anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        lax = {"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}}
        lax["schema"] = {"openAPIV3Schema": anything}
        versions = crd["spec"]["versions"]
        try:
            self.set_versions([lax, *versions[1:]])
            bad = job("a" * 60, Woker=worker(replicas=-1, restartPolicy="Sometimes"))
            text = json.dumps(bad)
            self.wait_for(lambda: not self.refusal("apply", "-f", "-", stdin=text), 20)
        finally:
            self.set_versions(versions)
        again = ["create", "--dry-run=server", "-f", "-"]
        text = json.dumps(job("b"))
        self.wait_for(lambda: self.refusal(*again, stdin=text), 20)
        failed = {"type": "Failed", "status": "True", "reason": "InvalidTFJobSpec", "message": ""}
        self.patch({"status": {"conditions": [failed]}}, "a" * 60, "v1", "--subresource=status")
        self.assertEqual(self.stored("a" * 60)["status"]["conditions"][0]["type"], "Failed")

    def set_versions(self, versions):
        body = json.dumps([{"op": "replace", "path": "/spec/versions", "value": versions}])
        self.cluster.kubectl("patch", "crd", "tfjobs.kubeflow.org", "--type=json", "-p", body)

    # --- versions ---

    def test_every_version_is_kept_as_it_was_written(self):
        for version in VERSIONS:
            with self.subTest(version):
                body = alpha_job(alpha("MASTER"), alpha("PS", 2, tfPort=1), tfImage="x")
                if version != "v1alpha1":
                    body = job(PS=worker(), Worker=worker(), cleanPodPolicy="All", backoffLimit=1)
                body["apiVersion"] = f"kubeflow.org/{version}"
                body["metadata"]["name"] = f"as-{version}"
                self.create(body)
                for other in VERSIONS:
                    spec = self.stored(f"as-{version}", other)["spec"]
                    self.assertEqual(spec, body["spec"], other)

    def test_v1_is_unchanged_and_reads_whole_through_older_versions(self):
        body = copy.deepcopy(ACCEPTED["every policy"])
        body["spec"]["enableDynamicWorker"] = True
        self.create(body)
        for version in VERSIONS:
            self.assertEqual(self.stored("a", version)["spec"], body["spec"], version)

    def test_older_versions_clean_up_what_runs_by_default(self):
        for version in VERSIONS[1:4]:
            self.create(job(version, version, Worker=worker()))
            self.assertEqual(self.stored(version)["spec"]["cleanPodPolicy"], "Running")
        self.create(job(Worker=worker()))
        self.assertEqual(set(self.stored()["spec"]), {"tfReplicaSpecs"})

    def test_a_job_of_v1_is_not_changed_through_an_older_version(self):
        self.create(policy(backoffLimit=2))
        change = {"spec": {"tfReplicaSpecs": {"Worker": {"replicas": 3}}}}
        said = self.refusal(*self.patch_words(change, version="v1beta2"))
        self.assertIn("write it through kubeflow.org/v1", said)

    def test_status_is_written_through_v1_whatever_the_version(self):
        status = {
            "conditions": [{"type": "Created", "status": "True", "reason": "TFJobCreated"}],
            "replicaStatuses": {"Worker": {"active": 1}},
            "startTime": "2020-01-02T03:04:05Z",
            "phase": "Running",
            "trainyard": {"replicas": [{"type": "worker", "from": 0}]},
            "later": {"x": [1]},
        }
        for version in VERSIONS:
            with self.subTest(version):
                body = alpha_job(alpha()) if version == "v1alpha1" else job(Worker=worker())
                body["apiVersion"] = f"kubeflow.org/{version}"
                body["metadata"]["name"] = version
                self.create({**body, "status": {"phase": "Done"}})
                self.assertNotIn("status", self.stored(version))
                before = self.stored(version)["metadata"]["generation"]
                self.patch({"status": status}, version, "v1", "--subresource=status")
                for other in VERSIONS:
                    self.assertEqual(self.stored(version, other)["status"], status, other)
                self.assertEqual(self.stored(version)["metadata"]["generation"], before)

    def test_kubectl_shows_and_explains_it(self):
        self.create(job(Worker=worker()))
        created = {"type": "Created", "status": "True"}
        self.patch({"status": {"conditions": [created]}}, "a", "v1", "--subresource=status")
        lines = self.kubectl("get", "tfjobs").splitlines()
        self.assertEqual(lines[0].split(), ["NAME", "STATE", "AGE"])
        self.assertEqual(lines[1].split()[:2], ["a", "Created"])
        wide = self.kubectl("get", "tfjobs", "-o", "wide").splitlines()[0].split()
        self.assertEqual(wide[:3], ["NAME", "STATE", "AGE"])
        self.assertIn("WORKERS", wide)
        self.assertIn("immutable", self.kubectl("explain", "tfjob.spec.runPolicy"))

    # --- scale ---

    def test_the_scale_subresource_is_about_the_workers(self):
        self.create(job(Worker=worker(replicas=2), PS=worker()))
        counts = {"Worker": {"active": 2, "selector": "training.kubeflow.org/job-name=a"}}
        self.patch({"status": {"replicaStatuses": counts}}, "a", "v1", "--subresource=status")
        path = f"/apis/kubeflow.org/v1/namespaces/{self.namespace}/tfjobs/a/scale"
        scale = json.loads(self.kubectl("get", "--raw", path))
        self.assertEqual(scale["spec"], {"replicas": 2})
        self.assertEqual(
            scale["status"], {"replicas": 2, "selector": "training.kubeflow.org/job-name=a"}
        )
        self.kubectl("scale", "tfjob", "a", "--replicas=5")
        specs = self.stored()["spec"]["tfReplicaSpecs"]
        counts = {kind: spec["replicas"] for kind, spec in specs.items()}
        self.assertEqual(counts, {"Worker": 5, "PS": 1})

    # --- apply ---

    def test_client_side_and_server_side_apply(self):
        for flags in ([], ["--server-side"]):
            with self.subTest(flags=flags):
                body = job("c" if flags else "s", Worker=worker())
                for replicas in (1, 2, 2):
                    body["spec"]["tfReplicaSpecs"]["Worker"]["replicas"] = replicas
                    said = self.kubectl("apply", *flags, "-f", "-", stdin=json.dumps(body))
                name = body["metadata"]["name"]
                self.assertEqual(self.stored(name)["spec"], body["spec"])
                if not flags:
                    self.assertIn("unchanged", said)

    def test_two_managers_may_own_different_containers(self):
        self.create(job(Worker=containers(TENSORFLOW)))
        side = job(Worker=containers({"name": "side", "image": "y"}))
        words = ["apply", "--server-side", "--field-manager=other", "-f", "-"]
        self.kubectl(*words, stdin=json.dumps(side))
        pod = self.stored()["spec"]["tfReplicaSpecs"]["Worker"]["template"]["spec"]
        self.assertEqual([c["name"] for c in pod["containers"]], ["tensorflow", "side"])

    def test_the_resource_is_small_enough_for_client_side_apply(self):
        self.cluster.kubectl("apply", "--dry-run=server", "-f", harness.CRD)
        self.assertLess(harness.CRD.stat().st_size, 64 * 1024)


class RightsTest(harness.ClusterTest):
    with_operator = False

    @classmethod
    def prepare(cls):
        cls.cluster.kubectl("apply", "-k", DEPLOY)  # client-side does as well
        cls.cluster.kubectl("apply", "-k", DEPLOY)
        for group in ("scheduling.volcano.sh", "scheduling.x-k8s.io"):
            cls.cluster.apply(pod_group_resource(group))

    def can(self, verb, resource, *words, who=ACCOUNT, namespace="default"):
        try:
            self.cluster.kubectl(
                "-n", namespace, "auth", "can-i", verb, resource, f"--as={who}", "-q", *words
            )
            return True
        except CommandError:
            return False

    def check(self, wanted, table, **options):
        for resource, verbs in table.items():
            for verb in verbs.split():
                with self.subTest(f"{verb} {resource}"):
                    resource_name, _, subresource = resource.partition("/")
                    words = [f"--subresource={subresource}"] if subresource else []
                    self.assertEqual(self.can(verb, resource_name, *words, **options), wanted)

    def test_the_operator_may_do_what_it_does(self):
        self.check(
            True,
            {
                "tfjobs.kubeflow.org": "get list watch delete",
                "tfjobs.kubeflow.org/status": "patch",
                "tfjobs.kubeflow.org/finalizers": "update",
                "pods": "get list watch create patch delete",
                "services": "get list watch create delete deletecollection",
                "events": "create patch",
                "events.events.k8s.io": "create patch",
                "nodes": "get",
                "podgroups.scheduling.volcano.sh": "get list watch create delete",
                "podgroups.scheduling.x-k8s.io": "get list watch create delete",
            },
        )
        leases = {"leases.coordination.k8s.io": "get list watch create update patch"}
        self.check(True, leases, namespace="trainyard-system")

    def test_the_operator_may_do_nothing_else(self):
        self.check(
            False,
            {
                "*": "get list create delete *",
                "tfjobs.kubeflow.org": "create update patch deletecollection",
                "tfjobs.kubeflow.org/scale": "update patch",
                "pods": "update deletecollection",
                "pods/exec": "create get",
                "pods/log": "get",
                "pods/eviction": "create",
                "pods/ephemeralcontainers": "patch update",
                "secrets": "get list watch create update delete",
                "configmaps": "get list watch create update delete",
                "serviceaccounts": "get create impersonate",
                "serviceaccounts/token": "create",
                "nodes": "list watch update patch delete",
                "namespaces": "get list create delete",
                "leases.coordination.k8s.io": "get create update delete",
                "deployments.apps": "get create update",
                "roles.rbac.authorization.k8s.io": "create update bind escalate",
                "clusterroles.rbac.authorization.k8s.io": "create update bind escalate",
                "customresourcedefinitions.apiextensions.k8s.io": "get create update",
                "validatingwebhookconfigurations.admissionregistration.k8s.io": "get create",
            },
        )
        leases = {"leases.coordination.k8s.io": "delete deletecollection"}
        self.check(False, leases, namespace="trainyard-system")

    def test_editors_and_viewers_of_a_namespace_have_its_jobs(self):
        self.cluster.kubectl("create", "namespace", "team")
        for role in ("admin", "edit", "view"):
            words = ["create", "rolebinding", role, f"--clusterrole={role}", f"--user={role}"]
            self.cluster.kubectl("-n", "team", *words)
        tfjobs = "tfjobs.kubeflow.org"
        # The controller manager collects the roles.
        self.wait_for(lambda: self.can("list", tfjobs, who="view", namespace="team"), 20)
        self.wait_for(lambda: self.can("create", tfjobs, who="edit", namespace="team"), 20)
        for who in ("admin", "edit"):
            verbs = "get list watch create update patch delete"
            table = {tfjobs: verbs, f"{tfjobs}/scale": "update"}
            self.check(True, table, who=who, namespace="team")
            self.check(False, {tfjobs: "list"}, who=who)
        table = {tfjobs: "get list watch", f"{tfjobs}/status": "get"}
        self.check(True, table, who="view", namespace="team")
        self.check(False, {tfjobs: "create update patch delete"}, who="view", namespace="team")

    def test_the_operator_of_one_namespace_has_rights_there_alone(self):
        self.cluster.kubectl("create", "namespace", "training")
        self.cluster.kubectl("apply", "-k", DEPLOY / "namespaced")
        who = "system:serviceaccount:training:trainyard-operator"
        tables = {"pods": "list watch create delete", "tfjobs.kubeflow.org": "list watch"}
        self.check(True, tables, who=who, namespace="training")
        self.check(True, {"leases.coordination.k8s.io": "create"}, who=who, namespace="training")
        self.check(False, {**tables, "nodes": "get"}, who=who, namespace="default")
        pod = self.pod_of_deployment("training")
        self.assertIn("--namespace=$(MY_POD_NAMESPACE)", pod["spec"]["containers"][0]["args"])

    def test_the_operators_pods_pass_the_restricted_standard(self):
        labels = self.cluster.get("namespace", "trainyard-system")["metadata"]["labels"]
        self.assertEqual(labels["pod-security.kubernetes.io/enforce"], "restricted")
        create = ["-n", "trainyard-system", "create", "--dry-run=server", "-f", "-"]
        pod = self.pod_of_deployment("trainyard-system")
        self.cluster.kubectl(*create, stdin=json.dumps(pod))
        del pod["spec"]["securityContext"]["runAsNonRoot"]
        with self.assertRaisesRegex(CommandError, "violates PodSecurity"):
            self.cluster.kubectl(*create, stdin=json.dumps(pod))

    def test_the_deployment_makes_its_pods(self):
        """They wait for a node; nothing refuses them."""
        self.wait_for(lambda: len(self.cluster.get("pods", namespace="trainyard-system")) == 2, 30)

    def pod_of_deployment(self, namespace):
        deployment = self.cluster.get("deployment", "trainyard-operator", namespace)
        template = deployment["spec"]["template"]
        metadata = {"name": "try", "labels": template["metadata"]["labels"]}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def pod_group_resource(group):
    """So that kubectl knows the name."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    annotations = {"api-approved.kubernetes.io": "unapproved, for a test"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"podgroups.{group}", "annotations": annotations},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "PodGroup", "plural": "podgroups"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


if __name__ == "__main__":
    harness.main()
