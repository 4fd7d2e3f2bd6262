package tenant

import "crypto/sha256"

// DeriveUUID returns the id within a clinic that a key stands for: UUID
// version 8 (RFC 9562) of the SHA-256 of clinic and key, in canonical text. One
// key gives one id, so that a primary key can be an idempotency constraint.
func DeriveUUID(org ID, key string) string {
	sum := sha256.Sum256(append(org.b[:], key...))
	u := [16]byte(sum[:16])
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return ID{u}.String()
}
