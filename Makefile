# `make` lists the targets. Each does all its own set-up on a fresh machine.

.DEFAULT_GOAL := help
.PHONY: help build serve demo test lint fmt advisories bench evaluate fuzz dist test-dist test-llm campaign soak

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

build: ## Build target/release/deid-gateway, with everything that needs fetching
	@scripts/build

serve: build ## Start the service with a local key, which it prints
	@scripts/serve

demo: build ## Send a clinical message through a local stand-in for OpenAI, and show every step
	@scripts/demo

# Tests with generated inputs draw as many from a seed on every machine, so that a change is judged by itself and not by luck;
# other seeds search further: make test SEED=$$RANDOM
SEED ?= 20261125

test: export PROPTEST_RNG_SEED := $(SEED)
test: export BOLERO_RANDOM_SEED := $(SEED)
test: export BOLERO_RANDOM_ITERATIONS := 5000
test: ## Run all tests (other generated inputs: SEED=7)
	@scripts/install-system-packages --test
	@scripts/install-venv clients
	@scripts/install-npm tests/clients/node
	@scripts/build test --release --locked

fuzz: ## Search for inputs that break something, guided by coverage, a minute a target (SECONDS=300)
	@scripts/fuzz $(or $(SECONDS),60)

campaign: build ## Send 20,000 generated requests with canaries through the gateway, and look for them (SEED=7)
	@scripts/install-system-packages --test
	@scripts/install-venv clients
	@.tools/venv-clients/bin/python tests/clients/campaign.py target/release/deid-gateway --seed $(SEED)

soak: build ## Send an hour of mixed traffic, then too much of it (SECONDS=3600), and watch memory and latency
	@scripts/install-system-packages --test
	@scripts/install-venv clients
	@.tools/venv-clients/bin/python tests/clients/soak.py target/release/deid-gateway --seconds $(or $(SECONDS),3600) --quiet-machine

test-llm: build ## Run the gateway in front of a real language model, which is built on the first run
	@scripts/test-llm

lint: ## Check formatting, clippy, dependencies and scripts
	@cargo fmt --check
	@for script in scripts/* .ci/run; do if [ -f $$script ] && head -n 1 $$script | grep -q bash; then bash -n $$script || exit 1; fi; done
	@scripts/build clippy --release --all-targets --locked -- -D warnings
	@RUSTDOCFLAGS="-D warnings" scripts/build doc --release --no-deps --locked --quiet
	@scripts/install-cargo-deny
	@.tools/bin/cargo-deny --log-level error --config scripts/deny.toml check bans licenses sources

dist: build ## Pack the program with all that it needs, for a bare Debian 12
	@scripts/install-system-packages --dist
	@scripts/dist

test-dist: dist ## Unpack that into a bare Debian 12 and serve requests there (as root)
	@scripts/test-dist

fmt: ## Format the code
	@cargo fmt

advisories: ## Check dependencies for known vulnerabilities (needs the internet)
	@scripts/install-cargo-deny
	@.tools/bin/cargo-deny --config scripts/deny.toml check advisories


bench: ## Measure speed and memory, beside peers, into docs/performance.md
	@scripts/bench

evaluate: build ## Measure recall and precision of the detectors on the gold files
	@target/release/deid-gateway evaluate $(wildcard ../shared/data/dev/*.jsonl) tests/data/*.jsonl
