# Everything lives in .venv; the stamp is younger than what was asked of pip, so nothing is installed twice.
VENV  := .venv
PY    := $(VENV)/bin/python
STAMP := $(VENV)/.installed
PACKAGES := core vectors sessions steertui

# Tests run in this many processes; 0 runs them in one, where --pdb works.
WORKERS ?= 2
PYTEST  = $(PY) -m pytest -n $(WORKERS) --dist worksteal

export OMP_NUM_THREADS ?= 1

.PHONY: run test test-slow test-real bench lint format venv clean

run: venv
	@$(PY) -m steertui $(ARGS)

test: lint
	@$(PYTEST) -m "not slow and not real" $(ARGS)

test-slow: venv
	@$(PYTEST) -m "slow and not real" $(ARGS)

# The first run fetches the model (93 MB) with our own command; later runs need no network.
test-real: venv
	@$(PYTEST) tests/real -m real $(ARGS)

bench: venv
	@$(PY) -m bench $(ARGS)

lint: venv
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports

format: venv
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

venv: $(STAMP)

# torch comes first and alone: whichever build of that version pip prefers here (CPU or CUDA) then stays.
$(STAMP): pyproject.toml constraints.txt
	@test -x $(PY) || python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
