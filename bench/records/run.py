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

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPS = pathlib.Path(os.environ.get("TRAINYARD_DEPS_DIR", ROOT / ".deps"))
OURS = ROOT / "build/release/bench/read_records"

# TensorFlow's own reader (the class behind tf.data.TFRecordDataset, with the buffer that it has
# there), measured as read_records measures ours. No part of our build: compiled here against the
# headers and libraries of Python's TensorFlow.
PEER = r"""
#include <chrono>
#include <cstdio>
#include <memory>

#include "tensorflow/core/lib/io/record_reader.h"
#include "tensorflow/core/platform/env.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto start = std::chrono::steady_clock::now();
  std::unique_ptr<tensorflow::RandomAccessFile> file;
  if (!tensorflow::Env::Default()->NewRandomAccessFile(argv[1], &file).ok()) return 2;
  tensorflow::io::RecordReaderOptions options;
  options.buffer_size = 256 << 10;  // TFRecordDataset's default
  tensorflow::io::SequentialRecordReader reader(file.get(), options);
  tensorflow::tstring record;
  long count = 0;
  unsigned long bytes = 0;
  while (reader.ReadRecord(&record).ok()) {
    ++count;
    bytes += record.size();
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("{\"records\": %ld, \"bytes\": %lu, \"seconds\": %.6f}\n", count, bytes,
              seconds.count());
  return 0;
}
"""


def build_peer(directory):
    tensorflow = next(DEPS.glob("venv/lib/python3*/site-packages/tensorflow"))
    program = directory / "tensorflow_peer"
    source = program.with_suffix(".cc")
    source.write_text(PEER)
    libraries = ["-l:libtensorflow_framework.so.2", "-l:libtensorflow_cc.so.2"]
    subprocess.run(
        ["g++", "-std=c++17", "-O2", "-DNDEBUG", "-w", source, "-o", program,
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
