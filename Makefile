# `make run` and `make test` set up an environment of their own in .venv; PYTHON chooses the interpreter.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test lint docs bench api clean
.DEFAULT_GOAL := help

help:
	@echo "make run    install, and run the main job offline on the embedded sandbox"
	@echo "make test   install, and run the tests with branch coverage"
	@echo "make lint   ruff, mypy --strict, import-linter, and the check of the component"
	@echo "make docs   write the generated pages"
	@echo "make api    write api.json from the SDK checkouts in the folder SDK"
	@echo "make bench  measure calls, walks and cold start on loopback"

.venv/run: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[server]'
	touch $@

.venv/dev: .venv/run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

run: .venv/run
	$(BIN)/connector run listSources -i count=1 --sandbox

test: .venv/dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --quiet --numprocesses auto --dist worksteal
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: .venv/dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/connector check
	$(BIN)/connector docs --check

docs: .venv/dev
	$(BIN)/connector docs

bench: .venv/dev
	$(BIN)/python -m benchmarks.calls
	$(BIN)/python -m benchmarks.cold_start
	$(BIN)/python -m benchmarks.sandbox
	$(BIN)/python -m benchmarks.flows

api:
	$(PYTHON) -m scripts.make_api $(SDK)

clean:
	rm -rf .venv .coverage* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
