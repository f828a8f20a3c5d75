# The project's habits, one target each; `make help` lists them. Nothing here needs more than make, Python 3.11, git
# and OpenSSH's client.

SHELL := /bin/sh
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
SCANNERS := .venv-scanners/bin
GITLEAKS := v8.30.1
CODE := fixgate services examples tests bench
TOOLS := git ssh-keygen ssh-agent ssh-add
.DEFAULT_GOAL := help

.PHONY: help
help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "  %-10s %s\n", $$1, $$2 }'

.venv/.complete: requirements/dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or later was found"; echo "  Install one, or say which: make PYTHON=/path/to/python3 …"; exit 3; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "error: $(PYTHON) has no venv module"; echo "  On Debian: apt install python3-venv"; exit 3; }
	@echo "environment: .venv, from requirements/dev.txt, every file checked against its hash (about a minute)"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: env
env: .venv/.complete ## the environment in .venv, pinned with hashes

.PHONY: tools
tools: ## git and OpenSSH's client: installed with apt when they are missing and you are root
	@missing=; for tool in $(TOOLS); do command -v $$tool >/dev/null 2>&1 || missing="$$missing $$tool"; done; \
	test -n "$$missing" || exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "tools: apt-get install git openssh-client; not found:$$missing"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
			apt-get install -qq -y --no-install-recommends git openssh-client >/dev/null && exit 0; fi; \
	echo "error: not found:$$missing"; echo "  On Debian: apt install git openssh-client"; exit 3
	@test -x "$$(git --exec-path)/git-http-backend" || { echo "error: this git has no http-backend"; \
		echo "  On Debian it is in the package git, on Alpine in git-daemon."; exit 3; }

.PHONY: jars
jars: env ## the broker's jars (and a Java runtime when there is none), checked against their hashes
	@$(BIN)/python -m fixgate.local.fetch

.PHONY: check
check: env ## format, lint, types (mypy and pyright, strict), import contracts, generated files
	@$(BIN)/ruff format --check --quiet $(CODE)
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/mypy --no-error-summary $(CODE)
	@found=$$($(BIN)/basedpyright --level error) || { echo "$$found" | tail -n 40; exit 1; }
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m fixgate.derived --check

.PHONY: test
test: tools env jars check ## everything: environment, jars, static checks, and all tests on the real broker
	@$(BIN)/python -m pytest

.PHONY: quick
quick: tools env ## the tests that need no broker
	@$(BIN)/python -m pytest -m "not broker"

.PHONY: fuzz
fuzz: env ## 200,000 broken reports through every format: no crash, no hang, no growth; minutes long
	@FIXGATE_TEST_FUZZ=200000 $(BIN)/python -m pytest -q -s tests/reports/test_fuzz.py

.venv-scanners/.complete: requirements/scanners.txt
	@echo "environment: .venv-scanners, from requirements/scanners.txt, every file checked against its hash (minutes)"
	@$(PYTHON) -m venv --clear .venv-scanners
	@$(SCANNERS)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/scanners.txt
	@if command -v go >/dev/null 2>&1; then \
		GOBIN="$(CURDIR)/$(SCANNERS)" go install github.com/zricethezav/gitleaks/v8@$(GITLEAKS); \
		else echo "note: no Go was found, so gitleaks is left out and its tests are skipped"; fi
	@touch $@

.PHONY: scanners
scanners: env .venv-scanners/.complete ## run real scanners, and take their reports through to assessments
	@FIXGATE_TEST_SCANNERS=$(SCANNERS) $(BIN)/python -m pytest -q tests/scanners

.PHONY: bench
bench: tools env jars ## measure, and write docs/benchmarks.md
	@$(BIN)/python -m bench --write-docs

.PHONY: generate
generate: env ## write everything that is derived: events, history, diagram, tables, deploy/
	@$(BIN)/python -m fixgate.generation
	@$(BIN)/python -m fixgate.derived
	@$(BIN)/ruff format --quiet fixgate/events

.PHONY: demo
demo: tools env jars ## the whole pipeline at work on an emulated account; about two minutes
	@$(BIN)/fixgate demo

.PHONY: up down
up: tools env ## start the embedded stack
	@$(BIN)/fixgate up
down: env ## stop the embedded stack
	@$(BIN)/fixgate down

.PHONY: lock
lock: ## compile requirements/*.txt anew
	@$(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install --quiet --require-hashes --requirement requirements/lock.txt
	@for f in rails proposer gate issuer executor receiver local dev jre bench-quixstreams scanners lock; do \
		.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
			--custom-compile-command "make lock" requirements/$$f.in --output-file requirements/$$f.txt; done

.PHONY: clean
clean: ## remove the environment and what the tools left
	@rm -rf .venv .venv-lock .venv-scanners .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
