package redact

import (
	"context"
	"hash/maphash"
	"log/slog"
	"sync/atomic"
)

// A Handler redacts log records before another handler writes them. It redacts
// the message and every attribute value that can hold words: strings, errors,
// Stringers, bytes, JSON, groups and LogValuers. Numbers, times, durations and
// booleans pass unchanged; any other value is redacted in its JSON form. The
// value of an attribute with a private key ("transcript", "diagnosis", "phone"
// …) is replaced as a whole.
//
// A value that cannot be redacted is not logged: if a recognizer fails, or a
// method of the value panics, the Handler writes "[REDACTED: ERROR]" and
// [Engine.Faults] counts it.
//
// It is safe for concurrent use.
type Handler struct {
	next  slog.Handler
	e     *Engine
	keys  *Words // hash of a key (keyHash) → its flag, such as keySafe
	kind  Kind   // kind of an enclosing group with a private key, else empty
	clean *cleanCache
}

// A cleanCache holds the hashes of short strings without findings, because
// messages and status words are the same in record after record. It holds
// hashes under a random seed, not the strings. A string that differs in each
// record is never a hit: see BenchmarkHandler for both costs.
type cleanCache struct {
	seed  maphash.Seed
	slots [1024]atomic.Uint64
}

// redact returns Engine.Redact(s), from the cache if s is short and known to be
// clean.
func (h *Handler) redact(s string) string {
	if len(s) > 64 {
		return h.e.Redact(s)
	}
	sum := maphash.String(h.clean.seed, s) | 1
	slot := &h.clean.slots[sum>>8%uint64(len(h.clean.slots))]
	if slot.Load() == sum {
		return s
	}
	clean := h.e.Redact(s)
	if clean == s {
		slot.Store(sum)
	}
	return clean
}

// A HandlerOption sets how a [Handler] treats attributes by key.
type HandlerOption func(*Handler)

// WithPrivateKeys adds private keys: their values are replaced as a whole. Keys
// are compared without regard to letter case, '_', '-' and '.'.
func WithPrivateKeys(keys ...string) HandlerOption {
	return func(h *Handler) { h.addKeys(keyPrivate, keys...) }
}

// WithSafeKeys adds safe keys, such as ids and routes: their values pass unchanged.
// Callers must be sure that these values never hold a caller's words. For
// single values see [Safe].
func WithSafeKeys(keys ...string) HandlerOption {
	return func(h *Handler) { h.addKeys(keySafe, keys...) }
}

// NewHandler returns a Handler that redacts each record with e and passes it to
// next.
func NewHandler(next slog.Handler, e *Engine, opts ...HandlerOption) *Handler {
	h := &Handler{next: next, e: e, keys: new(Words), clean: &cleanCache{seed: maphash.MakeSeed()}}
	for kind, keys := range privateKeys {
		h.addKeys(kind, keys...)
	}
	for _, opt := range opts {
		opt(h)
	}
	return h
}

// NewLogger returns log with a [Handler] of e before its own handler, or log
// itself if it redacts already. A nil e stands for New with its defaults; the
// error is that of New.
func NewLogger(log *slog.Logger, e *Engine) (_ *slog.Logger, err error) {
	if _, redacts := log.Handler().(*Handler); redacts {
		return log, nil
	}
	if e == nil {
		if e, err = New(Config{}); err != nil {
			return nil, err
		}
	}
	return slog.New(NewHandler(log.Handler(), e)), nil
}

// Enabled reports whether the next handler is enabled for level.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle redacts r and passes it to the next handler. A record of plain strings and
// numbers without findings is passed unchanged and costs no allocation.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	var few [8]slog.Attr
	attrs := few[:0]
	message := h.redact(r.Message)
	changed := message != r.Message
	r.Attrs(func(a slog.Attr) bool {
		clean, same := h.attr(a, h.kind)
		changed = changed || !same
		attrs = append(attrs, clean)
		return true
	})
	if changed {
		clean := slog.NewRecord(r.Time, r.Level, message, r.PC)
		clean.AddAttrs(attrs...)
		r = clean
	}
	return h.next.Handle(ctx, r)
}

// WithAttrs returns a Handler that adds attributes. They are redacted here, once.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i], _ = h.attr(a, h.kind)
	}
	g := *h
	g.next = h.next.WithAttrs(clean)
	return &g
}

