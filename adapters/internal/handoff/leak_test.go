package handoff_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms"
	"github.com/callwaiting-ai/callwaiting/adapters/twiliosms/twiliotest"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/redact/redacttest"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/assistant"
	"github.com/callwaiting-ai/callwaiting/vapi/tools"
)

// TestNothingOfACallerIsInATextALogLineOrATask has the callers of all corpora
// call, with everything that may go wrong on the way, and reads what the parts
// let out, before any redaction of log lines.
func TestNothingOfACallerIsInATextALogLineOrATask(t *testing.T) {
	o := openOffice(t, 4, false)
	s := newSecrets()
	calls := corpus(t, s)
	o.live(t, calls)
	o.mustHaveSeen(t, map[string]int{
		"log": len(calls), "request": len(calls) / 2, "url": len(calls), "header": len(calls), "answer": len(calls),
		"notify": 20, "task": len(calls), "error": 1, "printed": len(calls),
	})
	for where, kinds := range o.leaks(s) {
		for kind, example := range kinds {
			t.Errorf("%s: a %s: %s", where, kind, example)
		}
	}
	require.Empty(t, o.carrier.Problems())
}

// The scanner is worth what it sees: in an office of careless people, each of
// them.
func TestTheScannerSeesWhatLeaks(t *testing.T) {
	o := openOffice(t, 1, true)
	s := newSecrets()
	o.live(t, corpus(t, s)[:12])
	leaks := o.leaks(s)
	for where, kinds := range map[string][]string{
		"request": {"word of the catalog"}, "url": {"word of the catalog"}, "header": {"word of the catalog"},
		"log":  {"word of the catalog", "medical word", "name", "number"},
		"task": {"number"}, "notify": {"number"}, "error": {"name"},
	} {
		for _, kind := range kinds {
			require.Contains(t, leaks[where], kind, where)
		}
	}
}

func TestTheScannerKnowsEveryFormOfASecret(t *testing.T) {
	s := newSecrets()
	s.number("+447700900123")
	s.number("+12025550123")
	s.name("Dr Ada Okonjo")
	for _, text := range []string{
		"+447700900123", "to=%2B447700900123", "07700 900 123", "(0)7700-900123", "700900123", "x447700900123y", "0044.7700.900.123",
		"+12025550123", "(202) 555-0123", "202.555.0123", "2025550123",
		"ada okonjo", "OKONJO", "dr_okonjo.pdf", "ada%20okonjo",
		"about-rhinoplasty", "a Nose-Job?", "nosejob", "nose%20job", "rhinoplasty%2Dguide.pdf", "/d/botox", "ROOT_CANAL.pdf",
	} {
		require.NotEmpty(t, s.in(text), text)
	}
	for _, text := range []string{
		"Harbour Clinic: the information you asked for: https://go.harbour.example/d/aNoseJobBotox_12 Reply BOOK to book, STOP to opt out.",
		"/sms/status/clinic-1?h=abcBotoxdefghijklmnopq&i=7d1f2c4a-0000-8000-8000-447700900124",
		"time=2026-11-24T15:54:45.123Z", "447700900124", "adamant",
	} {
		require.Empty(t, s.in(text), text)
	}
}

