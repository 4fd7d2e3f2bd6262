package roads_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
	"github.com/callwaiting-ai/callwaiting/adapters/pgxstore"
	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/tools"
)

const (
	module = "github.com/callwaiting-ai/callwaiting/"

	// A reader follows a road frame by frame and file by file, so both have a
	// limit: 12 frames, and half as many files.
	maxFrames = 12
	maxFiles  = 6
)

// A hop is one frame of this module.
type hop struct{ file, function string }

// A recorder is a tracer that keeps the stack of each SQL call.
type recorder struct {
	mu     sync.Mutex
	stacks map[string][]hop // by SQL
}

func (r *recorder) record(sql string) {
	hops := road()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stacks[sql] = hops
}

// to returns the road to a statement that contains text.
func (r *recorder) to(t *testing.T, text string) []hop {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for sql, hops := range r.stacks {
		if strings.Contains(sql, text) {
			return hops
		}
	}
	t.Fatalf("no statement contains %q", text)
	return nil
}

func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	r.record(data.SQL)
	return ctx
}

func (r *recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (r *recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	for _, q := range data.Batch.QueuedQueries {
		r.record(q.SQL)
	}
	return ctx
}

func (r *recorder) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (r *recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

// road returns the frames of this module from the handler to the caller of
// road, the handler first. Where the stack begins in a goroutine, the frames
// of the goroutine that created it come before.
func road() []hop {
	size := 1 << 20
	dump := make([]byte, size)
	dump = dump[:runtime.Stack(dump, true)]
	byID := map[string]string{}
	current := ""
	for stack := range strings.SplitSeq(string(dump), "\n\n") {
		id, _, _ := strings.Cut(strings.TrimPrefix(stack, "goroutine "), " ")
		if current == "" {
			current = id // the calling goroutine comes first
		}
		byID[id] = stack
	}
	var hops []hop
	for id := current; id != ""; {
		part, creator := parse(byID[id])
		hops = append(part, hops...)
		id = creator
	}
	return hops
}

// parse returns the frames of this module in one goroutine's stack, the
// outermost first, and the id of the goroutine that created it. A creator
// outside this module is not followed.
func parse(stack string) (hops []hop, creator string) {
	lines := strings.Split(stack, "\n")
	for i := 1; i+1 < len(lines); i += 2 {
		function, place := lines[i], strings.TrimSpace(lines[i+1])
		if rest, ok := strings.CutPrefix(function, "created by "); ok {
			if function, id, ok := strings.Cut(rest, " in goroutine "); ok && strings.HasPrefix(function, module) {
				creator = id
			}
			continue
		}
		name, ok := strings.CutPrefix(function, module)
		if !ok || strings.HasPrefix(name, "adapters/internal/roads") {
			continue
		}
		if at := strings.LastIndexByte(name, '('); at > 0 {
			name = name[:at]
		}
		file, _, _ := strings.Cut(place, " +")
		hops = append([]hop{{file, name}}, hops...)
	}
	return hops, creator
}

// check prints a road hop by hop, and compares it with the limits and with the
// table below a heading of docs/architecture.md.
func check(t *testing.T, hops []hop, heading string) {
	t.Helper()
	require.NotEmpty(t, hops)
	require.Contains(t, hops[0].function, "ServeHTTP", "the road begins at the handler")
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	files := map[string]bool{}
	var walked []hop
	for i, h := range hops {
		place := strings.TrimPrefix(h.file, root+"/")
		t.Logf("%2d  %-40s %s", i+1, place, h.function)
		file, _, _ := strings.Cut(place, ":")
		files[file] = true
		walked = append(walked, hop{file, h.function})
	}
	t.Logf("%d frames, %d files", len(hops), len(files))
	if len(hops) > maxFrames || len(files) > maxFiles {
		t.Errorf("the road has %d frames in %d files, want at most %d in %d", len(hops), len(files), maxFrames, maxFiles)
	}
	require.Equal(t, walked, documented(t, filepath.Join(root, "docs", "architecture.md"), heading), "docs/architecture.md, %q", heading)
}

var row = regexp.MustCompile("(?m)^\\| \\d+ \\| `([^`]+)` \\| (\\S+) \\|")

// documented returns the numbered rows of the table below a heading.
func documented(t *testing.T, file, heading string) (hops []hop) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n"+heading+"\n")
	require.True(t, found, heading)
	section, _, _ = strings.Cut(section, "\n#")
	for _, m := range row.FindAllStringSubmatch(section, -1) {
		hops = append(hops, hop{m[2], m[1]})
	}
	return hops
}

const (
	secret = "roads-secret-0123456789"
	caller = "+447700900123"
)

var clinic = tenant.Org{
	ID: tenant.MustParseID("7d1f2c4a-0000-4000-8000-000000000001"), Key: "harbour",
	Name: "Harbour Clinic", Zone: time.UTC, Country: "GB", Locale: "en-GB",
}

// monday is a morning on which the clinic is open, at least a week from now.
func monday() time.Time {
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 7)
	return day.AddDate(0, 0, (8-int(day.Weekday()))%7)
}

