"""Trains the run that the other test files share (a ctest fixture).

usage: digits_run.py DIRECTORY
"""

import pathlib
import shutil
import sys

from conftest import train_digits

target = pathlib.Path(sys.argv[1])
shutil.rmtree(target, ignore_errors=True)
target.mkdir(parents=True)
train_digits(target)
