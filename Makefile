# One target per task. Needs make, git and Python 3.11 or newer; everything else is installed into .venv.
# PYTHON=python3.13 chooses the interpreter, ARGS="..." is passed to pytest or the benchmarks, PORT=9000 to the server.

VENV := .venv
PY := $(VENV)/bin/python
WORKERS ?= logical
ARGS ?=

READY := $(VENV)/.ready
PIP := $(PY) -m pip --disable-pip-version-check install -qq

# Tests start many processes; each would compile all modules if none were cached.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run demo test test-slow coverage lint format check bench docs pins clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name what; do \
		printf '  make %-10s %s\n' "$$name" "$$what"; done

# Without a mail server, e-mails go to the console and to var/mail/.
run demo: export ARGUS_SEND_NOTIFICATIONS ?= on
run demo: SETUP = $(PY) manage.py migrate --verbosity 0 && $(PY) manage.py initial_setup --email admin@localhost

run: $(READY).base ## Serve Argus on http://localhost:8000 (PORT=...)
	@$(SETUP) --example && exec $(PY) manage.py serve

demo: $(READY).base ## Fill the database with a day of sample incidents
	@$(SETUP) && $(PY) manage.py create_demo && $(PY) manage.py send_notifications --once
	@echo "E-mails: var/mail/   Deliveries: http://localhost:$${PORT:-8000}/admin/argus_notificationprofile/delivery/"

# $(call suite,arguments) runs tests on SQLite, then on PostgreSQL those that use the database.
define suite
	@trap 'exit 130' INT; failed=; for database in sqlite "postgresql --second-database"; do \
		printf '\n== Tests on %s\n' "$${database%% *}"; \
		$(PY) -m pytest --database=$$database --numprocesses=$(WORKERS) $(1) $(ARGS) || failed="$$failed $${database%% *}"; \
	done; if [ -n "$$failed" ]; then echo "Failed on:$$failed" >&2; exit 1; fi
endef

test: $(READY).test ## Run the tests on SQLite and on a real PostgreSQL (ARGS="-k word")
	$(call suite)

test-slow: $(READY).test $(VENV)/pyargus-0.2 ## Run the tests marked slow: drills, query plans, containers, generated input
	$(call suite,-m slow)

coverage: $(READY).test $(VENV)/pyargus-0.2 ## Run all tests on PostgreSQL; fail below the coverage that pyproject.toml demands
	@$(PY) -m pytest --database=postgresql --numprocesses=$(WORKERS) -m "slow or not slow" \
		--cov --cov-report=term --cov-report=html $(ARGS)

# The oldest release of the published client that is tested. It cannot be installed beside the newest one.
$(VENV)/pyargus-0.2: | $(READY).test
	@$(PY) -m tests.clients.releases

lint: $(READY).test ## Check style, format, spelling, types and the layers of imports
	@failed=; $(PY) -m ruff check . || failed=1; $(PY) -m ruff format --check . || failed=1; \
		$(VENV)/bin/codespell || failed=1; $(PY) -m mypy || failed=1; \
		PYTHONPATH=src $(PY) $(VENV)/bin/lint-imports --no-cache --no-logo || failed=1; test -z "$$failed"

format: $(READY).test ## Format the code and fix what ruff can fix
	@$(PY) -m ruff check --fix-only .
	@$(PY) -m ruff format .

# The environment of a production site, for Django's deployment check. It connects to nothing.
check: export DATABASE_URL = postgresql://argus:argus@127.0.0.1:5432/argus
check: export ARGUS_REDIS_URL = redis://127.0.0.1:6379/0
check: export SECRET_KEY = only-for-the-check-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ
check: export STATIC_ROOT = $(CURDIR)/var/static
check: export ALLOWED_HOSTS = argus-api.example.org
check: export EMAIL_HOST = smtp.example.org
check: export DEFAULT_FROM_EMAIL = argus@example.org
check: $(READY).base ## Check that no migration is missing and that Django's deployment check passes
	@env -u DATABASE_URL $(PY) manage.py makemigrations --check --dry-run --settings=argus.site.settings.test
	@$(PY) manage.py collectstatic --no-input --verbosity 0 --settings=argus.site.settings.prod
	@$(PY) manage.py check --deploy --fail-level WARNING --settings=argus.site.settings.prod

bench: $(READY).test ## Measure the figures of docs/reference/performance.md
	@$(PY) -m benchmarks $(ARGS)

docs: $(if $(wildcard docs/conf.py),$(READY).docs) ## Build the documentation into docs/_build/html
	@if [ -f docs/conf.py ]; then $(PY) -m sphinx -W --keep-going -q -b html docs docs/_build/html \
		&& echo "Open docs/_build/html/index.html"; else echo "No docs/conf.py: nothing to build"; fi

# One resolution for all files: dev.txt holds everything and constrains the others.
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make pins" $(PY) -m uv pip compile --quiet --no-config --no-annotate \
	--universal --python-version 3.11 --fork-strategy fewest setup.cfg

pins: $(READY).dev ## Update requirements/*.txt from the ranges in setup.cfg
	@$(COMPILE) --upgrade --extra dev --extra prod -c requirements/constraints.in -o requirements/dev.txt
	@for extra in test docs prod; do $(COMPILE) --extra $$extra -c requirements/dev.txt -o requirements/$$extra.txt || exit 1; done
	@$(COMPILE) -c requirements/dev.txt -o requirements/base.txt

clean: ## Remove everything that was built, but not var/ (the database)
	@rm -rf $(VENV) .tox .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov build dist docs/_build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp records that the requirements file was installed; it is out of date when the file is newer.
$(READY).%: requirements/%.txt | $(PY)
	@echo "Installing requirements/$*.txt ..."
	@$(PIP) -r $<
	@touch $@

$(PY):
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		echo "Creating $(VENV) with $$("$$python" --version) ..."; \
		"$$python" -m venv $(VENV) && exit 0; \
		rm -rf $(VENV); echo "This Python cannot make virtual environments (on Debian: apt install python3-venv)." >&2; exit 1; \
	done; echo "Argus needs Python 3.11 or newer; none was found (make PYTHON=/path/to/python3 ...)." >&2; exit 1
