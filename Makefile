# Two commands on a fresh machine: `make separate` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests run in this many processes of one thread each.
WORKERS ?= 2
INSTALL := $(BIN)/pip install --disable-pip-version-check -c constraints.txt
PINS := pyproject.toml constraints.txt
PAGES := *.md docs/*.md docs/howto/*.md benchmarks/*.md figures/paper/*.md

.DEFAULT_GOAL := help
.PHONY: help separate test slow lint docs kernel bench scan wheel clean
.DELETE_ON_ERROR:

help:
	@echo 'make separate   fit the ladder, add bounds, report gaps (the main job)'
	@echo 'make test       pytest with doctests, without slow tests'
	@echo 'make slow       the slow tests alone, fuzzers among them'
	@echo 'make lint       ruff, pyright, import layers, spelling'
	@echo 'make docs       build the documentation into docs/_build; warnings and broken links are errors'
	@echo 'make kernel     have Coq check the theorems in proofs/coq (needs Coq, Coquelicot, Interval)'
	@echo 'make bench      speed and memory beside other tools'
	@echo 'make scan       licences and known vulnerabilities of the pins (asks PyPI about each)'
	@echo 'make wheel      build the wheel; with Python 3.11 to 3.13, as far as they are found, install and run it'
	@echo 'make clean      remove caches and builds (keeps .venv and runs)'

# The stamps are written last: an interrupted installation is taken up again.
$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("expressivity needs Python >= 3.11, found %d.%d: run make PYTHON=/path/to/a/newer/python" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.core: $(VENV)/.created $(PINS)
	$(INSTALL) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.created $(PINS)
	$(INSTALL) -e '.[test,dev,distributed,hf,onnx]'
	@touch $(VENV)/.core $@

$(VENV)/.docs: $(VENV)/.created $(PINS)
	$(INSTALL) -e '.[docs,test,hf]'
	@touch $(VENV)/.core $@

$(VENV)/.bench: $(VENV)/.created $(PINS)
	$(INSTALL) -e '.[bench]'
	@touch $(VENV)/.core $@

$(VENV)/.release: $(VENV)/.created $(PINS)
	$(INSTALL) -e '.[release]'
	@touch $(VENV)/.core $@

separate: $(VENV)/.core
	$(BIN)/expressivity separate

test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS) --dist worksteal

slow: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS) --dist worksteal -m slow

lint: $(VENV)/.dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/codespell -D docs/spelling.txt $(PAGES)

docs: $(VENV)/.docs
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build
	PYTHONPATH=docs $(BIN)/pytest --doctest-glob='*.md' docs tests/docs/test_mathematics.py

kernel: $(VENV)/.core
	$(BIN)/expressivity prove --kernel

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks.run

scan: $(VENV)/.dev $(VENV)/.docs $(VENV)/.bench $(VENV)/.release
	$(BIN)/python -m tools.scan

wheel: $(VENV)/.core $(VENV)/.release
	$(BIN)/python -m tools.wheel

clean:
	rm -rf build dist docs/_build docs/generated .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -path ./$(VENV) -prune -o -type d -name __pycache__ -exec rm -rf {} +
