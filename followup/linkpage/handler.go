// Package linkpage makes the links in texts and serves them: a page with a
// button, and behind the button a clinic's document.
package linkpage

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Config configures a [Handler]. Links, Settings and Assets are required.
type Config struct {
	Links    followup.LinkStore
	Settings followup.SettingsSource
	Assets   followup.Assets

	// ClientIP returns the address of a request, for MaxMisses; an invalid
	// address is not limited. Behind a proxy give a function that reads the
	// header which the proxy sets and a client cannot.
	//
	// Defaults to the request's RemoteAddr, unless it is on a private network:
	// then it is the proxy's, and requests are not limited.
	ClientIP func(*http.Request) netip.Addr

	// MaxMisses is how many links that do not open a network (a /24, or a /56
	// of IPv6) may request within a minute, before the handler stops asking the
	// store for that network. Guessing a token is hopeless at any rate; the
	// limit saves the store the work.
	//
	// Defaults to 60.
	MaxMisses int

	// Log gets a line for each request that failed, ids only.
	//
	// Defaults to slog.Default().
	Log *slog.Logger

	// Now returns the time.
	//
	// Defaults to time.Now.
	Now func() time.Time
}

// Handler serves the links in texts. Mount it for every method at the
// path that the [followup.Linker] writes, such as /d/{token}.
//
// GET returns a small page with a button and counts no view: messengers and
// scanners follow the links in a text. The button is a POST, which counts a view
// and returns the document. Neither names the document's subject. The response
// for a token that does not open is the same, whatever the cause. No response
// may be cached, indexed, framed or revealed to another site.
//
// Safe for concurrent use.
type Handler struct {
	cfg    Config
	misses misses
}

// New returns a handler. The error names the field of cfg and the fix.
func New(cfg Config) (*Handler, error) {
	switch {
	case cfg.Links == nil:
		return nil, errors.New("linkpage: Config.Links is nil: pass the store of the links")
	case cfg.Settings == nil:
		return nil, errors.New("linkpage: Config.Settings is nil: pass the settings of the clinics, such as followup.StaticSettings")
	case cfg.Assets == nil:
		return nil, errors.New("linkpage: Config.Assets is nil: pass the documents, such as a followup.Folder")
	case cfg.MaxMisses < 0:
		return nil, errors.New("linkpage: Config.MaxMisses is negative: leave it 0 for 60")
	}
	if cfg.ClientIP == nil {
		cfg.ClientIP = remoteIP
	}
	cfg.MaxMisses = cmp.Or(cfg.MaxMisses, 60)
	cfg.Log = cmp.Or(cfg.Log, slog.Default())
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Handler{cfg: cfg}, nil
}

// contentSecurityPolicy allows the page's own style and its button.
var contentSecurityPolicy = func() string {
	style := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(style[:]) +
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}()

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "private, no-store")
	header.Set("Content-Security-Policy", contentSecurityPolicy)
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Robots-Tag", "noindex, nofollow")

	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost {
		header.Set("Allow", "GET, HEAD, POST")
		writePage(w, http.StatusMethodNotAllowed, notAllowedPage)
		return
	}
	token := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	if !tokenLike(token) {
		writePage(w, http.StatusNotFound, notFoundPage)
		return
	}
	network := networkOf(h.cfg.ClientIP(r))
	if h.misses.atLeast(h.cfg.MaxMisses, network, h.cfg.Now()) {
		header.Set("Retry-After", "60")
		writePage(w, http.StatusTooManyRequests, tooManyPage)
		return
	}
	o, err := h.open(r.Context(), hashToken(token), r.Method == http.MethodPost)
	switch {
	case errors.Is(err, followup.ErrNotFound):
		if o.source == "assets" { // for the clinic to fix: the reader gets the same page as for any other link
			h.cfg.Log.ErrorContext(r.Context(), "linkpage: document missing", "org", o.org, "intent", string(o.link.Intent))
		}
		h.misses.add(network, h.cfg.Now())
		writePage(w, http.StatusNotFound, notFoundPage)
		return
	case err != nil:
		h.cfg.Log.ErrorContext(r.Context(), "linkpage: unavailable",
			"org", o.org, "intent", string(o.link.Intent), "source", o.source, "error", safeError(err))
		header.Set("Retry-After", "30")
		writePage(w, http.StatusServiceUnavailable, unavailablePage)
		return
	}
	defer func() { _ = o.document.Close() }()
	if r.Method != http.MethodPost {
		writePage(w, http.StatusOK, buttonPage(o.label))
		return
	}
	header.Set("Content-Disposition", "attachment; filename="+fileName(o.document.Type))
	header.Set("Content-Type", cmp.Or(o.document.Type, "application/octet-stream"))
	header.Set("Content-Length", strconv.FormatInt(o.size, 10))
	if _, err := io.CopyN(w, o.document, o.size); err != nil {
		h.cfg.Log.WarnContext(r.Context(), "linkpage: document not sent to its end",
			"org", o.org, "intent", string(o.link.Intent), "error", safeError(err))
	}
}

// opened is a link with its clinic and its document.
type opened struct {
	org      tenant.ID
	link     followup.Link
	label    string
	document followup.Document
	size     int64
	source   string // the last port that was called: "links", "settings" or "assets"
}

// open opens a link. It counts a view after everything else, so that a missing
// document costs no view. The error is ErrNotFound whatever is missing.
func (h *Handler) open(ctx context.Context, hash [32]byte, view bool) (o opened, err error) {
	defer func() {
		if err != nil && o.document.ReadSeekCloser != nil {
			_ = o.document.Close()
		}
	}()
	o.source = "links"
	if o.org, o.link, err = h.cfg.Links.Link(ctx, hash); err != nil {
		return o, err
	}
	o.source = "settings"
	settings, err := h.cfg.Settings.Settings(ctx, o.org)
	if errors.Is(err, tenant.ErrUnknownOrg) {
		return o, followup.ErrNotFound
	}
	if err != nil {
		return o, err
	}
	o.label = settings.Label()
	o.source = "assets"
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
		o.source = "links"
		_, _, err = h.cfg.Links.UseLink(ctx, hash)
	}
	return o, err
}

// extensions are the extensions of the types that a followup.Folder serves.
var extensions = map[string]string{
	"application/pdf":           ".pdf",
	"image/png":                 ".png",
	"image/jpeg":                ".jpg",
	"text/plain; charset=utf-8": ".txt",
}

// fileName returns the name under which a browser saves a document: the same for
// every document of a type.
func fileName(mime string) string { return `"information` + extensions[mime] + `"` }

// safeError returns a description of an error without its text, which may name
// a document.
func safeError(err error) string {
	for _, known := range [...]error{followup.ErrUnavailable, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return fmt.Sprintf("%T", err)
}

func writePage(w http.ResponseWriter, status int, page []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(page)))
	w.WriteHeader(status)
	_, _ = w.Write(page) // a client that has gone needs no page
}
