# The few commands a person needs; each is a thin name for a script or a CMake preset.
.DEFAULT_GOAL := help
.PHONY: help setup quickstart build test e2e sanitize fuzz bench bench-operator format clean

JOBS := $(shell nproc)
PRESET ?= asan
# Which of the long tests, by label; e2e_soak takes more than half an hour.
E2E ?= e2e_long|e2e_cluster|e2e_soak
# Tests kill, freeze and race processes; where something else takes the processors for a while one may
# fail for that alone. What fails twice is a fault; ctest shows both tries.
REPEAT := --repeat until-pass:2

help:  ## what can be made
	@echo "make TARGET, where TARGET is one of"
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  %-12s%s\n", $$1, $$2}' Makefile

setup:  ## gets what the build needs: Debian packages, TensorFlow, MNIST
	@tools/setup.sh quickstart

quickstart:  ## set-up, build, then digits: train distributed, export, serve, predict
	@tools/quickstart.sh

build: setup  ## builds all programs, optimised, into bin/
	@cmake --preset release
	@cmake --build --preset release -j $(JOBS)

test:  ## set-up for tests, build, then every test
	@tools/setup.sh test
	@cmake --preset release
	@cmake --build --preset release -j $(JOBS)
	@ctest --preset release -j $(JOBS) $(REPEAT)

e2e:  ## the long tests: TFJobs on a real Kubernetes (root), Python programs, 200 killed processes
	@tools/setup.sh estimator
	@cmake --preset release
	@cmake --build --preset release -j $(JOBS)
	@test/cluster/cluster.sh deps && test/cluster/cluster.sh build || echo "no cluster can be made here: its tests will be skipped"
	@ctest --preset release -C Long -L '$(E2E)' $(REPEAT)

sanitize:  ## the unit tests again, for memory errors and undefined behaviour (PRESET=tsan: data races)
	@tools/setup.sh test
	@cmake --preset $(PRESET)
	@cmake --build --preset $(PRESET) -j $(JOBS)
	@ctest --preset $(PRESET) -j $(JOBS) $(REPEAT)

fuzz:  ## random bytes for every parser, a minute each, with libFuzzer (needs clang-19)
	@tools/fuzz.sh

bench:  ## the benchmarks, each beside its peer (quiet machine, some minutes)
	@tools/setup.sh test
	@cmake --preset release
	@cmake --build --preset release -j $(JOBS)
	@.deps/venv/bin/python bench/train/run.py

bench-operator:  ## the operator beside training-operator on real control planes (an hour)
	@bench/operator/run.py

format:  ## formats all C++
	@tools/format.sh

clean:  ## removes what was built; keeps .deps/ and out/
	rm -rf build bin
