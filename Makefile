# `make help` lists the commands. Everything is installed into .venv; nothing outside this folder changes.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV_VERSION := 0.13.9
BIN := .venv/bin
PYTEST ?= $(BIN)/pytest
export UV_PROJECT_ENVIRONMENT := .venv

.PHONY: help run demo up test test-kafka test-flows test-faults soak check format docs events bench clean setup

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

run: .venv/.ready ## the whole system with a sample organization; serves until Ctrl-C
	@$(BIN)/python -m deploy.local run

demo: .venv/.ready ## the same once through, then exit
	@$(BIN)/python -m deploy.local demo

up: .venv/.ready ## the empty system; serves until Ctrl-C
	@$(BIN)/python -m deploy.local up

test: .venv/.ready ## all tests, against an embedded PostgreSQL and broker
	@$(PYTEST) -n 2 --dist loadgroup

test-kafka: test-flows test-faults ## flows and faults against Apache Kafka (needs Java and Maven)

test-flows: .venv/.ready ## the cross-service flows and what one broker is enough for
	@LATERAL_LOCAL_BROKER=apache $(PYTEST) -n 2 --dist loadgroup -m "real_broker and not cluster"

test-faults: .venv/.ready ## a quarter of an hour of faults drawn by seeds, on three brokers
	@LATERAL_LOCAL_BROKER=apache $(PYTEST) -m cluster

soak: .venv/.ready ## all figures of delivery whole, in six hours; one soak: make soak SEED=7 RUNS=1 MINUTES=30 (needs Java and Maven)
	@$(BIN)/python -m tests.faults.soak --seed $(or $(SEED),1) --runs $(or $(RUNS),30) --minutes $(or $(MINUTES),5) --rest 0.2
	@test -n "$(RUNS)" || { set -e; for each in kills stops members "brokers --hangs 10" databases; do \
		$(BIN)/python -m tests.faults.campaigns $$each --seed $(or $(SEED),1); done; \
	$(BIN)/python -m tests.faults.soak --seed $(or $(SEED),1) --strikes 1 --only brokers_are_away_for_five_minutes; \
	$(BIN)/python -m tests.faults.erasures --seed $(or $(SEED),1) --count 1000 --events 50000; \
	$(BIN)/python -m bench.bench_replay --size 1000000 --hostile 10000; }

check: .venv/.ready ## lint, types, import contracts, generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { $(BIN)/ruff format --diff .; exit 1; }
	@$(BIN)/mypy shared services deploy tests docs bench
	@$(BIN)/lint-imports --config pyproject.toml | tail -n +9
	@$(BIN)/python -m docs.generate --check
	@$(BIN)/uv lock --check --quiet

format: .venv/.ready ## format and mend what can be mended
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

docs: .venv/.ready ## write the generated documents and freeze the event schemas
	@$(BIN)/python -m docs.generate

events: docs ## the same, under the name people look for

bench: .venv/.ready ## benchmarks; prints ratios
	@$(BIN)/uv sync --locked --all-extras --group bench --quiet
	@for each in bench/bench_*.py; do $(BIN)/python -m bench.$$(basename $$each .py) || exit 1; done

setup: .venv/.ready ## install everything into .venv

clean: ## remove .venv and the local state
	@rm -rf .venv .lateral

.venv/.ready: pyproject.toml uv.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name it with make PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is too old: Python 3.11 or newer is needed; name it with make PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || { echo "Setting up .venv (once)..."; $(PYTHON) -m venv .venv; }
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv sync --locked --all-extras --quiet
	@touch $@
