package tenant

import "context"

// Principal is an authenticated party within one clinic, such as a phone call at
// Vapi or a member of staff. An audit row calls it the actor.
type Principal struct {
	Org     ID
	Subject string // an id such as "vapi:call_51kj", never a name or a number
	Method  string // how it was authenticated: "secret", "bearer", "hmac", …
}

type principalKey struct{}

// WithPrincipal returns a copy of ctx that carries p.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalFrom returns the principal that ctx carries; ok is false if ctx
// carries no principal.
func PrincipalFrom(ctx context.Context) (p Principal, ok bool) {
	p, ok = ctx.Value(principalKey{}).(Principal)
	return p, ok
}
