# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# One word a target. `make` alone tells what there is.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

bin := .venv/bin
ready := .venv/.ready
sudo := $(if $(filter-out 0,$(shell id -u)),sudo)
in_lab = $(sudo) env PYTHONPATH=tests CLOUDRESET_LAB_POWERSHELL="$(CLOUDRESET_LAB_POWERSHELL)" $(bin)/python
lab = $(in_lab) -m lab
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.ansible/collections
# The Windows hosts' PowerShell, see tests/tools/powershell.
export CLOUDRESET_LAB_POWERSHELL := $(shell tests/tools/powershell)
# Nothing that make starts may wait for an answer or leave colours in a log.
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r name text; do \
	  printf '  make %-9s %s\n' "$$name" "$$text"; done

setup: $(ready) ## make .venv with every tool that the rest needs

demo: $(ready) ## watch real servers being checked, installed, broken, repaired and cleaned
	@tests/demo/run

test: $(ready) ## prove everything: check, sanity, tarball, the lab, every ansible-core
	@tests/tools/test

check: $(ready) ## lint, types and unit tests; under a minute
	@$(MAKE) -k -j2 --output-sync=target python types yaml ansible shell unit
	@echo 'check: all good'

lab: $(ready) ## bring the lab up and print its inventory's path
	@$(lab) install-deps
	@$(lab) up

lab-down: $(ready) ## take the lab down, whoever brought it up
	@$(lab) down

bench: $(ready) ## measure against stock modules, parallel ssh and plain WinRM
	@$(lab) install-deps
	@$(in_lab) -m bench

build: $(ready) ## build the tarball, install it elsewhere, look at it from there
	@tests/tools/tarball

sanity: $(ready) ## ansible-test sanity
	@tests/tools/sanity

matrix: $(ready) ## the main path under each ansible-core that a Python here can run
	@tests/tools/matrix

lock: $(ready) ## newer versions into requirements/constraints.txt
	@tests/tools/lock

clean: ## remove all that make made here; `make lab-down` first
	@rm -rf .venv .ansible .mypy_cache .ruff_cache .pytest_cache build

# The parts of check, each a word too.
python: $(ready)
	@$(bin)/ruff check --quiet
	@$(bin)/ruff format --quiet --check
types: $(ready)
	@$(bin)/mypy $(addprefix -p ,$(typed))
yaml: $(ready)
	@$(bin)/yamllint --strict .
ansible: $(ready)
	@PATH="$(CURDIR)/$(bin):$$PATH" ansible-lint -q --offline
shell: $(ready)
	@$(bin)/shellcheck -x -P SCRIPTDIR $(scripts)
unit: $(ready)
	@$(bin)/pytest -q -n 3 --dist loadfile -m 'not slow' --junitxml=.ansible/results/unit.xml tests/unit

collection := ansible_collections.cloudreset.huaweicloud.plugins
typed := $(patsubst plugins/%,$(collection).%,$(wildcard $(addprefix plugins/,plugin_utils module_utils action filter lookup))) \
  $(patsubst tests/%/__init__.py,%,$(wildcard tests/*/__init__.py))
# By their first line: not every script has a name that ends in .sh.
scripts = $(shell git grep -lE '^(\#!/(usr/bin/env (ba)?sh|bin/(ba)?sh)|\# shellcheck shell=)' -- . 2>/dev/null)

$(ready): requirements/dev.txt requirements/constraints.txt tests/tools/setup
	@tests/tools/setup

.PHONY: help setup demo test check lab lab-down bench build sanity matrix lock clean python types yaml ansible shell unit
