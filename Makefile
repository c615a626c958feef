# make demo     train the digits recipe for three minutes and open the result
# make test     run the tests
# make check    format, lint, types and tests: what a change must pass
# make setup    only create the environment

PY    ?= python3
VENV  ?= .venv
# The CUDA build of the same pin where there is an NVIDIA GPU, the CPU build where there is none.
TORCH ?= $(shell nvidia-smi -L >/dev/null 2>&1 && echo torch==2.13.0 || echo torch==2.13.0+cpu)
# An extra package index that carries the CPU build, if yours does not.
TORCH_INDEX ?=

BIN := $(VENV)/bin
PIP := $(BIN)/pip install -q --disable-pip-version-check
INDEX := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

.PHONY: setup demo test check format clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PY) -m venv $(VENV)
	$(PIP) $(INDEX) -c constraints.txt $(TORCH) || $(PIP) -c constraints.txt torch==2.13.0
	$(PIP) -c constraints.txt -e '.[dev]'
	@touch $@

demo: setup
	$(BIN)/gansmith train digits --out runs/demo

test: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal --durations=20 --durations-min=1

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd benchmarks && MYPYPATH=../src:. $(abspath $(BIN))/mypy --config-file ../pyproject.toml --allow-untyped-calls *.py
	$(MAKE) test

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) runs
