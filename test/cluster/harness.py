"""A Kubernetes cluster for a test, made by cluster.sh, and our operator beside it.

    class ScaleTest(harness.ClusterTest):
        nodes = 1
        operator_flags = ["--evaluator-grace=5"]

        def test_something(self):
            namespace = self.make_namespace()
            self.cluster.apply({"apiVersion": ..., ...}, namespace=namespace)
            self.wait_for(lambda: self.cluster.get("pods", namespace=namespace), 30)

    if __name__ == "__main__":
        harness.main()

Several programs may do so at the same time: each has a slot, which stands for a state directory,
ports, and networks. What was started ends with the program, however that ends (see watchdog.py). A
machine that cannot do it ends the program with 77, which ctest shows as skipped.

TRAINYARD_TEST_KEEP=1 leaves the cluster after a failure, and says how to remove it.
"""

import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BIN_DIR = pathlib.Path(os.environ.get("TRAINYARD_BIN_DIR", ROOT / "bin"))
RESULTS = pathlib.Path(os.environ.get("TRAINYARD_TEST_DIR", ROOT / "test-results")) / "cluster"
CLUSTER_SH = HERE / "cluster.sh"
CRD = ROOT / "deploy/crd/tfjobs.yaml"

CANNOT = 77
MAX_SLOTS = 16
# Tests say how long something takes on a machine that has time for it. Others may be busy.
PATIENCE = 3


class CommandError(Exception):
    """A command that has failed: what, how, and what it said."""

    def __init__(self, command, code, output):
        words = " ".join(str(word) for word in command)
        super().__init__(f"{words}\nended with {code}:\n{output.strip()}")
        self.code = code
        self.output = output


def skip(reason):
    """Ends the program: this machine cannot do it. At once, since unittest takes SystemExit for a
    failure of the test."""
    print(f"SKIPPED: {reason}", flush=True)
    sys.stdout.flush()
    os._exit(CANNOT)


def wait_for(condition, timeout, message=None, every=0.1):
    """What `condition` returns as soon as that is true. Kubernetes' refusals count as not yet."""
    deadline = time.monotonic() + timeout
    while True:
        problem = None
        try:
            found = condition()
        except CommandError as error:
            found, problem = None, error
        if found:
            return found
        if time.monotonic() >= deadline:
            text = message() if callable(message) else message
            raise AssertionError(f"not within {timeout} s: {text or problem or 'the condition'}")
        time.sleep(every)


class Slot:
    """What tells the clusters on this machine apart. Taken until the watchdog has let go of it."""

    def __init__(self):
        for self.number in range(MAX_SLOTS):
            name = f"trainyard-k8s-{os.getuid()}-{self.number}"
            self.state = pathlib.Path(tempfile.gettempdir()) / name
            # Not close-on-exec for the watchdog alone; others are started with their own files.
            self.lock = open(f"{self.state}.lock", "w")
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                self.lock.close()
        raise RuntimeError(f"{MAX_SLOTS} clusters run already")

    def port(self, index):
        """cluster.sh uses the first eight."""
        return 20443 + 20 * self.number + index

    def environment(self):
        return {
            "TRAINYARD_K8S_STATE": str(self.state),
            "TRAINYARD_K8S_PORT": str(self.port(0)),
            "TRAINYARD_K8S_BRIDGE": f"tytest{self.number}",
            "TRAINYARD_K8S_NET": f"10.{60 + self.number}",
            "TRAINYARD_K8S_PODS": f"10.{40 + self.number}",
        }


