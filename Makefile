# Everything a developer or a build server runs. On a machine with Python 3.11 or later and make,
# every target sets up what it needs by itself: `make demo` and `make test` are the only two to know.

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# The interpreter the environment is made from; name another with PYTHON=/path/to/python3.
PYTHON ?=
CANDIDATES := $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python3.14 python)
# Processes the test suite runs in, and further options for pytest: make test ARGS='-k breaker -x'.
JOBS ?= 2
ARGS ?=
# How often `make robustness` does each thing to stores and nodes.
ROUNDS ?= 10

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

.PHONY: help
help:
	@echo 'make demo     three services, traffic, a failure and a live policy change (ONCE=1: unattended)'
	@echo 'make test     every test                    (ARGS="..." is handed to pytest)'
	@echo 'make robustness  every crash, fault and complaint that the suites know; faults ROUNDS=10 times'
	@echo 'make lint     ruff, mypy, the import contracts, and the console'"'"'s types and style'
	@echo 'make console  build the console'
	@echo 'make bench    measure and print the figures'
	@echo 'make docs     generate the documentation'
	@echo 'make screenshots  take the pictures of the console that the documentation shows'
	@echo 'make install  only set up $(VENV)'
	@echo 'make lock     resolve the dependencies anew and write requirements.lock'
	@echo 'make clean    remove $(VENV), caches and generated files'

.PHONY: install
install: $(INSTALLED)

# Candidates are tried in order; the first that is new enough wins.
$(BIN)/python:
	@for candidate in $(CANDIDATES); do \
	  if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Creating $(VENV) with $$("$$candidate" --version)"; \
	    exec "$$candidate" -m venv --clear $(VENV); \
	  fi; \
	done; \
	echo 'make: needs Python 3.11 or later with venv; tried: $(CANDIDATES). Install it, or name one: make PYTHON=/path/to/python3' >&2; \
	exit 1

$(INSTALLED): requirements.lock pyproject.toml agents/python/pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable agents/python --editable .
	@touch $@

# Built once, and again when its source has changed; where it cannot be, what goes on says so.
.PHONY: console console-if-possible
console: $(INSTALLED)
	@$(BIN)/python tools/build_console.py build

console-if-possible: $(INSTALLED)
	@$(BIN)/python tools/build_console.py try

.PHONY: demo
demo: console-if-possible
	$(BIN)/configsvc demo $(if $(ONCE),--once)

.PHONY: test
test: console-if-possible
	$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

# The whole of the robustness suites; `make test` runs a bounded part of them.
.PHONY: robustness
robustness: $(INSTALLED)
	ROBUSTNESS_ROUNDS=$(ROUNDS) $(BIN)/python -m pytest -n $(JOBS) -m 'robustness or not robustness' tests/robustness tests/analysis/test_hostile.py $(ARGS)

# Parts, so that `make --keep-going lint` reports on all of them.
.PHONY: lint lint-style lint-types lint-imports lint-console
lint: lint-style lint-types lint-imports lint-console

lint-style: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

lint-types: $(INSTALLED)
	$(BIN)/mypy

lint-imports: $(INSTALLED)
	$(BIN)/lint-imports --no-logo

lint-console: $(INSTALLED)
	$(BIN)/python tools/build_console.py check

.PHONY: bench
bench: $(INSTALLED)
	$(BIN)/python -m benchmarks

.PHONY: docs
docs: $(INSTALLED)
	$(BIN)/python docs/build.py

# Of a live node with agents and traffic: the demo's.
.PHONY: screenshots
screenshots: console
	$(BIN)/python -m tools.screenshots

# The resolver lives in an environment of its own: it is no part of what it resolves.
.PHONY: lock
lock: $(BIN)/python
	$(BIN)/python -m venv --clear $(VENV)/resolver
	$(VENV)/resolver/bin/python -m pip install --quiet uv
	$(VENV)/resolver/bin/uv pip compile --quiet pyproject.toml agents/python/pyproject.toml \
	  --all-extras --universal --python-version 3.11 --upgrade --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	  --no-emit-package configsvc-agent --output-file requirements.lock
	rm -rf $(VENV)/resolver

.PHONY: clean
clean:
	rm -rf $(VENV) build dist docs/_build site \
	  configsvc/web/console/_built configsvc/web/console/frontend/node_modules \
	  .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
