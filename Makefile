# Everything a newcomer types. Stamps say what is up to date, so that a second call is quick.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PIP := $(BIN)/python -m pip install --no-deps --require-hashes
NPM := npm --prefix web --no-fund --no-audit

# The one Python of all builds, so that cargo and maturin share what they compile.
export PYO3_PYTHON := $(CURDIR)/$(BIN)/python
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_QUIET := 1
unexport PYTHONHOME PYTHONPATH

rust_sources := $(shell find crates Cargo.toml Cargo.lock -type f -not -path '*/fuzz/*')
web_manifests := web/package.json web/package-lock.json $(wildcard web/packages/*/package.json)
web_sources := $(shell find web -name node_modules -prune -o -name dist -prune -o -type f -print)

.PHONY: help setup run test check bench fuzz wheel clean

help: ## say what there is
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

setup: $(STAMPS)/runtime $(STAMPS)/native $(STAMPS)/web ## install and build everything; the command is then .venv/bin/antiphon

run: setup ## set up, then run a node in development mode (more options by ARGS="…")
	@exec $(BIN)/antiphon serve --dev $(ARGS)

test: setup $(STAMPS)/dev ## all tests, ending with the summary of pytest
	@tools/test_packages.sh
	cargo test --release --locked --quiet
	$(NPM) test
	$(BIN)/pytest $(ARGS)

check: setup $(STAMPS)/dev ## formatters, linters, types, import rules, generated files
	cargo fmt --check
	cargo clippy --release --locked --all-targets --quiet -- -D warnings
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m mypy.stubtest antiphon._native
	$(BIN)/python tools/generate_signalling.py --check
	$(NPM) run check

bench: setup $(STAMPS)/dev ## measure; figures go to bench/results/
	$(BIN)/python -m bench $(ARGS)

fuzz: ## fuzz what reads bytes of strangers, each target for a minute (ARGS="-max_total_time=600 room")
	tools/fuzz.sh $(ARGS)

wheel: $(STAMPS)/build $(STAMPS)/web ## an installable wheel in dist/
	rm -f dist/*.whl
	maturin build --release --locked --out dist
	@ls -1 dist/*.whl

clean: ## remove what was built and installed (not the data folder)
	rm -rf $(VENV) target dist build test-artifacts bench/build python/antiphon/web python/antiphon/*.so
	rm -rf web/node_modules web/packages/*/dist web/packages/*/node_modules
	find . -name __pycache__ -type d -not -path './web/*' -prune -exec rm -rf {} +

# --- what setup consists of ---

$(STAMPS)/venv: tools/check_tools.sh
	@python=$$(tools/check_tools.sh); \
	test -x $(BIN)/python || "$$python" -m venv $(VENV); \
	mkdir -p $(STAMPS); touch $@

$(STAMPS)/runtime: requirements.lock $(STAMPS)/venv
	@echo "installing Python packages"
	@$(PIP) -r requirements.lock
	@touch $@

$(STAMPS)/build: requirements-build.lock requirements-cmake.lock $(STAMPS)/venv
	@$(PIP) -r requirements-build.lock
	@command -v cmake >/dev/null || $(PIP) -r requirements-cmake.lock
	@touch $@

$(STAMPS)/dev: requirements-dev.lock $(STAMPS)/runtime
	@echo "installing Python packages for tests"
	@$(PIP) -r requirements-dev.lock
	@touch $@

$(STAMPS)/native: $(rust_sources) pyproject.toml README.md $(STAMPS)/runtime $(STAMPS)/build
	@echo "building the native module (minutes the first time)"
	@# Without an index: what the lock files do not name must not come in here.
	@PIP_NO_INDEX=1 maturin develop --release --locked --quiet
	@touch $@

$(STAMPS)/npm: $(web_manifests) $(STAMPS)/venv
	@echo "installing web packages"
	@$(NPM) ci --loglevel=error
	@touch $@

$(STAMPS)/web: $(web_sources) $(STAMPS)/npm
	@echo "building web pages and components"
	@$(NPM) run --silent build
	@touch $@
