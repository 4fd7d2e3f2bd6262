package followup

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// LinkHandlerConfig configures a [LinkHandler]. Links, Clinics and Assets are
// required.
type LinkHandlerConfig struct {
	Links   LinkStore
	Clinics SettingsSource
	Assets  Assets

	// ClientIP tells where a request comes from, for MaxMisses; an invalid
	// address is not limited. Behind a proxy give a function that reads the
	// header which the proxy sets and a client cannot.
	//
	// Defaults to the request's RemoteAddr, unless that is on a private
	// network: then it is the proxy's, and nobody is limited.
	ClientIP func(*http.Request) netip.Addr

	// MaxMisses is how many links that open nothing may be asked for within a
	// minute from one network (a /24, or a /56 of IPv6), before the store is
	// no longer asked for that network. Guessing is hopeless at any rate; this
	// keeps it from being a burden.
	//
	// Defaults to 60.
	MaxMisses int

	// Log gets a line for what could not be answered, ids only.
	//
	// Defaults to slog.Default().
	Log *slog.Logger

	// Now tells the time.
	//
	// Defaults to time.Now.
	Now func() time.Time
}

// LinkHandler shows what the links in texts open. Mount it for every method at
// the path that the [Linker] writes, such as /d/{token}.
//
// GET answers with a small page and a button, and counts nothing: whoever
// previews or scans a text follows its links. The button is a POST, which counts
// a view and answers with the document. Neither says what the document is about,
// and a token that opens nothing is answered in one way, whatever the cause.
// Nothing it answers may be cached, indexed, framed or told to another site.
//
// Safe for concurrent use.
type LinkHandler struct {
	cfg    LinkHandlerConfig
	page   *template.Template
	policy string // Content-Security-Policy
	misses misses

	// What is answered in one way always.
	notFound, notAllowed, tooMany, unavailable []byte
}

// NewLinkHandler returns a LinkHandler, or an error that names the field of cfg
// that cannot be used.
func NewLinkHandler(cfg LinkHandlerConfig) (*LinkHandler, error) {
	switch {
	case cfg.Links == nil:
		return nil, errors.New("followup: LinkHandlerConfig.Links is nil: give the store in which the links are")
	case cfg.Clinics == nil:
		return nil, errors.New("followup: LinkHandlerConfig.Clinics is nil: give what knows how your clinics are called")
	case cfg.Assets == nil:
		return nil, errors.New("followup: LinkHandlerConfig.Assets is nil: give the documents, such as a followup.Folder")
	case cfg.MaxMisses < 0:
		return nil, errors.New("followup: LinkHandlerConfig.MaxMisses is negative: leave it 0 for 60")
	}
	if cfg.ClientIP == nil {
		cfg.ClientIP = remoteIP
	}
	if cfg.MaxMisses == 0 {
		cfg.MaxMisses = 60
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	style := sha256.Sum256([]byte(linkStyle))
	h := &LinkHandler{
		cfg:  cfg,
		page: template.Must(template.New("page").Parse(linkPage)),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(style[:]) +
			"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	}
	h.notFound = h.render(linkText{
		Title: "This link has ended",
		Text:  "It may be too old, or was opened too often. Please call and ask for a new one.",
	})
	h.notAllowed = h.render(linkText{Title: "This cannot be done here", Text: "Please open the link from your message again."})
	h.tooMany = h.render(linkText{Title: "Too many tries", Text: "Please wait a minute, then open the link from your message again."})
	h.unavailable = h.render(linkText{Title: "Please try again", Text: "Something is not working right now. Please open the link again in a minute."})
	return h, nil
}

// ServeHTTP implements [http.Handler].
func (h *LinkHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "private, no-store")
	header.Set("Content-Security-Policy", h.policy)
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Robots-Tag", "noindex, nofollow")

	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost {
		header.Set("Allow", "GET, HEAD, POST")
		answer(w, http.StatusMethodNotAllowed, h.notAllowed)
		return
	}
	token := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	if !tokenLike(token) {
		answer(w, http.StatusNotFound, h.notFound)
		return
	}
	network := networkOf(h.cfg.ClientIP(r))
	if h.misses.atLeast(h.cfg.MaxMisses, network, h.cfg.Now()) {
		header.Set("Retry-After", "60")
		answer(w, http.StatusTooManyRequests, h.tooMany)
		return
	}
	o, err := h.open(r.Context(), HashToken(token), r.Method == http.MethodPost)
	switch {
	case errors.Is(err, ErrNotFound):
		if o.at == "assets" { // the reader is told nothing, whoever keeps the documents is
			h.cfg.Log.ErrorContext(r.Context(), "a document is missing", "org", o.org, "intent", string(o.link.Intent))
		}
		h.misses.add(network, h.cfg.Now())
		answer(w, http.StatusNotFound, h.notFound)
		return
	case err != nil:
		h.cfg.Log.ErrorContext(r.Context(), "a link was not answered",
			"org", o.org, "intent", string(o.link.Intent), "at", o.at, "error", nameless(err))
		header.Set("Retry-After", "30")
		answer(w, http.StatusServiceUnavailable, h.unavailable)
		return
	}
	defer func() { _ = o.document.Close() }()
	if r.Method != http.MethodPost {
		answer(w, http.StatusOK, h.render(linkText{Title: o.label, Text: "The information you asked for is ready.", Button: "Open the information"}))
		return
	}
	header.Set("Content-Disposition", "attachment; filename="+fileName(o.document.Type))
	header.Set("Content-Type", cmp.Or(o.document.Type, "application/octet-stream"))
	header.Set("Content-Length", strconv.FormatInt(o.size, 10))
	if _, err := io.CopyN(w, o.document, o.size); err != nil {
		h.cfg.Log.WarnContext(r.Context(), "a document was not sent to its end",
			"org", o.org, "intent", string(o.link.Intent), "error", nameless(err))
	}
}

// opened is what a link opens.
type opened struct {
	org      tenant.ID
	link     Link
	label    string
	document Document
	size     int64
	at       string // who was asked last
}

// open finds what a link opens, and counts a view once everything is there, so
// that none is lost on a document that is missing. The error is ErrNotFound
// whatever is not there.
func (h *LinkHandler) open(ctx context.Context, hash [32]byte, view bool) (o opened, err error) {
	defer func() {
		if err != nil && o.document.ReadSeekCloser != nil {
			_ = o.document.Close()
		}
	}()
	o.at = "links"
	if o.org, o.link, err = h.cfg.Links.Link(ctx, hash); err != nil {
		return o, err
	}
	o.at = "clinics"
	clinic, err := h.cfg.Clinics.Settings(ctx, o.org)
	if errors.Is(err, tenant.ErrUnknownOrg) {
		return o, ErrNotFound
	}
	if err != nil {
		return o, err
	}
	o.label = clinic.Label()
	o.at = "assets"
	if o.document, err = h.cfg.Assets.Open(ctx, o.org, o.link.Document); err != nil {
		return o, err
	}
	if o.size, err = o.document.Seek(0, io.SeekEnd); err != nil {
		return o, err
	}
	if _, err = o.document.Seek(0, io.SeekStart); err != nil {
		return o, err
	}
	if view {
		o.at = "links"
		_, _, err = h.cfg.Links.UseLink(ctx, hash)
	}
	return o, err
}

// fileName is what a document is called where it is saved: the same for all.
func fileName(mime string) string {
	for _, extension := range [...]string{".pdf", ".png", ".jpg", ".txt"} {
		if documentTypes[extension] == mime {
			return `"information` + extension + `"`
		}
	}
	return `"information"`
}

// nameless returns what an error is without its text, which may name a
// document.
func nameless(err error) string {
	for _, known := range [...]error{ErrUnavailable, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return fmt.Sprintf("%T", err)
}

func answer(w http.ResponseWriter, status int, page []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(page)))
	w.WriteHeader(status)
	_, _ = w.Write(page) // whoever does not wait for it does not need it
}

