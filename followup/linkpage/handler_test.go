package linkpage_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/followup/linkpage"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

var (
	surgery = tenant.MustParseID("3b0c7c1e-52a0-4f4e-9d55-4b8c31a7b001")
	other   = tenant.MustParseID("3b0c7c1e-52a0-4f4e-9d55-4b8c31a7b002")
)

func hashOf(token string) [32]byte { return sha256.Sum256([]byte(token)) }

// linkStore is a small LinkStore. It counts its calls.
type linkStore struct {
	mu    sync.Mutex
	links map[[32]byte]*followup.Link
	orgs  map[[32]byte]tenant.ID
	asked int
	err   error // returned by every method
}

func (s *linkStore) add(org tenant.ID, token string, l followup.Link) {
	if s.links == nil {
		s.links, s.orgs = map[[32]byte]*followup.Link{}, map[[32]byte]tenant.ID{}
	}
	l.Hash, l.Intent = hashOf(token), "3b0c7c1e-52a0-8f4e-9d55-4b8c31a7c001"
	s.links[l.Hash], s.orgs[l.Hash] = &l, org
}

func (s *linkStore) Link(_ context.Context, hash [32]byte) (tenant.ID, followup.Link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.err != nil {
		return tenant.ID{}, followup.Link{}, s.err
	}
	l := s.links[hash]
	if l == nil || l.Views >= l.MaxViews || !l.Expires.After(time.Now()) {
		return tenant.ID{}, followup.Link{}, followup.ErrNotFound
	}
	return s.orgs[hash], *l, nil
}

func (s *linkStore) UseLink(ctx context.Context, hash [32]byte) (tenant.ID, followup.Link, error) {
	if org, l, err := s.Link(ctx, hash); err != nil {
		return org, l, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.links[hash]
	if l.Views >= l.MaxViews { // another call was faster
		return tenant.ID{}, followup.Link{}, followup.ErrNotFound
	}
	l.Views++
	return s.orgs[hash], *l, nil
}

func (s *linkStore) RevokeLinks(context.Context, tenant.ID, string) error { return nil }

func (s *linkStore) views(token string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.links[hashOf(token)].Views
}

// labels knows clinics by their labels.
type labels map[tenant.ID]string

func (l labels) Settings(_ context.Context, org tenant.ID) (*followup.Settings, error) {
	label, ok := l[org]
	switch {
	case !ok:
		return nil, tenant.ErrUnknownOrg
	case label == "":
		return nil, followup.ErrUnavailable
	}
	return followup.NewSettings(followup.SettingsConfig{
		Org:   tenant.Org{ID: org, Key: "harley", Name: "Somewhere Rhinoplasty Ltd", Zone: time.UTC, Country: "GB", Locale: "en-GB"},
		Label: label,
	})
}

const (
	goodToken = "8Kq2vN3xT7bYwZ1c"
	document  = "%PDF-1.7 what rhinoplasty is"
)

// page is a Handler with one good link and its document.
type page struct {
	*linkpage.Handler
	store *linkStore
	log   *bytes.Buffer
}

func newPage(t testing.TB, change func(*linkpage.Config)) page {
	t.Helper()
	p := page{store: &linkStore{}, log: &bytes.Buffer{}}
	p.store.add(surgery, goodToken, followup.Link{Document: "rhinoplasty.pdf", Expires: time.Now().Add(time.Hour), MaxViews: 3})
	dir := surgery.String() + "/"
	assets, err := followup.NewFolder(fstest.MapFS{
		dir + "rhinoplasty.pdf":       {Data: []byte(document)},
		dir + "rhinoplasty.jpeg":      {Data: []byte("jpeg")},
		other.String() + "/botox.pdf": {Data: []byte("another's")},
	}, nil)
	require.NoError(t, err)
	cfg := linkpage.Config{
		Links: p.store, Settings: labels{surgery: "Harley <Clinic> & Co"}, Assets: assets, Log: slog.New(slog.NewTextHandler(p.log, nil)),
	}
	if change != nil {
		change(&cfg)
	}
	p.Handler, err = linkpage.New(cfg)
	require.NoError(t, err)
	return p
}

func (p page) do(method, token string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(method, "/d/"+token, nil)) // from 192.0.2.1
	return w
}

// requireWithheld checks the headers that keep a response from caches, search
// engines and other sites.
func requireWithheld(t *testing.T, h http.Header) {
	t.Helper()
	require.Equal(t, "private, no-store", h.Get("Cache-Control"))
	require.Equal(t, "no-referrer", h.Get("Referrer-Policy"))
	require.Equal(t, "noindex, nofollow", h.Get("X-Robots-Tag"))
	require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
	require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'; ")
	require.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'")
}