// treatments are what every clinic offers.
var treatments = []followup.Procedure{
	{ID: "botox", Name: "Botox", Aliases: []string{"anti-wrinkle injections"}, Document: "botox-aftercare.pdf"},
	{ID: "rhinoplasty", Name: "Rhinoplasty", Aliases: []string{"nose job"}, Document: "rhinoplasty-guide.pdf"},
	{ID: "root-canal", Name: "Root canal treatment", Aliases: []string{"root canal"}, Document: "root-canal.pdf"},
	{ID: "dental-implant", Name: "Dental implant", Document: "dental-implant.pdf"},
	{ID: "whitening", Name: "Teeth whitening", Document: "whitening.pdf"},
	{ID: "lip-filler", Name: "Lip filler", Aliases: []string{"dermal filler"}, Document: "lip-filler.pdf"},
	{ID: "liposuction", Name: "Liposuction", Document: "liposuction.pdf"},
	{ID: "laser-eye", Name: "Laser eye surgery", Aliases: []string{"lasik"}, Document: "laser-eye.pdf"},
	{ID: "colonoscopy", Name: "Colonoscopy", Document: "colonoscopy-diet.pdf"},
	{ID: "hysterectomy", Name: "Hysterectomy", Document: "hysterectomy.pdf"},
	{ID: "hip-replacement", Name: "Hip replacement", Document: "hip-replacement.pdf"},
	{ID: "weight-loss", Name: "Weight loss injections", Aliases: []string{"mounjaro", "ozempic"}, Document: "weight-loss.pdf"},
	{ID: "consultation", Name: "Consultation"},
}

// secrets are what nobody may let out.
type secrets struct {
	catalog []string          // letters only, wherever they stand
	phrases map[string]string // words, and what they are
	longest map[string]int    // in words, of the phrases that begin with a word
	numbers map[string]bool   // the last nine digits: what all ways to write a number share
}

func newSecrets() *secrets {
	s := &secrets{phrases: map[string]string{}, longest: map[string]int{}, numbers: map[string]bool{}}
	for _, p := range treatments {
		for _, word := range append([]string{string(p.ID), p.Name, p.Document}, p.Aliases...) {
			if letters := strings.Join(words(strings.TrimSuffix(word, ".pdf")), ""); letters != "" {
				s.catalog = append(s.catalog, letters)
			}
		}
	}
	return s
}

func (s *secrets) phrase(kind, text string) {
	w := words(text)
	s.phrases[strings.Join(w, " ")] = kind
	s.longest[w[0]] = max(s.longest[w[0]], len(w))
}

// name is a name as it was said: by itself, and each part of it that can hardly
// be anything else.
func (s *secrets) name(said string) {
	parts := slices.DeleteFunc(words(said), func(w string) bool {
		return slices.Contains([]string{"dr", "doctor", "mr", "mrs", "ms", "miss", "mister", "nurse", "professor", "madam", "sister"}, w)
	})
	if len(parts) > 0 && len(strings.Join(parts, "")) >= 3 {
		s.phrase("name", strings.Join(parts, " "))
	}
	for _, part := range parts {
		if len(part) >= 5 {
			s.phrase("name", part)
		}
	}
}

// number is a phone number; what has fewer than nine digits is none.
func (s *secrets) number(said string) {
	digits := strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, said)
	if len(digits) >= 9 {
		s.numbers[digits[len(digits)-9:]] = true
	}
}

var (
	// What is random may spell anything: the token of a link, and the tag of a
	// callback.
	randomText = regexp.MustCompile(`/d/[A-Za-z0-9_-]{16}\b|\bh=[A-Za-z0-9_-]{22}`)
	separators = strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "", "+", "", "/", "")
	nineDigits = regexp.MustCompile(`[0-9]{9,}`)
)

// in returns the secrets in a text by their kind.
func (s *secrets) in(text string) map[string]string {
	found := map[string]string{}
	text = randomText.ReplaceAllString(text, "")
	if plain, err := url.PathUnescape(text); err == nil {
		text = plain
	}
	for _, run := range nineDigits.FindAllString(separators.Replace(text), -1) {
		for i := range len(run) - 8 {
			if s.numbers[run[i:i+9]] {
				found["number"] = run[i : i+9]
			}
		}
	}
	all := words(text)
	letters := strings.Join(all, "")
	for _, word := range s.catalog {
		if strings.Contains(letters, word) {
			found["word of the catalog"] = word
		}
	}
	for i := range all {
		for n := 1; n <= min(s.longest[all[i]], len(all)-i); n++ {
			phrase := strings.Join(all[i:i+n], " ")
			if kind := s.phrases[phrase]; kind != "" {
				found[kind] = phrase
			}
		}
	}
	return found
}

