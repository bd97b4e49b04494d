# Everything that a person or a pipeline runs. `make help` lists it.

# Output of cargo is kept outside the checkout, so that a fresh clone starts warm.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/barnabas
export CARGO_TARGET_DIR ?= $(CACHE)/target

CARGO ?= cargo
E2E = $(CARGO) run --quiet --locked -p barnabas-e2e --
TARGET ?= bed

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: up
up: ## A cluster with broker, operator and a topic (TARGET=current: the one of KUBECONFIG)
	@$(E2E) up --target $(TARGET)

.PHONY: down
down: ## End what `make up` started
	@$(E2E) down --target $(TARGET)

.PHONY: test
test: ## Every check: format, lints, tests, clients, scenarios on a real Kubernetes
	@$(E2E) test

.PHONY: clients
clients: ## Only the client matrix of `make test`
	@$(E2E) test clients

.PHONY: scenarios
scenarios: ## Only the scenarios on a real Kubernetes of `make test`
	@$(E2E) test scenarios

.PHONY: cluster
cluster: ## Only the faults and Java's tools on three brokers of `make test`
	@$(E2E) test cluster

MUSL_RELEASE = $(CARGO_TARGET_DIR)/x86_64-unknown-linux-musl/release

.PHONY: suites
suites: ## The test suites of librdkafka and of the rdkafka crate
	@$(E2E) test build
	@$(E2E) suite librdkafka --broker $(MUSL_RELEASE)/barnabas-broker
	@$(E2E) suite rdkafka --broker $(MUSL_RELEASE)/barnabas-broker

.PHONY: faults
faults: ## Faults and Java's tools on three brokers, often enough for percentiles; JSON in target
	@$(E2E) test build
	@$(E2E) cluster --broker $(MUSL_RELEASE)/barnabas-broker --json $(CARGO_TARGET_DIR)/faults.json
	@$(E2E) tools --broker $(MUSL_RELEASE)/barnabas-broker

# The order in which tokio wakes many waiters of one value can be seeded only so.
SIM = RUSTFLAGS="--cfg tokio_unstable" $(CARGO) run --quiet --locked --profile sim -p barnabas-sim \
	--features seeded-bugs

.PHONY: soak
soak: ## Simulate clusters under faults until a seed fails or Ctrl-C (SEEDS=0..500: only these)
	@$(SIM) -- --seeds $(or $(SEEDS),0..)

.PHONY: bugs
bugs: ## Whether the simulator finds every seeded bug
	@$(SIM) -- --bugs --seeds $(or $(SEEDS),0..1000) --seconds 20

.PHONY: bench
bench: ## Barnabas and Apache Kafka side by side (QUICK=1: fewer and shorter runs)
	@$(CARGO) run --quiet --locked --release -p barnabas-e2e -- bench $(if $(QUICK),--quick)

.PHONY: bench-cluster
bench-cluster: ## Three brokers of each side by side, three replicas (QUICK=1: fewer, shorter runs)
	@$(CARGO) run --quiet --locked --release -p barnabas-e2e -- bench --cluster $(if $(QUICK),--quick)
