package e2e_test

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
	"github.com/callwaiting-ai/callwaiting/followup/linkpage"
	"github.com/callwaiting-ai/callwaiting/followup/procedures"
	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/redact/redacttest"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/assistant"
	"github.com/callwaiting-ai/callwaiting/vapi/tools"
)

// TestWorker_Leaks runs the calls of all corpora, with failures of every kind,
// and searches all output of the parts for secrets of the callers, before any
// redaction of log lines.
func TestWorker_Leaks(t *testing.T) {
	o := openOffice(t, 4, false)
	s := newSecrets()
	calls := corpus(t, s)
	o.run(t, calls)
	o.requireCounts(t, map[string]int{
		"log": len(calls), "request": len(calls) / 2, "url": len(calls), "header": len(calls), "response": len(calls),
		"notify": 20, "task": len(calls), "error": 1, "printed": len(calls),
	})
	for output, kinds := range o.leaks(s) {
		for kind, example := range kinds {
			t.Errorf("%s: leaked %s: %s", output, kind, example)
		}
	}
	require.Empty(t, o.carrier.Problems())
}

// The control: in an office whose parts leak on purpose, the scanner finds each
// leak.
func TestWorker_Leaks_Control(t *testing.T) {
	o := openOffice(t, 1, true)
	s := newSecrets()
	o.run(t, corpus(t, s)[:12])
	leaks := o.leaks(s)
	for output, kinds := range map[string][]string{
		"request": {"catalog word"}, "url": {"catalog word"}, "header": {"catalog word"},
		"log":  {"catalog word", "medical word", "name", "number"},
		"task": {"number"}, "notify": {"number"}, "error": {"name"},
	} {
		for _, kind := range kinds {
			require.Contains(t, leaks[output], kind, output)
		}
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
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

// treatments are the services of every clinic.
var treatments = []procedures.Procedure{
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

// secrets are the data of callers that no output may hold.
type secrets struct {
	catalog []string          // words of the catalog, letters only
	phrases map[string]string // the kind of each phrase
	longest map[string]int    // by first word, the longest phrase in words
	numbers map[string]bool   // the last nine digits, which all notations of a number share
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

// name adds a spoken name: the whole without titles, and each part that is long
// enough to be recognizable.
func (s *secrets) name(spoken string) {
	parts := slices.DeleteFunc(words(spoken), func(w string) bool {
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

// number adds a phone number; one with fewer than nine digits is ignored.
func (s *secrets) number(spoken string) {
	digits := strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, spoken)
	if len(digits) >= 9 {
		s.numbers[digits[len(digits)-9:]] = true
	}
}

var (
	// Random text may spell a word by chance: the token of a link, and the tag of
	// a callback.
	randomText = regexp.MustCompile(`/d/[A-Za-z0-9_-]{16}\b|\bh=[A-Za-z0-9_-]{22}`)
	separators = strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "", "+", "", "/", "")
	nineDigits = regexp.MustCompile(`[0-9]{9,}`)
)

// in returns the secrets in a text by kind.
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
			found["catalog word"] = word
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

// words returns the words of a text in lower case.
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// A recorder records all output, except the number that a text is sent to and
// the document of its link. Safe for concurrent use.
type recorder struct {
	mu   sync.Mutex
	seen map[string]map[string]int // by output, each text and its count
}

func (w *recorder) record(output, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen[output] == nil {
		w.seen[output] = map[string]int{}
	}
	w.seen[output][text]++
}

// Write records a log line.
func (w *recorder) Write(line []byte) (int, error) {
	w.record("log", string(line))
	return len(line), nil
}

func (w *recorder) count(output string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, times := range w.seen[output] {
		n += times
	}
	return n
}

func (w *recorder) recordError(err error) {
	if err != nil {
		w.record("error", fmt.Sprintf("%v %+v %#v", err, err, err))
	}
}

// recordPrinted prints a value with every verb that may print it by accident.
func (w *recorder) recordPrinted(v any) {
	var line strings.Builder
	slog.New(slog.NewTextHandler(&line, nil)).Info("", "value", v)
	w.record("printed", fmt.Sprintf("%v %+v %#v %s", v, v, v, line.String()))
}

// leaks returns the recorded secrets by output and kind.
func (w *recorder) leaks(s *secrets) map[string]map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	leaks := map[string]map[string]string{}
	for output, all := range w.seen {
		for text := range all {
			for kind, secret := range s.in(text) {
				if leaks[output] == nil {
					leaks[output] = map[string]string{}
				}
				leaks[output][kind] = fmt.Sprintf("%q in %q", secret, text)
			}
		}
	}
	return leaks
}

func (w *recorder) requireCounts(t *testing.T, least map[string]int) {
	t.Helper()
	for output, n := range least {
		t.Logf("%s: %d", output, w.count(output))
		require.GreaterOrEqual(t, w.count(output), n, "%s: too few texts for a result", output)
	}
}

// around records the URLs of requests, and the responses to link openers and to
// Twilio.
func (w *recorder) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.record("url", r.URL.String())
		if strings.HasPrefix(r.URL.Path, "/vapi/") {
			next.ServeHTTP(out, r)
			return
		}
		response := httptest.NewRecorder()
		next.ServeHTTP(response, r)
		for name, values := range response.Header() {
			w.record("header", name+": "+strings.Join(values, ", "))
			out.Header()[name] = values
		}
		if response.Header().Get("Content-Disposition") == "" {
			w.record("response", response.Body.String())
		}
		out.WriteHeader(response.Code)
		response.Body.WriteTo(out)
	})
}

// inFront starts a proxy that records the requests to the carrier.
func (w *recorder) inFront(t *testing.T, carrier string) string {
	t.Helper()
	target, err := url.Parse(carrier)
	require.NoError(t, err)
	forward := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, // as the carrier does
	}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the sender's timeout has passed
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		for _, encoded := range []string{r.URL.RawQuery, string(body)} {
			form, err := url.ParseQuery(encoded)
			if err != nil {
				form = url.Values{"unreadable": {encoded}}
			}
			form.Del("To")
			for name, values := range form {
				w.record("request", r.URL.Path+" "+name+"="+strings.Join(values, ","))
			}
		}
		forward.ServeHTTP(out, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// An office is a fixture with all webhooks, whose output is recorded.
type office struct {
	*fixture
	*recorder
	carrier *twiliotest.Server
	url     string
	client  *http.Client
	leaky   bool
}

// openOffice starts an office. The parts of a leaky one leak secrets on purpose.
func openOffice(t *testing.T, clinics int, leaky bool) *office {
	t.Helper()
	o := &office{fixture: newFixture(t, clinics, 2), recorder: &recorder{seen: map[string]map[string]int{}}, leaky: leaky}
	o.log = slog.New(slog.NewTextHandler(o.recorder, &slog.HandlerOptions{Level: slog.LevelDebug}))
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
	server.Config.ErrorLog = log.New(o.recorder, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	o.url = server.URL
	o.mount(t, mux)
	return o
}

// listen records the queued tasks and the notifications.
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
			o.record("notify", n.Channel+" "+n.Payload)
		}
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
}

// mount starts a worker and adds the handlers of calls, callbacks and links.
func (o *office) mount(t *testing.T, mux *http.ServeMux) {
	t.Helper()
	catalogs, clinics := o.catalogs(t)
	var err error
	o.service, err = followup.New(followup.Config{
		Store: o.texts, Settings: clinics, Catalog: tools.Procedures(catalogs), Policy: anyHour{}, Log: o.log})
	require.NoError(t, err)
	twilio, err := twiliosms.New(twiliosms.Config{Accounts: accounts(), PublicURL: o.url, BaseURL: o.inFront(t, o.carrier.URL()), Timeout: time.Second})
	require.NoError(t, err)
	o.worker(t, &recordedSender{twilio, o}, func(c *followup.WorkerConfig) {
		c.SendTimeout, c.Lease, c.ReconcileDelay = time.Second, 1500*time.Millisecond, time.Second
		if o.leaky {
			c.Links, err = linkpage.NewLinks("https://go.harbour.example/botox")
			require.NoError(t, err)
		}
	})

	service := &recordedService{o.service, o}
	books, err := booking.New(booking.Config{Store: o.store, Catalogs: catalogs})
	require.NoError(t, err)
	all, err := tools.New(tools.Config{Booking: books, FollowUp: service, Log: o.log})
	require.NoError(t, err)
	noRedaction, err := redact.New(redact.Config{Recognizers: []redact.Recognizer{}})
	require.NoError(t, err)
	calls, err := vapi.New(vapi.Config{
		Directory: o.store, Tools: all, FollowUp: service, Log: o.log, Redactor: noRedaction,
		Assistant: assistant.Saved("as-harbour"),
	})
	require.NoError(t, err)
	callbacks, err := twiliosms.NewCallbacks(twiliosms.CallbackConfig{
		Accounts: accounts(), Keys: o.store, Inbox: o.service, PublicURL: o.url, Log: o.log})
	require.NoError(t, err)
	var pages http.Handler
	pages, err = linkpage.New(linkpage.Config{Links: o.texts, Settings: clinics, Assets: o.assets(t), Log: o.log})
	require.NoError(t, err)
	if o.leaky {
		inner := pages
		pages = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Document", "rhinoplasty-guide.pdf")
			inner.ServeHTTP(w, r)
		})
	}
	mux.Handle("/vapi/{key}", calls)
	mux.Handle("/sms/status/{key}", callbacks.StatusHandler())
	mux.Handle("/sms/inbound/{key}", callbacks.InboundHandler())
	mux.Handle("/d/{token}", pages)
	mux.Handle("/botox/d/{token}", pages)
}