// words are the words of a text in lower case.
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// A watch sees what is let out, but for the number that a text goes to and the
// document behind its link. Safe for concurrent use.
type watch struct {
	mu   sync.Mutex
	seen map[string]map[string]int // by where, the texts and how often
}

func (w *watch) see(where, what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen[where] == nil {
		w.seen[where] = map[string]int{}
	}
	w.seen[where][what]++
}

// Write takes a log line.
func (w *watch) Write(line []byte) (int, error) {
	w.see("log", string(line))
	return len(line), nil
}

func (w *watch) count(where string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, times := range w.seen[where] {
		n += times
	}
	return n
}

func (w *watch) failed(err error) {
	if err != nil {
		w.see("error", fmt.Sprintf("%v %+v %#v", err, err, err))
	}
}

// printed prints a value in every way in which one is printed by accident.
func (w *watch) printed(v any) {
	var line strings.Builder
	slog.New(slog.NewTextHandler(&line, nil)).Info("", "value", v)
	w.see("printed", fmt.Sprintf("%v %+v %#v %s", v, v, v, line.String()))
}

// leaks returns the secrets that were seen, by where and by kind.
func (w *watch) leaks(s *secrets) map[string]map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	leaks := map[string]map[string]string{}
	for where, all := range w.seen {
		for text := range all {
			for kind, secret := range s.in(text) {
				if leaks[where] == nil {
					leaks[where] = map[string]string{}
				}
				leaks[where][kind] = fmt.Sprintf("%q in %q", secret, text)
			}
		}
	}
	return leaks
}

func (w *watch) mustHaveSeen(t *testing.T, least map[string]int) {
	t.Helper()
	for where, n := range least {
		t.Logf("%s: %d", where, w.count(where))
		require.GreaterOrEqual(t, w.count(where), n, "%s: too little was seen to say anything", where)
	}
}

// around sees the URLs that are called, and what is answered to whoever follows
// a link and to Twilio.
func (w *watch) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.see("url", r.URL.String())
		if strings.HasPrefix(r.URL.Path, "/vapi/") {
			next.ServeHTTP(out, r)
			return
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		for name, values := range answer.Header() {
			w.see("header", name+": "+strings.Join(values, ", "))
			out.Header()[name] = values
		}
		if answer.Header().Get("Content-Disposition") == "" {
			w.see("answer", answer.Body.String())
		}
		out.WriteHeader(answer.Code)
		answer.Body.WriteTo(out)
	})
}

