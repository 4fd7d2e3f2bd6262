# make test does all its own set-up; see .ci/run for what a change must pass.

GO      ?= go
CLAIMS  ?= 1000000
CALLS   ?= 1000
ROUNDS  ?= 10000
FUZZ    ?= 30s
tools   := $(GO) tool -modfile=tools.mod

.PHONY: test setup bench race-million kill interleave contract browser fuzz fuzz-short lint ci

# Every test, with the race detector, on a real PostgreSQL.
test: setup
	$(GO) test -race -timeout 15m ./...

# Installs what the tests need where it may (Debian, root), else names it.
setup:
	@.ci/setup

# Every figure, as a ratio to a floor measured in the same run.
bench: setup
	@.ci/figures $(GO)

# So many raced claims, none of which may double-book: CLAIMS=…
race-million: setup
	CLAIMS=$(CLAIMS) $(GO) test -count=1 -timeout 6h -v -run '^TestRacedClaims$$' ./adapters/pgxstore

# So many dropped calls, workers killed and a carrier that fails: CALLS=…; then
# the same with what most would write, which texts twice.
kill: setup
	CALLS=$(CALLS) $(GO) test -count=1 -timeout 60m -v -run '^(TestACallIsTextedOnceWhateverIsKilled|TestALeaseAndARetryTextTwice)$$' ./adapters/internal/handoff

# So many bookings and opt-outs against sends: ROUNDS=…
interleave: setup
	INTERLEAVINGS=$(ROUNDS) $(GO) test -count=1 -timeout 60m -v -run '^TestNothingIsSentAfterABookingOrAnOptOut$$' ./adapters/internal/handoff

# Every request to Twilio against Twilio's own OpenAPI description; needs npm.
contract:
	@.ci/openapi $(GO)

# The link page in a real browser, and a picture of it: SCREENSHOT=…
SCREENSHOT ?= /tmp/linkpage.png
browser:
	LINKPAGE_SCREENSHOT=$(SCREENSHOT) $(GO) test -count=1 -v -run '^TestLinkPageInABrowser$$' ./followup

# Every fuzz target for FUZZ=… each.
fuzz:
	@.ci/fuzz $(GO) $(FUZZ)

fuzz-short:
	@.ci/fuzz $(GO) 3s

lint:
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "gofmt -w these:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) mod tidy -diff
	$(tools) staticcheck ./...

ci:
	@.ci/run
