# Three commands: `make demo` shows the whole way of the data, `make unit` checks your change, `make test` checks all.

PYTHONS := $(PYTHON) python3 python3.13 python3.12 python3.11
BIN := .venv/bin
DATA := $(or $(LETAPIS_DATA),.letapis)
PACKAGES := access crawlers dags pipeline plugins processors samples storage

.DEFAULT_GOAL := help
.PHONY: help env up demo docs lint unit test image messages mutants clean

help:
	@echo 'make demo         harvest the sample sites through a stack of its own, and stay'
	@echo '                  (ONCE=1: stop after the table; DAY=2: the sites a day later)'
	@echo 'make up           start the stack with watchlist.yaml, and stay'
	@echo 'make docs         build the documentation as a site: site/index.html'
	@echo 'make lint         ruff, mypy and import-linter'
	@echo 'make unit         the tests that need no service: under a minute (ARGS="-k words" goes to pytest)'
	@echo 'make test         everything that must hold: lint, and every test (three quarters of an hour on two cores)'
	@echo 'make image        build the container image of what is committed (BUILDER=docker, IMAGE=name:tag)'
	@echo 'make messages     collect the texts of the web UI into access/locale, for translators'
	@echo 'make mutants      small faults put into the core one at a time: do the tests notice? (takes an hour or more)'
	@echo 'make env          only prepare .venv and a Chromium; the command is then .venv/bin/letapis'
	@echo 'make clean        remove .venv, caches, site and the data of the demo; what was harvested stays'

# Done when the stamp holds the digest of what the environment is made from; then it takes no time. Bytecode is
# compiled here and once: where PYTHONDONTWRITEBYTECODE is set, every process would else compile all of it again. A few
# files of the environment are templates and no Python, so its errors are not asked for.
env:
	@if ! $(BIN)/python -c '' 2>/dev/null; then \
	  for python in $(PYTHONS); do \
	    "$$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	      2>/dev/null && found="$$python" && break; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo 'No Python 3.11 to 3.13 with venv was found. On Debian 12 or later and Ubuntu 24.04:' >&2; \
	    echo '    sudo apt-get install python3 python3-venv' >&2; \
	    echo 'or name another one: make env PYTHON=/path/to/python3.12' >&2; \
	    exit 1; \
	  fi; \
	  rm -rf .venv && "$$found" -m venv .venv; \
	fi
	@digest=$$(cat requirements.lock pyproject.toml | sha256sum); \
	if [ "$$(cat .venv/made-from 2>/dev/null)" != "$$digest" ]; then \
	  echo 'Preparing .venv ...' >&2; \
	  awk '/^uv==/ { found = 1 } found { print } found && !/\\$$/ { exit }' requirements.lock > .venv/uv.lock && \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r .venv/uv.lock && \
	  $(BIN)/uv pip sync -q --require-hashes requirements.lock && \
	  $(BIN)/uv pip install -q --no-deps -e . && \
	  { $(BIN)/python -m compileall -qq -j 0 .venv/lib; echo "$$digest" > .venv/made-from; }; \
	fi
	@$(BIN)/python -m compileall -qq $(PACKAGES)
	@$(BIN)/python -m pipeline.replay.environment || echo 'The rest works; archived pages cannot be viewed as pages.' >&2
	@if ! [ -x "$$(cat .venv/chromium 2>/dev/null)" ]; then \
	  $(BIN)/python -m pipeline.chromium > .venv/chromium; \
	fi

up: env
	@exec $(BIN)/letapis up

demo: env
	@exec $(BIN)/letapis demo $(if $(ONCE),--once) $(if $(DAY),--day $(DAY))

# Strict: a broken link, a page that is nowhere listed, or a warning of any kind ends it.
docs: env
	@$(BIN)/properdocs build --quiet
	@echo 'Open site/index.html; with search: python3 -m http.server --directory site'

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# One process more than cores, since tests wait for services a third of their time; four at most, since each process has
# an object store and a database of its own. `ARGS="-n 0"`: one.
CORES := $(shell nproc 2>/dev/null || echo 2)
PYTEST := $(BIN)/python -m pytest -n $(shell expr $(CORES) + 1) --maxprocesses 4

unit: env
	$(PYTEST) -m unit $(ARGS)

test: lint
	$(PYTEST) $(ARGS)

# From the commit, so that nothing that lies about in the folder can get into an image.
image:
	@context=$$(mktemp -d) && trap 'rm -rf "$$context"' EXIT && git archive HEAD | tar -x -C "$$context" && \
	  $(or $(BUILDER),podman) build -t $(or $(IMAGE),localhost/letapis:latest) \
	    -f "$$context/deploy/container/Containerfile" "$$context"

# The creation date is left out, so that the file changes only with the texts.
messages: env
	$(BIN)/pybabel -q extract -F pyproject.toml --project Letapis --copyright-holder "the Letapis contributors" --add-location file --sort-by-file \
	  -o access/locale/messages.pot .
	sed -i '/^"POT-Creation-Date:/d' access/locale/messages.pot
	$(BIN)/pybabel -q update -i access/locale/messages.pot -d access/locale --no-fuzzy-matching --ignore-obsolete \
	  --ignore-pot-creation-date -w 120
	sed -i -E '/^"(Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By):/d' access/locale/*/LC_MESSAGES/*.po

# Not part of `make test`: what is not noticed is killed by a test, or named in benchmarks/mutants_accepted.yaml.
mutants: env
	$(BIN)/python -m benchmarks.mutants $(ARGS)

# The database of a demo that root has run may live elsewhere; the file `place` says where.
clean:
	@if [ -f "$(DATA)/demo/postgres/place" ]; then rm -rf -- "$$(cat "$(DATA)/demo/postgres/place")"; fi
	rm -rf -- .venv site "$(DATA)/demo" .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -not -path './.git/*' -exec rm -rf {} +
