# Registry's commands. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
K6_VERSION := v1.8.1

.DEFAULT_GOAL := help

help: ## show this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.runtime ## install what is needed and start the registry with the embedded stores
	@$(BIN)/registry serve $(ARGS)

test: $(VENV)/.dev ## install what is needed and run the whole test suite (ARGS="-k name" for a part)
	$(BIN)/pytest $(ARGS)

check: $(VENV)/.dev ## format, lint, types, import rules, openapi.yaml in step
	$(BIN)/ruff format --check src tests bench load trust
	$(BIN)/ruff check src tests bench load trust
	$(BIN)/mypy src tests bench load trust
	$(BIN)/lint-imports
	$(BIN)/registry openapi --check openapi.yaml

format: $(VENV)/.dev ## rewrite the sources in the project's format
	$(BIN)/ruff format src tests bench load trust
	$(BIN)/ruff check --fix src tests bench load trust

bench: $(VENV)/.dev $(VENV)/.load ## measure, against baselines of the same run
	$(BIN)/python -m bench $(ARGS)

trust: $(VENV)/.dev ## measure what the safety verdicts find, and write the tables of docs/safety.md
	$(BIN)/python -m trust $(ARGS)

load: $(VENV)/.dev $(VENV)/.load ## fill a registry, load it with 100 clients, keep the raw results (ARGS="--seconds 10 --clients 50")
	$(BIN)/python -m load run $(ARGS)

performance: $(VENV)/.dev $(VENV)/.load ## measure both homes and write docs/performance.md: the whole report in ten minutes
	@if command -v go >/dev/null; then $(MAKE) --no-print-directory k6; fi
	@$(BIN)/python -m load run --home both $(ARGS); status=$$?; $(BIN)/python -m load report && exit $$status

k6: .engines/bin/k6 ## build k6, with which `make load` measures as well (needs Go)

report: $(VENV)/.dev $(VENV)/.load ## write docs/performance.md from the raw results
	$(BIN)/python -m load report $(ARGS)

openapi: $(VENV)/.runtime ## write openapi.yaml from the application
	$(BIN)/registry openapi --write openapi.yaml

lock: ## pin the newest versions that pyproject.toml allows (needs uv)
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml --group dev -o requirements-dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml -c requirements-dev.lock -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml --group load -c requirements-dev.lock -o requirements-load.lock
	echo 'hatchling>=1.25' | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header - -o requirements-build.lock

clean: ## remove what was installed and built
	rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name it with make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python requirements.lock pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	@touch $@

$(VENV)/.load: $(VENV)/.runtime requirements-load.lock
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-load.lock
	@touch $@

.engines/bin/k6:
	GOBIN=$(CURDIR)/.engines/bin nice go install go.k6.io/k6@$(K6_VERSION)

.PHONY: help run test check format bench trust load performance k6 report openapi lock clean
