# Drydock: "make run" shows it, "make test" proves it. Needs Go, git and make; everything else it gets into bin/.

BIN      := $(CURDIR)/bin
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# Pinned tools. Newer Temporal CLIs can't be installed with "go install".
TEMPORAL      := github.com/temporalio/cli/cmd/temporal@v1.5.1
WORKFLOWCHECK := go.temporal.io/sdk/contrib/tools/workflowcheck@v0.6.0

# The Temporal CLI on the path if it is 1.5 or newer, else one of our own. A CLI that "go install" built says 0.0.0 and is
# judged by its server: 1.29 is that of CLI 1.5.
NEW_ENOUGH := version (v?1\.([5-9]|[1-9][0-9])\.|v?([2-9]|[1-9][0-9])\.|0\.0\.0.*Server (1\.(29|[3-9][0-9])|[2-9])\.)
ifndef TEMPORAL_CLI
TEMPORAL_CLI := $(shell p=$$(command -v temporal) && "$$p" --version 2>/dev/null | grep -Eq '$(NEW_ENOUGH)' && echo "$$p" || echo '$(BIN)/temporal')
endif
export TEMPORAL_CLI
# What has to be made before the CLI can be used: nothing where it was found.
CLI := $(filter $(BIN)/temporal,$(TEMPORAL_CLI))

# The race detector needs a C compiler.
RACE := $(if $(shell command -v $$(go env CC) 2>/dev/null),-race)

.DEFAULT_GOAL := help
.PHONY: help build run sim test bench bench-maas fuzz lint clean

help: ## list the targets
	@grep -Eh '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20
	@echo 'Variables: DESIGN=path  EXIT=1 (end with the task)  SPEED=n (simulated seconds per second)  ARGS=... (further flags)'
	@echo 'make itself ends with 2 whatever went wrong; the exit code of drydock is in its last line.'

build: ## build bin/drydock, one static binary
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $(BIN)/drydock .

run: build $(CLI) ## deploy the example, or DESIGN=, on a simulated site, before your eyes
	@$(BIN)/drydock dev --temporal-cli '$(TEMPORAL_CLI)' $(if $(DESIGN),--design '$(DESIGN)') $(if $(EXIT),--exit) $(if $(SPEED),--speed $(SPEED)) $(ARGS)

sim: build ## run the simulated site alone
	@$(BIN)/drydock sim --design '$(or $(DESIGN),deploy/examples/harbor.yaml)' $(if $(SPEED),--speed $(SPEED)) $(ARGS)

test: lint $(CLI) $(BIN)/workflowcheck ## run all tests, with the race detector; DRYDOCK_TEST_ variables pass through
	$(BIN)/workflowcheck ./workflows/...
	$(if $(RACE),,@echo 'no C compiler: the tests run without the race detector')
	go test $(RACE) -timeout 20m ./...

bench: ## measure the design engine on generated designs, beside the YAML library alone
	DRYDOCK_BENCH=1 go test -count 1 -timeout 20m -v -run '^TestTheDesignEngineKeepsItsGoals$$' ./design/validate
	go test -run '^$$' -bench . -benchmem ./design/validate

bench-maas: ## measure what MAAS is asked per node at 10, 100 and 1,000 machines; minutes
	DRYDOCK_BENCH=1 go test -count 1 -timeout 20m -v -run '^TestRequests' ./drivers/node/maas

# A number of runs and not a time: go test may take the end of the time, while it is still at work, for a failure.
FUZZTIME ?= 3000x
fuzz: ## run every fuzz target FUZZTIME long: 3000x runs, or a time such as 10m
	@set -e; for f in $$(grep -rlE '^func Fuzz' --include='*_test.go' .); do \
	  for target in $$(sed -nE 's/^func (Fuzz[A-Za-z]+)\(.*/\1/p' $$f); do \
	    echo "$$target in $$(dirname $$f)"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$(dirname $$f); \
	  done; done

lint: ## check formatting, and what the compiler does not
	@unformatted=$$(gofmt -l .); \
	  if [ -n "$$unformatted" ]; then echo "run gofmt on:"; echo "$$unformatted"; exit 1; fi
	go vet ./...

clean: ## remove what was built, and the data of "make run"
	rm -rf $(BIN) .drydock

$(BIN)/temporal:
	GOBIN=$(BIN) go install $(TEMPORAL)

$(BIN)/workflowcheck:
	GOBIN=$(BIN) go install $(WORKFLOWCHECK)