// misses counts per network what was asked for in vain in the current minute.
// The zero value counts. Where more networks come than it has places for, it
// begins anew: it is there to save work, not to keep anything out.
type misses struct {
	mu     sync.Mutex
	minute time.Time
	count  map[netip.Prefix]int
}

const maxNetworks = 4096

func (m *misses) atLeast(limit int, network netip.Prefix, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.minute.Equal(now.Truncate(time.Minute)) && m.count[network] >= limit
}

func (m *misses) add(network netip.Prefix, now time.Time) {
	if !network.IsValid() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	minute := now.Truncate(time.Minute)
	if !m.minute.Equal(minute) || len(m.count) >= maxNetworks && m.count[network] == 0 {
		m.minute, m.count = minute, map[netip.Prefix]int{}
	}
	m.count[network]++
}

func networkOf(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap()
	bits := 24
	if addr.Is6() {
		bits = 56
	}
	network, _ := addr.Prefix(bits) // the zero Prefix for what is no address
	return network
}

func remoteIP(r *http.Request) netip.Addr {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	addr := remote.Addr().Unmap()
	if err != nil || addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() {
		return netip.Addr{}
	}
	return addr
}

// linkText is what a page says. Title is the clinic's label on the only page
// that is about one.
type linkText struct{ Title, Text, Button string }

func (h *LinkHandler) render(text linkText) []byte {
	var page bytes.Buffer
	if err := h.page.Execute(&page, text); err != nil {
		panic(err) // it cannot: a buffer takes everything, and linkText has all fields
	}
	return page.Bytes()
}

const linkPage = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{.Title}}</title>
<style>` + linkStyle + `</style>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
{{- if .Button}}
<form method="post">
<button type="submit">{{.Button}}</button>
</form>
<p class="note">This link was made for you and works for a limited time. Please do not pass it on.</p>
{{- end}}
</main>
</body>
</html>
`

const linkStyle = `
:root {
	--ground: #f3f5f8; --card: #fff; --edge: #dde2ea; --ink: #18212f; --soft: #56627a; --accent: #1c5fd6; --on-accent: #fff;
	color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
	:root { --ground: #10151d; --card: #1a212c; --edge: #2c3645; --ink: #eef2f8; --soft: #a3afc2; --accent: #8ab4ff; --on-accent: #0b1a33; }
}
* { box-sizing: border-box; }
body {
	margin: 0; min-height: 100vh; min-height: 100svh; display: grid; place-items: center; padding: 1.25rem;
	background: var(--ground); color: var(--ink);
	font: 1.0625rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main {
	width: 100%; max-width: 26rem; padding: 2rem 1.5rem; text-align: center;
	background: var(--card); border: 1px solid var(--edge); border-radius: 1rem;
}
h1, p { text-wrap: balance; }
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25; overflow-wrap: anywhere; }
p { margin: 0; }
form { margin: 1.75rem 0 0; }
button {
	width: 100%; min-height: 3.25rem; padding: .75rem 1rem; border: 0; border-radius: .75rem;
	background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600; cursor: pointer;
}
button:hover { filter: brightness(1.08); }
button:focus-visible { outline: 3px solid var(--ink); outline-offset: 3px; }
.note { margin-top: 1.25rem; font-size: .875rem; color: var(--soft); }
`
