#!/usr/bin/env python3
"""Measures the mean of an array over two processes, beside PyTorch's Gloo and a plain TCP copy."""

import argparse
import json
import statistics
import sys
import tempfile

from cluster import Processes, free_addresses
from common import BENCH, HERE, machine, measured, other_python


def ours(size, rounds):
    """Milliseconds of (our mean, the plain copy)."""
    port = free_addresses(1)[0].split(":")[1]
    answer = measured([BENCH / "exchange", size, rounds, port]).answer
    return answer["all_reduce_ms"], answer["copy_ms"]


def gloo(python, size, rounds):
    port = free_addresses(1)[0].split(":")[1]
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    with tempfile.TemporaryDirectory() as work, Processes(work) as processes:
        for rank in range(2):
            command = [python, HERE / "gloo_peer.py", size, rounds]
            processes.start(command, RANK=str(rank), OMP_NUM_THREADS="1", **shared)
        out = processes.wait(range(2))[0]
        return statistics.median(json.loads(out.read_text().splitlines()[-1])["milliseconds"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each program (default 5)")
    options = parser.parse_args()
    torch = other_python("torch")
    print(f"{machine()}. Medians of {options.rounds} rounds, milliseconds.\n")
    print("| mean over 2 processes | ours | PyTorch's Gloo | TCP copy both ways |")
    print("|---|---|---|---|")
    for size, repeats in ((6_570_000, 100), (100_000_000, 20)):
        rounds = []
        for number in range(options.rounds):
            rounds.append((*ours(size, repeats), gloo(torch, size, repeats)))
            print(f"  round {number + 1} of {options.rounds}: {size} bytes", file=sys.stderr)
        mean, copy, peer = (statistics.median(values) for values in zip(*rounds))
        print(f"| {size / 1e6:.2f} MB | {mean:.2f} | {peer:.2f} | {copy:.2f} |")


if __name__ == "__main__":
    main()
