"""Each row of those tables of the TFJob contract that have a column `test` names tests that there are."""

import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "docs/contracts/tfjob.md"
BUILD = pathlib.Path(os.environ.get("TRAINYARD_TEST_DIR", ROOT / "build/release/test")).parent


def cells(line):
    """What stands between the bars of a table's line."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def rows_with_tests(text):
    """(line number, row, cell of its column `test`) of each row of the tables that have one."""
    column = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|"):
            column = None
        elif column is None:
            column = cells(line).index("test") if "test" in cells(line) else -1
        elif column >= 0 and not re.fullmatch(r"[-| :]+", line):
            yield number, line, (cells(line) + [""] * column)[column]


def mistakes(text, known_tests):
    """What is wrong with the tables, one line each."""
    found = []
    for number, row, cell in rows_with_tests(text):
        names = re.findall(r"`([\w/]+\.[\w/]+)`", cell)
        if not names:
            found.append(f"line {number} names no test: {row}")
        for name in names:
            if name not in known_tests:
                found.append(f"line {number} names {name}: there is no such test")
    return found


def test_every_row_names_tests_that_there_are():
    text = CONTRACT.read_text()
    assert list(rows_with_tests(text))
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
| field | what | test |
|---|---|---|
| `a.b` | is | `PlanTest.Works`, `e2e.jobs` |
| `c` \\| `e.f` | is not | |
| `d` | is no more | `PlanTest.Gone` |

| field | what |
|---|---|
| `g` | `of.another` table |
"""
    assert mistakes(text, {"PlanTest.Works", "e2e.jobs"}) == [
        "line 5 names no test: | `c` \\| `e.f` | is not | |",
        "line 6 names PlanTest.Gone: there is no such test",
    ]
