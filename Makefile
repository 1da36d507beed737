# slipway. `make dry-run` and `make test` work on a fresh Debian machine: what
# they lack, .ci/install installs.
SHELL := /bin/bash -o pipefail
.DEFAULT_GOAL := help

CRATE   ?= shim-demo
VERSION ?= 0.1.0
SOURCE  ?= examples/workspace
RUNNER  ?= auto
OUT     ?= dist
SHORT   ?=
FUZZTIME ?= 2m
CRATES  ?=
FOR     ?= 4h

# Tools of `make lint`, by version; go run fetches and keeps them.
GOFUMPT     := go run mvdan.cc/gofumpt@v0.12.0
STATICCHECK := go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := go run golang.org/x/vuln/cmd/govulncheck@v1.9.0

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

.PHONY: tools
tools:
	@.ci/install

.PHONY: test-tools
test-tools:
	@.ci/install test

# Always asked for: go build knows what has changed.
.PHONY: bin/slipway
bin/slipway: tools
	@go build -trimpath -o $@ ./cmd/slipway

.PHONY: dry-run
dry-run: bin/slipway ## release a crate of examples/workspace as a dry run (CRATE, VERSION, SOURCE, RUNNER, OUT)
	@bin/slipway release-crate --source $(SOURCE) --crate $(CRATE) --version $(VERSION) --dry-run --runner $(RUNNER) --out $(OUT)

.PHONY: test
test: unit ## unit tests, and the end-to-end tests that this machine can run, where they are many a sample
	@echo "SAMPLED: one in four to eight of the points at which a release is killed, smaller files, and no tight timings; make e2e does all of it"
	@$(MAKE) --no-print-directory e2e SHORT=-short

.PHONY: unit
unit: test-tools ## unit tests
	@.ci/gotest . pkgname ./ci/... ./cmd/...

.PHONY: lint
lint: tools ## go vet, gofumpt, staticcheck, known vulnerabilities, generated code up to date
	@.ci/lint "$(GOFUMPT)" "$(STATICCHECK)" "$(GOVULNCHECK)"

.PHONY: e2e
e2e: e2e-dagger e2e-local e2e-hostile e2e-signing e2e-publish e2e-images e2e-actions ## every end-to-end test

.PHONY: e2e-local
e2e-local: test-tools ## end-to-end tests of the local runner
	@.ci/gotest e2e testname $(SHORT) -p 1 -timeout 60m ./local ./corpus

.PHONY: e2e-hostile
e2e-hostile: test-tools ## attacks on slipway itself: sandbox, artifacts, tokens, verifier, inputs
	@.ci/gotest e2e testname $(SHORT) -timeout 60m ./hostile

.PHONY: e2e-dagger
e2e-dagger: test-tools ## end-to-end tests on a Dagger engine, where one answers
	@.ci/gotest e2e testname $(SHORT) -timeout 60m ./engine

.PHONY: e2e-signing
e2e-signing: test-tools ## end-to-end tests of signing: a Sigstore on loopback, verified by cosign 2 and 3
	@.ci/gotest e2e testname $(SHORT) -timeout 60m ./signing ./cosign ./gotool ./sigstack/... ./documents

.PHONY: e2e-publish
e2e-publish: test-tools ## end-to-end tests of publishing: a simulated GitHub, a real registry
	@.ci/gotest e2e testname $(SHORT) -timeout 60m ./publish ./githubd/... ./registry

.PHONY: e2e-images
e2e-images: test-tools ## end-to-end tests of images: two registries, verified by cosign, skopeo, crane, runwasi's own tool and a wasm runtime
	@.ci/gotest e2e testname $(SHORT) -timeout 60m ./images

.PHONY: e2e-actions
e2e-actions: test-tools ## end-to-end tests of the GitHub Actions workflows: run by act, read by actionlint and zizmor
	@.ci/gotest e2e testname $(SHORT) -timeout 60m ./actions

.PHONY: fuzz
fuzz: tools ## each fuzz target for FUZZTIME
	@set -e; grep -rlE '^func Fuzz' --include='*_test.go' ci | xargs -n1 dirname | sort -u | while read -r dir; do \
		for target in $$(grep -hoE '^func Fuzz[A-Za-z]*' $$dir/*_test.go | cut -c6-); do \
			echo "$$dir $$target"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) ./$$dir; \
		done; \
	done

.PHONY: bench
bench: bin/slipway ## overhead over bare cargo, packaging against tar | pigz: ratios of paired runs
	cd e2e && go run ./bench -slipway ../bin/slipway -source ../examples/workspace

.PHONY: corpus
corpus: bin/slipway test-tools ## dry-run crates of crates.io unedited and write e2e/corpus/RESULTS.md (CRATES: comma-separated, default all; FOR: begin none after this time)
	cd e2e && go run ./corpus -slipway ../bin/slipway -results corpus -only "$(CRATES)" -for $(FOR)
