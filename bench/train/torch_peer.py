"""The examples' networks in PyTorch. Prints what keras_peer.py prints."""

import json
import math
import pathlib
import time

import data
import peer_options
import torch
import torch_models


def tensors(features, labels):
    """The features as a tuple of the network's inputs, and the labels."""
    if isinstance(features, dict):
        inputs = tuple(torch.from_numpy(values) for values in features.values())
        return inputs, torch.from_numpy(labels)
    # Channels first, laid out channels last: the faster of the two on processors.
    images = torch.from_numpy(features).permute(0, 3, 1, 2)
    return (images,), torch.from_numpy(labels).long()


class Trainer:
    def __init__(self, options):
        self.options = options
        self.model, self.optimizer, self.loss_of = torch_models.build(options.model)
        self.forward = torch.compile(self.model) if options.compile else self.model
        self.cast = torch.autocast(
            "cpu", torch.bfloat16, enabled=options.precision == "bfloat16"
        )
        self.milliseconds = []
        self.first_step_at = None

    def step(self, inputs, labels):
        begin = time.perf_counter()
        self.optimizer.zero_grad()
        with self.cast:
            loss = self.loss_of(self.forward(*inputs), labels)
        loss.backward()
        self.optimizer.step()
        loss.item()
        self.first_step_at = self.first_step_at or time.time()
        self.milliseconds.append(1000 * (time.perf_counter() - begin))

    def train(self, steps):
        inputs, labels = tensors(*data.load(self.options.model, self.options.data, self.options.batch))
        taken = 0
        while taken < steps:
            for rows in torch.randperm(len(labels)).split(self.options.batch):
                if taken == steps or len(rows) < self.options.batch:
                    break
                begin = time.perf_counter()
                batch = tuple(values[rows] for values in inputs), labels[rows]
                gathering = 1000 * (time.perf_counter() - begin)
                self.step(*batch)
                self.milliseconds[-1] += gathering
                taken += 1

    def accuracy(self, tests):
        self.model.eval()
        inputs, labels = tests
        with torch.no_grad(), self.cast:
            right = sum(
                (self.forward(part).argmax(1) == truth).sum().item()
                for part, truth in zip(inputs[0].split(250), labels.split(250))
            )
        self.model.train()
        return right / len(labels)

    def train_to(self, goal):
        """Evaluates after every 100 steps until `goal` is reached."""
        inputs, labels = tensors(*data.load_mnist(self.options.data, "train"))
        tests = tensors(*data.load_mnist(self.options.data, "t10k"))
        steps, warm_up = peer_options.ACCURACY_STEPS, peer_options.ACCURACY_STEPS // 12
        reached = 0
        for number, rows in enumerate(torch.randperm(len(labels)).split(self.options.batch)):
            share = min(max(number - warm_up, 0) / (steps - warm_up), 1)
            rate = 0.002 * min(number / warm_up, 1) * (1 + math.cos(math.pi * share)) / 2
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            self.step((inputs[0][rows],), labels[rows])
            if (number + 1) % 100 == 0:
                reached = self.accuracy(tests)
                if reached >= goal:
                    return {"accuracy": reached, "reached_at": time.time(), "steps": number + 1}
        raise SystemExit(f"{goal} was not reached: {reached}")


def main():
    options = peer_options.parse(__doc__)
    trainer = Trainer(options)
    if options.mode == "accuracy":
        result = trainer.train_to(0.99)
    elif options.mode == "steps":
        trainer.train(data.BATCHES[options.model])
        result = {"milliseconds": trainer.milliseconds[data.WARM_UP[options.model] :]}
    else:
        trainer.train(100)
        accuracy = trainer.accuracy(tensors(*data.load_mnist(options.data, "t10k")))
        traced = torch.jit.trace(trainer.model.eval(), torch.zeros(1, 1, 28, 28))
        traced.save(pathlib.Path(options.work) / "digits.pt")
        result = {"accuracy": accuracy}
    print(json.dumps(result | {"first_step_at": trainer.first_step_at}))


main()
