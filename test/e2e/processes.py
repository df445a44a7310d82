"""Finds what a run has left behind, by a mark in the environment that every descendant inherits."""

import pathlib
import time
import uuid


def new_mark():
    """A variable that nothing else on this machine has."""
    return {"TRAINYARD_TEST_MARK": str(uuid.uuid4())}


def has_mark(pid, mark):
    [(name, value)] = mark.items()
    try:
        return f"{name}={value}".encode() in pathlib.Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False  # gone, or not ours


def processes_with(mark):
    """The processes whose environment carries the mark, as {pid: command line}."""
    found = {}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        if has_mark(process.name, mark):
            try:
                found[int(process.name)] = (process / "cmdline").read_text().replace("\0", " ")
            except OSError:
                pass
    return found


def left_running(mark, seconds=10):
    """What is still there a little after the end; {} as soon as nothing is."""
    deadline = time.monotonic() + seconds
    while (left := processes_with(mark)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left
