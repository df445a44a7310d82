"""One replica of the digits network under PyTorch's DistributedDataParallel over Gloo.

usage: ddp_peer.py MNIST STEPS

Alone where WORLD_SIZE is not set. Prints the milliseconds of each step.
"""

import json
import os
import sys
import time

import data
import torch
import torch_models

BATCH = 100


def main():
    steps = int(sys.argv[2])
    model, optimizer, loss_of = torch_models.build("digits")
    forward = model
    if "WORLD_SIZE" in os.environ:
        torch.set_num_threads(1)  # what torchrun chooses
        torch.distributed.init_process_group("gloo")
        forward = torch.nn.parallel.DistributedDataParallel(model)
    images, labels = data.load_mnist(sys.argv[1], "train")
    images = torch.from_numpy(images).permute(0, 3, 1, 2)
    labels = torch.from_numpy(labels).long()
    milliseconds = []
    while len(milliseconds) < steps:
        for rows in torch.randperm(len(labels)).split(BATCH)[: steps - len(milliseconds)]:
            begin = time.perf_counter()
            optimizer.zero_grad()
            loss = loss_of(forward(images[rows]), labels[rows])
            loss.backward()
            optimizer.step()
            loss.item()
            milliseconds.append(1000 * (time.perf_counter() - begin))
    print(json.dumps({"milliseconds": milliseconds}))
    if "WORLD_SIZE" in os.environ:
        torch.distributed.destroy_process_group()


main()
