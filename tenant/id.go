package tenant

import (
	"crypto/rand"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
)

// ID names a clinic. It is an opaque UUID: compare it, print it, store it,
// never read meaning into it. The zero ID is not a clinic, and every port
// refuses it with [ErrNoOrg].
type ID struct{ b [16]byte }

// ErrBadID means that a text is not a clinic's id.
var ErrBadID = errors.New("tenant: not a canonical UUID")

// ErrNoOrg means that an operation was called with the zero ID.
var ErrNoOrg = errors.New("tenant: no organisation given: pass the clinic's tenant.ID")

// NewID returns a fresh random ID (UUID version 4, RFC 9562).
func NewID() ID {
	var id ID
	rand.Read(id.b[:]) // never fails, by the package's contract
	id.b[6] = id.b[6]&0x0f | 0x40
	id.b[8] = id.b[8]&0x3f | 0x80
	return id
}

// ParseID reads the canonical text of a UUID: 36 characters, lower case,
// hyphens in their places. Braces, upper case, "urn:uuid:" and the zero UUID
// are refused with [ErrBadID], so that one clinic has one spelling.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, ErrBadID
	}
	for i := range len(s) {
		if c := s[i]; 'A' <= c && c <= 'F' {
			return ID{}, ErrBadID
		}
	}
	at := 0
	for _, part := range [...]string{s[:8], s[9:13], s[14:18], s[19:23], s[24:]} {
		n, err := hex.Decode(id.b[at:], []byte(part))
		if err != nil {
			return ID{}, ErrBadID
		}
		at += n
	}
	if id.IsZero() {
		return ID{}, ErrBadID
	}
	return id, nil
}

// MustParseID is [ParseID] for constants in programs and tests; it panics on
// text that is not an id.
func MustParseID(s string) ID {
	id, err := ParseID(s)
	if err != nil {
		panic(err)
	}
	return id
}

// Bytes returns the sixteen bytes of id.
func (id ID) Bytes() [16]byte { return id.b }

// IsZero reports whether id names no clinic.
func (id ID) IsZero() bool { return id == ID{} }

// String returns the canonical text of id.
func (id ID) String() string {
	var s [36]byte
	hex.Encode(s[:8], id.b[:4])
	hex.Encode(s[9:13], id.b[4:6])
	hex.Encode(s[14:18], id.b[6:8])
	hex.Encode(s[19:23], id.b[8:10])
	hex.Encode(s[24:], id.b[10:])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}

// MarshalText implements [encoding.TextMarshaler]; the zero ID is refused.
func (id ID) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return nil, ErrNoOrg
	}
	return []byte(id.String()), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler] by [ParseID].
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// Value implements [driver.Valuer]; the zero ID is refused.
func (id ID) Value() (driver.Value, error) {
	if id.IsZero() {
		return nil, ErrNoOrg
	}
	return id.String(), nil
}

// Scan implements [database/sql.Scanner]: text or sixteen bytes.
func (id *ID) Scan(src any) error {
	switch v := src.(type) {
	case string:
		return id.UnmarshalText([]byte(v))
	case []byte:
		if len(v) != 16 {
			return id.UnmarshalText(v)
		}
		copy(id.b[:], v)
		if id.IsZero() {
			return ErrBadID
		}
		return nil
	case [16]byte:
		return id.Scan(v[:])
	}
	return fmt.Errorf("tenant: cannot read an ID from a %T", src)
}

// LogValue implements [slog.LogValuer].
func (id ID) LogValue() slog.Value { return slog.StringValue(id.String()) }
