//go:build race

package followup_test

// The race detector makes the clock ten times as slow and needs no more than a
// few zones; their arithmetic is checked without it.
func init() { zoneStride = 12 }
