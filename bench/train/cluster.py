#!/usr/bin/env python3
"""Measures steps of digits in clusters of processes on this machine, beside the Python peers.

See README.md beside this file for what is measured and how.
"""

import argparse
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import time

from common import DEPS, HERE, MNIST, OURS, ROOT, in_turns, machine, other_python, progress_lines

LIMIT = 300  # seconds that a cluster may take


def free_addresses(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return addresses


def tf_configs(**counts):
    """The TF_CONFIG of every task of a cluster with so many tasks of each type."""
    addresses = iter(free_addresses(sum(counts.values())))
    cluster = {name: [next(addresses) for _ in range(count)] for name, count in counts.items()}
    for name, members in cluster.items():
        for index in range(len(members)):
            yield name, json.dumps({"cluster": cluster, "task": {"type": name, "index": index}})


class Processes:
    """Processes that run at the same time, and end with this block."""

    def __init__(self, work):
        self.work = pathlib.Path(work)
        self.started = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process, _ in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()

    def start(self, command, **environment):
        out = self.work / f"out{len(self.started)}"
        environment.setdefault("TRAINYARD_PROGRESS_FILE", str(out) + ".progress")
        with open(out, "w") as output, open(str(out) + ".err", "w") as errors:
            process = subprocess.Popen(
                [str(part) for part in command],
                stdout=output,
                stderr=errors,
                env=os.environ | environment,
            )
        self.started.append((process, out))

    def wait(self, numbers):
        """Waits until these have ended; returns what they wrote."""
        deadline = time.monotonic() + LIMIT
        for number in numbers:
            process, out = self.started[number]
            if process.wait(max(deadline - time.monotonic(), 0.1)) != 0:
                errors = pathlib.Path(str(out) + ".err").read_text()[-2000:]
                raise SystemExit(f"{process.args} ended with {process.returncode}:\n{errors}")
        return [self.started[number][1] for number in numbers]


def milliseconds_between(points, first, last):
    """Of a step, from (time, step) points; the steps before `first` do not count."""
    counted = [point for point in points if first <= point[1] <= last]
    (begin, first_step), (end, last_step) = counted[0], counted[-1]
    return 1000 * (end - begin) / (last_step - first_step)


class Ours:
    def __init__(self, precision):
        self.name = f"{OURS}, {precision}"
        self.precision = precision

    def command(self, work, steps):
        return [
            ROOT / "bin/digits",
            f"--data_dir={MNIST}",
            f"--model_dir={work}/model",
            f"--precision={self.precision}",
            f"--max_steps={steps}",
            "--save_summary_steps=0",
            "--save_checkpoints_steps=1000000",
            "--eval_steps=1",
        ]

    def of(self, out, steps):
        lines = progress_lines(str(out) + ".progress")
        points = [(l["time"], l["step"]) for l in lines if l["phase"] == "training" and "step" in l]
        return milliseconds_between(points, steps // 4, steps)

    def cluster(self, work, steps, **counts):
        """Milliseconds of a global step in a cluster of processes."""
        with Processes(work) as processes:
            for number, (name, config) in enumerate(tf_configs(**counts)):
                processes.start(self.command(work, steps), TF_CONFIG=config)
            return self.of(processes.wait(range(sum(counts.values())))[0], steps)

    def lone(self, work, steps, count):
        """Milliseconds of a step of each of so many processes that share the cores."""
        with Processes(work) as processes:
            for number in range(count):
                processes.start(self.command(f"{work}/{number}", steps))
            return statistics.mean(self.of(out, steps) for out in processes.wait(range(count)))

    def parameter_server(self, work, steps):
        return self.cluster(work, steps, chief=1, worker=1, ps=1)

    def all_reduce(self, work, steps, workers):
        return self.cluster(work, steps, worker=workers)


class Estimator:
    def __init__(self):
        self.name = "Estimator 2.15, float32"
        self.command = [other_python("estimator"), HERE / "estimator_replica_peer.py", MNIST]

    def run(self, work, steps, configs):
        with Processes(work) as processes:
            for config in configs:
                environment = {"TF_CONFIG": config} if config else {}
                processes.start(self.command + [f"{work}/model", steps], **environment)
            out = processes.wait([0])[0]  # a parameter server would never end
        points = json.loads(out.read_text().splitlines()[-1])["global_steps"]
        return milliseconds_between(points, steps // 4, steps)

    def parameter_server(self, work, steps):
        configs = [config for _, config in tf_configs(chief=1, worker=1, ps=1)]
        return self.run(work, steps, configs)

    def lone(self, work, steps, count):
        return self.run(work, steps, [None] * count)


class Peer:
    """A program that prints the milliseconds of its steps."""

    def __init__(self, name, python, program):
        self.name = name
        self.command = [python, HERE / program, MNIST]

    def run(self, work, steps, environments):
        with Processes(work) as processes:
            for environment in environments:
                processes.start(self.command + [steps], **environment)
            outs = processes.wait(range(len(environments)))
        times = [json.loads(out.read_text().splitlines()[-1])["milliseconds"] for out in outs]
        return statistics.mean(statistics.mean(values[steps // 4 :]) for values in times)

    def lone(self, work, steps, count):
        # As many threads as there are cores: more would spin, and take 30 times as long.
        threads = max(len(os.sched_getaffinity(0)) // count, 1)
        return self.run(work, steps, [{"OMP_NUM_THREADS": str(threads)}] * count)


class Mirrored(Peer):
    def __init__(self):
        name = "MultiWorkerMirrored 2.15, float32"
        super().__init__(name, other_python("estimator"), "mirrored_peer.py")

    def all_reduce(self, work, steps, workers):
        configs = [config for _, config in tf_configs(worker=workers)]
        return self.run(work, steps, [{"TF_CONFIG": config} for config in configs])


class DistributedDataParallel(Peer):
    def __init__(self):
        super().__init__("PyTorch DDP 2.15, float32", other_python("torch"), "ddp_peer.py")

    def all_reduce(self, work, steps, workers):
        port = free_addresses(1)[0].split(":")[1]
        shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(workers)}
        return self.run(work, steps, [shared | {"RANK": str(rank)} for rank in range(workers)])


def medians(results):
    return {name: statistics.median(values) for name, values in results.items()}


def print_parameter_server(rounds, steps):
    programs = [Ours("float32"), Ours("bfloat16"), Estimator()]
    lone = medians(in_turns(programs, rounds, lambda p, work: p.lone(work, steps, 1)))
    both = medians(in_turns(programs, rounds, lambda p, work: p.parameter_server(work, steps)))
    best = both["Estimator 2.15, float32"]
    print("| 1 ps, chief, worker | global steps/s | beside Estimator | one process, steps/s |")
    print("|---|---|---|---|")
    for name, milliseconds in both.items():
        print(
            f"| {name} | {1000 / milliseconds:.1f} | {best / milliseconds:.2f} "
            f"| {1000 / lone[name]:.1f} |"
        )
    print()


def print_all_reduce(rounds, steps, workers):
    programs = [Ours("float32"), Ours("bfloat16"), Mirrored(), DistributedDataParallel()]
    lone = medians(in_turns(programs, rounds, lambda p, work: p.lone(work, steps, workers)))
    both = medians(in_turns(programs, rounds, lambda p, work: p.all_reduce(work, steps, workers)))
    print(f"| {workers} workers | ms per step | as many lone processes, ms | more, ms |")
    print("|---|---|---|---|")
    for name, milliseconds in both.items():
        more = milliseconds - lone[name]
        print(f"| {name} | {milliseconds:.1f} | {lone[name]:.1f} | {more:.1f} |")
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="turns of each program (default 3)")
    parser.add_argument("--steps", type=int, default=400, help="of a run (default 400)")
    parser.add_argument("--only", choices=["ps", "2", "4"], help="one table (default: all)")
    options = parser.parse_args()
    print(f"{machine()}. Medians of {options.rounds} rounds.\n")
    if options.only in (None, "ps"):
        print_parameter_server(options.rounds, options.steps)
    for workers in (2, 4):
        if options.only in (None, str(workers)):
            print_all_reduce(options.rounds, options.steps, workers)


if __name__ == "__main__":
    sys.exit(main())
