# `make run` and `make test` set everything up by themselves; `make help` lists all targets.

PYTHON ?= $(shell for python in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
HAS_PIP := $(BIN)/python -m pip --version >/dev/null 2>&1
READY := $(VENV)/.requirements-dev.txt
PATHS ?= tests
SOAK_ := tests.benchmarks.soak
SOAK_cache := tests.checking.hammer
SOAK_queues := tests.soaking queues
SOAK_domain := tests.soaking domain

.DEFAULT_GOAL := help
.PHONY: help run test lint format types bench soak clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: $(READY) ## run everything: servers, web, workers, beat, relay (PORT=8000, HOST=127.0.0.1)
	@exec $(BIN)/python manage.py up --bound

test: $(READY) ## run the whole suite against real servers of its own (PATHS=tests/unit for a part)
	@exec $(BIN)/python -m pytest -n 3 --dist loadscope --no-loadscope-reorder $(PATHS)

lint: $(READY) ## check style, import rules and types
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python $(BIN)/lint-imports --no-logo
	$(BIN)/python -m mypy

format: $(READY) ## put the code into shape
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

types: $(READY) ## check types only
	$(BIN)/python -m mypy

bench: $(READY) ## measure, ours beside the peers (ONLY=name for one, CASES=part,... for some of it); results in .bench/
	@exec $(BIN)/python -m tests.benchmarks "$(ONLY)" "$(CASES)"

soak: $(READY) ## run everything under load for long (SECONDS=3600), ONLY=cache against its checker (SECONDS=600), ONLY=queues through its faults, ONLY=domain through its own (CHAPTER_SAVES=5000 at once)
	@exec $(BIN)/python -m $(or $(SOAK_$(ONLY)),$(SOAK_)) $(SECONDS)

clean: ## remove what can be made again; the data in .storychain stays
	rm -rf $(VENV) .bench .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Installed again only when the pins have other content than those that were installed.
$(READY): requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or name it, as in 'make PYTHON=/path/to/python3.11'."; exit 1; }
	@cmp -s $< $@ || $(MAKE) --no-print-directory install
	@touch $@

.PHONY: install
install: ## install the pinned packages into .venv
	@$(HAS_PIP) || $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments: install its venv part, as in 'apt install python3-venv'."; exit 1; }
	@$(HAS_PIP) || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing the pinned packages into $(VENV), once ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt || { \
		echo "The packages could not be installed: mend what pip says above (network, proxy, disk), then repeat."; exit 1; }
	@cp requirements-dev.txt $(READY)