// inFront sees what the carrier is asked.
func (w *watch) inFront(t *testing.T, carrier string) string {
	t.Helper()
	target, err := url.Parse(carrier)
	require.NoError(t, err)
	forward := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, // as the carrier did
	}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the sender has given up
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		for _, encoded := range []string{r.URL.RawQuery, string(body)} {
			form, err := url.ParseQuery(encoded)
			if err != nil {
				form = url.Values{"unreadable": {encoded}}
			}
			form.Del("To")
			for name, values := range form {
				w.see("request", r.URL.Path+" "+name+"="+strings.Join(values, ","))
			}
		}
		forward.ServeHTTP(out, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// An office is a world that is open to callers, and all of it is watched.
type office struct {
	*world
	*watch
	carrier  *twiliotest.Server
	url      string
	client   *http.Client
	careless bool
}

// openOffice opens clinics. In a careless office everybody lets out something.
func openOffice(t *testing.T, clinics int, careless bool) *office {
	t.Helper()
	o := &office{world: newWorld(t, clinics, 2), watch: &watch{seen: map[string]map[string]int{}}, careless: careless}
	o.log = slog.New(slog.NewTextHandler(o.watch, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	o.listen(t)
	proxy := o.db.Proxy(t)
	o.open(t, proxy.URL, 16)
	var trips atomic.Int64
	proxy.DropRequests(func() bool { return trips.Add(1)%500 == 0 })

	var err error
	o.carrier, err = twiliotest.Start(twiliotest.Config{
		Seed:      1,
		Faults:    twiliotest.FaultRates{Before: .02, RateLimited: .02, ThenDrop: .02, ThenError: .02},
		Callbacks: &twiliotest.Callbacks{Twice: true, Shuffled: true},
	})
	require.NoError(t, err)
	t.Cleanup(o.carrier.Close)
	for i, code := range []int{21610, 21211, 21614, 30034, 99999} {
		o.carrier.Refuse(phone(20*i+7), code)
	}
	mux := http.NewServeMux()
	server := httptest.NewUnstartedServer(o.around(mux))
	server.Config.ErrorLog = log.New(o.watch, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	o.url = server.URL
	o.staff(t, mux)
	return o
}

// listen sees what is queued, and what is notified.
func (o *office) listen(t *testing.T) {
	t.Helper()
	o.db.Exec(t, `
		create table public.queued (task text);
		create function public.queued() returns trigger language plpgsql security definer set search_path = '' as $$
		begin
			insert into public.queued values (new::text);
			return null;
		end$$;
		create trigger queued after insert or update of kind, id on callwaiting.task for each row execute function public.queued()`)
	conn, err := pgx.Connect(t.Context(), o.db.Admin)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `listen callwaiting_task`)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer conn.Close(context.Background())
		for {
			n, err := conn.WaitForNotification(ctx)
			if err != nil {
				return
			}
			o.see("notify", n.Channel+" "+n.Payload)
		}
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
}

// staff has everybody at work: who answers calls, who texts, and who opens links.
func (o *office) staff(t *testing.T, mux *http.ServeMux) {
	t.Helper()
	catalogs, clinics := o.offer(t)
	var err error
	o.service, err = followup.New(followup.Config{
		Store: o.texts, Settings: clinics, Catalog: tools.Procedures(catalogs), Policy: anyHour{}, Log: o.log})
	require.NoError(t, err)
	twilio, err := twiliosms.New(twiliosms.Config{Accounts: accounts(), PublicURL: o.url, BaseURL: o.inFront(t, o.carrier.URL()), Timeout: time.Second})
	require.NoError(t, err)
	o.worker(t, &watchedSender{twilio, o}, func(c *followup.WorkerConfig) {
		c.SendTimeout, c.Lease, c.ReconcileDelay = time.Second, 1500*time.Millisecond, time.Second
		if o.careless {
			c.Links, err = followup.NewLinks("https://go.harbour.example/botox")
			require.NoError(t, err)
		}
	})

	desk := &watchedDesk{o.service, o}
	books, err := booking.New(booking.Config{Store: o.store, Catalogs: catalogs})
	require.NoError(t, err)
	all, err := tools.New(tools.Config{Booking: books, FollowUp: desk, Log: o.log})
	require.NoError(t, err)
	hidesNothing, err := redact.New(redact.Config{Recognizers: []redact.Recognizer{}})
	require.NoError(t, err)
	calls, err := vapi.New(vapi.Config{
		Directory: o.store, Tools: all, FollowUp: desk, Log: o.log, Redactor: hidesNothing,
		Assistant: assistant.Saved("as-harbour"),
	})
	require.NoError(t, err)
	callbacks, err := twiliosms.NewCallbacks(twiliosms.CallbackConfig{
		Accounts: accounts(), Keys: o.store, Inbox: o.service, PublicURL: o.url, Log: o.log})
	require.NoError(t, err)
	var pages http.Handler
	pages, err = followup.NewLinkHandler(followup.LinkHandlerConfig{Links: o.texts, Clinics: clinics, Assets: o.shelf(t), Log: o.log})
	require.NoError(t, err)
	if o.careless {
		named := pages
		pages = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Document", "rhinoplasty-guide.pdf")
			named.ServeHTTP(w, r)
		})
	}
	mux.Handle("/vapi/{key}", calls)
	mux.Handle("/sms/status/{key}", callbacks.StatusHandler())
	mux.Handle("/sms/inbound/{key}", callbacks.InboundHandler())
	mux.Handle("/d/{token}", pages)
	mux.Handle("/botox/d/{token}", pages)
}

// offer is what the clinics offer, at any hour of the week.
func (o *office) offer(t *testing.T) (booking.StaticCatalogs, followup.StaticSettings) {
	t.Helper()
	catalogs, clinics := booking.StaticCatalogs{}, followup.StaticSettings{}
	var hours schedule.Hours
	for day := range hours.Week {
		hours.Week[day] = []schedule.Window{{From: 0, To: 24 * 60}}
	}
	for _, of := range o.orgs {
		cfg := booking.CatalogConfig{Zone: of.Zone, Hours: hours, Grid: 30 * time.Minute,
			Resources: []booking.Resource{{ID: "room", Name: "Room 2", Capacity: 20}}}
		for _, p := range treatments {
			cfg.Services = append(cfg.Services, booking.ServiceType{
				ID: booking.ServiceID(p.ID), Name: p.Name, Aliases: p.Aliases, Document: p.Document,
				Duration: 30 * time.Minute, Needs: []booking.Need{{"room"}},
			})
		}
		var err error
		catalogs[of.ID], err = booking.NewCatalog(cfg)
		require.NoError(t, err)
		how := followup.SettingsConfig{Org: of, AtOnce: true, PerDay: 1000, PerWeek: 1000}
		if o.careless {
			how.Templates = map[followup.Kind]string{followup.Information: "{clinic}: about your nose job: {link} Reply STOP to opt out."}
		}
		clinics[of.ID], err = followup.NewSettings(how)
		require.NoError(t, err)
	}
	return catalogs, clinics
}

// shelf has all documents but one, and drops some.
func (o *office) shelf(t *testing.T) followup.Assets {
	t.Helper()
	files := fstest.MapFS{}
	for _, of := range o.orgs {
		for _, p := range treatments {
			if p.ID != "hysterectomy" && p.Document != "" {
				files[of.ID.String()+"/"+p.Document] = &fstest.MapFile{Data: []byte("%PDF-1.4 " + p.Name)}
			}
		}
	}
	folder, err := followup.NewFolder(files, nil)
	require.NoError(t, err)
	return &clumsy{Assets: folder}
}

type clumsy struct {
	followup.Assets
	asked atomic.Int64
}

func (c *clumsy) Open(ctx context.Context, org tenant.ID, name string) (followup.Document, error) {
	if c.asked.Add(1)%9 == 0 {
		return followup.Document{}, fmt.Errorf("%s is damaged", name)
	}
	return c.Assets.Open(ctx, org, name)
}

// watchedSender sees what goes to the carrier's adapter and the errors that it
// returns.
type watchedSender struct {
	*twiliosms.Sender
	*office
}

func (s *watchedSender) Send(ctx context.Context, org tenant.ID, m followup.Message) (followup.Receipt, error) {
	if s.careless {
		s.log.InfoContext(ctx, "texting", "to", m.To)
	}
	receipt, err := s.Sender.Send(ctx, org, m)
	s.printed(m)
	s.failed(err)
	return receipt, err
}

func (s *watchedSender) FindSent(ctx context.Context, org tenant.ID, m followup.UnconfirmedMessage) (followup.Receipt, bool, error) {
	receipt, found, err := s.Sender.FindSent(ctx, org, m)
	s.printed(m)
	s.failed(err)
	return receipt, found, err
}

// watchedDesk sees what the handler of calls tells, and the errors that it gets.
type watchedDesk struct {
	*followup.Service
	*office
}

func (d *watchedDesk) RecordCall(ctx context.Context, org tenant.Org, e followup.CallEvent) error {
	if d.careless {
		d.log.InfoContext(ctx, "noted", "said", e.Transcript.Reveal())
	}
	err := d.Service.RecordCall(ctx, org, e)
	d.printed(e)
	d.failed(err)
	return err
}

func (d *watchedDesk) Promise(ctx context.Context, org tenant.Org, p followup.Promise) (followup.PromiseResult, error) {
	promised, err := d.Service.Promise(ctx, org, p)
	d.printed(p)
	d.failed(err)
	return promised, err
}

func (d *watchedDesk) OptOutCaller(ctx context.Context, org tenant.Org, call, caller string) (bool, error) {
	ok, err := d.Service.OptOutCaller(ctx, org, call, caller)
	d.failed(err)
	return ok, err
}

func (d *watchedDesk) Lookup(ctx context.Context, org tenant.Org, number string) (followup.ContactSummary, error) {
	memory, err := d.Service.Lookup(ctx, org, number)
	d.printed(memory)
	d.failed(err)
	return memory, err
}

// A caller is one phone call of the corpus.
type caller struct {
	phone, name string
	said        []string
}

// corpus are the callers, some sentences each; s learns of their secrets.
func corpus(t *testing.T, s *secrets) []caller {
	t.Helper()
	docs := slices.Concat(redacttest.Calls(), redacttest.Blind(), redacttest.Clean(), redacttest.BlindClean())
	if file, err := os.Open("../../../../shared/redact-eval/dev.jsonl"); err == nil {
		defer file.Close()
		more, err := redacttest.Read(file)
		require.NoError(t, err)
		docs = append(docs, more...)
	}
	var callers []caller
	for some := range slices.Chunk(docs, 14) {
		n := len(callers)
		c := caller{phone: phone(n), name: fmt.Sprint("Ottoline Abernethy-", n)}
		if n%5 == 0 {
			c.phone = fmt.Sprintf("+1202555%04d", 100+n%100)
		}
		for _, d := range some {
			c.said = append(c.said, d.Text)
			for _, l := range d.Labels {
				said := d.Text[l.Start:l.End]
				switch {
				case l.Kind == redact.Person:
					s.name(said)
					c.name = said
				case l.Kind == redact.Phone:
					s.number(said)
				case l.Kind == redact.Medical && !l.Optional && len(strings.Join(words(said), "")) >= 6:
					s.phrase("medical word", said)
				}
			}
		}
		s.name(c.name)
		s.number(c.phone)
		callers = append(callers, c)
	}
	return callers
}

// live is what happens: calls, texts, links that are followed, replies, and
// what Vapi sends besides.
func (o *office) live(t *testing.T, callers []caller) {
	t.Helper()
	each(len(callers), func(i int) { o.call(t, i, callers[i]) })
	o.recorded(t, len(callers))
	o.misuse()
	if o.careless {
		number := callers[0].phone
		o.db.Exec(t, `
			insert into callwaiting.task values ('`+o.orgs[0].ID.String()+`', 'call', '`+number+`', now() + interval '1 day');
			select pg_notify('callwaiting_task', '`+number+`')`)
		o.failed(errors.New("no text for " + callers[0].name))
	}
	o.texted(t)
	texts := o.carrier.Messages()
	require.NotEmpty(t, texts)
	each(len(texts), func(i int) {
		o.follow(t, texts[i])
		o.reply(t, i, texts[i], callers[i%len(callers)])
	})
	until(t, time.Minute, "a notification", func() bool { return o.count("notify") > 0 })
	rows, err := o.db.AdminPool(t).Query(t.Context(), `select task from public.queued`)
	require.NoError(t, err)
	tasks, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, task := range tasks {
		o.see("task", task)
	}
}

// each does something n times, eight at once.
func each(n int, do func(i int)) {
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := worker; i < n; i += 8 {
				do(i)
			}
		})
	}
	group.Wait()
}

