# Every target that needs an environment makes it in .venv, and renews it when pyproject.toml or the Python changed.
PYTHON ?= python3
BIN := .venv/bin
PYTHON_VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
ENVIRONMENT := .venv/python-$(PYTHON_VERSION)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help run test lint check fix docs site dist bench api clean
.DEFAULT_GOAL := help

help:
	@echo "make run    install, then run an action on the local sandbox"
	@echo "make test   install the test tools and run the tests with branch coverage"
	@echo "make lint   check formatting, types, the direction of imports, the component, and the generated pages"
	@echo "make check  run lint and test, as CI does"
	@echo "make fix    format the code, apply the fixes of the linter, and write the generated pages"
	@echo "make docs   write the generated pages"
	@echo "make api    write api.json from the SDK checkouts in the folder SDK"
	@echo "make site   build the documentation as a site with a search"
	@echo "make dist   build the wheel and the source distribution, and check that they install and run"
	@echo "make bench  run the benchmarks"
	@echo "make clean  remove the environment and everything that the tools wrote"
	@echo "PYTHON=python3.12 chooses the interpreter of the environment."

$(ENVIRONMENT):
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else \
	  "Python 3.11 or newer is required, and $(PYTHON) is %d.%d: run make with PYTHON=python3.12, for example." \
	  % sys.version_info[:2])'
	$(PYTHON) -m venv --clear .venv
	touch $@

.venv/run: $(ENVIRONMENT) pyproject.toml
	$(PIP) --editable '.[server]'
	touch $@

.venv/dev: .venv/run
	$(PIP) --editable '.[dev]'
	touch $@

# The state of this sandbox is in .venv, so that a sandbox of the user is neither read nor changed.
run: export CONNECTOR_STATE_HOME := .venv/state
run: .venv/run
	$(BIN)/connector run listSources -i count=1 --sandbox

# The hundreds of commands that the tests start would compile the project anew where bytecode is not written.
test: export PYTHONDONTWRITEBYTECODE :=
test: .venv/dev
	$(BIN)/coverage erase
	@# Each worker would compile what is new.
	$(BIN)/python -m compileall -q -j 0 actions connections connector datasources explorer sandbox
	$(BIN)/coverage run -m pytest --quiet --numprocesses auto --dist worksteal --allowed-skips tests/allowed_skips.txt
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: .venv/dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/connector check
	$(BIN)/connector docs --check

check: lint test

fix: .venv/dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/connector docs

docs: .venv/dev
	$(BIN)/connector docs

dist: .venv/run
	$(BIN)/python -m pip install --quiet build twine
	rm -rf dist
	$(BIN)/python -m build --outdir dist >/dev/null
	$(BIN)/twine check --strict dist/*
	$(BIN)/python -m scripts.check_dist dist

# Without a warning on a later version of MkDocs, which this one does not need.
site: export NO_MKDOCS_2_WARNING := 1
site: .venv/run
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	$(BIN)/mkdocs build --quiet --strict
	@echo "Open site/index.html: the pages and their search need neither a server nor the network."

bench: .venv/dev
	$(BIN)/pip install --quiet --editable '.[bench]' $(SDK)
	$(BIN)/python -m benchmarks

api:
	$(PYTHON) -m scripts.make_api $(SDK)

clean:
	rm -rf .venv .coverage* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist site
