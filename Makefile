# Two commands matter: `make report` shows what vmpcap says of a real migration, `make test` checks everything.
# Both set up what they need; a second run finds it done.

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-$(shell cat requirements.lock pyproject.toml 2>/dev/null | sha256sum | cut -c1-16)
SITUATION ?= captures/routed_stretched
ARGS ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: report test setup system lint types floors docs man pictures check bench lock clean

report: setup
	@$(BIN)/python captures/report.py $(SITUATION) $(ARGS)

test: system setup lint types floors docs check

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "vmpcap needs Python 3.11 or later: no $(PYTHON) found" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "vmpcap needs Python 3.11 or later, this is $$($(PYTHON) -V)" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { echo "cannot make a virtual environment: install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index -e .
	$(BIN)/python -m compileall -q analyzer
	@rm -f $(VENV)/.installed-* && touch $@

# System packages that only the tests need. Root or sudo installs them; otherwise it is said what is missing.
SYSTEM_TOOLS := tshark editcap zstd jq chromium
SYSTEM_PACKAGES := tshark zstd jq chromium fonts-dejavu-core
system:
	@missing=""; for tool in $(SYSTEM_TOOLS); do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ]; then SUDO=""; else SUDO="sudo -n"; fi; \
	  if command -v apt-get >/dev/null && { [ -z "$$SUDO" ] || $$SUDO true 2>/dev/null; }; then \
	    $$SUDO apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$SUDO apt-get install -y -qq \
	      --no-install-recommends $(SYSTEM_PACKAGES) >/dev/null; \
	  else \
	    echo "the tests need$$missing: install $(SYSTEM_PACKAGES) (needs root or sudo), then run make test again" >&2; exit 1; \
	  fi; \
	fi

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

floors: setup
	$(BIN)/lint-imports

docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir build/site

# Man pages from the commands' own help: build/man.
man: setup
	@$(BIN)/python docs/man.py

# The HTML report on every situation, as a browser shows it: build/pictures. SITUATIONS="captures/lossy" for some only.
pictures: system setup
	$(BIN)/python docs/pictures.py $(SITUATIONS)

check: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile -q

bench: setup
	mkdir -p build
	$(BIN)/python benchmarks/run.py --markdown build/bench.md
	$(BIN)/python benchmarks/where.py build/bench/head-usual-????????????.pcap

lock:
	uv pip compile --quiet --universal --generate-hashes --no-annotate --no-emit-index-url --no-header \
	  --extra dev --extra docs pyproject.toml -o requirements.lock

clean:
	rm -rf build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
