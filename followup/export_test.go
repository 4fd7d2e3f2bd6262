package followup

// ValidFor is checked directly: a policy decides Until only.
var ValidFor = validFor
