"""The digits network in PyTorch.

usage: torch_peer.py steps|job MNIST EXPORT_DIRECTORY [float32|bfloat16 [BATCH [compile]]]

Prints what keras_peer.py prints.
"""

import json
import pathlib
import sys
import time

import mnist
import torch

WARM_UP = 15


class Digits(torch.nn.Module):
    def __init__(self):
        super().__init__()
        blocks, channels = [], 1
        for _ in range(2):
            blocks += [
                torch.nn.Conv2d(channels, 32, 5, padding="same"),
                torch.nn.BatchNorm2d(32),
                torch.nn.ReLU(),
                torch.nn.MaxPool2d(2),
            ]
            channels = 32
        blocks += [
            torch.nn.Flatten(),
            torch.nn.Linear(32 * 7 * 7, 1024),
            torch.nn.ReLU(),
            torch.nn.Dropout(0.4),
            torch.nn.Linear(1024, 10),
        ]
        self.net = torch.nn.Sequential(*blocks)

    def forward(self, images):
        return self.net(images)


def load(data, part):
    images, labels = mnist.load(data, part)
    # Channels first, laid out channels last: the faster of the two on processors.
    images = torch.from_numpy(images).permute(0, 3, 1, 2)
    return images, torch.from_numpy(labels).long()


def main():
    mode, data, export = sys.argv[1:4]
    given = sys.argv[4:]
    precision, batch, compiler = (given + ["float32", "100", ""][len(given) :])[:3]
    batch = int(batch)
    images, labels = load(data, "train")
    model = Digits().to(memory_format=torch.channels_last)
    step = torch.compile(model) if compiler == "compile" else model
    optimizer = torch.optim.Adam(model.parameters(), 0.001, fused=True)
    loss_of = torch.nn.CrossEntropyLoss()
    cast = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16")
    steps = 95 if mode == "steps" else 100
    order = torch.randperm(len(images))[: steps * batch].split(batch)
    times, first_step_at = [], None
    for rows in order:
        begin = time.perf_counter()
        optimizer.zero_grad()
        with cast:
            loss = loss_of(step(images[rows]), labels[rows])
        loss.backward()
        optimizer.step()
        loss.item()
        first_step_at = first_step_at or time.time()
        times.append(1000 * (time.perf_counter() - begin))
    result = {"first_step_at": first_step_at}
    if mode == "steps":
        result["milliseconds"] = times[WARM_UP:]
    else:
        model.eval()
        test_images, test_labels = load(data, "t10k")
        with torch.no_grad(), cast:
            right = sum(
                (model(part).argmax(1) == truth).sum().item()
                for part, truth in zip(test_images.split(batch), test_labels.split(batch))
            )
        example = torch.zeros(1, 1, 28, 28)
        torch.jit.trace(model, example).save(pathlib.Path(export) / "digits.pt")
        result["accuracy"] = right / len(test_labels)
    print(json.dumps(result))


main()