// catalogs returns the treatments of the clinics, at every hour of the week.
func (o *office) catalogs(t *testing.T) (booking.StaticCatalogs, followup.StaticSettings) {
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
		settings := followup.SettingsConfig{Org: of, AtOnce: true, PerDay: 1000, PerWeek: 1000}
		if o.leaky {
			settings.Templates = map[followup.Kind]string{followup.Information: "{clinic}: about your nose job: {link} Reply STOP to opt out."}
		}
		clinics[of.ID], err = followup.NewSettings(settings)
		require.NoError(t, err)
	}
	return catalogs, clinics
}

// assets returns all documents but one; some fail to open.
func (o *office) assets(t *testing.T) followup.Assets {
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
	return &failingAssets{Assets: folder}
}

// failingAssets fails to open each ninth document.
type failingAssets struct {
	followup.Assets
	opened atomic.Int64
}

func (c *failingAssets) Open(ctx context.Context, org tenant.ID, name string) (followup.Document, error) {
	if c.opened.Add(1)%9 == 0 {
		return followup.Document{}, fmt.Errorf("%s is damaged", name)
	}
	return c.Assets.Open(ctx, org, name)
}

// recordedSender records the messages for the carrier's adapter and its errors.
type recordedSender struct {
	*twiliosms.Sender
	*office
}

