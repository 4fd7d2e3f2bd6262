package tenant

import "crypto/sha256"

// DeriveUUID returns the id of a record of a clinic under an idempotency key: the
// canonical text of a UUID of version 8 (RFC 9562), made from the SHA-256 of
// clinic and key. One key of a clinic always gives one id, so that the primary
// key of a table is the idempotency constraint.
func DeriveUUID(org ID, key string) string {
	sum := sha256.Sum256(append(org.b[:], key...))
	u := [16]byte(sum[:16])
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return ID{u}.String()
}
