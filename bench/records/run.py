#!/usr/bin/env python3
"""Measures our reader of TFRecord files beside TensorFlow's own, in turns, and prints a table.

See README.md beside this file. Needs build/release/bench/read_records and a C++ compiler.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DEPS = pathlib.Path(os.environ.get("TRAINYARD_DEPS_DIR", ROOT / ".deps"))
OURS = ROOT / "build/release/bench/read_records"


def build_peer(directory):
    tensorflow = next(DEPS.glob("venv/lib/python3*/site-packages/tensorflow"))
    program = directory / "tensorflow_peer"
    libraries = ["-l:libtensorflow_framework.so.2", "-l:libtensorflow_cc.so.2"]
    subprocess.run(
        ["g++", "-std=c++17", "-O2", "-DNDEBUG", "-w", HERE / "tensorflow_peer.cc", "-o", program,
         "-I", tensorflow / "include", "-L", tensorflow, f"-Wl,-rpath,{tensorflow}", *libraries],
        check=True,
    )
    return program


def seconds(command):
    """Of reading, as the program measures it, on one core."""
    out = subprocess.run(["taskset", "-c", "0", *command], check=True, capture_output=True).stdout
    return json.loads(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--megabytes", type=int, default=400, help="of each file")
    arguments = parser.parse_args()
    print("| bytes per record | reader | records/s | GB/s | spread of the time |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        readers = {
            "Trainyard": [OURS, "read"],
            "TensorFlow": [build_peer(directory)],
        }
        for size in (100, 10_000, 100_000):
            file = directory / f"{size}.tfrecord"
            count = arguments.megabytes * 1_000_000 // size
            subprocess.run([OURS, "write", file, str(size), str(count)], check=True)
            times = {reader: [] for reader in readers}
            for round_number in range(arguments.rounds + 1):
                for reader, command in readers.items():
                    answer = seconds([*command, file])
                    assert answer["records"] == count, (reader, answer)
                    if round_number > 0:  # the first brings the file into memory
                        times[reader].append(answer["seconds"])
            for reader, values in times.items():
                middle = statistics.median(values)
                print(
                    f"| {size:,} | {reader} | {count / middle:,.0f} "
                    f"| {count * size / middle / 1e9:.2f} "
                    f"| {min(values):.3f} to {max(values):.3f} s |"
                )
            file.unlink()


if __name__ == "__main__":
    main()
