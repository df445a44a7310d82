#!/usr/bin/env python3
"""Kills a replica of a distributed training at a random moment, many times over; nothing may be lost by it.

First trains some rounds without kills: how long a round lasts, and which accuracies come out. Then in each
round one replica of a small digits job (chief, workers, parameter server, evaluator, in turn) gets KILL,
SEGV or TERM at a moment drawn over its whole life, start-up and end included. What a round does is drawn
from the seed and its number, and `--only` repeats one. `--mode` says how the job trains: by parameter
servers, asynchronously or synchronously, or by all-reduce (three workers, the first of which leads). A round
is good if

- `trainyard run` exits with 0, having reported success;
- the last checkpoint is of the last step; asynchronously of at most one step later for each further trainer;
- the evaluator has evaluated that checkpoint, unless it was itself killed when training had ended;
- the accuracy is hardly below the lowest of the rounds without kills;
- each exported version is whole, and there is one;
- no process that carries the round's mark is left.

Of all rounds together the mean accuracy must be that of the rounds without kills.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from digits_job import BIN, MNIST, digits_job  # noqa: E402
from processes import has_mark, left_running, new_mark  # noqa: E402

SIGNALS = ["KILL"] * 3 + ["SEGV", "TERM"]
ROUND_SECONDS = 240
# Kills from this part of a life on wait until training ends: no clock hits those moments.
LATE = 0.8
LATE_SECONDS = 0.6
# No two rounds begin or end with the same weights: the accuracies of rounds without kills have a deviation
# (0.7 points asynchronously), and a tail. A kill costs at most the updates since the last checkpoint, which
# are trained again. What it must not cost: weights that are set back at the end or trained anew show in one
# round (after half of the steps there are 15 points less), smaller losses in the mean.
TOLERANCE = 0.06
MEAN_TOLERANCE = 0.01
ROUNDS_FOR_A_MEAN = 50

FLAGS = [
    "--export_dir=$(TRAINYARD_OUT)/export",
    "--batch_size=16",
    "--hidden_layers=3",
    "--save_checkpoints_steps=20",
    "--save_summary_steps=0",
    "--eval_steps=16",
    "--eval_throttle_secs=1",
    "--step_timeout_secs=4",
]


@dataclasses.dataclass
class Mode:
    """How a job trains. Each has three trainers, and an evaluator."""

    replicas: list  # in the order in which they are killed
    steps: int
    spare_steps: int  # that the job may make beyond `steps`
    flags: list  # besides FLAGS

    def job(self):
        job = json.loads(
            digits_job(
                "kill-rounds",
                [*FLAGS, f"--max_steps={self.steps}", *self.flags],
                workers=sum(replica.startswith("worker") for replica in self.replicas),
                has_evaluator=True,
            )
        )
        types = {replica.split("-")[0] for replica in self.replicas}
        specs = job["spec"]["tfReplicaSpecs"]
        job["spec"]["tfReplicaSpecs"] = {name: specs[name] for name in specs if name.lower() in types}
        return json.dumps(job)


WITH_SERVER = ["chief-0", "worker-0", "worker-1", "ps-0", "evaluator-0"]
# A synchronous step has the batches of all three, and costs as much as three others.
MODES = {
    "asynchronous": Mode(WITH_SERVER, 160, 2, ["--learning_rate=0.001"]),
    "synchronous": Mode(WITH_SERVER, 80, 0, ["--learning_rate=0.002", "--replicas_to_aggregate=3"]),
    "all_reduce": Mode(
        ["worker-0", "worker-1", "worker-2", "evaluator-0"], 80, 0, ["--learning_rate=0.002"]
    ),
}


class Run:
    """`trainyard run` of the job, followed through its JSON events while it runs."""

    def __init__(self, directory, mode):
        self.mark = new_mark()
        self.events = []
        self.started = time.monotonic()
        self.started_at = time.time()
        self.changed = threading.Condition()
        (directory / "job.yaml").write_text(mode.job())
        command = [BIN / "trainyard", "run", directory / "job.yaml", "--output=json"]
        command += ["--workdir", directory / "out"]
        self.errors = open(directory / "stderr", "w+")
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env=dict(os.environ, TRAINYARD_STATE_DIR=str(directory / "state"), **self.mark),
        )
        self.reader = threading.Thread(target=self._read, args=(directory / "events.jsonl",), daemon=True)
        self.reader.start()

    def _read(self, path):
        with open(path, "w") as kept:
            for line in self.process.stdout:
                kept.write(f"{time.monotonic() - self.started:.3f} {line}")
                with self.changed:
                    self.events.append(json.loads(line))
                    self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def _last_event(self, replica):
        own = (e for e in reversed(self.events) if e["event"] == "replica" and e["replica"] == replica)
        return next(own, {})

    def has_ended(self):
        return self.process.poll() is not None

    def wait_until(self, moment):
        """Sleeps until that many seconds after the start, or the end."""
        with self.changed:
            self.changed.wait_for(self.has_ended, timeout=max(0, self.started + moment - time.monotonic()))

    def wait_for_first_end(self):
        """Waits until the first replica has done its work; the seconds after the start."""
        with self.changed:
            self.changed.wait_for(
                lambda: self.has_ended() or any(e.get("state") == "succeeded" for e in self.events),
                timeout=ROUND_SECONDS,
            )
        return time.monotonic() - self.started

    def send(self, number, replica):
        """Signals the replica, as soon as it runs. False if it does not run any more."""
        with self.changed:
            self.changed.wait_for(
                lambda: self.has_ended() or {"pid", "exit_code"} & self._last_event(replica).keys(),
                timeout=60,
            )
            event = self._last_event(replica)
        if "pid" not in event:
            return False
        try:
            # A descriptor, so that the signal reaches this process and none that came after it.
            process = os.pidfd_open(event["pid"])
        except ProcessLookupError:
            return False
        try:
            if not has_mark(event["pid"], self.mark):
                return False  # it has ended, or is just being replaced
            signal.pidfd_send_signal(process, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(process)
        return True

    def wait(self):
        """The result event; None if there is none within the time of a round."""
        try:
            self.process.wait(ROUND_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(10)
        self.errors.close()
        return next((e for e in self.events if e["event"] == "result"), None)


def last_step(model):
    """The step of the checkpoint that the directory names as its last; None without one."""
    try:
        found = re.search(r'^model_checkpoint_path: ".*-(\d+)"', (model / "checkpoint").read_text(), re.M)
    except FileNotFoundError:
        return None
    return found and int(found[1])


def evaluate(directory, mode):
    """The accuracy of the last checkpoint, by a process of its own that has nothing left to train."""
    progress = directory / "evaluated.jsonl"
    command = [BIN / "digits", f"--data_dir={MNIST}", f"--model_dir={directory / 'out/model'}"]
    command += [f"--max_steps={mode.steps}", "--hidden_layers=3", "--save_summary_steps=0"]
    with open(directory / "out/logs/evaluated.log", "w") as log:
        subprocess.run(
            [str(part) for part in command],
            check=True,
            stdout=log,
            stderr=log,
            timeout=ROUND_SECONDS,
            env=dict(os.environ, TRAINYARD_PROGRESS_FILE=str(progress)),
        )
    values = [json.loads(line) for line in progress.read_text().splitlines()]
    return [value["accuracy"] for value in values if "accuracy" in value][-1]


class Round:
    """One training; with a kill, unless `kill` is None: (replica, signal name, part of its lifetime)."""

    def __init__(self, name, mode, directory, kill, lifetimes, least_accuracy):
        self.name = name
        self.mode = mode
        self.kill = kill
        self.directory = directory
        self.problems = []
        directory.mkdir(parents=True)
        run = Run(directory, mode)
        self.hit = kill is None or self._kill(run, lifetimes)
        self.killed_after = time.monotonic() - run.started
        result = run.wait()
        self.seconds = time.monotonic() - run.started
        self.left = left_running(run.mark)
        self.step = last_step(directory / "out/model")
        self.accuracy = None
        self.restarts = result and result["restarts"]
        lifetimes.add(run.events, run.started_at)
        self._judge(run, result, least_accuracy)

    def _kill(self, run, lifetimes):
        replica, name, part = self.kill
        if part < LATE or replica == "evaluator-0":
            run.wait_until(part * lifetimes.typical(replica))
        else:
            run.wait_until(run.wait_for_first_end() + LATE_SECONDS * (part - LATE) / (1 - LATE))
        return run.send(signal.Signals[f"SIG{name}"], replica)

    def _judge(self, run, result, least_accuracy):
        if self.left:
            self.problems.append(f"left running: {self.left}")
        if result is None:
            self.problems.append(f"no end within {ROUND_SECONDS} s")
            return
        if run.process.returncode != 0 or result["result"] != "succeeded":
            self.problems.append(f"{result['result']}, exit code {run.process.returncode}")
            return
        if not 0 <= (self.step or 0) - self.mode.steps <= self.mode.spare_steps:
            self.problems.append(f"the last checkpoint is of step {self.step}")
            return
        self.accuracy = result.get("accuracy")
        if result.get("eval_step") != self.step:
            if self.kill is None or self.kill[0] != "evaluator-0":
                self.problems.append(f"the evaluator ended with step {result.get('eval_step')}")
            try:
                self.accuracy = evaluate(self.directory, self.mode)
            except (subprocess.SubprocessError, IndexError) as error:
                self.problems.append(f"the last checkpoint could not be evaluated afterwards: {error!r}")
                return
        versions = [path for path in (self.directory / "out/export").glob("*") if path.name.isdigit()]
        if not versions:
            self.problems.append("nothing was exported")
        for version in versions:
            for file in ["saved_model.pb", "variables/variables.index"]:
                if not (version / file).exists():
                    self.problems.append(f"{version} lacks {file}")
        if self.accuracy < least_accuracy:
            self.problems.append(f"accuracy {self.accuracy:.4f} is below {least_accuracy:.4f}")

    def __str__(self):
        text = self.name + ": "
        if self.kill:
            moment = f"at {self.killed_after:.2f} s" if self.hit else "had ended"
            text += f"{self.kill[0]} {self.kill[1]} {moment} ({100 * self.kill[2]:.0f} %): "
        text += f"{self.seconds:.1f} s, step {self.step}"
        if self.accuracy is not None:
            text += f", accuracy {100 * self.accuracy:.1f} %"
        if self.kill:
            text += f", {self.restarts} restarts"
        return text + (", ok" if not self.problems else ", FAILED: " + "; ".join(self.problems))

    def logs(self):
        """The events and the end of each log, for a person."""
        parts = []
        files = [self.directory / "stderr", self.directory / "events.jsonl"]
        for path in files + sorted(self.directory.glob("out/logs/*")):
            lines = path.read_text(errors="replace").splitlines()[-40:] if path.exists() else []
            parts.append(f"--- {path}\n" + "\n".join(lines))
        return "\n".join(parts)


class Lifetimes:
    """How long replicas run lately: it changes with what else this machine does. Thread-safe."""

    def __init__(self, replicas):
        self._lock = threading.Lock()
        self._seconds = {replica: collections.deque(maxlen=10) for replica in replicas}

    def add(self, events, started):
        with self._lock:
            for event in events:
                if event.get("state") == "succeeded" and "replica" in event and not event["restarts"]:
                    self._seconds[event["replica"]].append(event["time"] - started)

    def typical(self, replica):
        with self._lock:
            # Where none has come through without a restart, as long as the others.
            known = self._seconds[replica] or [s for each in self._seconds.values() for s in each]
            return statistics.median(known)


def draw(seed, number, replicas):
    """What round `number` does: replicas take turns, the rest is random."""
    random_numbers = random.Random(f"{seed}/{number}")
    name = random_numbers.choice(SIGNALS)
    return replicas[number % len(replicas)], name, random_numbers.random()


def distribution(values):
    mean, deviation = statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0
    return f"{mean:.2f} (deviation {deviation:.2f}, {min(values):.2f} to {max(values):.2f})"


def describe_rounds(rounds):
    percent = [100 * r.accuracy for r in rounds if r.accuracy is not None]
    if not percent:
        return "none to the end"
    return f"{distribution([r.seconds for r in rounds])} s, accuracy {distribution(percent)} %"


def is_worse(hits, free):
    """Whether killed rounds learn less, as far as their number tells."""
    if len(hits) < ROUNDS_FOR_A_MEAN:
        return False
    killed_mean, free_mean = (
        statistics.mean(r.accuracy for r in rounds if r.accuracy is not None) for rounds in (hits, free)
    )
    if killed_mean >= free_mean - MEAN_TOLERANCE:
        return False
    print(f"kills cost {100 * (free_mean - killed_mean):.2f} points of accuracy")
    return True


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mode", choices=MODES, default="asynchronous", help="how to train (%(default)s)")
    parser.add_argument("--rounds", type=int, default=200, help="rounds whose kill hits (%(default)s)")
    parser.add_argument("--free", type=int, help="rounds without kills (default: 4 to 20)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parallel", type=int, default=2, help="rounds at a time (%(default)s)")
    parser.add_argument("--only", type=int, help="just the round of this number")
    parser.add_argument("--replica", help="just the rounds of this replica")
    parser.add_argument("--keep", type=pathlib.Path, help="directory to leave the files of rounds in")
    arguments = parser.parse_args()
    if arguments.replica and arguments.replica not in MODES[arguments.mode].replicas:
        parser.error(f"--replica: one of {', '.join(MODES[arguments.mode].replicas)}")
    return arguments


def main():
    arguments = parse_arguments()
    parent = arguments.keep or pathlib.Path(tempfile.mkdtemp(prefix="kill_rounds_"))
    mode = MODES[arguments.mode]
    replicas = mode.replicas
    lifetimes = Lifetimes(replicas)
    pool = concurrent.futures.ThreadPoolExecutor(arguments.parallel)

    def run_round(name, kill, least_accuracy):
        done = Round(name, mode, parent / name.replace(" ", "_"), kill, lifetimes, least_accuracy)
        if not done.problems and not arguments.keep:
            shutil.rmtree(done.directory)
        text = str(done)
        if done.problems:
            text += f"\n{done.logs()}\n"
            text += f"repeat with: {sys.argv[0]} --mode {arguments.mode} --seed {arguments.seed}"
            text += f" --only {name.split()[-1]}"
        print(text, flush=True)
        return done

    began = time.monotonic()
    number_free = arguments.free or max(4, min(20, arguments.rounds // 10))
    free = list(pool.map(lambda i: run_round(f"free {i}", None, 0.5), range(number_free)))
    whole = [r for r in free if not r.problems]
    if not whole:
        sys.exit("not one round without kills went well")
    least_accuracy = min(r.accuracy for r in whole) - TOLERANCE
    print(f"accuracy {100 * least_accuracy:.1f} % is enough", flush=True)

    # A kill may come too late: those rounds are judged, too, but others make up the number.
    numbers = iter(range(3 * arguments.rounds + len(replicas)))
    if arguments.only is not None:
        numbers = iter([arguments.only])
    elif arguments.replica:
        numbers = (n for n in numbers if replicas[n % len(replicas)] == arguments.replica)
    killed = []
    running = set()
    while True:
        hits = sum(r.hit for r in killed)
        while len(running) < arguments.parallel and hits + len(running) < arguments.rounds:
            number = next(numbers, None)
            if number is None:
                break
            kill = draw(arguments.seed, number, replicas)
            running.add(pool.submit(run_round, f"round {number}", kill, least_accuracy))
        if not running:
            break
        done, running = concurrent.futures.wait(
            running, return_when=concurrent.futures.FIRST_COMPLETED
        )
        killed += [future.result() for future in done]

    hits = [r for r in killed if r.hit]
    failed = [r for r in free + killed if r.problems]
    print(f"\n{arguments.mode}, seed {arguments.seed}")
    print(f"took {time.monotonic() - began:.0f} s, {arguments.parallel} at a time")
    print(f"without kills  {len(free)} rounds: {describe_rounds(free)}")
    print(f"kill too late  {len(killed) - len(hits)} rounds")
    print(f"killed         {len(hits)} rounds: {describe_rounds(hits)}")
    for replica in replicas:
        part = [r for r in hits if r.kill[0] == replica]
        if part:
            print(f"  {replica:12} {len(part)} rounds: {describe_rounds(part)}")
    where = f"; files in {parent}" if failed else ""
    print(f"{len(failed)} of {len(free) + len(killed)} rounds failed{where}")
    for round_ in failed:
        print(f"  {round_}")
    if not failed and not arguments.keep:
        shutil.rmtree(parent)
    too_few = arguments.only is None and len(hits) < arguments.rounds
    if too_few:
        print(f"only {len(hits)} of {arguments.rounds} kills hit")
    sys.exit(1 if failed or too_few or is_worse(hits, free) else 0)


if __name__ == "__main__":
    main()
