# Driftline: every target creates what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test e2e fuzz lint bench install lock format clean

demo: $(INSTALLED)  ## the whole story on real data
	$(BIN)/driftline demo

test: $(INSTALLED)  ## every test but the real build server's; installs Chromium when it may
	sh tests/system-tools.sh
	$(BIN)/pytest -n 2 --dist loadgroup --ignore tests/e2e/test_buildbot.py

e2e: $(INSTALLED)  ## real Envoy, MLServer, Triton and Buildbot, each installed into .e2e
	$(BIN)/pytest -n 0 tests/e2e

fuzz: $(INSTALLED)  ## 260,000 inputs for codecs, connection parsers and taps
	$(BIN)/python -m tests.fuzz --runs 20000

lint: $(INSTALLED)  ## format, style, types, import direction
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(INSTALLED)  ## benchmarks as JSON lines
	$(BIN)/python -m bench

install: $(INSTALLED)

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Driftline needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV) || sh deploy/install-venv.sh $(PYTHON) $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

lock:  ## pin the newest versions that pyproject.toml allows
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --upgrade --output-file requirements.lock

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) .driftline .e2e build *.egg-info
