"""The servers that are measured: ours with flags, and Python's. Each runs while a `with` block does."""

import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "train"))
from common import OURS, ROOT  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


class Process:
    """A server, from its start to its end. `lines`: what it prints once it is ready, and how often."""

    def __init__(self, command, ready, count=1, address=None):
        self.command, self.ready, self.count = [str(part) for part in command], ready, count
        self.address = address or ready

    def __enter__(self):
        began = time.perf_counter()
        self.log = tempfile.NamedTemporaryFile("w+")
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        for line in self.process.stdout:
            if found := re.search(self.address, line):
                self.port = int(found[1])
            if re.search(self.ready, line):
                self.count -= 1
            if self.count == 0:
                self.seconds_to_ready = time.perf_counter() - began
                return self
        raise SystemExit(f"{self.command} ended:\n{self.log_text()[-3000:]}")

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait(20)
        self.log.close()

    def log_text(self):
        return pathlib.Path(self.log.name).read_text()  # its own place in the file, not the server's

    def cpu(self):
        """Seconds, user and system."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self):
        """Resident megabytes: in all, and without the pages of files, which processes share."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return {
            key: int(re.search(rf"{name}:\s+(\d+)", status)[1]) / 1024
            for key, name in (("resident_mb", "VmRSS"), ("own_mb", "RssAnon"))
        }


@dataclasses.dataclass
class Ours:
    name: str
    folder: pathlib.Path  # that of the models
    flags: tuple = ()
    protocol: str = "gRPC"  # or "REST": the port that is asked

    def serve(self, model, base_path=None):
        base_path = base_path or self.folder / model
        return self.start([f"--model_name={model}", f"--model_base_path={base_path}"])

    def serve_many(self, model, count):
        """The same model under so many names; each is loaded on its own."""
        entries = [
            f'config {{ name: "{model}-{i}" base_path: "{(self.folder / model).resolve()}" '
            'model_platform: "tensorflow" }\n'
            for i in range(count)
        ]
        config = self.folder / f"{count}-models.config"
        config.write_text("model_config_list {\n" + "".join(entries) + "}\n")
        return self.start([f"--model_config_file={config}"], count)

    def start(self, models, count=1):
        ports = ["--port=0", "--rest_api_port=-1"] if self.protocol == "REST" else ["--port=0"]
        return Process(
            [ROOT / "bin/trainyard-serve", *ports, *models, *self.flags],
            r"^serving model ",
            count,
            rf"^listening on \S+:(\d+) \({self.protocol}\)",
        )


@dataclasses.dataclass
class Peer:
    name: str
    command: list  # of grpc_peer.py's arguments: interpreter, kind
    path: str  # of the model, with {model} for its name
    protocol: str = "gRPC"

    def serve(self, model):
        return self.serve_many(model, 1)

    def serve_many(self, model, count):
        python, kind = self.command
        path = self.path.format(model=model)
        return Process([python, HERE / "grpc_peer.py", kind, *[path] * count], r"^port (\d+)")


def ours_with(folder, batching, rest):
    """Ours in every way that is asked for."""
    for flags, suffix in (((), ""), (("--enable_batching",), ", batching")):
        if flags and not batching:
            continue
        yield Ours(f"{OURS}{suffix}", folder, flags)
        if rest:
            yield Ours(f"{OURS}, REST{suffix}", folder, flags, "REST")