func (s *recordedSender) Send(ctx context.Context, org tenant.ID, m followup.Message) (followup.Receipt, error) {
	if s.leaky {
		s.log.InfoContext(ctx, "texting", "to", m.To)
	}
	receipt, err := s.Sender.Send(ctx, org, m)
	s.recordPrinted(m)
	s.recordError(err)
	return receipt, err
}

func (s *recordedSender) FindSent(ctx context.Context, org tenant.ID, m followup.UnconfirmedMessage) (followup.Receipt, bool, error) {
	receipt, found, err := s.Sender.FindSent(ctx, org, m)
	s.recordPrinted(m)
	s.recordError(err)
	return receipt, found, err
}

// recordedService records the arguments and the errors of the service.
type recordedService struct {
	*followup.Service
	*office
}

func (d *recordedService) RecordCall(ctx context.Context, org tenant.Org, e followup.CallEvent) error {
	if d.leaky {
		d.log.InfoContext(ctx, "noted", "said", e.Transcript.Reveal())
	}
	err := d.Service.RecordCall(ctx, org, e)
	d.recordPrinted(e)
	d.recordError(err)
	return err
}

func (d *recordedService) Promise(ctx context.Context, org tenant.Org, p followup.Promise) (followup.PromiseResult, error) {
	promised, err := d.Service.Promise(ctx, org, p)
	d.recordPrinted(p)
	d.recordError(err)
	return promised, err
}

