# SPDX-License-Identifier: Apache-2.0
#
# make run     serves on http://127.0.0.1:8080      make test    everything that proves it works
# `make help` lists the rest.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run build test swift-test e2e-test notebooks lint instructions sanitize bench bench-results bench-scaling bench-requests docker deps venv clean

BINARY := .build/release/convserve
PYTHON ?= python3
VENV := .venv
SCRIPTS := .ci/run $(wildcard Benchmarks/*.sh Examples/*.sh)
# Arguments for `make run`, `make bench` and others, e.g. make run ARGS="--port 9000"
ARGS ?=

help: ## This list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

run: build ## Build and serve (CONVSERVE_PORT=9000 make run; make run ARGS="--help")
	@exec $(BINARY) serve $(ARGS)

build: deps ## Build the release binary
	swift build -c release --product convserve

test: swift-test e2e-test ## Unit tests, then end-to-end tests with real clients

swift-test: deps ## The Swift tests, in release mode
	swift build -c release --build-tests
	swift test -c release --skip-build

e2e-test: build venv ## The end-to-end tests against the built binary
	$(VENV)/bin/python -m pytest Tests/EndToEnd $(ARGS)

notebooks: build venv ## Run the notebooks of Examples and store what they show
	$(VENV)/bin/python Tests/EndToEnd/notebooks.py $(ARGS)

lint: venv ## Formatting, openapi.yaml, shell scripts
	swift format lint --strict -r Package.swift Sources Tests
	$(VENV)/bin/python -m openapi_spec_validator openapi.yaml
	@if command -v shellcheck >/dev/null; then \
	    echo "shellcheck $(SCRIPTS)"; shellcheck $(SCRIPTS); \
	else echo "shellcheck is not installed: shell scripts are only parsed"; \
	    for script in $(SCRIPTS); do bash -n "$$script"; done; fi

# GeometryFuzz copies no memory itself; built with the sanitizer, Swift's own slices of it are reported.
sanitize: deps ## The engine's and the files' tests under AddressSanitizer: nothing out of bounds
	swift build -c release --build-tests --sanitize=address --scratch-path .build-sanitize
	swift test -c release --skip-build --sanitize=address --scratch-path .build-sanitize \
	    --filter 'ConvolutionEngineTests|TensorFilesTests' --skip GeometryFuzz

instructions: build ## No AVX2 or AVX-512 instruction outside the modules made for it; no spills
	$(PYTHON) Tests/check_instructions.py $(BINARY)

bench: build venv ## Layers beside PyTorch, in alternating rounds
	$(VENV)/bin/python Benchmarks/compare_layers.py $(ARGS)

bench-results: build venv ## Benchmarks/RESULTS.md (make bench-results ARGS="suite float64")
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r Benchmarks/requirements.txt
	$(VENV)/bin/python Benchmarks/results.py $(ARGS)

bench-scaling: build ## Cores, map sizes, channels, choices (make bench-scaling ARGS="sizes")
	$(PYTHON) Benchmarks/scaling.py $(or $(ARGS),threads sizes channels choice)

bench-requests: build ## What one request to a server costs another
	$(PYTHON) Benchmarks/two_requests.py $(ARGS)

docker: ## Build the container image `convserve`
	docker build -t convserve .

clean: ## Remove everything that was built or installed here
	rm -rf .build $(VENV)

# ---- what has to be there first -----------------------------------------------------------------

INCLUDES := /usr/include /usr/local/include /opt/homebrew/include
missing-header = $(if $(wildcard $(addsuffix /$(1),$(INCLUDES))),,$(2))
APT_PACKAGES := $(call missing-header,microhttpd.h,libmicrohttpd-dev) \
    $(call missing-header,fast_float/fast_float.h,libfast-float-dev) \
    $(call missing-header,zlib.h,zlib1g-dev) \
    $(call missing-header,zip.h,libzip-dev) \
    $(call missing-header,zstd.h,libzstd-dev) \
    $(call missing-header,nettle/sha2.h,nettle-dev)

deps:
	@command -v swift >/dev/null || { \
	    echo "make: swift is not on PATH; Swift 6.2 or later: https://www.swift.org/install" >&2; exit 1; }
	@$(call apt-install,$(APT_PACKAGES))

VENV_PACKAGES := $(shell $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv)

venv: $(VENV)/.complete

# PyTorch's own index has builds without CUDA, 2 GB smaller; where it cannot be reached, pip's
# settings decide.
TORCH_CPU := https://download.pytorch.org/whl/cpu
$(VENV)/.complete: Tests/EndToEnd/requirements.txt
	@$(call apt-install,$(VENV_PACKAGES))
	$(PYTHON) -m venv $(VENV)
	@if getent hosts download.pytorch.org >/dev/null; then index="--extra-index-url $(TORCH_CPU)"; fi; \
	set -x; $(VENV)/bin/pip install --quiet --disable-pip-version-check $${index:-} -r $<
	@touch $@

# $(call apt-install,PACKAGES): installs them if there are any, with sudo unless root.
define apt-install
	packages="$(strip $(1))"; \
	if [ -n "$$packages" ]; then \
	    command -v apt-get >/dev/null || { echo "make: please install $$packages" >&2; exit 1; }; \
	    sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	    echo "installing $$packages"; \
	    $$sudo apt-get update -qq; \
	    $$sudo env DEBIAN_FRONTEND=noninteractive \
	        apt-get install -qq -y --no-install-recommends $$packages >/dev/null; \
	fi
endef
