# What a developer does here. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help run test check lint-aws package deploy deny tools simulate size latency

CARGO := cargo
CARGO_DENY := .tools/cargo-deny/bin/cargo-deny
SEEDS ?= 0..20000

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## The whole product on this machine; make run ARGS='--port 0 --in-memory'
	@$(CARGO) run --quiet --locked -p acs-broker-local -- $(ARGS)

test: tools lint-aws package ## Every suite: unit, contract, simulation, SDKs, end to end, deployment
	$(CARGO) build --workspace --all-targets --locked
	$(CARGO) test --workspace --locked

check: ## Before each commit: format, lints, unit tests
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) test --workspace --locked --lib

lint-aws: ## What SAM, cfn-lint and checkov say of the AWS template
	@tests/tools/install checkov iac
	@infra/aws/lint

package: ## The functions as they ship, zipped; make package ARCH=arm64 VERIFY=1
	@tests/tools/install cargo-lambda zig
	@infra/aws/package $(if $(ARCH),--arch $(ARCH)) $(if $(VERIFY),--verify)

deploy: ## Into AWS with your own credentials; asks for what it needs; make deploy ARCH=x86_64
	@tests/tools/install cargo-lambda iac zig
	cd infra/aws && ./sam build --parameter-overrides Architecture=$(or $(ARCH),arm64) && ./sam deploy --guided

deny: ## Licences, bans and sources of the dependencies
	@test -x $(CARGO_DENY) || $(CARGO) install --quiet --locked --debug --root .tools/cargo-deny cargo-deny@0.20.2
	$(CARGO_DENY) --locked check licenses bans sources

tools: ## What the tests need beside Rust, into .tools/
	@tests/tools/install

simulate: ## The protocol's simulation at length; make simulate SEEDS=0..1000000
	SIMULATION_SEEDS=$(SEEDS) $(CARGO) test --release --locked -p acs-broker-protocol --test simulation -- --nocapture

size: tools ## Bytes, crates and instructions of each function as it ships
	@tests/bench/size

latency: package ## From a password change to dead tokens, in the local stack and the deployed one
	$(CARGO) build --quiet --locked -p acs-broker-local
	@tests/bench/latency
