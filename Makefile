# Every target sets up what it needs, in a private virtual environment; only `lab` wants root.
SHELL := /bin/sh
.DELETE_ON_ERROR:
.PHONY: help demo test lab check bench man

BIN := .venv/bin
# Guests wait more than they work: one worker more than the two cores that a machine has at least.
WORKERS ?= 3
READY := .venv/.ready
TYPED := $(wildcard lacp tests examples benchmarks)

help:
	@echo "make demo   two systems over in-memory links, seen live; no root, no network device"
	@echo "make test   every test that this machine can run, and what was skipped and why;"
	@echo "            with LACP_SLOW=1 also those that take minutes each"
	@echo "make lab    root, Debian: install the real peers that 'make test' then finds"
	@echo "make check  ruff, ruff format, mypy --strict, layer rules, docs"
	@echo "make bench  every benchmark, a quarter of an hour: target, figure, reference, ratio"
	@echo "make man    the manual pages and the completion of shells in contrib/share, again"

demo: $(READY)
	@$(BIN)/lacpctl simulate

# Guests cannot write: what they import has to be compiled before.
test: $(READY)
	@$(BIN)/python -m compileall -qq -j 0 .venv/lib || true
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

lab:
	tools/install-lab

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict $(TYPED)
	$(BIN)/mypy --strict --scripts-are-modules tools/check-docs
	$(BIN)/mypy --strict --scripts-are-modules tools/draw-machines
	$(BIN)/mypy --strict --scripts-are-modules tools/make-share
	$(BIN)/python -m pytest -q tests/test_layers.py
	$(BIN)/python tools/check-docs
	$(BIN)/python tools/make-share --check

man: $(READY)
	$(BIN)/python tools/make-share

bench: $(READY)
	@$(BIN)/python -m benchmarks

$(READY): pyproject.toml requirements/dev.txt tools/setup
	@tools/setup
	@touch $@
