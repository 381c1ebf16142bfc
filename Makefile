# Registry's commands. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Tests run in a process for each core; a file's tests stay in one of them.
SHARED := -n auto --maxprocesses=4 --dist loadfile --no-loadscope-reorder
K6_VERSION := v1.8.1

.DEFAULT_GOAL := help

help: ## show this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.runtime ## install what is needed and start the registry with the embedded stores
	@$(BIN)/registry serve $(ARGS)

test: announce $(VENV)/.dev ## install what is needed and run the whole test suite (ARGS="-k name" for a part)
	$(BIN)/pytest $(SHARED) $(ARGS)

announce:
	@[ -e $(VENV)/.dev ] || echo "Installs the pinned packages of requirements-dev.lock into $(VENV); nothing else is changed."
	@for engine in redis-server .engines; do command -v $$engine >/dev/null || [ -e $$engine ] || echo "Without $$engine: the tests that need it are left out (.ci/install-engines installs all engines)."; done
	@echo "Runs pytest on $(or $(ARGS),all of tests/), in a process for each core. Servers and engines are started on free ports, in folders of their own, and stopped at the end."

coverage: $(VENV)/.dev ## run the suite (ARGS for a part) and report branch coverage by package
	@echo "Runs the tests with coverage, servers in processes of their own included: about twice the time of make test."
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q $(SHARED) $(ARGS); status=$$?; $(BIN)/coverage combine -q && $(BIN)/python -m tests.coverage_by_package && exit $$status

mutants: $(VENV)/.dev ## mutate domain, formats and services and see which changes no test notices (ARGS="--sample 300")
	$(BIN)/python -m tests.mutants $(ARGS)

check: $(VENV)/.dev ## format, lint, types, import rules, templates, openapi.yaml in step
	$(BIN)/ruff format --check src tests bench load trust deploy
	$(BIN)/ruff check src tests bench load trust deploy
	$(BIN)/mypy src tests bench load trust deploy
	$(BIN)/lint-imports
	$(BIN)/cfn-lint deploy/aws/*.yaml
	$(BIN)/registry openapi --check openapi.yaml

format: $(VENV)/.dev ## rewrite the sources in the project's format
	$(BIN)/ruff format src tests bench load trust deploy
	$(BIN)/ruff check --fix src tests bench load trust deploy

bench: $(VENV)/.dev $(VENV)/.load ## measure, against baselines of the same run
	$(BIN)/python -m bench $(ARGS)

sync-client: $(VENV)/.dev ## write the synchronous client from the asynchronous one
	$(BIN)/python -m tests.clients.sync_api --write

book: $(VENV)/.book ## build the documentation, which the registry serves under /help; a link that leads nowhere fails
	NO_MKDOCS_2_WARNING=1 $(VENV)/book/bin/mkdocs build --quiet

screenshots: $(VENV)/.dev ## fill a registry and write the pictures of docs/images/web (needs Chromium)
	$(BIN)/python -m tests.web.screenshots

trust: $(VENV)/.dev ## measure what the safety verdicts find, and write the tables of docs/safety.md
	$(BIN)/python -m trust $(ARGS)

load: $(VENV)/.dev $(VENV)/.load ## fill a registry, load it with 100 clients, keep the raw results (ARGS="--seconds 10 --clients 50")
	$(BIN)/python -m load run $(ARGS)

performance: $(VENV)/.dev $(VENV)/.load ## measure both storage backends and write docs/performance.md: the whole report in ten minutes
	@if command -v go >/dev/null; then $(MAKE) --no-print-directory k6; fi
	@$(BIN)/python -m load run --backend both $(ARGS); status=$$?; $(BIN)/python -m load report && exit $$status

k6: .engines/bin/k6 ## build k6, with which `make load` measures as well (needs Go)

report: $(VENV)/.dev $(VENV)/.load ## write docs/performance.md from the raw results
	$(BIN)/python -m load report $(ARGS)

openapi: $(VENV)/.runtime ## write openapi.yaml from the application
	$(BIN)/registry openapi --write openapi.yaml

lock: ## pin the newest versions that pyproject.toml allows (needs uv)
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-package trusted-registry-client pyproject.toml --group dev -o requirements-dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-package trusted-registry-client pyproject.toml -c requirements-dev.lock -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-package trusted-registry-client pyproject.toml --group load -c requirements-dev.lock -o requirements-load.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --group pyproject.toml:book -o requirements-book.lock
	echo 'hatchling>=1.25' | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header - -o requirements-build.lock

clean: ## remove what was installed and built
	rm -rf $(VENV) dist mutants .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name it with make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python requirements.lock pyproject.toml client/pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e client -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	@touch $@

# In an environment of its own: mkdocs is no part of the registry, nor of its tests.
$(VENV)/.book: $(VENV)/bin/python requirements-book.lock
	$(BIN)/python -m venv $(VENV)/book
	$(VENV)/book/bin/pip install --quiet --disable-pip-version-check -r requirements-book.lock
	@touch $@

$(VENV)/.load: $(VENV)/.runtime requirements-load.lock
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-load.lock
	@touch $@

.engines/bin/k6:
	GOBIN=$(CURDIR)/.engines/bin nice go install go.k6.io/k6@$(K6_VERSION)

.PHONY: help run test announce coverage mutants check format bench book screenshots sync-client trust load performance k6 report openapi lock clean
