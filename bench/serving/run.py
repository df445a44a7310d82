#!/usr/bin/env python3
"""Measures the model server beside its peers and the model's own session, in turns.

See README.md beside this file for what is measured and how.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "train"))
from common import BENCH, DEPS, MNIST, OURS, ROOT, machine, measured, other_python  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


class Process:
    """A server that runs while this block does."""

    def __init__(self, command, ready):
        self.command, self.ready = [str(part) for part in command], ready

    def __enter__(self):
        began = time.perf_counter()
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        for line in self.process.stdout:
            if found := re.search(self.ready, line):
                self.seconds_to_ready = time.perf_counter() - began
                self.port = int(found[1])
                return self
        self.log.seek(0)
        raise SystemExit(f"{self.command} ended:\n{self.log.read()[-3000:]}")

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait(20)
        self.log.close()

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def megabytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


class Ours:
    def __init__(self, folder, *flags, name=OURS):
        self.name, self.folder, self.flags = name, folder, flags

    def serve(self, model):
        return Process(
            [ROOT / "bin/trainyard-serve", "--port=0", f"--model_name={model}"]
            + [f"--model_base_path={self.folder}/{model}", *self.flags],
            r"^serving model .* on \S+:(\d+) \(gRPC\)",
        )


class Peer:
    def __init__(self, name, python, *arguments):
        self.name, self.command = name, [python, HERE / "grpc_peer.py", *arguments]

    def serve(self, model):
        return Process([str(part).format(model=model) for part in self.command], r"^port (\d+)")


def prepare(folder, with_onnx):
    print("making the models", file=sys.stderr)
    subprocess.run(
        [DEPS / "venv/bin/python", HERE / "models.py", folder, ROOT / "bin/digits", MNIST],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if with_onnx:
        python = other_python("onnx")
        arguments = [folder / "digits.npz", folder / "digits.onnx"]
        subprocess.run([python, HERE / "onnx_model.py", *arguments], check=True)


def load(server, folder, model, batch, concurrency, seconds):
    before = server.cpu()
    request = folder / f"{model}-{batch}.grpc"
    address = f"127.0.0.1:{server.port}"
    report = measured([BENCH / "grpc_load", address, request, concurrency, seconds]).answer
    if report["errors"]:
        raise SystemExit(f"{report['errors']} errors: {report['first_error']}")
    # The time before counting begins is a fifth of it.
    requests = report["requests"] * 1.2
    return report | {"server_us": 1e6 * (server.cpu() - before) / requests}


def print_ceiling(folder, model, batch, seconds):
    rates = {}
    for threads in (1, 2):
        answer = measured([BENCH / "session_rate", folder / model / "1", batch, threads, seconds]).answer
        rates[threads] = answer
    print(
        f"{model}, batch {batch}: the session alone makes {rates[1]['calls_per_s']:.0f} calls/s in one thread "
        f"({rates[1]['microseconds']:.0f} us each), {rates[2]['calls_per_s']:.0f} in two.\n"
    )


def print_rates(options, folder, programs):
    print("| program | at once | requests/s | p50, ms | p99, ms | p99.9, ms | server's CPU, us/request |")
    print("|---|---|---|---|---|---|---|")
    results = {}
    for number in range(options.rounds):
        for program in programs:
            with program.serve(options.model) as server:
                for concurrency in options.concurrency:
                    report = load(
                        server, folder, options.model, options.batch, concurrency, options.seconds
                    )
                    results.setdefault((program.name, concurrency), []).append(report)
            print(f"  round {number + 1} of {options.rounds}: {program.name}", file=sys.stderr)
    for (name, concurrency), reports in results.items():
        row = {
            key: statistics.median(report[key] for report in reports)
            for key in ("requests_per_s", "p50_ms", "p99_ms", "p999_ms", "server_us")
        }
        print(
            f"| {name} | {concurrency} | {row['requests_per_s']:.0f} | {row['p50_ms']:.2f} "
            f"| {row['p99_ms']:.2f} | {row['p999_ms']:.2f} | {row['server_us']:.0f} |"
        )


def print_starts(options, programs):
    print("| program | from start to ready, s | memory, MB |")
    print("|---|---|---|")
    for program in programs:
        seconds, megabytes = [], []
        for _ in range(options.rounds):
            with program.serve(options.model) as server:
                seconds.append(server.seconds_to_ready)
                megabytes.append(server.megabytes())
        print(
            f"| {program.name} | {statistics.median(seconds):.2f} | {statistics.median(megabytes):.0f} |"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="turns of each program (default 3)")
    parser.add_argument("--seconds", type=float, default=4, help="of a measurement (default 4)")
    parser.add_argument("--model", choices=["digits", "trivial"], default="digits")
    parser.add_argument("--batch", type=int, choices=[1, 32], default=1, help="rows in a request")
    parser.add_argument(
        "--concurrency", type=int, nargs="+", default=[1, 8, 32, 128], help="requests at once"
    )
    parser.add_argument("--batching", action="store_true", help="ours with --enable_batching, too")
    parser.add_argument("--peers", action="store_true", help="Python servers beside ours")
    parser.add_argument("--only", choices=["rates", "starts", "ceiling"])
    parser.add_argument("--folder", type=pathlib.Path, help="keep the models here")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = options.folder or pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(exist_ok=True, parents=True)
        with_onnx = options.peers and options.model == "digits"
        if not (folder / "trivial").exists() or with_onnx and not (folder / "digits.onnx").exists():
            prepare(folder, with_onnx)
        programs = [Ours(folder)]
        if options.batching:
            programs.append(Ours(folder, "--enable_batching", name=f"{OURS}, batching"))
        if options.peers:
            saved = str(folder / "{model}/1")
            python = DEPS / "venv/bin/python"
            programs.append(Peer("Python, TensorFlow", python, "tensorflow", saved))
        if with_onnx:
            python = other_python("onnx")
            programs.append(Peer("Python, onnxruntime", python, "onnxruntime", folder / "digits.onnx"))
        print(f"{machine()}. Medians of {options.rounds} rounds.\n")
        if options.only in (None, "ceiling"):
            print_ceiling(folder, options.model, options.batch, options.seconds)
        if options.only in (None, "rates"):
            print_rates(options, folder, programs)
            print()
        if options.only in (None, "starts"):
            print_starts(options, programs)


if __name__ == "__main__":
    main()
