package linkpage_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/followup/linkpage"
)

func TestLinks_NewLink(t *testing.T) {
	t.Parallel()
	links, err := linkpage.NewLinks("https://go.clinic.example")
	require.NoError(t, err)
	seen := map[string]bool{}
	for range 2000 {
		link, hash := links.NewLink(surgery)
		token, ok := strings.CutPrefix(link, "https://go.clinic.example/d/")
		require.True(t, ok, link)
		require.Regexp(t, "^[A-Za-z0-9_-]{15}[A-Za-z0-9]$", token, "96 bits, and a last character that phones keep in a link")
		require.Equal(t, sha256.Sum256([]byte(token)), hash)
		require.Equal(t, hash, hashOf(token))
		require.False(t, seen[token], "a token came twice")
		seen[token] = true
	}
}

func TestNewLinks(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://go.clinic.example":                     "https://go.clinic.example/d/",
		"https://go.clinic.example/":                    "https://go.clinic.example/d/",
		"https://the-oldest-clinic-of-the-land.example": "https://the-oldest-clinic-of-the-land.example/d/",
		"https://clinic.example:8443/go/":               "https://clinic.example:8443/go/d/",
		"http://localhost:8080":                         "http://localhost:8080/d/",
		"http://127.0.0.1:8080":                         "http://127.0.0.1:8080/d/",
		"http://[::1]:8080":                             "http://[::1]:8080/d/",
	} {
		links, err := linkpage.NewLinks(base)
		require.NoError(t, err, base)
		link, _ := links.NewLink(surgery)
		require.True(t, strings.HasPrefix(link, want), link)
	}
	for base, problem := range map[string]string{
		"":                                 "not a URL",
		"go.clinic.example":                "not a URL",
		"/d/":                              "not a URL",
		"https://":                         "not a URL",
		"https://:8080":                    "not a URL",
		"https://clinic.example:port":      "not a URL",
		"http://go.clinic.example":         "https",
		"http://192.0.2.1":                 "https",
		"ftp://go.clinic.example":          "https",
		"javascript://localhost":           "https",
		"https://go.clinic.example?":       "query",
		"https://go.clinic.example/?a=b":   "query",
		"https://go.clinic.example#":       "fragment",
		"https://me:secret@clinic.example": "user",
		"https://größe.example":            "ASCII",
		"https://the-best-and-oldest-clinic-of-the-land.example": "shorter",
		"https://clinic.example/`":                               "shorter",
		"https://clinic.example/a b":                             "ASCII",
	} {
		_, err := linkpage.NewLinks(base)
		require.ErrorContains(t, err, problem, base)
		require.NotContains(t, err.Error(), "secret")
	}
}
