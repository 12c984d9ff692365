# Every command of the project. `make demo` from a clean clone needs Python 3.11+ and make, nothing else.

PYTHON ?= python3
JOBS ?= 2
SEED ?= 1
ROUNDS ?= 20
BIN := .venv/bin
READY := .venv/.installed
LOCK := .venv/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --upgrade --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help setup run demo test check lint types migrations openapi lock clean clean-data chaos bench

help:
	@echo "make demo         start everything and travel once through it as a new seller"
	@echo "make run          start everything and serve until Ctrl-C (PORT=8000)"
	@echo "make test         the whole suite (JOBS=2, ARGS=...)"
	@echo "make check        lint, types, import contracts, migrations, OpenAPI, tests"
	@echo "make chaos        kill parts of the stack at random moments (SEED=1 ROUNDS=20)"
	@echo "make bench        measure against bare baselines"
	@echo "make lock         pin requirements.in and requirements-dev.in anew"
	@echo "make clean        remove the environment and caches; make clean-data removes the trial's data"

setup: $(READY)

$(READY): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name one by PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || { echo "==> Making the Python environment in .venv"; $(PYTHON) -m venv .venv; }
	@echo "==> Installing the pinned packages (a minute or two the first time)"
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --requirement requirements-dev.txt
	@touch $@

run: setup
	@exec $(BIN)/python -m app run

demo: setup
	@exec $(BIN)/python -m app demo

test: setup
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

check: lint types migrations openapi test

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tools/lint_house.py

types: setup
	$(BIN)/mypy

migrations: setup
	$(BIN)/python -m tools.alembic_check

openapi: setup
	$(BIN)/python -m tools.openapi --check

lock:
	@test -x .venv/lock/bin/uv || { $(PYTHON) -m venv .venv/lock && .venv/lock/bin/pip install --quiet uv; }
	$(LOCK) --output-file requirements.txt requirements.in
	$(LOCK) --output-file requirements-dev.txt requirements-dev.in

chaos: setup
	$(BIN)/python -m tools.chaos --seed $(SEED) --rounds $(ROUNDS)

bench: setup
	$(BIN)/python -m bench

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

clean-data:
	@$(PYTHON) -c 'from pathlib import Path; from app.supervisor import embedded; embedded.remove(Path(".data"))'
