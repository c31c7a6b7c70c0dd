# From a bare clone with nothing but python3 and make: `make demo`, `make test`, `make check`, `make bench`.
# PIP_FLAGS reaches pip, as in: make demo PIP_FLAGS="--extra-index-url https://download.pytorch.org/whl/cpu"

PYTHON ?= python3
PIP_FLAGS ?=
BIN := .venv/bin

.PHONY: demo test check bench schema
.DELETE_ON_ERROR:

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS) --constraint constraints.txt --editable '.[learn,dev]'
	touch $@

demo: .venv/installed  ## train LeNet, then read the pictures of samples/ with it
	$(BIN)/python samples/demo.py

test: .venv/installed  ## all tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

check: .venv/installed  ## style, types, floors
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/installed  ## what reading and training cost on this machine
	$(BIN)/python benchmarks/cost.py

schema: .venv/installed  ## write the JSON Schema of a reading anew
	$(BIN)/python docs/schema.py
