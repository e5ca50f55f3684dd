# Entry points of this repository; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/.venv/bin:$(PATH)

SOURCES := inventory/lab/group_vars/all/sources.yml
MORE_HOSTS := inventory/lab/more_hosts.yml
TEST_SOURCES := molecule/group_vars/all/sources.yml
APP_LOCKS := $(addprefix app/requirements/,train.txt serve.txt loadtest.txt signing.txt test.txt)
AUDITED_LOCKS := requirements/site.txt $(addprefix app/requirements/,train.txt serve.txt loadtest.txt signing.txt)
# Data set to train on instead of IMDB of the hub, a directory. Tests use ../shared/data/imdb if it exists.
LAB_DATASET ?=
# Serving hosts of the lab, 1 to 9; more than one have a gateway host in front. Empty keeps the hosts that the lab has (1 at first).
LAB_INFERENCE_HOSTS ?=
SCENARIO ?= --all
# The repository as the collection ml_workshop.workshop: links to plugins/, roles/ and meta/.
COLLECTION := collections/ansible_collections/ml_workshop/workshop
# Python that runs on hosts: with 3.10 of Ubuntu 22.04 up to 3.13 of Debian 13.
HOST_SIDE := $(COLLECTION)/plugins playbooks/files roles/grafana/files roles/conda/files/conda-tool

.PHONY: help docs sbom audit image lab lab-down verify check test test-all lint words fast unit timing molecule bench browser venv venv-test venv-app venv-audit venv-bench hosts promtool chromium haproxy sshd

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  Variables of make lab: LAB_INFERENCE_HOSTS=3 LAB_DATASET=DIR LAB_MODEL_REPO=hf://user/name LAB_GRAFANA_IMAGE_ARCHIVE=FILE"

lab: export LAB_DATASET := $(LAB_DATASET)
lab: venv ## The whole site on this machine, each host a systemd container
	@lab/setup.sh docker
	@python lab/hosts.py --output $(MORE_HOSTS) "$(LAB_INFERENCE_HOSTS)"
	@python lab/probe.py --output $(SOURCES) | tee .lab/sources.txt
	@ansible-playbook -i inventory/lab lab/create.yml site.yml playbooks/verify.yml
	@python lab/report.py --sources .lab/sources.txt

lab-down: venv ## Remove everything that make lab made
	@[ -f $(SOURCES) ] || python lab/probe.py --output $(SOURCES) >/dev/null
	@lab/setup.sh docker
	@ansible-playbook -i inventory/lab lab/destroy.yml lab/clean.yml
	@lab/setup.sh stop-docker
	@rm -rf .lab .cache $(SOURCES) $(MORE_HOSTS)

verify: venv ## Check every service of the lab from the outside
	@ansible-playbook -i inventory/lab playbooks/verify.yml

check: venv-test venv-app promtool ## Lint and the fast unit tests: two minutes
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint fast

test: venv-test venv-app promtool haproxy sshd hosts chromium ## Lint, all unit tests, the whole site on two hosts: 20 minutes
	@lab/setup.sh tidy
	@mkdir -p artifacts
	@trap 'kill -- -$$! 2>/dev/null || true; lab/setup.sh tidy' EXIT; \
	  echo "The site is tested in parallel to the unit tests; its output: artifacts/site.log"; \
	  setsid $(MAKE) --no-print-directory molecule SCENARIO="-s default" >artifacts/site.log 2>&1 & \
	  $(MAKE) --no-print-directory lint unit; \
	  wait $$! || { tail -n 60 artifacts/site.log; exit 1; }; \
	  tail -n 40 artifacts/site.log; \
	  $(MAKE) --no-print-directory timing

test-all: test ## Everything that CI runs: make test, and each role by itself; an hour
	@trap 'lab/setup.sh tidy' EXIT; \
	  $(MAKE) --no-print-directory molecule SCENARIO="$(addprefix -s ,$(filter-out default,$(patsubst molecule/%/molecule.yml,%,$(wildcard molecule/*/molecule.yml))))"

lint: venv-test venv-app words ## Words, ansible-lint (production), yamllint, ruff, mypy, workflows
	ansible-lint --offline --profile production
	zizmor --offline --quiet .github/workflows
	check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	check-jsonschema --builtin-schema vendor.renovate renovate.json
	yamllint --strict .
	ruff check . && ruff format --check .
	mypy lab monitoring tools tests/fakes/fake_grafana tests/fakes/notification_receivers.py
	mypy playbooks/filter_plugins tests/fakes/ec2
	for version in 3.10 3.13; do \
	  MYPYPATH=collections mypy --python-version $$version --explicit-package-bases $(HOST_SIDE) || exit; \
	done
	app/.venv/bin/mypy app/src

# Reviews of the sample and of tests are free to use them; generated files repeat their sources.
words: ## Words of .config/words.txt, which the field does not use
	@! git grep -nIiE --untracked -f .config/words.txt -- . ':!.config/words.txt' ':!app/src/ml_workshop/data/sample' ':!tests/unit/app/test_data*' \
	  ':!monitoring/consoles' ':!monitoring/dashboards' ':!*requirements*.txt' \
	  || { echo "Replace these words by the field's terms; .config/words.txt lists them." >&2; exit 1; }

