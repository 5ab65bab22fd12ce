# Everything is installed into a virtual environment inside the clone, and only there.
# It holds what requirements/*.txt pin by hash. A stamp file in it marks each step that
# is done, so the next `make run` or `make test` starts at once.

SHELL = /bin/sh
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SUFFIXES:

# make PYTHON=/path/to/python3 takes that one.
PYTHON = python3
VENV = .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check -qq
UV = uv==0.13.9
MATRIX = 3.10 3.11 3.12 3.13
IMAGE = liveconfig:$(shell sed -n 's/^version = //p' setup.cfg)
# A client of docker alone, without its daemon, builds nothing. make BUILDER=podman takes
# that one.
BUILDER = $(shell for each in docker podman buildah; do \
  $$each version >/dev/null 2>&1 && echo $$each && break; done)
# More arguments for the command of a target: make pytest ARGS='-k record'
ARGS =

.DEFAULT_GOAL = help
.PHONY: help run test lint types pytest api page editor docs faults format lock matrix bench bench-test judge model mutants fuzz stress soak image image-test kube-demo kube-test cluster clean

help: ## print this
	@echo 'make TARGET, where TARGET is one of'
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | \
	while IFS='|' read -r target text; do printf '  %-10s %s\n' "$$target" "$$text"; done

run: $(VENV)/run ## serve conf/config.yaml under gunicorn, until Ctrl-C
	@exec $(BIN)/gunicorn -c conf/gunicorn.conf.py

test: lint types pytest ## check everything: lint, types and the tests

lint: $(VENV)/dev ## check style and format with ruff
	@echo '==> ruff'
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/dev ## check the types with mypy
	@echo '==> mypy'
	@$(BIN)/mypy --strict

# Four at a time: they wait for processes more than they compute, and each server takes
# one of the 128 inotify instances that a user may have.
pytest: $(VENV)/dev ## run the tests alone, without the long stress runs
	@echo '==> pytest'
	@$(BIN)/python -m pytest -n 4 --dist loadfile $(ARGS)

api: $(VENV)/dev ## agree on the public API as the code has it now
	@$(BIN)/python -m tests.support.public_api

page: $(VENV)/dev ## test the operators' page in Chromium
	@$(call install_missing,chromium)
	@echo '==> pytest'
	@$(BIN)/python -m pytest -m page $(ARGS)

docs: $(VENV)/docs ## write what the code says, and build all pages into build/docs, with warnings as errors
	@echo '==> sphinx'
	@$(BIN)/python docs/generate.py
	@$(BIN)/python -m sphinx -q -W --keep-going -n -b html docs build/docs $(ARGS)

editor: $(VENV)/dev $(VENV)/editor/installed ## test the JSON Schema in the language server of editors
	@echo '==> pytest'
	@$(BIN)/python -m pytest tests/editor $(ARGS)

format: $(VENV)/dev ## rewrite the code in the house format
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

matrix: ## run the tests with every Python from 3.10 to 3.13 that is on the PATH
	@missing=; failed=; passed=; \
	for version in $(MATRIX); do \
	  if python$$version -c '' 2>/dev/null; then \
	    echo "==> Python $$version"; \
	    if $(MAKE) pytest VENV=.venv-$$version PYTHON=python$$version; \
	    then passed="$$passed $$version"; else failed="$$failed $$version"; fi; \
	  else missing="$$missing $$version"; fi; \
	done; \
	echo "==> passed:$${passed:- none}; failed:$${failed:- none}; not on the PATH:$${missing:- none}"; \
	test -n "$$passed" && test -z "$$failed"

faults: $(VENV)/dev ## cause every fault of tests/faults/README.md, for minutes
	@echo '==> faults'
	@$(BIN)/python -m pytest -m '' tests/faults -n 2 --dist worksteal $(ARGS)

bench: $(VENV)/bench ## measure it against what else there is; ARGS=--quick for 3 minutes
	@$(BIN)/python benchmarks/run.py $(ARGS)

bench-test: $(VENV)/bench ## test the benchmark, with every peer in it
	@echo '==> pytest'
	@$(BIN)/python -m pytest -m '' tests/bench $(ARGS)

judge: $(VENV)/dev ## compute how often and how late a trial's verdict is wrong, for minutes
	@$(BIN)/python -m benchmarks.judge

# These need kubectl and nothing that is installed here.
kube-demo: ## show the service in a cluster: ARGS='--context=NAME --image=NAME'
	@$(PYTHON) -B -m kube.tools --show $(ARGS)

kube-test: ## test the service in a cluster, under load; ARGS as for kube-demo
	@$(PYTHON) -B -m kube.tools $(ARGS)

image: ## build the container image IMAGE with docker, podman or buildah
	$(eval builder := $(or $(BUILDER),$(error $(no_builder))))
	@echo '==> building $(IMAGE) with $(builder)'
	@$(builder) build --tag '$(IMAGE)' \
	  --build-arg REVISION="$$(git describe --always --abbrev=40 --dirty --exclude='*' 2>/dev/null || echo unknown)" \
	  --build-arg CREATED="$$(date -u +%Y-%m-%dT%H:%M:%SZ)" $(ARGS) .

image-test: $(VENV)/dev ## build the image from Debian's packages and run it like a pod, as root
	@$(call install_missing,buildah mmdebstrap runc)
	@echo '==> pytest'
	@$(BIN)/python -m pytest -m image $(ARGS)