// WithGroup returns a Handler that opens a group. If its name is a private key,
// every value in the group is replaced as a whole.
func (h *Handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	g := *h
	if kind, _ := h.classifyKey(name); kind != "" {
		g.kind = kind
	}
	g.next = h.next.WithGroup(h.key(name))
	return &g
}

// attr redacts a. If kind is not empty, the value is replaced as a whole. attr
// also reports whether a is unchanged.
func (h *Handler) attr(a slog.Attr, kind Kind) (slog.Attr, bool) {
	key := h.key(a.Key)
	own, safe := h.classifyKey(a.Key)
	if kind == "" {
		kind = own
	}
	if safe && kind == "" {
		return slog.Attr{Key: key, Value: a.Value}, key == a.Key
	}
	value, same := h.value(a.Value, kind)
	return slog.Attr{Key: key, Value: value}, same && key == a.Key
}

// key returns an identifier unchanged and redacts any other key: slog takes a
// misplaced argument, such as a caller's sentence, for a key.
func (h *Handler) key(key string) string {
	for i := 0; i < len(key); i++ {
		switch c := class[key[i]]; {
		case c&(lower|upper) != 0:
		case i > 0 && (c&digit != 0 || key[i] == '_' || key[i] == '-' || key[i] == '.'):
		case i == 0 && key == "!BADKEY":
			return key
		default:
			return h.redact(key)
		}
	}
	return key
}

// Flags of Handler.keys: a safe key, or the kind of a private key.
const (
	keySafe uint32 = 1 << iota
	keyPrivate
	keySpeech
	keyMedical
	keyPerson
	keyAddress
	keyPhone
	keyEmail
	keyDate
	keyID
)

// keyKinds maps the flags of private keys to the kinds in their placeholders.
var keyKinds = map[uint32]Kind{
	keyPrivate: "PRIVATE", keySpeech: "SPEECH", keyMedical: Medical, keyPerson: Person, keyAddress: Address,
	keyPhone: Phone, keyEmail: Email, keyDate: Date, keyID: ID,
}

// privateKeys are the keys that are private in every Handler.
var privateKeys = map[uint32][]string{
	keyPrivate: {"password", "secret", "token", "authorization", "apikey", "cookie"},
	keySpeech: {"transcript", "transcripts", "transcription", "speech", "said", "utterance", "utterances", "notes",
		"note", "clinical_notes", "summary", "call_summary", "conversation", "recording"},
	keyMedical: {"diagnosis", "diagnoses", "symptom", "symptoms", "medication", "medications", "condition",
		"conditions", "allergy", "allergies", "medical_history", "prescription", "treatment", "complaint", "procedure"},
	keyPerson: {"patient", "patient_name", "caller_name", "customer_name", "contact_name", "first_name", "last_name",
		"full_name", "surname", "given_name", "family_name"},
	keyAddress: {"address", "street", "postcode", "zip", "zip_code", "postal_code"},
	keyPhone:   {"phone", "phone_number", "mobile", "caller_number", "customer_number", "caller_phone", "patient_phone"},
	keyEmail:   {"email", "email_address", "patient_email", "caller_email"},
	keyDate:    {"dob", "date_of_birth", "birth_date", "birthday"},
	keyID:      {"nhs_number", "ssn", "passport", "card_number", "iban", "mrn", "insurance_id"},
}

// addKeys adds flag to keys.
func (h *Handler) addKeys(flag uint32, keys ...string) {
	for _, key := range keys {
		h.keys.add(keyHash(key), flag)
	}
}

// keyHash hashes the letters and digits of key, without regard to case, so that
// patientName, patient_name and patient-name are one key.
func keyHash(key string) uint64 {
	hash := uint64(hashSeed)
	for i := 0; i < len(key); i++ {
		if class[key[i]]&wordBits != 0 {
			hash = mix(hash, uint64(key[i]|0x20))
		}
	}
	return hash | 1
}

// classifyKey returns the kind of a private key, or reports that a key is safe.
// A key that is both is safe.
func (h *Handler) classifyKey(key string) (kind Kind, safe bool) {
	flags := h.keys.Flags(keyHash(key))
	if flags == 0 {
		return "", false
	}
	if flags&keySafe != 0 {
		return "", true
	}
	return keyKinds[flags&-flags], false
}
