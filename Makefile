# Everything installs into .venv; PYTHON names the interpreter that makes it (3.11 or newer).
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev

.PHONY: run test slow lint docs bench clean

# Sets up and runs the main job on the sample inputs.
run: $(READY)
	$(BIN)/voc run

# Sets up and passes the tests.
test: $(READY_DEV)
	$(BIN)/pytest -m "not slow"

slow: $(READY_DEV)
	$(BIN)/pytest -m slow -n 2

lint: $(READY_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.docs --check

# Writes the generated parts of both READMEs anew.
docs: $(READY_DEV)
	$(BIN)/python -m tests.docs

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[fast]"
	touch $@

$(READY_DEV): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[fast,dev]"
	touch $@

clean:
	rm -rf $(VENV) out build dist