func (d *recordedService) OptOutCaller(ctx context.Context, org tenant.Org, call, caller string) (bool, error) {
	ok, err := d.Service.OptOutCaller(ctx, org, call, caller)
	d.recordError(err)
	return ok, err
}

func (d *recordedService) Lookup(ctx context.Context, org tenant.Org, number string) (followup.ContactSummary, error) {
	summary, err := d.Service.Lookup(ctx, org, number)
	d.recordPrinted(summary)
	d.recordError(err)
	return summary, err
}

// A caller is one phone call of the corpus.
type caller struct {
	phone, name string
	sentences   []string
}

// corpus returns callers with some sentences each, and adds their secrets to s.
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
			c.sentences = append(c.sentences, d.Text)
			for _, l := range d.Labels {
				spoken := d.Text[l.Start:l.End]
				switch {
				case l.Kind == redact.Person:
					s.name(spoken)
					c.name = spoken
				case l.Kind == redact.Phone:
					s.number(spoken)
				case l.Kind == redact.Medical && !l.Optional && len(strings.Join(words(spoken), "")) >= 6:
					s.phrase("medical word", spoken)
				}
			}
		}
		s.name(c.name)
		s.number(c.phone)
		callers = append(callers, c)
	}
	return callers
}

// run runs calls, texts, links that are opened, replies, and Vapi's other
// messages.
func (o *office) run(t *testing.T, callers []caller) {
	t.Helper()
	each(len(callers), func(i int) { o.call(t, i, callers[i]) })
	o.postPayloads(t, len(callers))
	o.misuse()
	if o.leaky {
		number := callers[0].phone
		o.db.Exec(t, `
			insert into callwaiting.task values ('`+o.orgs[0].ID.String()+`', 'call', '`+number+`', now() + interval '1 day');
			select pg_notify('callwaiting_task', '`+number+`')`)
		o.recordError(errors.New("no text for " + callers[0].name))
	}
	o.awaitTexts(t)
	texts := o.carrier.Messages()
	require.NotEmpty(t, texts)
	each(len(texts), func(i int) {
		o.openLink(t, texts[i])
		o.reply(t, i, texts[i], callers[i%len(callers)])
	})
	await(t, time.Minute, "a notification", func() bool { return o.count("notify") > 0 })
	rows, err := o.db.AdminPool(t).Query(t.Context(), `select task from public.queued`)
	require.NoError(t, err)
	tasks, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, task := range tasks {
		o.record("task", task)
	}
}

// each calls do n times, in eight goroutines.
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

// call posts the messages of one phone call.
func (o *office) call(t *testing.T, i int, c caller) {
	of := o.orgs[i%len(o.orgs)]
	treatment := treatments[i%len(treatments)]
	transcript := "AI: Hello.\nUser: " + strings.Join(c.sentences, "\nUser: ")
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
		procedure := treatment.Name
		if i%2 == 0 {
			procedure = c.sentences[0]
		}
		tool("send_information", map[string]any{"procedure": procedure, "consent": true})
		tool("send_information", map[string]any{"procedure": append(treatment.Aliases, treatment.Name)[0], "consent": true})
	}
	if i%10 == 3 {
		tool("book_appointment", map[string]any{
			"service": treatment.Name, "date": time.Now().AddDate(0, 0, 3+i%5).Format(time.DateOnly), "time": fmt.Sprintf("%02d:30", i%24),
			"name": c.name, "phone": c.phone, "email": "ada.caller@example.com"})
	}
	if i%10 == 7 {
		tool("opt_out", map[string]any{"reason": c.sentences[0]})
	}
	if i%10 == 9 {
		message("hang", nil)
	}
	message("status-update", map[string]any{"status": "ended", "endedReason": "customer-ended-call", "artifact": map[string]any{"transcript": transcript}})
	message("end-of-call-report", map[string]any{
		"artifact": map[string]any{"transcript": transcript, "messages": []any{map[string]any{"role": "user", "message": c.sentences[0]}}},
		"analysis": map[string]any{"summary": c.name + " asked about " + treatment.Name,
			"structuredData": map[string]any{"procedure": treatment.Name, "name": c.name, "phone": c.phone}},
	})
}

