# Two commands do everything: `make lab` to read, `make test` to prove. Each makes .venv itself when
# it is missing or older than the pins. Choose another Python with `make lab PYTHON=python3.12`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

# Memory that a training step frees stays for the next step: see conftest.py.
export MALLOC_TOP_PAD_ ?= 67108864

# The backends of `make test-backends`, which are installed as .ci/run shows.
BACKENDS ?= torch

.PHONY: help lab test test-gpu test-backends notebooks figures exercises toolbox bench mutants
.PHONY: lint lock setup clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

lab: $(READY) ## set up if needed, then open the notebooks in JupyterLab
	@$(BIN)/python scripts/lab.py

test: $(READY) ## set up if needed, then run the unit tests, the doctests and every notebook
	@$(BIN)/python scripts/unit_tests.py
	$(BIN)/python -m pytest --quiet --doctest-modules gankit
	$(BIN)/python -m pytest --verbose --nbmake --nbmake-timeout=600 --durations=10 notebooks/

test-gpu: $(READY) ## run every notebook at the paper's scale, on the backend that sees a GPU
	@backend=$$($(BIN)/python scripts/gpu_backend.py) && \
	echo "Running the notebooks on the GPU with $$backend." && \
	KERAS_BACKEND=$$backend GANKIT_PRESET=gpu $(BIN)/python -m pytest --verbose \
	    --nbmake --nbmake-timeout=7200 --durations=10 notebooks/

test-backends: $(READY) ## run every notebook on PyTorch, or on all of BACKENDS="torch jax"
	@failed=""; for backend in $(BACKENDS); do \
	    echo "Running the notebooks with $$backend."; \
	    KERAS_BACKEND=$$backend GANKIT_PRESET=cpu $(BIN)/python -m pytest --verbose \
	        --nbmake --nbmake-timeout=1200 --durations=10 notebooks/ || failed="$$failed $$backend"; \
	done; test -z "$$failed" || { echo "Failed with:$$failed"; exit 1; }

notebooks: $(READY) ## execute every notebook anew and store its outputs (ONLY=notebooks/x.ipynb for one)
	@$(BIN)/python scripts/make_notebooks.py $(ONLY)

figures: $(READY) ## copy figures and pictures from the stored notebooks to the README and docs/
	@$(BIN)/python scripts/figures.py

exercises: $(READY) ## write the hashed answers of docs/solutions.md for `gankit.exercises`
	@$(BIN)/python scripts/exercises.py

toolbox: $(READY) ## measure every part against its oracle on all backends and write docs/toolbox.md
	@$(BIN)/python scripts/toolbox.py

bench: $(READY) ## measure the throughput of a training step beside plain TensorFlow and PyTorch
	@$(BIN)/python benchmarks/step_throughput.py

mutants: $(READY) ## break the library in small ways and report how many of them the tests notice
	@$(BIN)/python scripts/mutants.py

lint: $(READY) ## check style and format of the code and the notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lock: $(READY) ## resolve requirements.lock anew from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.10 --no-annotate \
	    --custom-compile-command "make lock" --extra tensorflow --extra lab --extra test \
	    pyproject.toml --output-file requirements.lock

setup: $(READY) ## make .venv and install the pinned dependencies

clean: ## remove .venv and the caches (the data stay)
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

# pip is what `venv` installs last: where it is missing, an earlier set-up was cut short.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || { \
	    echo "gankit needs Python 3.10 to 3.13, and $(PYTHON) is: $$($(PYTHON) --version 2>&1)."; \
	    echo "Choose another one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/pip || { echo "Making $(VENV) ..."; $(PYTHON) -m venv --clear $(VENV); } || { \
	    echo "On Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	@echo "Installing the pinned dependencies into $(VENV): some minutes, only this once ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@
