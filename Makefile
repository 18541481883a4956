# Everything a contributor runs. Each target sets up .venv first, when that is needed.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help quickstart test faults check generate sync format bench soak setup
BIN := .venv/bin
export PYTHON

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

quickstart: setup ## run examples/quickstart.py on the embedded runtime
	@$(BIN)/python examples/quickstart.py

test: setup ## run every test; ARGS="-k name" picks some
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -q $(ARGS)

faults: setup ## run every call against pairs of faults; FAULTS=all takes every one (a quarter of an hour)
	@OPENSANDBOX_TEST_FAULTS=$(FAULTS) $(BIN)/python -m pytest -n 2 --dist loadgroup -q tests/faults

check: setup ## format, lint, types, import directions, and the drift of what is derived
	@$(BIN)/python scripts/check.py

soak: setup ## run every call against every fault, then load for SOAK_MINUTES=30; ARGS="--only load"
	@$(BIN)/python -m tests.soak --minutes $(or $(SOAK_MINUTES),30) $(ARGS)

generate: setup ## openapi/ -> generated/
	@$(BIN)/python scripts/generate.py

sync: setup ## _async/ -> _sync/, the public surface, the coverage of the API
	@$(BIN)/python scripts/unasync.py
	@$(BIN)/python scripts/surface.py && $(BIN)/python scripts/coverage.py

format: setup ## let ruff format what was written by hand
	@$(BIN)/ruff check --quiet --fix --exit-zero . && $(BIN)/ruff format .

bench: setup ## measure beside plain httpx and other clients; ARGS="--only lines" picks some
	@$(BIN)/python -m benchmarks $(ARGS)

setup:
	@scripts/setup.sh $(if $(filter quickstart test faults soak,$(MAKECMDGOALS)),isolation) $(if $(filter test,$(MAKECMDGOALS)),redis)