// post posts as Vapi does if its server has a back-off plan: until the message is
// acknowledged.
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

// postPayloads posts the payloads of Vapi's documentation and of captures, each
// as a call of its own.
func (o *office) postPayloads(t *testing.T, n int) {
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

// misuse calls the store with invalid arguments and records its errors.
func (o *office) misuse() {
	ctx, org, bad := context.Background(), o.orgs[0].ID, "Ottoline Abernethy wants botox, +44 7700 900001\x00"
	_, err := o.texts.UpdateCall(ctx, org, followup.CallUpdate{Call: bad, Signal: followup.Ended, Phone: bad})
	o.recordError(err)
	_, err = o.texts.UpdateCall(ctx, org, followup.CallUpdate{Call: strings.Repeat("botox", 50), Signal: followup.Ended, Phone: "+447700900001"})
	o.recordError(err)
	_, err = o.texts.PlanIntents(ctx, org, followup.Task{}, []followup.Plan{{ID: followup.NewIntentID(org, "bad"), Kind: "botox", Phone: "Ottoline Abernethy"}})
	o.recordError(err)
	o.recordError(o.texts.RecordConsent(ctx, org, followup.Consent{Phone: bad, Purpose: "botox"}))
	o.recordError(o.texts.RecordOptOut(ctx, org, followup.OptOut{Phone: "Ottoline Abernethy", Source: "botox"}))
	_, err = o.texts.RecordReply(ctx, org, followup.Reply{Phone: bad, Message: "botox", Kind: "botox"})
	o.recordError(err)
	_, err = o.texts.Appointment(ctx, org, "botox")
	o.recordError(err)
}

// awaitTexts returns when no intent is open and no task is due.
func (o *office) awaitTexts(t *testing.T) {
	t.Helper()
	pool := o.db.AdminPool(t)
	await(t, time.Minute, "the end of all that is due", func() bool {
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

// openLink opens the link of a text with every method.
func (o *office) openLink(t *testing.T, m twiliotest.Message) {
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

// reply replies to a text, once authenticated by Twilio and once forged.
func (o *office) reply(t *testing.T, i int, m twiliotest.Message, c caller) {
	n := slices.IndexFunc(o.orgs, func(of tenant.Org) bool { return accountOf(of).SID == m.AccountSID })
	account := accountOf(o.orgs[n])
	body := []string{"STOP", "BOOK", "HELP", "START", c.sentences[0], "this is " + c.name + ", please stop texting me about botox"}[i%6]
	for j, token := range []string{account.AuthToken.Current, "forged"} {
		form := url.Values{"MessageSid": {fmt.Sprintf("SM%032x", 2*i+j)}, "AccountSid": {account.SID}, "From": {m.To}, "To": {"+12025550100"}, "Body": {body}}
		status, _, err := twiliotest.Post(t.Context(), o.url+"/sms/inbound/"+account.Key, token, form)
		if err != nil || status != http.StatusServiceUnavailable && (status == http.StatusOK) != (j == 0) {
			t.Errorf("inbound: status %d, %v", status, err)
		}
		status, _, err = twiliotest.Post(t.Context(), m.StatusCallback, token, url.Values{
			"MessageSid": {m.SID}, "MessageStatus": {"undelivered"}, "ErrorCode": {"30003"}, "To": {m.To}})
		if err != nil || status != http.StatusServiceUnavailable && (status == http.StatusNoContent) != (j == 0) {
			t.Errorf("status callback: status %d, %v", status, err)
		}
	}
}
