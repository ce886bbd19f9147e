# Two commands matter: `make demo` and `make test`. Everything else serves them.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PORT ?= 8000
# A process per core tests side by side; more than four would mostly wait for memory.
PARALLEL ?= -n auto --maxprocesses 4

.PHONY: help install demo test test-all soak check lint types imports lock docs clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: .venv/.installed  ## create .venv with weisu and everything pinned in requirements.lock

.venv/.installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "weisu needs Python 3.11 or newer: install it (Debian: apt-get install python3 python3-venv)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "weisu needs Python 3.11 or newer, $(PYTHON) is older: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@$(PYTHON) -c 'import ctypes, sys; sys.platform == "linux" and ctypes.CDLL("libgomp.so.1")' 2>/dev/null || { echo "LightGBM needs the system library libgomp.so.1: install it first (Debian, Ubuntu: apt-get install libgomp1)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "could not make .venv: on Debian, apt-get install python3-venv"; exit 1; }
	@echo "installing into .venv (about two minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: install  ## build the simulated city and serve it on 127.0.0.1:8000
	$(BIN)/weisu demo --port $(PORT)

test: install  ## run the tests (slow ones excluded; `make test-all` runs those too)
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow" --cov --cov-report=term

test-all: install  ## run every test, as CI does
	$(BIN)/python -m pytest $(PARALLEL) --cov --cov-report=term

soak: install  ## schemathesis, 10,000 requests as each role on SQLite and PostgreSQL, and 200 MB without a key (hours)
	WEISU_SOAK=10000 $(BIN)/python -m pytest -q -rP -p no:cacheprovider tests/api/test_fuzzing.py tests/api/test_nasty_values.py
	WEISU_FLOOD_MB=200 $(BIN)/python -m pytest -q tests/api/test_flood.py

check: lint types imports test  ## what must be green before each commit

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

imports: install
	$(BIN)/lint-imports

docs: install  ## write the keys of docs/configuration.md anew from their declarations
	{ sed '/^## Every key/q' docs/configuration.md; echo; $(BIN)/weisu config reference; } > docs/.configuration.md
	mv docs/.configuration.md docs/configuration.md

lock: install  ## pin pyproject.toml anew (needs uv on the path)
	uv pip compile pyproject.toml --all-extras --group dev --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --no-annotate --no-strip-extras --upgrade -o requirements.lock

clean:  ## remove the demo's state and caches; the code and .venv stay
	rm -rf var .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage* dist
