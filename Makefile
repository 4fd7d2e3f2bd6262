# make test does all its own set-up; .ci/run lists the checks of a change.
# Targets with a comment after ## appear in make help.

GO         ?= go
CLAIMS     ?= 1000000
CALLS      ?= 1000
ROUNDS     ?= 10000
FUZZ       ?= 30s
SCREENSHOT ?= /tmp/linkpage.png
tools      := $(GO) tool -modfile=tools.mod

.PHONY: test help setup bench race-million kill interleave contract browser fuzz fuzz-short docs lint ci

test: setup ## every test, with the race detector, on a real PostgreSQL
	$(GO) test -race -timeout 15m ./...

help: ## this list; a setting is given as NAME=value after the target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what the tests need (Debian as root), or list it
	@.ci/setup

lint: ## gofmt, go vet, go mod tidy, staticcheck
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "gofmt -w these:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) mod tidy -diff
	$(tools) staticcheck ./...

ci: ## all that a change must pass: .ci/run
	@.ci/run

bench: setup ## every figure, as a ratio to a floor measured in the same run
	@.ci/figures $(GO)

race-million: setup ## CLAIMS=1000000 raced claims: no double booking
	CLAIMS=$(CLAIMS) $(GO) test -count=1 -timeout 6h -v -run '^TestStore_RacedClaims$$' ./adapters/pgxstore

# The second test is the control: a lease and a retry alone text twice.
kill: setup ## CALLS=1000 dropped calls, killed workers, a failing carrier
	CALLS=$(CALLS) $(GO) test -count=1 -timeout 60m -v -run '^(TestWorker_Killed|TestWorker_Killed_Control)$$' ./adapters/internal/e2e

interleave: setup ## ROUNDS=10000 bookings and opt-outs against sends
	INTERLEAVINGS=$(ROUNDS) $(GO) test -count=1 -timeout 60m -v -run '^TestFollowUpStore_BeginSending$$' ./adapters/internal/e2e

contract: ## every request to Twilio against Twilio's OpenAPI file; needs npm
	@.ci/openapi $(GO)

browser: ## the link page in a real browser; SCREENSHOT=/tmp/linkpage.png
	LINKPAGE_SCREENSHOT=$(SCREENSHOT) $(GO) test -count=1 -v -run '^TestHandler_Browser$$' ./followup/linkpage

fuzz: ## every fuzz target for FUZZ=30s each
	@.ci/fuzz $(GO) $(FUZZ)

fuzz-short: ## every fuzz target for 3 seconds each
	@.ci/fuzz $(GO) 3s

docs: ## follow docs/postgres.md and docs/vapi.md; only on a disposable Debian
	@.ci/docs docs/postgres.md docs/vapi.md
