# make demo   a customer's return, from the first sentence to the label
# make test   the whole test suite, with ruff and mypy
# make bench  the measurements behind the figures in the README
# make lock   renew the pinned dependencies

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test bench peers lock clean

demo: $(VENV)/.runs
	@$(BIN)/shopbot demo --data .shopbot

test: $(VENV)/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

bench: $(VENV)/.tests
	@for file in benchmarks/bench_*.py; do $(BIN)/python $$file || exit 1; done

peers: $(VENV)/.tests
	$(PIP) install "pydantic-ai-slim==2.*"
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check openai-agents

lock: $(VENV)/.tests
	$(PIP) install uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra build \
		--custom-compile-command "make lock" pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra build \
		--extra dev --custom-compile-command "make lock" pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "ShopBot needs Python 3.11 or newer; run: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runs: $(BIN)/python requirements.lock pyproject.toml
	@echo "Installing the pinned dependencies (once, a minute or two)"
	$(PIP) install --require-hashes --no-deps -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.tests: $(VENV)/.runs requirements-dev.lock
	$(PIP) install --require-hashes --no-deps -r requirements-dev.lock
	@touch $@
