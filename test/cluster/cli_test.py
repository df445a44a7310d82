#!/usr/bin/env python3
"""The command line against a real cluster: jobs sent, shown, followed, waited for and deleted."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import harness
from tfjobs import BUSYBOX, Jobs, replica, tfjob

TRAINYARD = harness.BIN_DIR / "trainyard"
FOREVER = "while :; do sleep 0.1; done"
INSTANCE = {"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['trainyard.dev/instance']"}}}

JOB = """
apiVersion: kubeflow.org/v1
kind: TFJob
metadata: {name: NAME}
spec:
  tfReplicaSpecs:
    Worker:
      replicas: 1
      restartPolicy: Never
      template:
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - {name: tensorflow, image: "IMAGE", command: [sh, -c, "COMMAND"]}
"""


def manifest(name, command="sleep 1000"):
    return JOB.replace("NAME", name).replace("IMAGE", BUSYBOX).replace("COMMAND", command)


class CommandLineTest(harness.ClusterTest):
    nodes = 1

    def setUp(self):
        self.namespace = self.make_namespace()
        self.jobs = Jobs(self.cluster, self.namespace)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="trainyard-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)

    # --- helpers ---

    def command(self, verb, *words):
        return [TRAINYARD, verb, "--kubeconfig", self.cluster.kubeconfig, "-n", self.namespace, *words]

    def run_cli(self, *words, timeout=180, **options):
        return subprocess.run(self.command(*words), capture_output=True, text=True, timeout=timeout, **options)

    def succeed(self, *words, **options):
        """Standard output of a command that must succeed."""
        done = self.run_cli(*words, **options)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def refuse(self, code, *words, **options):
        """Standard error of a command that must end with this code."""
        done = self.run_cli(*words, **options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def background(self, *words):
        """A command that goes on, and the file of what it prints."""
        path = self.folder / "output"
        with open(path, "w") as output:
            process = subprocess.Popen(self.command(*words), stdout=output, stderr=subprocess.STDOUT)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, path

    def interrupt(self, process, name):
        """Ctrl-C ends what is shown of the job, not the job."""
        process.send_signal(signal.SIGINT)
        self.assertIn(process.wait(60), (130, -signal.SIGINT))
        time.sleep(1)
        self.assertTrue(self.jobs.is_in(name, "Running"))
        self.assertIn("Running", self.jobs.phases(name).values())

    def write(self, text, name="job.yaml"):
        path = self.folder / name
        path.write_text(text)
        return path

    def names(self):
        return sorted(job["metadata"]["name"] for job in self.cluster.get("tfjobs", namespace=self.namespace))

    def instance(self, name, which):
        """How many pods this replica had before."""
        pod = self.jobs.pods(name).get(which)
        return pod and pod["metadata"]["labels"]["trainyard.dev/instance"]

    def row(self, name, which):
        """What describe shows of a replica, in words."""
        rows = [line.split() for line in self.succeed("describe", name).splitlines()]
        return next(row for row in rows if row[:1] == [which])

    # --- submit ---

    def test_submit_creates_leaves_and_changes(self):
        file = self.write(manifest("a"))
        self.assertEqual(self.succeed("submit", file), "tfjob/a created\n")
        self.jobs.wait("a", "Running")
        self.assertEqual(self.succeed("submit", file), "tfjob/a unchanged\n")
        changed = self.succeed("submit", file, "--set", "Worker.replicas=2")
        self.assertEqual(changed, "tfjob/a configured\n")
        self.wait_for(lambda: set(self.jobs.pods("a")) == {"worker-0", "worker-1"}, 30)

    def test_submit_takes_several_documents_and_standard_input(self):
        config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {x: y}\n"
        text = "---\n".join([config, manifest("a"), manifest("b")])
        printed = self.succeed("submit", "-", input=text)
        self.assertEqual(printed, "configmap/settings created\ntfjob/a created\ntfjob/b created\n")
        self.assertEqual(self.cluster.get("configmap", "settings", self.namespace)["data"], {"x": "y"})
        self.assertEqual(self.names(), ["a", "b"])
        files = [self.write(manifest(name), name + ".yaml") for name in ("a", "c")]
        self.assertEqual(self.succeed("submit", *files, "-o", "name"), "tfjob/a\ntfjob/c\n")

    def test_submit_sends_nothing_if_anything_is_wrong(self):
        good = self.write(manifest("a"), "good.yaml")
        bad = self.write(manifest("b").replace("replicas: 1", "replicas: many"), "bad.yaml")
        line = 1 + bad.read_text().splitlines().index("      replicas: many")
        self.assertIn(f"{bad}:{line}:17: ", self.refuse(2, "submit", good, bad))
        self.assertEqual(self.names(), [])

    def test_submit_sends_nothing_if_the_server_refuses_anything(self):
        head = "apiVersion: v1\nkind: "
        for second in (head + "Nonsense\nmetadata: {name: x}\n", head + "ConfigMap\nmetadata: {name: X_Y}\n",
                       head + "ConfigMap\nmetadata: {name: x}\nunknown: 1\n"):
            with self.subTest(second):
                text = manifest("a") + "---\n" + second
                file = self.write(text)
                line = 2 + text.splitlines().index("---")
                self.assertIn(f"{file}:{line}:1: ", self.refuse(2, "submit", file))
                self.assertEqual(self.names(), [])

    def test_submit_can_try_only(self):
        file = self.write(manifest("a"))
        self.assertEqual(self.succeed("submit", file, "--dry-run"), "tfjob/a created (dry run)\n")
        shown = json.loads(self.succeed("submit", file, "--dry-run", "-o", "json"))
        self.assertEqual(shown["items"][0]["metadata"]["name"], "a")
        self.assertEqual(self.names(), [])

    def test_submit_changes_what_the_command_line_says(self):
        file = self.write(manifest("a").replace("command:", "args: [--lr=1, --steps=5], command:"))
        self.succeed("submit", file, "--set", "Worker.replicas=3", "--set", "args.lr=0.5")
        worker = self.jobs.job("a")["spec"]["tfReplicaSpecs"]["Worker"]
        self.assertEqual(worker["replicas"], 3)
        self.assertEqual(worker["template"]["spec"]["containers"][0]["args"], ["--lr=0.5", "--steps=5"])
        self.assertIn("nosuch", self.refuse(2, "submit", file, "--set", "nosuch.replicas=3"))

    def test_submit_with_logs_ends_as_the_job_does(self):
        done = self.run_cli("submit", self.write(manifest("a", "echo hello")), "--logs")
        self.assertEqual((done.returncode, done.stderr), (0, "job a: Succeeded\n"))
        self.assertEqual(done.stdout, "tfjob/a created\n[worker-0] hello\n")
        done = self.run_cli("submit", self.write(manifest("b", "echo alas; exit 3")), "--logs")
        self.assertEqual((done.returncode, done.stderr), (1, "job b: Failed\n"))
        self.assertIn("[worker-0] alas\n", done.stdout)

    # --- jobs and describe ---

    def test_jobs_lists_them(self):
        self.assertIn(f"no TFJobs in namespace {self.namespace}", self.run_cli("jobs").stderr)
        self.jobs.create(tfjob("a", Worker=replica(1, "true")), tfjob("b", Worker=replica(2, FOREVER)))
        self.jobs.wait("a", "Succeeded")
        self.wait_for(lambda: list(self.jobs.phases("b").values()) == ["Running"] * 2, 30)
        self.jobs.wait("b", "Running")
        rows = [line.split() for line in self.succeed("jobs").splitlines()]
        self.assertEqual(rows[0], ["NAME", "STATE", "REPLICAS", "RESTARTS", "AGE"])
        self.assertEqual([row[:4] for row in rows[1:]], [["a", "Succeeded", "0/1", "0"], ["b", "Running", "2/2", "0"]])
        wide = self.succeed("jobs", "-o", "wide").splitlines()
        self.assertEqual(wide[0].split()[-3:], ["STARTED", "COMPLETED", "NOTE"])
        self.assertEqual(self.succeed("jobs", "-o", "name"), "a\nb\n")
        items = json.loads(self.succeed("jobs", "-o", "json"))["items"]
        self.assertEqual([(job["name"], job["state"]) for job in items], [("a", "Succeeded"), ("b", "Running")])
        self.assertEqual({r["name"]: r["state"] for r in items[1]["replicas"]},
                         {"worker-0": "running", "worker-1": "running"})

    def test_jobs_of_all_namespaces(self):
        other = Jobs(self.cluster, self.make_namespace())
        self.jobs.create(tfjob("here", Worker=replica(1, FOREVER)))
        other.create(tfjob("there", Worker=replica(1, FOREVER)))
        rows = [line.split()[:2] for line in self.succeed("jobs", "-A").splitlines()]
        self.assertEqual(rows[0], ["NAMESPACE", "NAME"])
        self.assertIn([self.namespace, "here"], rows)
        self.assertIn([other.namespace, "there"], rows)
        self.assertNotIn("there", self.succeed("jobs"))

    def test_jobs_watched_into_a_file_are_told_by_their_changes(self):
        process, output = self.background("jobs", "--watch")
        self.jobs.create(tfjob("a", Chief=replica(1, "sleep 3"), Worker=replica(1, FOREVER)))
        for line in ("a chief-0: running", "a worker-0: running", "a: Running", "a chief-0: succeeded",
                     "a: Succeeded"):
            self.wait_for(lambda: f"{self.namespace}/{line}\n" in output.read_text(), 30, output.read_text)
        self.jobs.create(tfjob("b", Worker=replica(1, FOREVER)))
        self.wait_for(lambda: f"{self.namespace}/b: Running\n" in output.read_text(), 30, output.read_text)
        lines = output.read_text().splitlines()
        self.assertEqual(len(lines), len(set(lines)), lines)  # nothing twice
        self.interrupt(process, "b")

    def test_describe_tells_what_has_happened(self):
        script = "[ $N != 0 ] || exit 137; " + FOREVER
        self.jobs.create(tfjob("a", Chief=replica(1, FOREVER),
                               Worker=replica(1, script, "ExitCode", container={"env": [INSTANCE]})))
        self.wait_for(lambda: self.instance("a", "worker-0") == "1" and self.jobs.is_in("a", "Running"), 40)
        self.wait_for(lambda: "TFJobRestarting" in [reason for reason, _ in self.jobs.events("a")], 20)
        self.wait_for(lambda: set(self.jobs.phases("a").values()) == {"Running"}, 20)
        text = self.succeed("describe", "a")
        for part in ("Name:         a\n", f"Namespace:    {self.namespace}\n", "SuccessfulCreatePod",
                     "TFJobRestarting"):
            self.assertIn(part, text)
        self.assertEqual(self.row("a", "chief-0"), ["chief-0", "running", "0", "-", "node-1"])
        self.assertEqual(self.row("a", "worker-0"), ["worker-0", "running", "1", "-", "node-1"])
        described = json.loads(self.succeed("describe", "a", "-o", "json"))
        self.assertEqual({r["name"]: r["restarts"] for r in described["replicas"]}, {"chief-0": 0, "worker-0": 1})
        self.assertIn("TFJobRestarting", [event["reason"] for event in described["events"]])

    def test_describe_tells_why_a_pod_waits(self):
        self.jobs.create(tfjob("big", Worker=replica(1, "true", container={
            "resources": {"requests": {"cpu": "1000"}}})))
        self.jobs.create(tfjob("picture", Worker=replica(1, "true", container={"image": "localhost/nosuch:1"})))
        for name, reason in (("big", "Insufficient cpu"), ("picture", "ImagePull")):
            self.wait_for(lambda: reason in " ".join(self.row(name, "worker-0")), 60,
                          lambda: self.succeed("describe", name))
            self.assertEqual(self.row(name, "worker-0")[1], "waiting")

    # --- logs ---

    def test_logs_of_all_and_of_one(self):
        self.jobs.create(tfjob("a", Chief=replica(1, "echo one; echo two"), Worker=replica(2, "echo $HOSTNAME")))
        self.wait_for(lambda: list(self.jobs.phases("a").values()) == ["Succeeded"] * 3, 40)
        self.assertEqual(sorted(self.succeed("logs", "a").splitlines()),
                         ["[chief-0] one", "[chief-0] two", "[worker-0] a-worker-0", "[worker-1] a-worker-1"])
        self.assertEqual(self.succeed("logs", "a", "--replica", "worker-1"), "a-worker-1\n")
        self.assertEqual(self.succeed("logs", "a", "--replica", "chief-0", "--tail", "1"), "two\n")

    def test_logs_are_followed_across_a_restart_until_the_job_ends(self):
        mounts = [{"name": "signs", "mountPath": "/signs"}]
        signs = {"volumes": [{"name": "signs", "hostPath": {"path": str(self.folder)}}]}
        chief = "for i in $(seq 39); do echo $i; sleep 0.1; done; "
        chief += "until [ -e /signs/again ]; do sleep 0.1; done; sleep 2; echo 40"
        worker = "echo instance $N; sleep 2; [ $N != 0 ] || exit 137; echo again; touch /signs/again"
        self.jobs.create(tfjob("a", Chief=replica(1, chief, container={"volumeMounts": mounts}, **signs),
                               Worker=replica(1, worker, "ExitCode", **signs,
                                              container={"env": [INSTANCE], "volumeMounts": mounts})))
        lines = self.succeed("logs", "a", "-f", timeout=180).splitlines()
        self.assertEqual([line for line in lines if line.startswith("[chief-0]")],
                         [f"[chief-0] {i}" for i in range(1, 41)])
        self.assertEqual([line for line in lines if not line.startswith("[chief-0]")],
                         ["[worker-0] instance 0", "[worker-0] instance 1", "[worker-0] again"])
        # They come as they are printed: the worker's are in between.
        self.assertLess(lines.index("[worker-0] again"), lines.index("[chief-0] 40"))

    def test_logs_are_followed_across_a_restart_in_place(self):
        script = "echo run; sleep 1; [ -e /data/x ] && exit 0; touch /data/x; exit 3"
        self.jobs.create(tfjob("a", Worker=replica(1, script, "OnFailure", volumes=[{"name": "d", "emptyDir": {}}],
                                                   container={"volumeMounts": [{"name": "d", "mountPath": "/data"}]})))
        self.assertEqual(self.succeed("logs", "a", "-f", "--replica", "worker-0", timeout=180), "run\nrun\n")

    def test_following_ends_with_ctrl_c_and_the_job_goes_on(self):
        self.jobs.create(tfjob("a", Worker=replica(1, "echo hello; " + FOREVER)))
        process, output = self.background("logs", "a", "-f")
        self.wait_for(lambda: output.read_text() == "[worker-0] hello\n", 30, output.read_text)
        self.jobs.wait("a", "Running")
        self.interrupt(process, "a")

    # --- wait and delete ---

    def test_wait(self):
        self.jobs.create(tfjob("good", Worker=replica(1, "sleep 2")), tfjob("bad", Worker=replica(1, "exit 3")),
                         tfjob("long", Worker=replica(1, FOREVER)))
        self.assertEqual(self.succeed("wait", "good", "--timeout", "60s"), "job good: Succeeded\n")
        running = self.succeed("wait", "long", "--for=condition=Running", "--timeout=60s")
        self.assertEqual(running, "job long: Running\n")
        self.assertIn("job bad: will not be Succeeded: it is Failed", self.refuse(1, "wait", "bad"))
        self.assertIn("job long: not Succeeded within 1s", self.refuse(1, "wait", "long", "--timeout=1s"))
        process, output = self.background("wait", "long", "--for=delete")
        time.sleep(1)
        self.assertIsNone(process.poll())
        self.jobs.kubectl("delete", "tfjob", "long", "--wait=false")
        self.assertEqual(process.wait(90), 0)
        self.assertEqual(output.read_text(), "job long: deleted\n")

    def test_delete(self):
        self.jobs.create(tfjob("a", Worker=replica(2, FOREVER), PS=replica(1, FOREVER)))
        self.jobs.wait("a", "Running")
        self.assertEqual(self.succeed("delete", "a"), "job a deleted\n")
        self.assertEqual(self.names(), [])
        # The cluster's garbage collector does that. It learns of a new kind within half a minute.
        self.wait_for(lambda: self.jobs.pods("a") == {} and self.jobs.services("a") == [], 90)

    # --- mistakes ---

    def test_an_unknown_name_is_told_with_those_that_are_near(self):
        self.jobs.create(tfjob("digits", Worker=replica(1, FOREVER)))
        for verb in ("describe", "logs", "wait", "delete"):
            with self.subTest(verb):
                self.assertIn('there is no TFJob "digts"', self.refuse(2, verb, "digts"))
                self.assertIn("did you mean digits?", self.refuse(2, verb, "digts"))
        self.assertIn("did you mean digits?", self.refuse(2, "logs", "digts", "-f"))

    def test_no_cluster_is_told_in_a_line(self):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("KUBE")}
        environment["HOME"] = str(self.folder)
        for words in (["jobs"], ["describe", "a"], ["submit", self.write(manifest("a"))]):
            done = subprocess.run([TRAINYARD, *words], env=environment, capture_output=True, text=True, timeout=60)
            self.assertNotEqual(done.returncode, 0)
            self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1), done.stderr)
            self.assertIn("kubeconfig", done.stderr.lower())


if __name__ == "__main__":
    harness.main()