// call is one phone call.
func (o *office) call(t *testing.T, i int, c caller) {
	of := o.orgs[i%len(o.orgs)]
	wanted := treatments[i%len(treatments)]
	transcript := "AI: Hello.\nUser: " + strings.Join(c.said, "\nUser: ")
	message := func(kind string, more map[string]any) {
		m := map[string]any{
			"type": kind,
			"call": map[string]any{"id": fmt.Sprint("call-", i), "type": "inboundPhoneCall", "customer": map[string]any{"number": c.phone, "name": c.name}},
		}
		for name, value := range more {
			m[name] = value
		}
		o.post(t, of, map[string]any{"message": m})
	}
	tool := func(name string, arguments map[string]any) {
		message("tool-calls", map[string]any{"toolCallList": []any{map[string]any{
			"id": "t-" + name, "function": map[string]any{"name": name, "arguments": arguments}}}})
	}
	message("assistant-request", nil)
	message("status-update", map[string]any{"status": "in-progress"})
	if i%5 < 4 {
		procedure := wanted.Name
		if i%2 == 0 {
			procedure = c.said[0]
		}
		tool("send_information", map[string]any{"procedure": procedure, "consent": true})
		tool("send_information", map[string]any{"procedure": append(wanted.Aliases, wanted.Name)[0], "consent": true})
	}
	if i%10 == 3 {
		tool("book_appointment", map[string]any{
			"service": wanted.Name, "date": time.Now().AddDate(0, 0, 3+i%5).Format(time.DateOnly), "time": fmt.Sprintf("%02d:30", i%24),
			"name": c.name, "phone": c.phone, "email": "ada.caller@example.com"})
	}
	if i%10 == 7 {
		tool("opt_out", map[string]any{"reason": c.said[0]})
	}
	if i%10 == 9 {
		message("hang", nil)
	}
	message("status-update", map[string]any{"status": "ended", "endedReason": "customer-ended-call", "artifact": map[string]any{"transcript": transcript}})
	message("end-of-call-report", map[string]any{
		"artifact": map[string]any{"transcript": transcript, "messages": []any{map[string]any{"role": "user", "message": c.said[0]}}},
		"analysis": map[string]any{"summary": c.name + " asked about " + wanted.Name,
			"structuredData": map[string]any{"procedure": wanted.Name, "name": c.name, "phone": c.phone}},
	})
}