func TestHandler_Get(t *testing.T) {
	t.Parallel()
	p := newPage(t, nil)
	for range 50 {
		w := p.do("GET", goodToken)
		require.Equal(t, http.StatusOK, w.Code)
		requireWithheld(t, w.Header())
		body := w.Body.String()
		require.Contains(t, body, "Harley &lt;Clinic&gt; &amp; Co")
		require.Contains(t, body, `<html lang="en">`)
		require.Contains(t, body, `<form method="post">`)
		require.NotContains(t, body, "http", "the page loads no file of another site")
		require.NotContains(t, body, "<script")
		require.NotContains(t, strings.ToLower(body), "rhinoplasty")
		require.NotContains(t, body, goodToken)
	}
	w := p.do("HEAD", goodToken)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, 0, p.store.views(goodToken))
	require.Empty(t, p.log.String())
}

func TestHandler_ContentSecurityPolicy(t *testing.T) {
	t.Parallel()
	w := newPage(t, nil).do("GET", goodToken)
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(w.Body.String())
	require.NotNil(t, style)
	hash := sha256.Sum256([]byte(style[1]))
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "style-src 'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"';")
}

func TestHandler_Post(t *testing.T) {
	t.Parallel()
	p := newPage(t, nil)
	for i := range 3 {
		w := p.do("POST", goodToken)
		require.Equal(t, http.StatusOK, w.Code)
		requireWithheld(t, w.Header())
		require.Equal(t, document, w.Body.String())
		require.Equal(t, "application/pdf", w.Header().Get("Content-Type"))
		require.Equal(t, `attachment; filename="information.pdf"`, w.Header().Get("Content-Disposition"))
		require.Equal(t, fmt.Sprint(len(document)), w.Header().Get("Content-Length"))
		require.Empty(t, w.Header().Get("Last-Modified"))
		require.Empty(t, w.Header().Get("ETag"))
		require.Equal(t, i+1, p.store.views(goodToken))
	}
	require.Equal(t, http.StatusNotFound, p.do("POST", goodToken).Code)
	require.Equal(t, http.StatusNotFound, p.do("GET", goodToken).Code)
}

func TestHandler_Post_WholeDocument(t *testing.T) {
	t.Parallel()
	p := newPage(t, nil)
	r := httptest.NewRequest("POST", "/d/"+goodToken, strings.NewReader("anything=at+all"))
	r.Header.Set("Range", "bytes=5-7")
	r.Header.Set("If-Modified-Since", time.Now().UTC().Format(http.TimeFormat))
	r.Header.Set("If-None-Match", "*")
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, document, w.Body.String())
}

func TestHandler_Post_FileName(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		"application/pdf":           `"information.pdf"`,
		"image/png":                 `"information.png"`,
		"image/jpeg":                `"information.jpg"`,
		"text/plain; charset=utf-8": `"information.txt"`,
		"application/rhinoplasty":   `"information"`,
		"":                          `"information"`,
	} {
		p := newPage(t, func(cfg *linkpage.Config) { cfg.Assets = typed(kind) })
		w := p.do("POST", goodToken)
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "attachment; filename="+want, w.Header().Get("Content-Disposition"))
		require.NotEmpty(t, w.Header().Get("Content-Type"))
	}
}

// typed is one document of this type.
type typed string

func (kind typed) Open(context.Context, tenant.ID, string) (followup.Document, error) {
	return followup.Document{ReadSeekCloser: closer{strings.NewReader(document)}, Type: string(kind)}, nil
}

type closer struct{ io.ReadSeeker }

func (closer) Close() error { return nil }

