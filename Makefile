# Everything lives in .venv and node_modules; `make clean` takes both away. Stamp files remember what is installed, so a
# second `make test` installs nothing until pyproject.toml, constraints.txt, package.json or its lock file change.

SHELL := /bin/sh
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
EXTRAS := demo,dev,equinox,flax,keras,onnx,test
export PATH := $(BIN):$(CURDIR)/node_modules/.bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

BUNDLE_SOURCES := $(shell find extension -type f -not -path '*/lib/*' -not -path '*/node_modules/*' 2>/dev/null)

.PHONY: help install demo test test-oldest bench accuracy lint format dist clean

help:
	@echo 'make demo     set up and open the demo in JupyterLab'
	@echo 'make test     set up and run every check'
	@echo 'make test-oldest  the tests of the JupyterLab part against the oldest JupyterLab, 4.4, and the oldest ipykernel'
	@echo 'make lint     the checks that read code without running it'
	@echo 'make format   let ruff format and fix the Python sources'
	@echo 'make bench    the benchmarks (never part of a pass or fail)'
	@echo 'make accuracy the accuracy table of docs/accuracy.md; trains its networks at the first run'
	@echo 'make install  set up only: .venv, node_modules, the JupyterLab extension'
	@echo 'make dist     build the wheel and the source distribution into dist/'
	@echo 'make clean    remove everything that was built or installed'

install: $(VENV)/stamp-python $(VENV)/stamp-bundle

demo: install
	@$(BIN)/bitwindow demo

test: install
	@$(BIN)/python scripts/find_browser.py --install
	@$(BIN)/python scripts/run_checks.py

lint: install
	@$(BIN)/python scripts/run_checks.py lint types front-end-lint

format: install
	ruff check --fix-only --quiet .
	ruff format --quiet .

bench: install $(VENV)/stamp-bench
	@$(BIN)/python benchmarks/test_spectrum.py
	@$(BIN)/python -m pytest benchmarks --ignore=benchmarks/test_spectrum.py --ignore=benchmarks/test_front_end.py -q -s --timeout=1800
	@$(BIN)/python -m pytest benchmarks/test_front_end.py -q -s

accuracy: install $(VENV)/stamp-bench
	@$(BIN)/python -m benchmarks.accuracy

# In an environment of its own, as one cannot hold two JupyterLabs; minutes to install, so not a part of `test`. Then with
# the oldest ipykernel that JupyterLab takes: it has no subshells, so nothing in it answers while a cell runs.
OLDEST_TESTS := tests/browser/test_sessions.py tests/browser/test_documents.py tests/browser/test_reopened.py
test-oldest: export BITWINDOW_LAB_PYTHON := $(CURDIR)/.venv-oldest/bin/python
test-oldest: install
	@test -x .venv-oldest/bin/jupyter-lab || { $(BIN)/python -m venv .venv-oldest && \
	  .venv-oldest/bin/python -m pip install --quiet 'jupyterlab==4.4.*' 'notebook==7.4.*' ipykernel; }
	@test -d .venv-oldest/kernel || $(BIN)/python -m pip install --quiet --target .venv-oldest/kernel 'ipykernel==6.5.0'
	$(BIN)/python -m pytest -q -m browser $(OLDEST_TESTS)
	BITWINDOW_KERNEL_PACKAGES=$(CURDIR)/.venv-oldest/kernel $(BIN)/python -m pytest -q -m browser \
	  $(OLDEST_TESTS) -k 'not while_a_cell_runs'

dist: install
	rm -rf dist
	$(BIN)/python -m build --outdir dist

clean:
	rm -rf $(VENV) .venv-oldest node_modules dist build .results .benchmarks .hypothesis .mypy_cache .pytest_cache .ruff_cache \
	  .import_linter_cache test-results extension/lib extension/lab/lib kernel_side/bitwindow/labextensions tests/browser/screenshots

# The package.json keeps Node from reading the one above it, which would make CommonJS scripts inside .venv ES modules.
$(VENV)/stamp-venv: scripts/find_python.sh constraints.txt
	@python="$$(sh scripts/find_python.sh)" && echo "Setting up $(VENV) with $$python" && "$$python" -m venv $(VENV)
	@echo '{}' > $(VENV)/package.json
	$(BIN)/python -m pip install --quiet --constraint constraints.txt jupyter-builder
	@touch $@

# Not `npm ci`: it refuses a lock file that lacks the optional binaries of other systems, which npm leaves out when it
# cannot get them where the file is written. This keeps to the locked versions as well, and leaves the file as it is.
node_modules/stamp: package.json extension/lab/package.json package-lock.json .npmrc scripts/check_node.sh
	@sh scripts/check_node.sh
	npm install --no-save --no-progress --loglevel=error </dev/null
	@touch $@

$(VENV)/stamp-built: $(VENV)/stamp-venv node_modules/stamp $(BUNDLE_SOURCES)
	npm run --silent build:prod
	@touch $@

$(VENV)/stamp-python: pyproject.toml package.json constraints.txt $(VENV)/stamp-venv | $(VENV)/stamp-built
	SKIP_JUPYTER_BUILDER=1 $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[$(EXTRAS)]'
	@touch $@

$(VENV)/stamp-bench: pyproject.toml constraints.txt $(VENV)/stamp-python
	SKIP_JUPYTER_BUILDER=1 $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	@touch $@

$(VENV)/stamp-bundle: $(VENV)/stamp-built $(VENV)/stamp-python
	@$(BIN)/python scripts/install_bundle.py
	@touch $@
