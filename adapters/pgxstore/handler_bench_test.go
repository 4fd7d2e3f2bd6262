package pgxstore_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/tools"
)

// BenchmarkToolCall measures a whole tool call over HTTP with one round trip to
// the database, as a ratio to the least that any tool server does: net/http,
// decoding the same body with encoding/json, and one query for the busy times of
// a day, without a scope and without row-level security. Requests alternate
// between the two. Every body of Vapi holds the conversation so far: one size is
// small and one is large.
func BenchmarkToolCall(b *testing.B) {
	for _, kilobytes := range []int{3, 80} {
		b.Run(fmt.Sprintf("body=%dKB", kilobytes), func(b *testing.B) {
			s := newBench(b)
			pool := s.pool(4)
			svc, at := s.service(pool)
			slot := at()
			org := tenant.Org{ID: slot.org, Key: "bench", Name: "Bench Clinic", Zone: time.UTC, Country: "GB", Locale: "en-GB"}
			directory, err := memory.NewDirectory(tenant.Registration{Org: org, Secrets: tenant.Secrets{Current: "secret"}})
			require.NoError(b, err)
			all, err := tools.New(tools.Config{Booking: svc})
			require.NoError(b, err)
			handler, err := vapi.New(vapi.Config{Directory: directory, Tools: all, Log: slog.New(slog.DiscardHandler)})
			require.NoError(b, err)
			floor, err := pgxpool.New(b.Context(), s.db.Admin)
			require.NoError(b, err)
			b.Cleanup(floor.Close)

			mux := http.NewServeMux()
			mux.Handle("/vapi/{key}", handler)
			mux.HandleFunc("/floor", func(w http.ResponseWriter, r *http.Request) {
				var body floorBody
				if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Message.ToolCallList) != 1 {
					b.Error("the floor cannot decode the body")
				}
				rows, err := floor.Query(r.Context(), `
					select resource_id, seat, starts_at, ends_at
					from callwaiting.occupancy
					where org_id = $1
						and resource_id = any ($2)
						and ends_at > $3
						and starts_at < $4
						and active
					order by starts_at`, org.ID.String(), []string{"dr-amara"}, slot.start, slot.start.AddDate(0, 0, 1))
				if err != nil {
					b.Error(err)
				}
				taken := 0
				for rows.Next() {
					taken++
				}
				if rows.Err() != nil {
					b.Error(rows.Err())
				}
				fmt.Fprintf(w, `{"results":[{"toolCallId":%q,"result":"%d"}]}`, body.Message.ToolCallList[0].ID, taken)
			})
			server := httptest.NewServer(mux)
			b.Cleanup(server.Close)

			body := toolCallBody(kilobytes, slot.start)
			post := func(path string) time.Duration {
				req, err := http.NewRequest("POST", server.URL+path, strings.NewReader(body))
				require.NoError(b, err)
				req.Header.Set("X-Vapi-Secret", "secret")
				start := time.Now()
				resp, err := server.Client().Do(req)
				require.NoError(b, err)
				reply, err := io.ReadAll(resp.Body)
				took := time.Since(start)
				require.NoError(b, err)
				require.NoError(b, resp.Body.Close())
				require.Equal(b, http.StatusOK, resp.StatusCode)
				require.Contains(b, string(reply), `"results"`)
				require.NotContains(b, string(reply), `"error"`)
				return took
			}
			var ours, theirs []time.Duration
			for b.Loop() {
				theirs = append(theirs, post("/floor"))
				ours = append(ours, post("/vapi/bench"))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ratio(percentile(ours, 50), percentile(theirs, 50)), "floors-p50")
			b.ReportMetric(ratio(percentile(ours, 99), percentile(theirs, 99)), "floors-p99")
			b.ReportMetric(float64(percentile(ours, 50).Microseconds()), "µs-p50")
		})
	}
}

// floorBody has the fields that every tool server must decode.
type floorBody struct {
	Message struct {
		Type string
		Call struct {
			ID       string
			Customer struct{ Number string }
		}
		ToolCallList []struct {
			ID       string
			Function struct {
				Name      string
				Arguments json.RawMessage
			}
		}
	}
}

// toolCallBody returns a check_availability call for a day, padded with the
// turns of the conversation so far, as Vapi sends them.
func toolCallBody(kilobytes int, day time.Time) string {
	var turns strings.Builder
	for i := 0; turns.Len() < kilobytes<<10-900; i++ {
		if i > 0 {
			turns.WriteByte(',')
		}
		fmt.Fprintf(&turns, `{"role":"user","message":"and is there anything a little later in the day, say after lunch, number %d",`+
			`"time":%d.25,"endTime":%d.5,"secondsFromStart":%d.125,"duration":3120,"source":""}`, i, 1763784256+i, 1763784259+i, i)
	}
	return fmt.Sprintf(`{"message":{"timestamp":1763784256708,"type":"tool-calls","artifact":{"messages":[%s]},`+
		`"toolCallList":[{"id":"call_1","type":"function","function":{"name":"check_availability",`+
		`"arguments":{"service":"consultation","date":%q}}}],`+
		`"call":{"id":"019aa9bb-0000-7aa2-9ab3-126b9b9dc856","type":"inboundPhoneCall","status":"ringing",`+
		`"customer":{"number":"+12025550101"}},"customer":{"number":"+12025550101"}}}`, turns.String(), day.Format(time.DateOnly))
}