// post posts as Vapi does when its server has a back-off plan: until it is told
// that the message has been kept.
func (o *office) post(t *testing.T, of tenant.Org, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		t.Error(err)
		return
	}
	for range 20 {
		if _, err = post(o.client, o.url+"/vapi/"+of.Key, string(text)); err == nil {
			return
		}
	}
	t.Error(err)
}

// recorded posts what Vapi's own documentation and captures show, each as a call
// of its own.
func (o *office) recorded(t *testing.T, n int) {
	t.Helper()
	files, err := filepath.Glob("../../../../shared/vapi-payloads/*.json")
	require.NoError(t, err)
	for i, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var body struct {
			Message map[string]any `json:"message"`
		}
		require.NoError(t, json.Unmarshal(text, &body))
		if body.Message == nil {
			continue
		}
		call, _ := body.Message["call"].(map[string]any)
		if call == nil {
			call = map[string]any{}
		}
		call["id"], call["customer"] = fmt.Sprint("call-", n+i), map[string]any{"number": phone(900 + i)}
		body.Message["call"] = call
		delete(body.Message, "customer")
		o.post(t, o.orgs[i%len(o.orgs)], body)
	}
}

// misuse has the store refuse what cannot be, and keeps what it says of it.
func (o *office) misuse() {
	ctx, org, bad := context.Background(), o.orgs[0].ID, "Ottoline Abernethy wants botox, +44 7700 900001\x00"
	_, err := o.texts.UpdateCall(ctx, org, followup.CallUpdate{Call: bad, Signal: followup.Ended, Phone: bad})
	o.failed(err)
	_, err = o.texts.UpdateCall(ctx, org, followup.CallUpdate{Call: strings.Repeat("botox", 50), Signal: followup.Ended, Phone: "+447700900001"})
	o.failed(err)
	_, err = o.texts.PlanIntents(ctx, org, followup.Task{}, []followup.Plan{{ID: followup.NewIntentID(org, "bad"), Kind: "botox", Phone: "Ottoline Abernethy"}})
	o.failed(err)
	o.failed(o.texts.RecordConsent(ctx, org, followup.Consent{Phone: bad, Purpose: "botox"}))
	o.failed(o.texts.RecordOptOut(ctx, org, followup.OptOut{Phone: "Ottoline Abernethy", Source: "botox"}))
	_, err = o.texts.RecordReply(ctx, org, followup.Reply{Phone: bad, Message: "botox", Kind: "botox"})
	o.failed(err)
	_, err = o.texts.Appointment(ctx, org, "botox")
	o.failed(err)
}

