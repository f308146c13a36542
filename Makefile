# Everything runs in .venv, which is made from Python 3.11 or newer and the package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
DEMO_FLAGS ?=
SOAK_KILLS ?= 500

.DEFAULT_GOAL := help
.PHONY: help setup demo test soak lint type check sync benchmarks scale viewer clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  \033[36m%-11s\033[0m %s\n", $$1, $$2}'

setup: $(STAMP) ## Create .venv and install the project with its extras

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it with make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev,notebooks]'
	@touch $(STAMP)

demo: $(STAMP) ## Make a real, small collection from satellite images, and show it
	$(BIN)/mutirao demo $(DEMO_FLAGS)

test: $(STAMP) ## Run the tests, on all cores
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

soak: $(STAMP) ## Kill builds at 500 random moments; SOAK_KILLS=... for more
	MUTIRAO_SOAK_KILLS=$(SOAK_KILLS) $(BIN)/python -m pytest tests/engine/test_faults.py

lint: $(STAMP) ## Check style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

type: $(STAMP) ## Check types
	$(BIN)/mypy

check: lint type test ## Style, types and tests

sync: $(STAMP) ## Write the schemas and reference pages that are generated from the code
	$(BIN)/mutirao sync

benchmarks: $(STAMP) ## Time the kernels beside what a user would pick instead
	$(BIN)/python benchmarks/integration.py
	$(BIN)/python benchmarks/filters.py

scale: $(STAMP) ## Measure a country of 1.5 gigapixel-years and the peers, for docs/scale.md (half an hour)
	mkdir -p workspace/scale
	$(BIN)/python benchmarks/country.py --series --side 2048 --years 24 --tile 1024 --json workspace/scale/series.json
	$(BIN)/python benchmarks/country.py --side 6144 --years 41 --tile 1536 --json workspace/scale/country.json
	$(BIN)/python benchmarks/endtoend.py --json workspace/scale/endtoend.json
	$(BIN)/python benchmarks/endtoend.py --ways ours --side 3072 --tile 768 --repeat 2 --json workspace/scale/workers.json
	$(BIN)/python benchmarks/country.py --into docs/scale.md \
		--report $(addprefix workspace/scale/,series.json country.json endtoend.json workers.json)

viewer: ## Build the map page again (needs Node)
	cd viewer && npm ci && npm run build

clean: ## Remove what the demonstration and the tests made; .venv stays
	rm -rf workspace .pytest_cache .mypy_cache .ruff_cache .hypothesis
