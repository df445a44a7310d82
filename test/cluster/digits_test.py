#!/usr/bin/env python3
"""The digits example trained by five pods, and by pods of which one after the other is killed."""

import os
import pathlib
import re
import shutil
import signal
import tempfile

import harness
import images
from tfjobs import Jobs, tfjob


class DigitsTest(harness.ClusterTest):
    nodes = 1
    operator_flags = ["--evaluator-grace=60"]

    @classmethod
    def prepare(cls):
        cls.image = images.digits(cls.cluster)

    def setUp(self):
        self.jobs = Jobs(self.cluster, self.make_namespace())
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="trainyard-digits-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.folder.chmod(0o777)

    # --- the job ---

    def replica(self, count, *flags):
        """As examples/digits/tfjob.yaml has it, except for where files lie: in a folder of this machine,
        at the same path in the pod, so that its processes can be told from others."""
        arguments = [f"--model_dir={self.folder}/model", f"--export_dir={self.folder}/export", "--batch_size=100",
                     "--learning_rate=0.001", *flags]
        container = {"name": "tensorflow", "image": self.image, "args": arguments,
                     "env": [{"name": "TRAINYARD_DATA", "value": "/data"}],
                     "volumeMounts": [{"name": "data", "mountPath": "/data", "readOnly": True},
                                      {"name": "out", "mountPath": str(self.folder)}]}
        volumes = [{"name": "data", "hostPath": {"path": str(images.data_dir())}},
                   {"name": "out", "hostPath": {"path": str(self.folder)}}]
        spec = {"containers": [container], "volumes": volumes, "terminationGracePeriodSeconds": 10,
                "securityContext": {"runAsUser": 65532, "runAsNonRoot": True}}
        return {"replicas": count, "restartPolicy": "ExitCode", "template": {"spec": spec}}

    def start(self, *flags):
        counts = {"Chief": 1, "Worker": 2, "PS": 1, "Evaluator": 1}
        self.jobs.create(tfjob("digits", **{kind: self.replica(n, *flags) for kind, n in counts.items()}))

    def saved_step(self):
        """The step of the last checkpoint; 0 before the first."""
        try:
            text = (self.folder / "model/checkpoint").read_text()
        except FileNotFoundError:
            return 0
        return int(re.search(r'^model_checkpoint_path: ".*model\.ckpt-(\d+)"', text, re.M)[1])

    def wait_for_step(self, step):
        self.wait_for(lambda: self.saved_step() >= step, 180, lambda: self.jobs.state("digits"))

    def check_trained(self, steps):
        self.jobs.wait("digits", "Succeeded", 300)
        self.assertNotIn("Failed", self.jobs.conditions("digits"))
        self.assertLessEqual(steps, self.saved_step())
        [version] = [folder for folder in (self.folder / "export").iterdir() if folder.name.isdigit()]
        self.assertTrue((version / "saved_model.pb").stat().st_size)
        self.assertTrue(list(self.folder.glob("model/model.ckpt-*.index")))

    # --- its processes ---

    def kill(self, which):
        """Kill -9, as the kernel does to a process that takes too much memory."""
        [pid] = self.wait_for(lambda: self.find_processes(which), 30)
        os.kill(pid, signal.SIGKILL)

    def find_processes(self, which):
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().decode().split("\0")
                environment = (process / "environ").read_bytes().decode().split("\0")
            except OSError:
                continue  # gone
            if f"--model_dir={self.folder}/model" in words and f"HOSTNAME=digits-{which}" in environment:
                found.append(int(process.name))
        return found

    def kill_and_wait_for_another(self, which):
        uid = self.jobs.pods("digits")[which]["metadata"]["uid"]
        self.kill(which)

        def is_replaced():
            pod = self.jobs.pods("digits").get(which)
            return pod and pod["metadata"]["uid"] != uid and pod["status"].get("phase") == "Running"

        self.wait_for(is_replaced, 60, lambda: self.jobs.state("digits"))

    # --- tests ---

    def test_five_pods_train_a_model(self):
        self.start("--max_steps=400", "--save_checkpoints_steps=100")
        self.jobs.wait("digits", "Running", 90)
        self.check_trained(400)
        self.wait_for(lambda: self.jobs.phases("digits")["evaluator-0"] == "Succeeded", 90,
                      lambda: self.jobs.state("digits"))
        log = self.jobs.log("digits", "evaluator-0")
        steps = [int(step) for step in re.findall(r"Saving dict for global step (\d+):", log)]
        self.assertTrue(400 <= max(steps) <= 402, log)
        self.assertGreater(float(re.findall(r"accuracy = ([0-9.]+)", log)[-1]), 0.9)
        self.assertEqual(self.jobs.restarts("digits"), 0)

    def test_any_replica_may_be_killed(self):
        self.start("--max_steps=600", "--save_checkpoints_steps=40", "--step_timeout_secs=10", "--eval_steps=5")
        self.wait_for_step(40)
        self.kill_and_wait_for_another("worker-0")
        self.wait_for_step(self.saved_step() + 40)
        # The model is lost with its parameter server: the chief takes it from the last checkpoint.
        self.kill_and_wait_for_another("ps-0")
        self.assertGreaterEqual(self.step_in_log_of_chief(r"Restoring parameters from \S*model\.ckpt-(\d+)"), 40)
        self.wait_for_step(self.saved_step() + 40)
        # The parameter server has the model still, and a new chief goes on with it.
        saved = self.saved_step()
        self.kill_and_wait_for_another("chief-0")
        self.assertGreaterEqual(self.step_in_log_of_chief(r"hold the model at step (\d+)"), saved)
        self.check_trained(600)
        self.assertGreaterEqual(self.jobs.restarts("digits"), 3)

    def step_in_log_of_chief(self, pattern):
        found = self.wait_for(lambda: re.findall(pattern, self.jobs.log("digits", "chief-0")), 60,
                              lambda: self.jobs.log("digits", "chief-0"))
        return int(found[-1])


if __name__ == "__main__":
    harness.main()