// texted waits until everything that is due has come to its end.
func (o *office) texted(t *testing.T) {
	t.Helper()
	pool := o.db.AdminPool(t)
	until(t, time.Minute, "the end of all that is due", func() bool {
		time.Sleep(20 * time.Millisecond)
		var open int
		err := pool.QueryRow(t.Context(), `
			select (select count(*) from callwaiting.intent where state in ('planned', 'sending', 'unknown') and kind in ('information', 'confirmation'))
				+ (select count(*) from callwaiting.task where due_at < now() + interval '10 seconds')`).Scan(&open)
		if err != nil {
			t.Error(err)
		}
		return err != nil || open == 0
	})
}

// follow opens the link of a text, in every way.
func (o *office) follow(t *testing.T, m twiliotest.Message) {
	link := regexp.MustCompile(`https://go\.harbour\.example(\S+)`).FindStringSubmatch(m.Body)
	if link == nil {
		return
	}
	for _, how := range []struct{ method, path string }{
		{http.MethodHead, link[1]}, {http.MethodGet, link[1]}, {http.MethodPost, link[1]},
		{http.MethodDelete, link[1]}, {http.MethodPost, strings.TrimRight(link[1], "abcdefghijklmnopqrstuvwxyz") + "?"},
	} {
		req, err := http.NewRequest(how.method, o.url+how.path, nil)
		if err != nil {
			t.Error(err)
			return
		}
		resp, err := o.client.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		resp.Body.Close()
	}
}

