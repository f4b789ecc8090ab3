# The tasks of a developer. `make` alone lists them.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run docs test check lint-scripts lint-aws lint-examples arm64 package release deploy deny advisories cargo-deny tools nextest plan simulate planted model contract fuzz canaries soak bench budget cost size latency

CARGO := cargo
CARGO_DENY := .tools/cargo-deny/bin/cargo-deny
NEXTEST_VERSION := 0.9.143
SEEDS ?= 0..20000
# Counting instructions needs valgrind, which needs Linux.
BUDGET := $(if $(filter Linux,$(shell uname)),budget)
QUICK_SEEDS := 0..80

# `cargo nextest` is the machine's own or, where that is missing, the one of the target `nextest`.
export PATH := $(PATH):$(CURDIR)/.tools/cargo-nextest/bin

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Run the whole product on this machine; make run ARGS='--port 0 --in-memory'
	@$(CARGO) run --locked -p acs-broker-local -- $(ARGS)

test: plan tools nextest lint-aws lint-examples package $(BUDGET) ## Every suite: unit, contract, simulation, SDKs, end to end, deployment
	$(CARGO) build --workspace --all-targets --locked
	$(CARGO) test --workspace --doc --locked --quiet
	tests/tools/without-leftovers $(CARGO) nextest run --workspace --locked --profile full

check: nextest lint-scripts ## Before each commit: format, lints, and every test that needs no big download
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) build --workspace --bins --examples --locked
	$(CARGO) test --workspace --doc --locked --quiet
	SIMULATION_SEEDS=$(QUICK_SEEDS) $(CARGO) nextest run --workspace --locked --profile quick

docs: ## Write the pages of docs/reference from code, contract and help texts
	$(CARGO) build --quiet --locked -p acs-broker-cli
	UPDATE_REFERENCE=1 $(CARGO) test --quiet --locked -p acs-broker-e2e --test e2e reference::

lint-scripts: ## Check the scripts with ruff and shellcheck, and all spelling with typos
	@tests/tools/install ruff shellcheck typos
	@tests/tools/lint-scripts

lint-aws: ## Check the AWS template with SAM, cfn-lint and checkov
	@tests/tools/install checkov iac
	@infra/aws/lint

lint-examples: ## Check a release's template, the CDK and Terraform examples, and the clients in the documents
	@tests/tools/install cdk hcl2 iac tree-sitter
	@infra/examples/check
	@tests/sdk/parse

arm64: nextest ## Build the functions for arm64 and run their events, on an emulated processor if need be
	@tests/tools/install cargo-lambda zig
	@tests/tools/arm64
	$(CARGO) build --workspace --all-targets --locked
	tests/tools/without-leftovers $(CARGO) nextest run --workspace --locked --profile arm64

package: ## Build the functions as they ship, zipped; make package ARCH=arm64 VERIFY=1
	@tests/tools/install cargo-lambda zig
	@infra/aws/package $(if $(ARCH),--arch $(ARCH)) $(if $(VERIFY),--verify)

release: package ## Put what a release has into target/release-files; make release ARCH=arm64
	@infra/aws/release $(if $(ARCH),--arch $(ARCH))

deploy: ## Deploy into AWS with your own credentials; it asks for the parameters; make deploy ARCH=x86_64 ARGS=--check
	@tests/tools/install cargo-lambda iac zig
	@infra/aws/deploy $(if $(ARCH),--arch $(ARCH)) $(ARGS)

deny: cargo-deny ## Check licences, bans and sources of the dependencies, and that each that ships is described
	infra/aws/supply-chain
	$(CARGO_DENY) --locked check licenses bans sources

advisories: cargo-deny ## Check the dependencies against the RustSec database, which it downloads
	$(CARGO_DENY) --locked check advisories

cargo-deny:
	@test -x $(CARGO_DENY) || $(CARGO) install --quiet --locked --debug --root .tools/cargo-deny cargo-deny@0.20.2

tools: ## Install the programs that the tests need beside Rust, into .tools/
	@tests/tools/install

nextest:
	@$(CARGO) nextest --version >/dev/null 2>&1 || { \
		echo 'installing .tools/cargo-nextest from crates.io: 60 MB, some minutes to compile'; \
		$(CARGO) install --quiet --locked --debug --root .tools/cargo-nextest cargo-nextest@$(NEXTEST_VERSION); }

plan:
	@echo 'make test installs what is missing in .tools/, builds the release binaries of the functions'
	@echo 'and runs every suite: at the first run about 20 min on two cores, later about 6.'
	@tests/tools/install --plan

simulate: ## Run the protocol's simulation at length; make simulate SEEDS=0..1000000
	SIMULATION_SEEDS=$(SEEDS) $(CARGO) test --profile simulation --locked -p acs-broker-protocol --test simulation -- --nocapture

planted: ## Plant each known bug in a copy of the tree, and fail if the simulation misses one
	@tests/planted/run

model: ## Check every state of the protocol's model, and replay it on the code at length
	MODEL_TRACES=20000 $(CARGO) test --profile simulation --locked -p acs-broker-protocol --test model -- --nocapture

fuzz: ## Fuzz the parsers of requests, events, settings and ACS's responses; make fuzz ARGS='--runs 10000000 gateway_event'
	@tests/fuzz/fuzz $(ARGS)

canaries: ## Send 100,000 requests full of secrets past ACS and a table that answer with secrets
	CANARY_REQUESTS=100000 $(CARGO) nextest run --locked -p acs-broker-e2e -E 'test(canaries::)'

contract: ## Send 50,000 requests made from the contract through the gateway; make contract ARGS='--requests 5000 --seed 7'
	@tests/tools/install schemathesis
	@tests/contract/contract $(ARGS)

soak: ## Play a million requests, outages, throttling and 10,000 password changes; make soak ARGS='quota'
	@tests/tools/install cargo-lambda zig
	@tests/soak/soak $(ARGS)

bench: ## Measure speed and memory beside other ways to write issue; make bench QUICK=1 WRITE=1
	@tests/tools/install cargo-lambda zig
	@tests/bench/bench $(if $(QUICK),--quick) $(if $(WRITE),--write)

budget: package ## Compare the counts of issue as it ships with tests/bench/budget.toml
	@tests/bench/budget

cost: ## Print what a million tokens cost, from counts and a price list; make cost WRITE=1
	@tests/tools/install cargo-lambda zig
	@tests/bench/cost $(if $(WRITE),--write)

size: tools ## Measure bytes, crates and instructions of each function as it ships
	@tests/bench/size

latency: package ## Measure the time from a password change to dead tokens, locally and deployed
	$(CARGO) build --quiet --locked -p acs-broker-local
	@tests/bench/latency
