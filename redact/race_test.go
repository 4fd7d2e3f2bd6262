//go:build race

package redact

// Under the race detector sync.Pool forgets on purpose.
const raceEnabled = true
