//go:build race

package redact_test

// Under the race detector sync.Pool drops items on purpose.
const raceEnabled = true