func TestHandler_NotFound(t *testing.T) {
	t.Parallel()
	soon := time.Now().Add(time.Hour)
	p := newPage(t, nil)
	p.store.add(surgery, "expired-expired-", followup.Link{Document: "rhinoplasty.pdf", Expires: time.Now().Add(-time.Second), MaxViews: 1})
	p.store.add(surgery, "usedupusedupused", followup.Link{Document: "rhinoplasty.pdf", Expires: soon, MaxViews: 1, Views: 1})
	p.store.add(surgery, "missingmissing00", followup.Link{Document: "missing.pdf", Expires: soon, MaxViews: 1})
	p.store.add(surgery, "foreignforeign00", followup.Link{Document: "botox.pdf", Expires: soon, MaxViews: 1})
	p.store.add(surgery, "upupupupupupupup", followup.Link{Document: "../" + other.String() + "/botox.pdf", Expires: soon, MaxViews: 1})
	p.store.add(other, "cliniclessclinic", followup.Link{Document: "botox.pdf", Expires: soon, MaxViews: 1})

	want := p.do("GET", "unknownunknown00")
	require.Equal(t, http.StatusNotFound, want.Code)
	requireWithheld(t, want.Header())
	for _, token := range []string{
		"expired-expired-", "usedupusedupused", "missingmissing00", "foreignforeign00", "upupupupupupupup", "cliniclessclinic",
		"", "short", "muchlongerthanatoken", "8Kq2vN3xT7bYwZ1%00", "8Kq2vN3xT7bYwZ1=", "8Kq2vN3xT7bYwZ%C3%A9", goodToken + "/", "%2E%2E%2F",
	} {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			w := p.do(method, token)
			require.Equal(t, want.Code, w.Code, token)
			require.Equal(t, want.Header(), w.Header(), token)
			require.Equal(t, want.Body.String(), w.Body.String(), token)
		}
	}
	for _, token := range []string{"missingmissing00", "foreignforeign00", "upupupupupupupup", "cliniclessclinic"} {
		require.Equal(t, 0, p.store.views(token), "a document that is missing uses up no view")
	}
	for line := range strings.Lines(p.log.String()) { // the log names the missing document by ids
		require.Contains(t, line, "linkpage: document missing")
		require.NotContains(t, line, ".pdf")
		require.NotContains(t, line, "missing00")
	}
	require.Contains(t, p.log.String(), "linkpage: document missing")
}

func TestHandler_MalformedToken(t *testing.T) {
	t.Parallel()
	p := newPage(t, nil)
	for _, token := range []string{"", "short", goodToken + "x", "8Kq2vN3xT7bYwZ1.", "8Kq2vN3xT7bYwZ%C3%A9"} {
		require.Equal(t, http.StatusNotFound, p.do("POST", token).Code)
	}
	require.Equal(t, 0, p.store.asked)
}

func TestHandler_Methods(t *testing.T) {
	t.Parallel()
	p := newPage(t, nil)
	for _, method := range []string{"PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "nonsense"} {
		w := p.do(method, goodToken)
		require.Equal(t, http.StatusMethodNotAllowed, w.Code)
		require.Equal(t, "GET, HEAD, POST", w.Header().Get("Allow"))
		requireWithheld(t, w.Header())
	}
	require.Equal(t, 0, p.store.asked)
}

// broken are documents that cannot be read, with errors that hold their names.
type broken struct{}