class Cluster:
    """One cluster. Start() with control plane only for nodes=0; stop() removes it."""

    def __init__(self, nodes=0, environment=None):
        self.nodes = nodes
        self.slot = Slot()
        self.state = self.slot.state
        self.environment = {**os.environ, **self.slot.environment(), **(environment or {})}
        self.watchdog = None
        self.kubectl_program = None

    @property
    def kubeconfig(self):
        return self.state / "admin.conf"

    def start(self):
        self._sh("build", cannot=True)
        self.watchdog = Watchdog(self.slot, self.environment)
        self._sh("down")  # what a machine that lost power may have left here
        if self.nodes:
            self._sh("up", "--nodes", str(self.nodes), timeout=240)
        else:
            self._sh("up", "--control-plane-only", timeout=120)
        path = self._sh("env").rsplit("PATH=", 1)[1].split(":")[0]
        self.kubectl_program = pathlib.Path(path) / "kubectl"

    def stop(self):
        if self.watchdog:
            self.watchdog.finish()
            self.watchdog = None

    def sh(self, *words, timeout=300):
        """A command of cluster.sh."""
        return self._sh(*words, timeout=timeout)

    def kubectl(self, *words, stdin=None, timeout=60):
        """What kubectl prints; CommandError if it refuses."""
        # What kubectl remembers of another cluster at the same address is wrong here.
        command = [self.kubectl_program, "--kubeconfig", self.kubeconfig, "--cache-dir", self.state / "kubectl", *words]
        return run(command, stdin=stdin, timeout=timeout)

    def apply(self, *objects, namespace="default"):
        """Objects as dicts, or YAML or JSON as text."""
        for body in objects:
            text = body if isinstance(body, str) else json.dumps(body)
            self.kubectl("-n", namespace, "apply", "--server-side", "-f", "-", stdin=text)

    def get(self, kind, name=None, namespace="default"):
        """The object, or None; the list of all without a name."""
        words = ["-n", namespace, "get", kind, "-o", "json"]
        if name is None:
            return json.loads(self.kubectl(*words))["items"]
        text = self.kubectl(*words, name, "--ignore-not-found")
        return json.loads(text) if text.strip() else None

    def wait_for(self, condition, timeout, message=None):
        return wait_for(condition, PATIENCE * timeout, message)

    def install_crd(self):
        self.kubectl("apply", "--server-side", "-f", CRD)
        self.wait_for_crd("tfjobs.kubeflow.org")

    def wait_for_crd(self, name):
        """Until it is served. (kubectl wait stumbles over a status that is not there yet.)"""

        def is_established():
            conditions = self.get("crd", name)["status"].get("conditions") or []
            return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)

        self.wait_for(is_established, 30, f"{name} is not established")

    def complaints(self):
        """What the nodes say is wrong with them, such as DiskPressure; pods may wait for its end."""
        return [
            f"{node['metadata']['name']}: {condition['type']}: {condition['message']}"
            for node in self.get("nodes")
            for condition in node["status"]["conditions"]
            if (condition["status"] == "True") != (condition["type"] == "Ready")
        ]

    def save_logs(self, folder):
        """All that helps to understand a failure."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for log in [*self.state.glob("log/*.log"), *self.state.glob("nodes/*/*.log")]:
            shutil.copy(log, folder / f"{log.parent.name}-{log.name}".removeprefix("log-"))
        for pod in self.state.glob("nodes/*/logs/*"):
            shutil.copytree(pod, folder / "pods" / pod.name, dirs_exist_ok=True)
        for kind in ("tfjobs", "pods", "services", "events", "nodes"):
            try:
                text = self.kubectl("get", kind, "-A", "-o", "yaml", timeout=20)
                (folder / f"{kind}.yaml").write_text(text)
            except (CommandError, OSError):
                pass  # one that this cluster does not have, or that has gone itself

    def _sh(self, *words, timeout=300, cannot=False):
        try:
            return run(
                [CLUSTER_SH, *words], env=self.environment, timeout=1800 if cannot else timeout
            )
        except CommandError as error:
            if error.code == CANNOT or cannot:
                self.stop()
                skip(f"no cluster on this machine: {error.output.strip().splitlines()[-1:]}")
            raise


def run(command, stdin=None, timeout=60, env=None):
    """Standard output; CommandError, with standard error, if the command fails."""
    command = [str(word) for word in command]
    try:
        done = subprocess.run(
            command, input=stdin, env=env, text=True, capture_output=True, timeout=timeout
        )
    except subprocess.TimeoutExpired as error:
        raise CommandError(command, "a timeout", str(error)) from error
    if done.returncode:
        raise CommandError(command, done.returncode, done.stderr + done.stdout)
    return done.stdout


class Watchdog:
    """The process that removes the cluster: on finish(), or when this program is no more."""

    def __init__(self, slot, environment):
        ours_read, theirs_write = os.pipe()  # ends when the cluster is down
        theirs_read, self._alive = os.pipe()  # ends when this program does
        self._done = ours_read
        passed = [theirs_read, theirs_write, slot.lock.fileno()]
        words = [sys.executable, HERE / "watchdog.py", *passed, slot.state, CLUSTER_SH]
        subprocess.run(
            [str(word) for word in words], pass_fds=passed, env=environment, check=True, timeout=20
        )
        os.close(theirs_read)
        os.close(theirs_write)
        slot.lock.close()  # it is the watchdog's now

    def finish(self, timeout=180):
        os.close(self._alive)
        os.set_blocking(self._done, False)
        wait_for(lambda: self._read() == b"", timeout, "the cluster is not down")
        os.close(self._done)

    def _read(self):
        try:
            return os.read(self._done, 1)
        except BlockingIOError:
            return None


class Operator:
    """A process of our operator, outside of the cluster. Start and stop it as often as you like."""

    def __init__(self, cluster, flags=(), name="operator", index=0):
        self.cluster = cluster
        self.name = name
        self.flags = list(flags)
        self.metrics_port = cluster.slot.port(10 + 2 * index)
        self.health_port = self.metrics_port + 1
        self.process = None

    @property
    def log_path(self):
        return self.cluster.state / "log" / f"{self.name}.log"

    def start(self):
        program = BIN_DIR / "trainyard-operator"
        if not program.exists():
            raise FileNotFoundError(f"{program} is not built")
        command = [
            "setpriv", "--pdeathsig", "KILL",  # it must not outlive the test
            program,
            "--kubeconfig", self.cluster.kubeconfig,
            f"--metrics-bind-address=127.0.0.1:{self.metrics_port}",
            f"--health-probe-bind-address=127.0.0.1:{self.health_port}",
            *self.flags,
        ]  # fmt: skip
        environment = {k: v for k, v in os.environ.items() if k not in ("KUBECONFIG",)}
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
            )

    def wait_ready(self, timeout=60):
        wait_for(lambda: self.is_ready(), timeout, lambda: f"not ready:\n{self.log()[-4000:]}")

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the operator has ended:\n{self.log()[-4000:]}")
        try:
            self._fetch(self.health_port, "/readyz")
            return True
        except OSError:
            return False

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def metrics(self):
        return self._fetch(self.metrics_port, "/metrics")

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def kill(self):
        """A power cut."""
        return self._end(signal.SIGKILL)

    def stop(self):
        """As a cluster ends a pod; the exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, number, timeout=60):
        if not self.is_running():
            return self.process.returncode if self.process else None
        self.process.send_signal(number)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.name} did not end within {timeout} s") from None

    def _fetch(self, port, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.read().decode()


class ClusterTest(unittest.TestCase):
    """One cluster for all tests of a class, and by default one operator."""

    nodes = 0  # 0: the control plane alone, which no pod runs on
    with_operator = True
    operator_flags = []
    cluster_environment = {}

    @classmethod
    def setUpClass(cls):
        cls.namespaces = 0
        cls.failed = False
        if cls.with_operator and not (BIN_DIR / "trainyard-operator").exists():
            raise FileNotFoundError(f"{BIN_DIR}/trainyard-operator is not built")
        cls.cluster = Cluster(cls.nodes, cls.cluster_environment)
        cls.addClassCleanup(cls.cluster.stop)
        cls.cluster.start()
        cls.operator = Operator(cls.cluster, cls.operator_flags)
        if cls.nodes:
            cls.cluster.sh("busybox-image", "busybox:test")
        cls.prepare()
        if cls.with_operator:
            cls.cluster.install_crd()
            cls.operator.start()
            cls.operator.wait_ready()

    @classmethod
    def prepare(cls):
        """For a class that needs more before the operator starts."""

    @classmethod
    def tearDownClass(cls):
        if cls.failed:
            folder = RESULTS / cls.__name__
            cls.cluster.save_logs(folder)
            print(f"logs of the cluster: {folder}", *cls.cluster.complaints(), sep="\n", file=sys.stderr)
            if os.environ.get("TRAINYARD_TEST_KEEP"):
                cls.keep()
        cls.operator.stop()

    @classmethod
    def keep(cls):
        words = " ".join(f"{k}={v}" for k, v in cls.cluster.slot.environment().items())
        print(f"the cluster stays until Enter: env {words} {CLUSTER_SH} status", file=sys.stderr)
        sys.stdin.readline()

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result else 0
        super().run(result)
        if result and len(result.failures) + len(result.errors) > before:
            type(self).failed = True

    def make_namespace(self):
        """One of its own for a test, with what every namespace has."""
        type(self).namespaces += 1
        name = f"test-{self.namespaces}"
        self.cluster.kubectl("create", "namespace", name)
        self.wait_for(lambda: self.cluster.get("serviceaccounts", "default", name), 20)
        self.addCleanup(self.cluster.kubectl, "delete", "namespace", name, "--wait=false")
        return name

    def wait_for(self, condition, timeout, message=None):
        return wait_for(condition, PATIENCE * timeout, message)


def main():
    unittest.main(verbosity=2)
