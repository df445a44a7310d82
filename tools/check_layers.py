#!/usr/bin/env python3
"""Checks the include directions of src/ against src/layers.txt.

usage: tools/check_layers.py [ROOT]

Prints each offending line as FILE:LINE: what is wrong, and exits 1 if there is one.

Besides the folder edges: includes are rooted ("kube/client.h"), x/internal/ is included only from
x/, x/testing/ only from tests, and a library's headers only by the folder that wraps it (that also
in examples/, bench/ and test/).
"""

import fnmatch
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SOURCES = {".h", ".cc"}


class Layers:
    """src/layers.txt: allowed edges, and who may see which library."""

    def __init__(self, text):
        self.allowed = {}  # folder -> set of folders; "*" stands for all
        self.owners = []  # (pattern, folder)
        for number, line in enumerate(text.splitlines(), 1):
            line = line.split("#")[0].strip()
            if not line:
                continue
            left, colon, right = line.partition(":")
            if not colon:
                raise SystemExit(f"src/layers.txt:{number}: no ':' in \"{line}\"")
            if left.startswith("header "):
                self.owners.append((left.removeprefix("header ").strip(), right.strip()))
            else:
                self.allowed[left.strip()] = set(right.split())
        self._refuse_cycles()

    def _refuse_cycles(self):
        def visit(folder, path):
            if folder in path:
                raise SystemExit("src/layers.txt: a cycle: " + " -> ".join(path + [folder]))
            for target in self.allowed.get(folder, ()):
                if target != "*":
                    visit(target, path + [folder])

        for folder in self.allowed:
            visit(folder, [])

    def may_include(self, path, target):
        """Whether the file `path` (relative to src/) may include from the folder `target`."""
        folder = path.parts[0]
        if target in (folder, "base"):
            return True
        allowed = set()
        for depth in range(1, len(path.parts)):
            allowed |= self.allowed.get("/".join(path.parts[:depth]), set())
        return target in allowed or "*" in allowed


def is_test(path):
    return path.name.endswith("_test.cc") or "testing" in path.parts or path.parts[0] == "test"


def own_header_error(layers, path, header, known):
    """What is wrong with including `header`, a path below src/, from `path`; or None."""
    target = pathlib.PurePath(header).parts
    if not is_test(path) and "testing" in target:
        return "only tests may include from testing/"
    if path.parts[0] != "src":
        return None  # examples, benchmarks and tests stand above all of src/
    inside = pathlib.PurePath(*path.parts[1:])
    if inside.parts[0] not in known:
        return f"src/{inside.parts[0]} has no line in src/layers.txt"
    if "internal" in target and target[0] != inside.parts[0]:
        return f"only {target[0]}/ may include from {target[0]}/internal/"
    if not layers.may_include(inside, target[0]):
        return f"{inside.parts[0]} may not include from {target[0]} (src/layers.txt)"
    return None


def header_error(layers, root, path, quote, header):
    """What is wrong with this include; or None."""
    for pattern, owner in layers.owners:
        generated = header.endswith(".pb.h")
        if fnmatch.fnmatch(header, pattern) and not generated:
            if path.parts[:2] != ("src", owner):
                return f"only src/{owner} may include {header}"
            return None
    if quote == "<":
        return None
    known = {folder.split("/")[0] for folder in layers.allowed}
    if header.split("/")[0] in known and "/" in header:
        return own_header_error(layers, path, header, known)
    if path.parts[0] == "src" and (root / path.parent / header).exists():
        return f'not rooted: write "{"/".join(path.parts[1:-1])}/{header}"'
    if header.startswith("."):
        return "relative includes are not used: start at src/"
    return None


def check(root):
    """All errors in the tree at `root`, as lines of text."""
    layers = Layers((root / "src" / "layers.txt").read_text())
    errors = []
    files = [
        file
        for top in ("src", "examples", "bench", "test")
        for file in sorted((root / top).rglob("*"))
        if file.suffix in SOURCES
    ]
    for file in files:
        path = file.relative_to(root)
        for number, line in enumerate(file.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            error = found and header_error(layers, root, path, found[1], found[2])
            if error:
                errors.append(f"{path}:{number}: {error}: {line.strip()}")
    return errors


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here
    errors = check(root)
    for error in errors:
        print(error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
