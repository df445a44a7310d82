"""What tools/races.py takes for a race of our own, with programs of the thread sanitizer."""

import subprocess
import sys

import pytest

from conftest import ROOT

TOOL = ROOT / "tools/races.py"
COUNTER = """
#include <thread>
#include <vector>
void Fill(std::vector<int>* values) { for (int i = 0; i < 1000; ++i) values->at(0) = i; }
int main() {
  std::vector<int> values{0};
  std::thread other(Fill, &values);
  Fill(&values);
  other.join();
}
"""


@pytest.mark.parametrize("folder, code", [("src", 1), ("other", 0)])
def test_tells_our_races_from_others(tmp_path, folder, code):
    source = tmp_path / folder / "race.cc"
    source.parent.mkdir()
    source.write_text(COUNTER)
    program = tmp_path / "program"
    build = ["g++", "-std=c++20", "-g", "-O1", "-fsanitize=thread", "-o", program, source]
    subprocess.run(build, check=True, timeout=100)
    done = subprocess.run([sys.executable, TOOL, program], capture_output=True, text=True, timeout=100)
    assert done.returncode == code, done.stdout
    assert f"{code} races of our own" in done.stdout


def test_ends_as_the_program_does():
    done = subprocess.run([sys.executable, TOOL, "sh", "-c", "echo out; exit 3"], capture_output=True, text=True)
    assert done.returncode == 3
    assert "out" in done.stdout
