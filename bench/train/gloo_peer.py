"""One of two processes that average an array by PyTorch's Gloo, over and over.

usage: gloo_peer.py BYTES ROUNDS

RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT say who takes part. Rank 0 prints the milliseconds.
"""

import json
import sys
import time

import torch
from torch import distributed


def main():
    size, rounds = int(sys.argv[1]), int(sys.argv[2])
    distributed.init_process_group("gloo")
    values = torch.ones(size // 4)
    milliseconds = []
    for _ in range(rounds + 3):
        distributed.barrier()
        begin = time.perf_counter()
        distributed.all_reduce(values)
        values /= 2
        milliseconds.append(1000 * (time.perf_counter() - begin))
    if distributed.get_rank() == 0:
        print(json.dumps({"milliseconds": milliseconds[3:]}))
    distributed.destroy_process_group()


main()
