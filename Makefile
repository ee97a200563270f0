# One command for each thing one does here. Needed: make, git and Python 3.11 or newer; the rest comes into .venv by itself.
# PYTHON=python3.13 chooses another interpreter, ARGS="..." goes to pytest or to the benchmarks, PORT=9000 to the server.

VENV := .venv
PY := $(VENV)/bin/python
WORKERS ?= logical
ARGS ?=

READY := $(VENV)/.ready
PIP := $(PY) -m pip --disable-pip-version-check install -qq

.DEFAULT_GOAL := help
.PHONY: help run demo test lint format check bench docs pins clean

help: ## This list
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name what; do \
		printf '  make %-8s %s\n' "$$name" "$$what"; done

run: $(READY).base ## Serve Argus on http://localhost:8000, everything in one process tree (PORT=...)
	@$(PY) manage.py migrate --verbosity 0 && $(PY) manage.py initial_setup --example && exec $(PY) manage.py serve

demo: $(READY).base ## Fill the database with a believable day of a network
	@$(PY) manage.py migrate --verbosity 0 && $(PY) manage.py initial_setup && $(PY) manage.py create_demo

test: $(READY).test $(VENV)/pyargus-0.2 ## The whole suite, on SQLite and on a real PostgreSQL (ARGS="-k word")
	@trap 'exit 130' INT; failed=; for database in sqlite postgresql; do \
		printf '\n== The suite on %s\n' $$database; \
		$(PY) -m pytest --database=$$database --numprocesses=$(WORKERS) $(ARGS) || failed="$$failed $$database"; \
	done; if [ -n "$$failed" ]; then echo "Failed on:$$failed" >&2; exit 1; fi

# The oldest release of the published client, which cannot stand beside the newest one.
$(VENV)/pyargus-0.2: | $(READY).test
	@$(PY) -m tests.clients.releases

lint: $(READY).test ## Style, format and the floors of the house
	@failed=; $(PY) -m ruff check . || failed=1; $(PY) -m ruff format --check . || failed=1; \
		PYTHONPATH=src $(PY) $(VENV)/bin/lint-imports --no-cache --no-logo || failed=1; test -z "$$failed"

format: $(READY).test ## Let the formatter rewrite what it can
	@$(PY) -m ruff check --fix-only .
	@$(PY) -m ruff format .

# A production's environment, as Django's deployment check wants to see it. Nothing is connected to.
check: export DATABASE_URL = postgresql://argus:argus@127.0.0.1:5432/argus
check: export ARGUS_REDIS_URL = redis://127.0.0.1:6379/0
check: export SECRET_KEY = only-for-the-check-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ
check: export STATIC_ROOT = $(CURDIR)/var/static
check: export ARGUS_FRONTEND_URL = https://argus.example.org
check: export ARGUS_COOKIE_DOMAIN = example.org
check: export ARGUS_DATAPORTEN_KEY = key
check: export ARGUS_DATAPORTEN_SECRET = secret
check: export ALLOWED_HOSTS = argus-api.example.org
check: export EMAIL_HOST = smtp.example.org
check: export DEFAULT_FROM_EMAIL = argus@example.org
check: $(READY).base ## No migration is missing, and production's settings pass Django's deployment check
	@env -u DATABASE_URL $(PY) manage.py makemigrations --check --dry-run --settings=argus.site.settings.test
	@$(PY) manage.py collectstatic --no-input --verbosity 0 --settings=argus.site.settings.prod
	@$(PY) manage.py check --deploy --fail-level WARNING --settings=argus.site.settings.prod

bench: $(READY).test ## Measure what docs/reference/performance.md reports
	@$(PY) -m benchmarks $(ARGS)

docs: $(if $(wildcard docs/conf.py),$(READY).docs) ## Build the documentation into docs/_build/html
	@if [ -f docs/conf.py ]; then $(PY) -m sphinx -W --keep-going -q -b html docs docs/_build/html \
		&& echo "Open docs/_build/html/index.html"; else echo "No docs/conf.py: nothing to build"; fi

# One resolution for all files: dev.txt holds everything and binds the others.
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make pins" $(PY) -m uv pip compile --quiet --no-config --no-annotate \
	--universal --python-version 3.11 --fork-strategy fewest setup.cfg

pins: $(READY).dev ## Write requirements/*.txt anew from the ranges in setup.cfg
	@$(COMPILE) --upgrade --extra dev --extra prod -c requirements/constraints.in -o requirements/dev.txt
	@for extra in test docs prod; do $(COMPILE) --extra $$extra -c requirements/dev.txt -o requirements/$$extra.txt || exit 1; done
	@$(COMPILE) -c requirements/dev.txt -o requirements/base.txt

clean: ## Remove what was built; var/ (the database) stays
	@rm -rf $(VENV) .tox .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov build dist docs/_build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps tell which requirements the environment has; one is out of date when its file is younger.
$(READY).%: requirements/%.txt | $(PY)
	@echo "Installing requirements/$*.txt ..."
	@$(PIP) -r $<
	@touch $@

$(PY):
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		echo "Making $(VENV) with $$("$$python" --version) ..."; \
		"$$python" -m venv $(VENV) && exit 0; \
		rm -rf $(VENV); echo "This Python cannot make virtual environments (on Debian: apt install python3-venv)." >&2; exit 1; \
	done; echo "Argus needs Python 3.11 or newer; none was found (make PYTHON=/path/to/python3 ...)." >&2; exit 1
