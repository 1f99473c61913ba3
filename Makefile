# Every target first makes the environment that it needs; Python 3.11 or newer and make are enough.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup postgres embeddings run test check lint types compiled looked-through bench soak lock clean

help:
	@echo "make run    start the gateway (without any token: on the local stage, in your browser)"
	@echo "make test   run every test"
	@echo "make check  lint, types, the import map, then every test"
	@echo "make setup  only make .venv, with the command troupe in it"
	@echo "make postgres  add the driver for a PostgreSQL database"
	@echo "make embeddings  add what an embedding model on this machine needs"
	@echo "make bench  print the figures     make soak  run the long tests"

setup: .venv/.run

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Troupe needs Python 3.11 or newer; say which: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.run: requirements-voice.lock pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-voice.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.run requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

postgres: .venv/.run requirements-postgres.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-postgres.lock

embeddings: .venv/.run requirements-embeddings.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-embeddings.lock

run: .venv/.run
	@exec $(BIN)/troupe run

# What pytest has compiled is kept, also where the shell would rather have nothing kept.
PYTEST := env PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q

# Most of the time of a test is waiting, so several run side by side; no long one is kept for the end.
test: .venv/.dev
	$(PYTEST) -n 5 --durations=15 --ignore=tests/faults
	$(PYTEST) -n 5 --durations=15 --maxschedchunk=1 tests/faults

lint: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/.dev
	$(BIN)/mypy
	$(BIN)/lint-imports

# Compiled once, for all workers; where one cannot be read, the tests themselves say so.
compiled: .venv/.dev
	-@$(PYTEST) --collect-only -p no:randomly >/dev/null

# One core reads the types, the other one the tests.
looked-through: .venv/.dev
	@$(MAKE) --no-print-directory -j2 types lint compiled

check: looked-through test

bench: .venv/.dev
	$(BIN)/python -m tests.benchmarks

soak: .venv/.dev
	$(PYTEST) -m soak -p no:randomly --timeout=3600

# Names, versions and hashes; no address of an index.
lock:
	uv pip compile pyproject.toml --universal --generate-hashes --no-header --no-emit-index-url \
	  --no-annotate --python-version 3.11 --extra build --quiet -o requirements.lock
	uv pip compile pyproject.toml --universal --generate-hashes --no-header --no-emit-index-url \
	  --no-annotate --python-version 3.11 --extra build --extra voice --extra offline-voice \
	  --quiet -o requirements-voice.lock
	uv pip compile pyproject.toml --universal --generate-hashes --no-header --no-emit-index-url \
	  --no-annotate --python-version 3.11 --extra build --extra voice --extra postgres \
	  --quiet -o requirements-postgres.lock
	uv pip compile pyproject.toml --universal --generate-hashes --no-header --no-emit-index-url \
	  --no-annotate --python-version 3.11 --extra build --extra embeddings --quiet -o requirements-embeddings.lock
	uv pip compile pyproject.toml --universal --generate-hashes --no-header --no-emit-index-url \
	  --no-annotate --python-version 3.11 --extra build --extra voice \
	  --extra offline-voice --group dev --quiet -o requirements-dev.lock

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache
