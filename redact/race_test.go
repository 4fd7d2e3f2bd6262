//go:build race

package redact

// Under the race detector sync.Pool drops items on purpose.
const raceEnabled = true
