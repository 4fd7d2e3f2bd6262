package callwaiting

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
)

// SecretRef refers to a secret: "env:NAME" is an environment variable,
// "file:PATH" a file. Any other text is the secret itself, which a
// [SecretSource] accepts on loopback only. It prints and marshals without a
// secret.
type SecretRef string

// String returns the reference, and a mark for a plain secret.
func (r SecretRef) String() string {
	if r == "" || r.refers() {
		return string(r)
	}
	return "[SECRET]"
}

// GoString keeps %#v from printing a secret.
func (r SecretRef) GoString() string { return r.String() }

// MarshalText keeps encoders from writing a secret.
func (r SecretRef) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// LogValue keeps slog from logging a secret.
func (r SecretRef) LogValue() slog.Value { return slog.StringValue(r.String()) }

func (r SecretRef) refers() bool {
	return strings.HasPrefix(string(r), "env:") || strings.HasPrefix(string(r), "file:")
}

// SecretSource resolves references to secrets. The zero value refuses them.
type SecretSource struct {
	// LookupEnv resolves "env:NAME", such as os.LookupEnv.
	//
	// Defaults to refusing such references.
	LookupEnv func(name string) (value string, ok bool)

	// ReadFile resolves "file:PATH", such as os.ReadFile. White space at the
	// end of the file is not part of the secret.
	//
	// Defaults to refusing such references.
	ReadFile func(path string) ([]byte, error)

	// Loopback states that the service listens on a loopback address only.
	// Plain secrets, secrets of fewer than 16 bytes and a secret that several
	// clinics share are then accepted; they must not guard a service that
	// others can reach.
	//
	// Defaults to false.
	Loopback bool
}

// minSecret is the least length of a secret, in bytes.
const minSecret = 16

// errNoSecret means that the variable or the file of a reference does not exist
// or is empty.
var errNoSecret = errors.New("not found or empty")

// resolve returns the secret that r refers to. The error holds no secret.
func (s *SecretSource) resolve(r SecretRef) (string, error) {
	var secret string
	name, isEnv := strings.CutPrefix(string(r), "env:")
	path, isFile := strings.CutPrefix(string(r), "file:")
	switch {
	case isEnv && s.LookupEnv == nil, isFile && s.ReadFile == nil:
		return "", fmt.Errorf("is %s, which this program does not resolve: set SecretSource.LookupEnv or ReadFile", r)
	case isEnv:
		secret, _ = s.LookupEnv(name)
	case isFile:
		content, err := s.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("is %s: not readable: give this program the permission to read the file", r)
		}
		if err != nil {
			return "", fmt.Errorf("is %s: %w: create the file, readable for this program", r, errNoSecret)
		}
		secret = strings.TrimRight(string(content), " \t\r\n")
	case !s.Loopback:
		return "", errors.New("holds a secret in plain text, which is for loopback only: refer to it as \"env:NAME\" or \"file:PATH\"")
	default:
		secret = string(r)
	}
	switch {
	case secret == "":
		return "", fmt.Errorf("is %s: %w: set it", r, errNoSecret)
	case len(secret) < minSecret && !s.Loopback:
		return "", fmt.Errorf("is a secret of fewer than %d bytes: use a longer one", minSecret)
	}
	return secret, nil
}