fast: venv-test venv-app promtool
	pytest -q -m "not slow" tests/unit --ignore=tests/unit/app
	pytest -q -m "not slow" tests/templates
	app/.venv/bin/pytest -q -m "not timing and not slow" tests/unit/app

unit: export TRAIN_ON_IMDB := $(if $(wildcard ../shared/data/imdb),1)
unit: venv-test venv-app promtool ## Unit and template tests: ten minutes, no hosts; with real reviews when ../shared/data/imdb is there
	pytest -q -n 2 tests/unit --ignore=tests/unit/app
	pytest -q tests/templates   # a process of its own: with Ansible's controller code in it, modules warn elsewhere
	app/.venv/bin/pytest -q -n 2 --dist loadfile -m "not timing" tests/unit/app

timing: venv-test venv-app haproxy sshd ## Tests that measure durations, and HAProxy's: with nothing else running
	app/.venv/bin/pytest -q -m timing tests/unit/app
	pytest -q tests/gateway

molecule: venv-test venv-app hosts chromium ## Every role and the whole site on real systemd hosts; SCENARIO=-s\ name for one
	@rm -f .lab/molecule.log
	ANSIBLE_LOG_PATH=$(CURDIR)/.lab/molecule.log molecule test $(SCENARIO) --no-command-borders --report \
	  || { echo "The end of .lab/molecule.log before what failed:"; grep -B 20 -E '(failed|unreachable)=[1-9]' .lab/molecule.log | tail -n 30 | cut -c 1-600; exit 1; }

bench: venv venv-bench haproxy ## Measure against the workshop's code and two peers: .bench/results; BENCH=training|serving for a half
	@lab/setup.sh command wrk wrk
	@cd tests/bench && ../../.bench/venv/bin/python -m benchmark --output ../../.bench \
	  --dataset "$(or $(abspath $(LAB_DATASET)),$(wildcard $(CURDIR)/../shared/data/imdb),sample)" $(if $(BENCH),--only $(BENCH))

docs: venv-test ## The documentation as a site: artifacts/docs; checks every link
	@NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet && echo "Read it at http://127.0.0.1:8001: python3 -m http.server --bind 127.0.0.1 --directory artifacts/docs 8001"

sbom: venv-audit ## Software bills of materials (CycloneDX) of the controller and of each part of the application: artifacts/sbom
	@mkdir -p artifacts/sbom
	@for lock in $(AUDITED_LOCKS); do .cache/audit/bin/cyclonedx-py requirements $$lock --output-file artifacts/sbom/$$(basename $$lock .txt).json; done

audit: venv-audit ## Look all locked packages up in PyPI's database of vulnerabilities
	@status=0; for lock in $(AUDITED_LOCKS); do \
	  .cache/audit/bin/pip-audit --disable-pip --require-hashes --progress-spinner off --requirement $$lock || status=1; done; exit $$status

image: venv ## The service as a container image, ml-workshop/inference
	@lab/setup.sh docker
	@[ -f $(SOURCES) ] || python lab/probe.py --output $(SOURCES) >/dev/null
	@ansible-playbook -i inventory/lab lab/images.yml playbooks/image.yml

browser: scheme = $(shell curl --silent --insecure --output /dev/null https://127.0.0.1:9090 && echo https || echo http)
browser: venv-test chromium ## Open the lab's pages in a browser: pictures in artifacts/browser
	REQUESTS_CA_BUNDLE=$(if $(filter https,$(scheme)),.lab/secrets/tls/ca.crt) \
	  pytest -q -rs tests/browser --service $(if $(filter https,$(scheme)),https://127.0.0.1:8443,http://127.0.0.1:8000) \
	  --locust $(scheme)://127.0.0.1:8089 --prometheus $(scheme)://127.0.0.1:9090 --password-file .lab/secrets/admin_password \
	  $(shell curl --silent --insecure --output /dev/null $(scheme)://127.0.0.1:3000/api/health && echo --grafana $(scheme)://127.0.0.1:3000)

hosts: export LAB_DATASET := $(or $(LAB_DATASET),$(wildcard ../shared/data/imdb))
hosts: venv-test
	@lab/setup.sh docker
	@python lab/probe.py --output $(TEST_SOURCES)

promtool:
	@lab/setup.sh promtool

chromium:
	@lab/setup.sh command chromium chromium
	@lab/setup.sh command certutil libnss3-tools

haproxy:
	@lab/setup.sh command haproxy haproxy

sshd:
	@lab/setup.sh command sshd openssh-server

venv:
	@mkdir -p .lab
	@lab/setup.sh venv .venv requirements/site.txt

venv-test:
	@mkdir -p .lab
	@lab/setup.sh venv .venv requirements/test.txt monitoring/requirements.txt

venv-app:
	@lab/setup.sh venv app/.venv $(APP_LOCKS)
	@app/.venv/bin/ml-workshop --version >/dev/null 2>&1 || \
	  app/.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable app

venv-audit:
	@lab/setup.sh venv .cache/audit requirements/audit.txt

venv-bench:
	@lab/setup.sh venv .bench/venv app/requirements/train.txt app/requirements/serve.txt tests/bench/requirements.txt
	@.bench/venv/bin/ml-workshop --version >/dev/null 2>&1 || \
	  .bench/venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable app