func (broken) Open(_ context.Context, _ tenant.ID, name string) (followup.Document, error) {
	return followup.Document{}, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

func TestHandler_Unavailable(t *testing.T) {
	t.Parallel()
	down := errors.New("dial rhinoplasty.pdf: " + goodToken)
	var want *httptest.ResponseRecorder
	for _, row := range []struct {
		logged string
		page   page
	}{
		{`source=links error="followup: unavailable: the store did not answer"`, newPage(t, func(cfg *linkpage.Config) {
			cfg.Links.(*linkStore).err = fmt.Errorf("%w: %w", followup.ErrUnavailable, down)
		})},
		{`source=links error=*errors.errorString`, newPage(t, func(cfg *linkpage.Config) { cfg.Links.(*linkStore).err = down })},
		{`source=settings error="followup: unavailable: the store did not answer"`, newPage(t, func(cfg *linkpage.Config) {
			cfg.Settings = labels{surgery: ""}
		})},
		{"source=assets error=*errors.errorString", newPage(t, func(cfg *linkpage.Config) { cfg.Assets = broken{} })},
	} {
		for _, method := range []string{"GET", "POST"} {
			w := row.page.do(method, goodToken)
			if want == nil {
				want = w
			}
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			require.Equal(t, "30", w.Header().Get("Retry-After"))
			requireWithheld(t, w.Header())
			require.Equal(t, want.Header(), w.Header())
			require.Equal(t, want.Body.String(), w.Body.String())
		}
		require.Equal(t, 0, row.page.store.views(goodToken))
		log := row.page.log.String()
		require.Contains(t, log, row.logged)
		require.NotContains(t, log, goodToken)
		require.NotContains(t, log, "rhinoplasty")
	}
}

func TestHandler_MaxMisses(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 30, 0, time.UTC)
	from := netip.MustParseAddr("198.51.100.7")
	p := newPage(t, func(cfg *linkpage.Config) {
		cfg.MaxMisses = 5
		cfg.ClientIP = func(*http.Request) netip.Addr { return from }
		cfg.Now = func() time.Time { return now }
	})
	guess := func() int { return p.do("POST", "unknownunknown00").Code }
	for range 5 {
		require.Equal(t, http.StatusNotFound, guess())
	}
	asked := p.store.asked
	require.Equal(t, http.StatusTooManyRequests, guess())
	from = netip.MustParseAddr("::ffff:198.51.100.200")
	w := p.do("GET", goodToken)
	require.Equal(t, http.StatusTooManyRequests, w.Code, "a neighbour")
	require.Equal(t, "60", w.Header().Get("Retry-After"))
	requireWithheld(t, w.Header())
	require.Equal(t, asked, p.store.asked)

	from = netip.MustParseAddr("198.51.101.7")
	require.Equal(t, http.StatusOK, p.do("GET", goodToken).Code, "another network")
	now = now.Add(30 * time.Second)
	from = netip.MustParseAddr("198.51.100.7")
	require.Equal(t, http.StatusOK, p.do("GET", goodToken).Code, "the next minute")

	for i := range 5 {
		from = netip.MustParseAddr(fmt.Sprintf("2001:db8:0:%x::1", i))
		require.Equal(t, http.StatusNotFound, guess())
	}
	from = netip.MustParseAddr("2001:db8:0:ff::1")
	require.Equal(t, http.StatusTooManyRequests, guess(), "a /56 is one network")
	from = netip.MustParseAddr("2001:db8:0:100::1")
	require.Equal(t, http.StatusNotFound, guess())

	from = netip.Addr{}
	for range 20 {
		require.Equal(t, http.StatusNotFound, guess(), "from nowhere in particular")
	}

	for i := range 5000 { // more networks than are kept apart
		from = netip.AddrFrom4([4]byte{203, byte(i >> 8), byte(i), 1})
		require.Equal(t, http.StatusNotFound, guess())
	}
	from = netip.MustParseAddr("2001:db8::1")
	require.Equal(t, http.StatusNotFound, guess(), "all are forgotten")
}

func TestHandler_Proxy(t *testing.T) {
	t.Parallel()
	p := newPage(t, func(cfg *linkpage.Config) { cfg.MaxMisses = 1 })
	guess := func(remote string) int {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/d/unknownunknown00", nil)
		r.RemoteAddr = remote
		p.ServeHTTP(w, r)
		return w.Code
	}
	for _, remote := range []string{"10.0.0.3:4711", "127.0.0.1:80", "[::1]:80", "[::ffff:192.168.0.1]:80", "[fe80::1%eth0]:80", "@", ""} {
		require.Equal(t, http.StatusNotFound, guess(remote), remote)
		require.Equal(t, http.StatusNotFound, guess(remote), remote)
	}
	for _, remote := range []string{"198.51.100.7:4711", "[2001:db8::1]:80"} {
		require.Equal(t, http.StatusNotFound, guess(remote), remote)
		require.Equal(t, http.StatusTooManyRequests, guess(remote), remote)
	}
}

func TestNew_InvalidConfig(t *testing.T) {
	t.Parallel()
	good := linkpage.Config{Links: &linkStore{}, Settings: labels{}, Assets: broken{}}
	for field, change := range map[string]func(*linkpage.Config){
		"Links":     func(cfg *linkpage.Config) { cfg.Links = nil },
		"Settings":  func(cfg *linkpage.Config) { cfg.Settings = nil },
		"Assets":    func(cfg *linkpage.Config) { cfg.Assets = nil },
		"MaxMisses": func(cfg *linkpage.Config) { cfg.MaxMisses = -1 },
	} {
		cfg := good
		change(&cfg)
		_, err := linkpage.New(cfg)
		require.ErrorContains(t, err, "Config."+field+" ")
	}
	_, err := linkpage.New(good)
	require.NoError(t, err)
}

// FuzzHandler checks that only the path of a link opens a document.
func FuzzHandler(f *testing.F) {
	for _, path := range []string{"/d/" + goodToken, "/d/", "/", "//", "/d/../" + goodToken, "/d/" + goodToken + "\x00", "/d/" + strings.Repeat("a", 16)} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		p := newPage(t, nil)
		r := httptest.NewRequest("POST", "/", nil)
		r.URL.Path = path
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		if opens := strings.HasSuffix("/"+path, "/"+goodToken); (w.Code == http.StatusOK) != opens || !opens && w.Code != http.StatusNotFound {
			t.Fatalf("%q was answered with %d", path, w.Code)
		}
	})
}
