#!/usr/bin/env python3
"""Measures the model server beside its peers and the model's own session, in turns.

See README.md beside this file for what is measured and how.
"""

import argparse
import contextlib
import pathlib
import subprocess
import sys
import tempfile

import rates
import reload
import tables
from servers import HERE, Peer, ours_with
from common import DEPS, MNIST, ROOT, machine, other_python

PARTS = ("ceiling", "rates", "starts", "reload")


def prepare(folder, with_onnx):
    """Makes the models that are not there yet."""
    if not (folder / "trivial").exists():
        print("making the models", file=sys.stderr)
        subprocess.run(
            [DEPS / "venv/bin/python", HERE / "models.py", folder, ROOT / "bin/digits", MNIST],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    if with_onnx and not (folder / "digits.onnx").exists():
        python = other_python("onnx")
        arguments = [folder / "digits.npz", folder / "digits.onnx"]
        subprocess.run([python, HERE / "onnx_model.py", *arguments], check=True)


def peers_of(options, folder, with_onnx):
    if options.peers:
        python = DEPS / "venv/bin/python"
        yield Peer("Python, TensorFlow", (python, "tensorflow"), f"{folder}/{{model}}/1")
    if with_onnx:
        python = other_python("onnx")
        yield Peer("Python, onnxruntime", (python, "onnxruntime"), f"{folder}/digits.onnx")


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="turns of each program (default 3)")
    parser.add_argument("--seconds", type=float, default=4, help="of a measurement (default 4)")
    parser.add_argument("--model", choices=["digits", "trivial"], default="digits")
    parser.add_argument("--batch", type=int, choices=[1, 32], default=1, help="rows in a request")
    parser.add_argument(
        "--concurrency", type=int, nargs="+", default=[1, 8, 32, 128], help="requests at once"
    )
    parser.add_argument("--rest", action="store_true", help="ours over REST, too")
    parser.add_argument("--batching", action="store_true", help="ours with --enable_batching, too")
    parser.add_argument("--peers", action="store_true", help="Python servers beside ours")
    parser.add_argument(
        "--models", type=int, nargs="+", default=[1, 20], help="how many a server starts with (1 20)"
    )
    parser.add_argument(
        "--reload-concurrency", type=int, nargs="+", default=[1, 8], help="requests at once meanwhile"
    )
    parser.add_argument(
        "--reload-seconds", type=float, default=20, help="of a measurement while versions change"
    )
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, help="default: all four")
    parser.add_argument("--output", choices=["table", "json"], default="table")
    parser.add_argument("--folder", type=pathlib.Path, help="keep the models here")
    return parser.parse_args()


def measure(options, folder):
    with_onnx = options.peers and options.model == "digits"
    prepare(folder, with_onnx)
    ours = list(ours_with(folder, options.batching, options.rest))
    peers = list(peers_of(options, folder, with_onnx))
    report = tables.Report(
        options.output == "json",
        f"{machine()}. {options.model}, {options.batch} in a request. Medians of {options.rounds} rounds.",
    )
    if "ceiling" in options.only:
        rows = rates.ceiling(folder, options.model, options.batch, options.seconds)
        report.add_ceiling(options.model, options.batch, rows)
    at_once = {"program": "program", "concurrency": "at once"}
    if "rates" in options.only:
        report.add("rates", rates.rates(options, folder, ours + peers), at_once, tables.RATES)
    if "starts" in options.only:
        results = rates.starts(options, ours[:1] + peers, options.models)
        report.add("starts", results, {"program": "program", "models": "models"}, tables.STARTS)
    if "reload" in options.only:
        report.add("reload", reload.reloads(options, folder, ours), at_once, tables.RELOADS)
    report.end()


def main():
    options = read_options()
    with contextlib.ExitStack() as stack:
        folder = options.folder or pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(exist_ok=True, parents=True)
        measure(options, folder.resolve())


if __name__ == "__main__":
    main()