func newHandler(t *testing.T, tracer *recorder) http.Handler {
	t.Helper()
	db := pgtest.DB(t)
	registration := tenant.Registration{Org: clinic, Secrets: tenant.Secrets{Current: secret}}
	require.NoError(t, pgxstore.Register(t.Context(), db.AdminPool(t), registration))
	config, err := pgxstore.PoolConfig(db.App)
	require.NoError(t, err)
	config.ConnConfig.Tracer = tracer
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	store, err := pgxstore.New(t.Context(), pool, pgxstore.Config{})
	require.NoError(t, err)

	var hours schedule.Hours
	for day := range hours.Week {
		hours.Week[day] = []schedule.Window{{From: 9 * 60, To: 17 * 60}}
	}
	catalog, err := booking.NewCatalog(booking.CatalogConfig{
		Zone: clinic.Zone, Hours: hours,
		Resources: []booking.Resource{{ID: "patel", Name: "Dr Patel"}},
		Services: []booking.ServiceType{
			{ID: "botox", Name: "Botox", Duration: 30 * time.Minute, Needs: []booking.Need{{"patel"}}, Document: "botox.pdf"},
		},
	})
	require.NoError(t, err)
	catalogs := booking.StaticCatalogs{clinic.ID: catalog}
	appointments, err := booking.New(booking.Config{Store: store, Catalogs: catalogs})
	require.NoError(t, err)
	settings, err := followup.NewSettings(followup.SettingsConfig{Org: clinic, AtOnce: true})
	require.NoError(t, err)
	quiet := slog.New(slog.DiscardHandler)
	texts, err := followup.New(followup.Config{
		Store: store.FollowUps(), Settings: followup.StaticSettings{clinic.ID: settings},
		Catalog: tools.Procedures(catalogs), Log: quiet,
	})
	require.NoError(t, err)
	all, err := tools.New(tools.Config{Booking: appointments, FollowUp: texts})
	require.NoError(t, err)
	handler, err := vapi.New(vapi.Config{Directory: store, Tools: all, FollowUp: texts, Log: quiet})
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("POST /vapi/{key}", handler)
	return mux
}

// post returns the body of the reply.
func post(t *testing.T, handler http.Handler, message string) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/vapi/harbour", strings.NewReader(`{"message":`+message+`}`))
	r.Header.Set("X-Vapi-Secret", secret)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	return w.Body.String()
}

const call = `"call":{"id":"call-1","type":"inboundPhoneCall","customer":{"number":"` + caller + `"}}`

// TestRoad walks both roads of docs/architecture.md: at the SQL call it takes
// the frames of the real stack.
func TestRoad(t *testing.T) {
	tracer := &recorder{stacks: map[string][]hop{}}
	handler := newHandler(t, tracer)

	t.Run("a booking", func(t *testing.T) {
		reply := post(t, handler, fmt.Sprintf(`{"type":"tool-calls","toolCallList":[{"id":"t1","type":"function",
			"function":{"name":"book_appointment","arguments":{"service":"Botox","date":%q,"time":"10:00","name":"Ada"}}}],%s}`,
			monday().Format(time.DateOnly), call))
		require.Contains(t, reply, `\"status\":\"booked\"`)
		check(t, tracer.to(t, "callwaiting.claim("), "### A booking")
	})

	t.Run("a dropped call", func(t *testing.T) {
		post(t, handler, `{"type":"status-update","status":"ended","endedReason":"customer-ended-call",`+call+`}`)
		check(t, tracer.to(t, "update_call("), "### A dropped call")
	})
}

func TestParse(t *testing.T) {
	t.Parallel()
	hops, creator := parse(strings.Join([]string{
		"goroutine 12 [running]:",
		"github.com/jackc/pgx/v5.(*Conn).SendBatch(0x1, {0x2})",
		"\t/go/pkg/pgx/conn.go:10 +0x1b",
		module + "adapters/pgxstore.(*Store).Claim(...)",
		"\t/src/adapters/pgxstore/store.go:20",
		module + "vapi.(*Handler).callTools.func1()",
		"\t/src/vapi/results.go:30 +0x5c",
		"created by " + module + "vapi.(*Handler).callTools in goroutine 7",
		"\t/src/vapi/results.go:29 +0x44",
	}, "\n"))
	require.Equal(t, "7", creator)
	require.Equal(t, []hop{
		{"/src/vapi/results.go:30", "vapi.(*Handler).callTools.func1"},
		{"/src/adapters/pgxstore/store.go:20", "adapters/pgxstore.(*Store).Claim"},
	}, hops)
}
