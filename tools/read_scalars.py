#!/usr/bin/env python3
"""Prints the last value of each scalar in a run's event files, as `TAG STEP VALUE` lines.

usage: tools/read_scalars.py DIRECTORY [TAG...]

Needs nothing but Python. Reads simple values only, and believes the checksums.
"""

import pathlib
import struct
import sys


def records(data):
    at = 0
    while at + 16 <= len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        if at + 16 + length > len(data):
            return  # still being written
        yield data[at + 12 : at + 12 + length]
        at += 16 + length


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(message):
    """The (number, value) pairs of a protobuf message; values are int, float or bytes."""
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(message, at)
        elif kind == 2:
            length, at = varint(message, at)
            value, at = message[at : at + length], at + length
        else:
            form, width = ("<d", 8) if kind == 1 else ("<f", 4)
            (value,) = struct.unpack_from(form, message, at)
            at += width
        yield key >> 3, value


def last_scalars(directory):
    """{tag: (step, value)}, each of the last event that has the tag."""
    last = {}
    for file in sorted(pathlib.Path(directory).glob("*tfevents*")):
        for record in records(file.read_bytes()):
            event = dict(fields(record))
            for _, value in fields(event.get(5, b"")):
                parts = dict(fields(value))
                if 2 in parts:
                    last[parts[1].decode()] = (event.get(2, 0), parts[2])
    return last


def main():
    if len(sys.argv) < 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    found = last_scalars(sys.argv[1])
    wanted = sys.argv[2:] or sorted(found)
    for tag in wanted:
        if tag in found:
            print(tag, found[tag][0], f"{found[tag][1]:.6g}")
    return 0 if all(tag in found for tag in wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
