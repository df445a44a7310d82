"""Each row of the TFJob contract's tables names the tests that show it, and there are such tests."""

import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "docs/contracts/tfjob.md"
BUILD = pathlib.Path(os.environ.get("TRAINYARD_TEST_DIR", ROOT / "build/release/test")).parent
TEST_NAME = re.compile(r"`((?:\w+/)?\w*Test\.\w+(?:/\w+)?|(?:e2e|python|lint)\.\w+)`")


def rows(text):
    """The (line number, text) of each row of each table, headings left out."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        is_heading = number + 1 < len(lines) and re.fullmatch(r"\|[-| :]+\|", lines[number + 1])
        if line.startswith("|") and not is_heading and not re.fullmatch(r"\|[-| :]+\|", line):
            yield number + 1, line


def mistakes(text, known_tests):
    """What is wrong with the tables, one line each."""
    found = []
    for number, row in rows(text):
        names = TEST_NAME.findall(row)
        if not names:
            found.append(f"line {number} names no test: {row}")
        for name in names:
            if name not in known_tests:
                found.append(f"line {number} names {name}: there is no such test")
    return found


def test_every_row_names_tests_that_there_are():
    text = CONTRACT.read_text()
    if not any(TEST_NAME.search(row) for _, row in rows(text)):
        pytest.skip("the contract names no tests yet")
    command = [os.environ.get("TRAINYARD_CTEST", "ctest"), "--test-dir", BUILD, "-N", "-C", "Long"]
    listed = subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True, timeout=50
    ).stdout
    # Of "Suite.Name/2", a test with parameters, "Suite.Name" is a name as well.
    known_tests = set(re.findall(r"Test +#\d+: (\S+)", listed))
    known_tests |= {name.rpartition("/")[0] for name in known_tests}
    assert known_tests, listed
    assert mistakes(text, known_tests) == []


def test_mistakes_are_found():
    text = """
| field | what | tests |
|---|---|---|
| `a.b` | is | `PlanTest.Works`, `e2e.jobs` |
| `c` | is not | |
| `d` | is no more | `PlanTest.Gone` |
"""
    assert mistakes(text, {"PlanTest.Works", "e2e.jobs"}) == [
        "line 5 names no test: | `c` | is not | |",
        "line 6 names PlanTest.Gone: there is no such test",
    ]