cluster: $(VENV)/dev ## try kube-demo and kube-test against a stand-in for a cluster
	@echo '==> pytest'
	@$(BIN)/python -m pytest -m cluster -n 2 --dist worksteal $(ARGS)

mutants: $(VENV)/dev ## take away each safeguard in turn and see a test fail, for minutes
	@$(BIN)/python -m tests.mutation.run $(ARGS)

# It needs spin and gcc, and says how to install them.
model: $(VENV)/dev ## explore every order of events in the record's protocol
	@$(BIN)/python tests/model/run.py $(ARGS)

fuzz: $(VENV)/dev ## try inputs that nobody wrote, for SECONDS=300
	@$(BIN)/python -m tests.fuzz.run $(or $(SECONDS),300) $(ARGS)

stress: $(VENV)/dev ## look for torn and lost reads at full speed, for SECONDS=600
	@STRESS_SECONDS=$(or $(SECONDS),600) \
	  $(BIN)/python -m pytest -q -s -m stress tests/stress $(ARGS)

soak: $(VENV)/dev ## look for leaks under flips, load, reloads and kills, for SECONDS=600
	@SOAK_SECONDS=$(or $(SECONDS),600) \
	  $(BIN)/python -m pytest -q -s -m stress tests/soak $(ARGS)

# Versions stay as they are unless setup.cfg rules them out; ARGS=--upgrade renews all.
lock = $(BIN)/uv --no-config --quiet pip compile --universal --python-version $(1) \
  --generate-hashes --no-emit-index-url --no-emit-find-links \
  --custom-compile-command 'make lock' $(ARGS)

lock: $(VENV)/run ## pin anew what setup.cfg and requirements/*.in ask for
	@echo '==> locking'
	@$(PIP) install $(UV)
	@$(call lock,3.10) requirements/build.in -o requirements/build.txt
	@$(call lock,3.10) setup.cfg -o requirements/run.txt
	@$(call lock,3.10) setup.cfg --extra dev -c requirements/run.txt -o requirements/dev.txt
	@$(call lock,3.10) setup.cfg --extra bench -c requirements/dev.txt -o requirements/bench.txt
	@$(call lock,3.11) requirements/docs.in -c requirements/dev.txt -o requirements/docs.txt

clean: ## remove what the other targets made
	@rm -rf .venv .venv-3.* build dist src/*.egg-info .coverage* .hypothesis \
	  .mypy_cache .pytest_cache .ruff_cache
	@find src tests conf benchmarks kube -name __pycache__ -prune -exec rm -rf {} + \
	  2>/dev/null || true

no_builder = building an image takes docker with its daemon running, podman or \
  buildah: install one (on Debian: apt install buildah)

# Prints a sentence if no environment can be made here.
obstacle = \
  if test "$$(uname -s)" != Linux; then \
    echo "liveconfig needs Linux (inotify and memfd), and this is $$(uname -s)."; \
  elif ! $(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 10))" 2>/dev/null; then \
    echo "liveconfig needs Python 3.10 or newer: install it, or name it with make PYTHON=/path/to/python3."; \
  elif ! $(PYTHON) -c "import ensurepip, venv" 2>/dev/null; then \
    echo "$(PYTHON) has no venv module: install it (on Debian: apt install python3-venv)."; \
  fi

# Debian's packages, each named as the program that it is for.
install_missing = \
  missing=; \
  for tool in $(1); do \
    command -v $$tool >/dev/null || missing="$$missing $$tool"; \
  done; \
  if test -n "$$missing" && test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
    echo "==> installing Debian's packages$$missing"; \
    apt-get -qq update; \
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $$missing; \
  fi

$(VENV)/build: requirements/build.txt
	$(eval found := $(shell $(obstacle)))$(if $(found),$(error $(found)))
	@echo '==> making $(VENV) with $(PYTHON)'
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements/build.txt
	@touch $@

$(VENV)/run: $(VENV)/build requirements/run.txt setup.cfg pyproject.toml
	@echo '==> installing requirements/run.txt and the project'
	@$(PIP) install --require-hashes --no-build-isolation -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev: $(VENV)/run requirements/dev.txt
	@echo '==> installing requirements/dev.txt'
	@$(PIP) install --require-hashes --no-build-isolation -r requirements/dev.txt
	@touch $@

# What the documentation is built with takes Python 3.11 or newer.
$(VENV)/docs: $(VENV)/dev requirements/docs.txt
	@echo '==> installing requirements/docs.txt'
	@$(PIP) install --require-hashes --no-build-isolation -r requirements/docs.txt
	@touch $@

# Without npm, or out of reach of its registry, the tests of it are skipped.
$(VENV)/editor/installed: $(VENV)/build tests/editor/package-lock.json
	@mkdir -p $(@D)
	@cp tests/editor/package.json tests/editor/package-lock.json $(@D)
	@if command -v npm >/dev/null; then \
	  echo '==> installing tests/editor/package-lock.json'; \
	  npm ci --prefix $(@D) --silent --ignore-scripts --no-audit --no-fund || true; \
	fi
	@touch $@

# What the service is measured against; nothing of it is used by the service.
$(VENV)/bench: $(VENV)/dev requirements/bench.txt
	@echo '==> installing requirements/bench.txt'
	@$(PIP) install --require-hashes --no-build-isolation -r requirements/bench.txt
	@touch $@