// reply answers a text, as people do, and as somebody does who is not Twilio.
func (o *office) reply(t *testing.T, i int, m twiliotest.Message, c caller) {
	n := slices.IndexFunc(o.orgs, func(of tenant.Org) bool { return accountOf(of).SID == m.AccountSID })
	account := accountOf(o.orgs[n])
	said := []string{"STOP", "BOOK", "HELP", "START", c.said[0], "this is " + c.name + ", please stop texting me about botox"}[i%6]
	for j, token := range []string{account.AuthToken.Current, "somebody else's"} {
		form := url.Values{"MessageSid": {fmt.Sprintf("SM%032x", 2*i+j)}, "AccountSid": {account.SID}, "From": {m.To}, "To": {"+12025550100"}, "Body": {said}}
		status, _, err := twiliotest.Post(t.Context(), o.url+"/sms/inbound/"+account.Key, token, form)
		if err != nil || status != http.StatusServiceUnavailable && (status == http.StatusOK) != (j == 0) {
			t.Errorf("a reply was answered with %d, %v", status, err)
		}
		status, _, err = twiliotest.Post(t.Context(), m.StatusCallback, token, url.Values{
			"MessageSid": {m.SID}, "MessageStatus": {"undelivered"}, "ErrorCode": {"30003"}, "To": {m.To}})
		if err != nil || status != http.StatusServiceUnavailable && (status == http.StatusNoContent) != (j == 0) {
			t.Errorf("a callback was answered with %d, %v", status, err)
		}
	}
}
