# make demo   a customer's return, from the first sentence to the label
# make test   the whole test suite, with ruff, mypy and the contract of who imports whom
# make browser  Chromium, axe-core and AG-UI's client; without them the tests that need them are skipped
# make quick  lint, types and the fast tests, in parallel
# make types  mypy --strict on the examples against the wheel, as a stranger's checker sees it; takes minutes
# make docs   the documentation site, in build/site
# make bench  measures, and writes the pages under docs/figures
# make lock   renew the pinned dependencies

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

TORCH := torch==2.13.0
# What PyTorch brings along is a matter of the machine: its GPU libraries are in no lock.
NOT_LOCKED = torch triton $(shell $(BIN)/uv pip compile --universal --python-version 3.11 --extra optimize \
	pyproject.toml 2>/dev/null | grep -oE "^(nvidia|cuda)[a-z0-9-]*")

# The fast tests are those of rules: they start no database server, no process and no embedded model.
QUICK = tests/rules tests/tools tests/mail $(filter-out %defaults.py %follow_ups.py %shopbot.py %verified.py,\
	$(wildcard tests/agents/test_*.py)) tests/docs/test_documentation_pages.py

.PHONY: demo test types browser quick quick-lint quick-types quick-tests docs optimize bench peers lock clean

demo: $(VENV)/.runs
	@$(BIN)/shopbot demo --data .shopbot

# Without PyTorch (no wheel for this machine, no space) the tests that need it are skipped and say so.
test: $(VENV)/.tests
	@$(MAKE) --silent optimize || echo "PyTorch could not be installed: the tests of optimize/ are skipped"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

browser: $(VENV)/.tests
	command -v chromium || command -v chromium-browser || $(BIN)/playwright install --with-deps chromium
	npm install --silent --no-audit --no-fund --prefix .browser "axe-core@4" "@ag-ui/client@1"

quick: $(VENV)/.tests
	@$(MAKE) --silent --jobs 2 quick-lint quick-types quick-tests

quick-lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

quick-types:
	$(BIN)/mypy

quick-tests:
	$(BIN)/pytest $(QUICK)

types: $(VENV)/.tests
	rm -rf build/types && mkdir -p build/types && cp -r examples build/types
	$(PIP) wheel --no-deps --no-build-isolation --wheel-dir build/types .
	$(PYTHON) -m venv build/types/venv
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" \
		> "$$(build/types/venv/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/installed.pth"
	build/types/venv/bin/python -m pip install --quiet --no-deps --no-index --ignore-installed build/types/*.whl
	cd build/types && ../../$(BIN)/python -m mypy --strict --python-executable venv/bin/python --config-file= -p examples

docs: $(VENV)/.tests
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

optimize: $(VENV)/.optimize

bench: $(VENV)/.optimize
	$(BIN)/python -m benchmarks --write

peers: $(VENV)/.tests
	$(PIP) install "pydantic-ai-slim==2.*"
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check openai-agents

lock: $(BIN)/uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra build --extra all \
		--custom-compile-command "make lock" pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra build --extra all \
		--extra dev --custom-compile-command "make lock" pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra build --extra all \
		--extra dev --extra optimize --constraint requirements-dev.lock $(NOT_LOCKED:%=--no-emit-package %) --custom-compile-command "make lock" \
		pyproject.toml -o requirements-optimize.lock

# A target of its own: what is not locked is asked of it before the first line of `lock` runs.
$(BIN)/uv: $(VENV)/.tests
	$(PIP) install uv

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

# PyTorch comes as whatever build pip finds for this machine, so it is pinned by version and not by hash.
$(VENV)/.optimize: $(VENV)/.tests requirements-optimize.lock
	@echo "Installing PyTorch and what optimize/ needs (once)"
	$(PIP) install "$(TORCH)"
	$(PIP) install --require-hashes --no-deps -r requirements-optimize.lock
	@touch $@
