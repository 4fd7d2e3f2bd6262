package followup_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/followup/linkpage"
	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/phone"
)

// promised returns a fixture in which a call has ended and a text is due.
func promised(t *testing.T, options ...option) *fixture {
	w := newFixture(t, options...)
	require.Equal(t, followup.Noted, w.promise("botox"))
	w.record(followup.Ended)
	return w
}

func TestWorker_Process_QuietHours(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.clock.Advance(9*time.Hour + 30*time.Minute) // half past nine in the evening
	w.promise("botox")
	w.record(followup.Ended)
	w.work()
	require.Equal(t, followup.Planned, w.only().State)
	require.Equal(t, followup.QuietHours, w.only().Reason)
	w.wait(11*time.Hour+29*time.Minute, time.Minute)
	require.Empty(t, w.carrier.sent(), "a minute before nine")
	w.wait(time.Minute, time.Minute)
	w.onlyText()
	require.LessOrEqual(t, w.carrier.sent()[0].ValidFor, time.Hour)
}

func TestWorker_Process_AtOnce(t *testing.T) {
	t.Parallel()
	w := newFixture(t, withClinic(func(c *followup.SettingsConfig) { c.AtOnce = true }))
	w.clock.Advance(11 * time.Hour) // eleven at night
	w.promise("botox")
	w.record(followup.Ended)
	w.work()
	w.onlyText()
}

func TestWorker_Process_Replay(t *testing.T) {
	t.Parallel()
	w := promised(t)
	w.work()
	for range 3 {
		w.promise("botox")
		w.record(followup.Ended)
		w.record(followup.Reported, transcript("User: botox"))
		w.wait(48*time.Hour, time.Hour)
	}
	w.onlyText()
}

func TestWorker_Process_OneTextADay(t *testing.T) {
	t.Parallel()
	w := promised(t)
	w.work()
	for n := range 3 {
		call := fmt.Sprintf("call-again-%d", n)
		_, err := w.service.Promise(t.Context(), harley, followup.Promise{Call: call, Caller: caller})
		require.NoError(t, err)
		w.record(followup.Ended, func(e *followup.CallEvent) { e.Call = call })
		w.work()
	}
	w.onlyText()
}

func TestWorker_Process_LateReport(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.clock.Advance(10 * time.Hour)
	require.NoError(t, w.store.RecordConsent(t.Context(), harley.ID, followup.Consent{
		Phone: caller, Purpose: followup.Information, Call: "call-1", At: w.clock.Now()}))
	w.record(followup.Ended, transcript("User: botox"))
	w.work()
	require.Equal(t, followup.ProcedureID("botox"), w.only().Procedure)
	w.record(followup.Seen, service("rhinoplasty"))
	w.record(followup.Reported)
	require.Equal(t, followup.ProcedureID("rhinoplasty"), w.only().Procedure, "it is not sent yet")
}

// A worker that dies leaves an attempt of unknown outcome.
func TestWorker_Process_UnknownOutcome(t *testing.T) {
	t.Parallel()
	lost := errors.New("connection lost")
	uncertain := followup.SendError{Outcome: followup.Uncertain, Reason: followup.Transient, Err: lost}
	t.Run("a text that the carrier accepted is not sent again", func(t *testing.T) {
		w := promised(t)
		w.carrier.then(func(m followup.Message) (followup.Receipt, error) {
			w.carrier.take(m)
			return followup.Receipt{}, &uncertain
		})
		w.work()
		require.Equal(t, followup.Unknown, w.only().State)
		w.wait(time.Minute, time.Second)
		w.onlyText()
		require.Equal(t, followup.Accepted, w.only().State)
	})
	t.Run("a text that the carrier does not list is sent again", func(t *testing.T) {
		w := promised(t)
		w.carrier.then(fails(uncertain))
		w.work()
		w.wait(4*time.Second, time.Second)
		require.Equal(t, followup.Unknown, w.only().State, "the list may lag")
		require.Empty(t, w.carrier.sent())
		w.wait(time.Minute, time.Second)
		w.onlyText()
		require.Equal(t, 2, w.only().Attempt)
	})
	t.Run("NeverResend ends the intent", func(t *testing.T) {
		w := promised(t, withWorker(func(c *followup.WorkerConfig) { c.NeverResend = true }))
		w.carrier.then(fails(uncertain))
		w.work()
		w.wait(time.Minute, time.Second)
		require.Empty(t, w.carrier.sent())
		require.Equal(t, followup.Dead, w.only().State)
		require.Equal(t, followup.NotFoundAtCarrier, w.only().Reason)
	})
	t.Run("a sender that is no Reconciler ends the intent", func(t *testing.T) {
		w := promised(t, withWorker(func(c *followup.WorkerConfig) { c.Sender = onlySender{c.Sender} }))
		w.carrier.then(fails(uncertain))
		w.work()
		w.wait(time.Hour, time.Minute)
		require.Empty(t, w.carrier.sent())
		require.Equal(t, followup.Dead, w.only().State)
		require.Equal(t, followup.Unresolved, w.only().Reason)
	})
	t.Run("the outcome stays unknown while FindSent fails", func(t *testing.T) {
		w := promised(t)
		w.carrier.then(fails(uncertain))
		w.carrier.blind = lost
		w.work()
		w.wait(time.Minute, time.Second)
		require.Equal(t, followup.Unknown, w.only().State)
		w.carrier.blind = nil
		w.wait(5*time.Minute, time.Second)
		w.onlyText()
	})
	t.Run("the attempt of a dead worker is reconciled", func(t *testing.T) {
		w := promised(t)
		i := w.only()
		batch, err := w.store.BeginSending(t.Context(), harley.ID, []followup.IntentID{i.ID}, 5*time.Second,
			func(followup.DecisionInput) followup.IntentDecision {
				return followup.IntentDecision{Action: followup.Send, Digest: sha256.Sum256([]byte("the text of the dead worker"))}
			})
		require.NoError(t, err)
		require.Len(t, batch.Send, 1)
		batch.Release()
		w.carrier.take(followup.Message{Intent: i.ID, To: caller, Body: "the text of the dead worker"})
		w.work()
		require.Equal(t, followup.Sending, w.only().State, "its lease has not run out")
		w.wait(time.Minute, time.Second)
		w.onlyText()
		require.Equal(t, followup.Accepted, w.only().State)
	})
	t.Run("the attempt of a sender that panics is reconciled", func(t *testing.T) {
		w := promised(t)
		w.carrier.then(func(m followup.Message) (followup.Receipt, error) {
			w.carrier.take(m)
			panic("with " + caller)
		})
		w.work()
		require.Equal(t, followup.Unknown, w.only().State)
		w.wait(time.Minute, time.Second)
		w.onlyText()
	})
}

// onlySender hides that a carrier lists its messages.
type onlySender struct{ followup.Sender }

func TestWorker_Process_NotSentIsRetried(t *testing.T) {
	t.Parallel()
	w := promised(t)
	for range 3 {
		w.carrier.then(fails(followup.SendError{Outcome: followup.NotSent, Reason: followup.Transient, Err: errCarrier}))
	}
	w.work()
	require.Equal(t, followup.Planned, w.only().State)
	require.Equal(t, followup.Transient, w.only().Reason)
	w.wait(time.Minute, time.Second)
	w.onlyText()
	require.Equal(t, 4, w.only().Attempt)
}

// paced allows one message a second.
type paced struct {
	*carrier
	clock *clock
	next  time.Time
}

func (p *paced) Pace(tenant.ID, int) (int, time.Duration, followup.Reason) {
	now := p.clock.Now()
	if now.Before(p.next) {
		return 0, p.next.Sub(now), followup.RateLimited
	}
	p.next = now.Add(time.Second)
	return 1, time.Second, followup.RateLimited
}

func TestWorker_Process_Pacer(t *testing.T) {
	t.Parallel()
	var pacer *paced
	w := newFixture(t, withWorker(func(c *followup.WorkerConfig) {
		pacer = &paced{carrier: c.Sender.(*carrier)}
		c.Sender = pacer
	}))
	pacer.clock = w.clock
	var ids []followup.IntentID
	for i := range 20 {
		phone := fmt.Sprintf("+4477009001%02d", 30+i)
		require.NoError(t, w.store.RecordConsent(t.Context(), harley.ID, followup.Consent{Phone: phone, Purpose: followup.Information, At: w.clock.Now()}))
		id := followup.NewIntentID(harley.ID, phone)
		ids = append(ids, id)
		_, err := w.store.PlanIntents(t.Context(), harley.ID, followup.Task{}, []followup.Plan{{ID: id, Kind: followup.Information,
			Phone: phone, Procedure: "botox", Deadline: w.clock.Now().Add(time.Hour)}})
		require.NoError(t, err)
	}
	for seconds := range 5 {
		w.work()
		require.LessOrEqual(t, len(w.carrier.sent()), seconds+1)
		w.clock.Advance(time.Second)
	}
	w.wait(2*time.Minute, time.Second)
	require.Len(t, w.carrier.sent(), len(ids))
}

// repeatingStore repeats the first transaction of BeginSending, as a database
// does that has rolled it back.
type repeatingStore struct{ followup.Store }

func (s repeatingStore) BeginSending(ctx context.Context, org tenant.ID, ids []followup.IntentID, lease time.Duration, decide followup.Decider) (followup.Batch, error) {
	return s.Store.BeginSending(ctx, org, ids, lease, func(in followup.DecisionInput) followup.IntentDecision {
		if in.State == followup.Planned {
			decide(in)
		}
		return decide(in)
	})
}

func TestWorker_Process_RepeatedTransaction(t *testing.T) {
	t.Parallel()
	var pacer *paced
	w := promised(t,
		withService(func(c *followup.Config) { c.Store = repeatingStore{c.Store} }),
		withWorker(func(c *followup.WorkerConfig) {
			pacer = &paced{carrier: c.Sender.(*carrier)}
			c.Sender = pacer
		}))
	pacer.clock = w.clock
	w.work()
	w.onlyText() // the pacer, with one message a second, has counted it once
}

func TestWorker_Process_RetryAfter(t *testing.T) {
	t.Parallel()
	w := promised(t)
	w.carrier.then(fails(followup.SendError{Outcome: followup.NotSent, Reason: followup.RateLimited, Code: "20429", RetryAfter: time.Minute}))
	w.work()
	w.wait(59*time.Second, time.Second)
	require.Empty(t, w.carrier.sent())
	w.wait(2*time.Second, time.Second)
	w.onlyText()
}

func TestWorker_Process_BadConfig(t *testing.T) {
	t.Parallel()
	w := promised(t)
	for range 5 {
		w.carrier.then(fails(followup.SendError{Outcome: followup.NotSent, Reason: followup.BadConfig, Code: "20003"}))
	}
	w.work()
	w.wait(4*time.Minute, 10*time.Second)
	require.Equal(t, followup.Planned, w.only().State)
	require.Equal(t, followup.BadConfig, w.only().Reason)
	require.Equal(t, "20003", w.only().Code)
	w.wait(2*time.Minute, 10*time.Second)
	w.onlyText()
}

func TestWorker_Process_Refused(t *testing.T) {
	t.Parallel()
	refused := func(r followup.Reason) followup.SendError {
		return followup.SendError{Outcome: followup.Refused, Reason: r, Code: "21614"}
	}
	t.Run("a landline is marked as unusable", func(t *testing.T) {
		w := promised(t)
		w.carrier.then(fails(refused(followup.Landline)))
		w.work()
		w.wait(48*time.Hour, time.Hour)
		require.Equal(t, followup.Rejected, w.only().State)
		_, err := w.service.Promise(t.Context(), harley, followup.Promise{Call: "call-2", Caller: caller})
		require.NoError(t, err)
		w.record(followup.Ended, func(e *followup.CallEvent) { e.Call = "call-2" })
		w.wait(48*time.Hour, time.Hour)
		require.Empty(t, w.carrier.sent())
	})
	t.Run("an opt-out that only the carrier knew of is kept", func(t *testing.T) {
		w := promised(t)
		w.carrier.then(fails(refused(followup.OptedOut)))
		w.work()
		summary, err := w.service.Lookup(t.Context(), harley, caller)
		require.NoError(t, err)
		require.True(t, summary.OptedOut)
	})
}

func TestService_RecordStatus_BeforeResult(t *testing.T) {
	t.Parallel()
	w := promised(t)
	w.carrier.then(func(m followup.Message) (followup.Receipt, error) {
		r := w.carrier.take(m)
		require.NoError(t, w.service.RecordStatus(t.Context(), harley.ID, followup.StatusUpdate{
			Intent: m.Intent, Provider: r.Provider, State: followup.Delivered}))
		return r, nil
	})
	w.work()
	require.Equal(t, followup.Delivered, w.only().State)
	require.NoError(t, w.service.RecordStatus(t.Context(), harley.ID, followup.StatusUpdate{
		Intent: w.only().ID, Provider: w.only().Provider, State: followup.Sent}))
	require.Equal(t, followup.Delivered, w.only().State, "a late status has no effect")
}

func TestService_RecordStatus_UnknownOutcome(t *testing.T) {
	t.Parallel()
	w := promised(t)
	w.carrier.then(fails(followup.SendError{Outcome: followup.Uncertain, Reason: followup.Transient, Err: errCarrier}))
	w.work()
	require.NoError(t, w.service.RecordStatus(t.Context(), harley.ID, followup.StatusUpdate{
		Intent: w.only().ID, Provider: "SM1", State: followup.Sent}))
	w.wait(time.Minute, time.Second)
	require.Empty(t, w.carrier.sent(), "no text is sent again")
	require.Equal(t, followup.Sent, w.only().State)
	require.ErrorIs(t, w.service.RecordStatus(t.Context(), harley.ID, followup.StatusUpdate{
		Intent: followup.NewIntentID(harley.ID, "nobody's"), State: followup.Sent}), followup.ErrNotFound)
}

func TestWorker_Process_UnknownClinic(t *testing.T) {
	t.Parallel()
	clinics := followup.StaticSettings{}
	clinic, err := followup.NewSettings(followup.SettingsConfig{Org: harley})
	require.NoError(t, err)
	clinics[harley.ID] = clinic
	w := promised(t, withService(func(c *followup.Config) { c.Settings = clinics }))
	delete(clinics, harley.ID)
	w.work()
	require.Empty(t, w.carrier.sent())
	require.Equal(t, followup.UnknownClinic, w.only().Reason)
}

func TestWorker_Process_Deadline(t *testing.T) {
	t.Parallel()
	w := promised(t)
	w.clock.Advance(40 * time.Hour) // no worker ran
	w.work()
	require.Empty(t, w.carrier.sent())
	require.Equal(t, followup.Expired, w.only().State)
}

func TestWorker_Process_TwoWorkers(t *testing.T) {
	t.Parallel()
	w := promised(t)
	task := followup.Task{Org: harley.ID, Kind: followup.TaskIntent, ID: string(w.only().ID)}
	done := make(chan struct{})
	for range 8 {
		go func() {
			defer func() { done <- struct{}{} }()
			w.worker.Process(t.Context(), task)
		}()
	}
	for range 8 {
		<-done
	}
	w.work()
	w.onlyText()
}

func TestWorker_Process_Appointments(t *testing.T) {
	t.Parallel()
	kinds := func(w *fixture) (sent []string) {
		for _, m := range w.carrier.sent() {
			for _, i := range w.intents() {
				if i.ID == m.Intent {
					sent = append(sent, string(i.Kind))
				}
			}
		}
		return sent
	}
	t.Run("a booking sends a confirmation and two reminders", func(t *testing.T) {
		w := newFixture(t)
		a := w.book(caller, "call-1")
		w.work()
		require.Equal(t, []string{"confirmation"}, kinds(w))
		require.Contains(t, w.carrier.sent()[0].Body, "14:00")
		w.wait(a.Start.Add(-24*time.Hour-time.Minute).Sub(w.clock.Now()), 30*time.Minute)
		require.Len(t, w.carrier.sent(), 1)
		w.wait(2*time.Minute, time.Minute)
		require.Equal(t, []string{"confirmation", "reminder"}, kinds(w))
		w.wait(24*time.Hour, 10*time.Minute)
		require.Equal(t, []string{"confirmation", "reminder", "reminder"}, kinds(w))
		for _, m := range w.carrier.sent() {
			neutral(t, m.Body)
		}
	})
	t.Run("a cancellation sends a notice and no reminder", func(t *testing.T) {
		w := newFixture(t)
		a := w.book(caller, "call-1")
		w.work()
		_, err := w.booking.Cancel(t.Context(), harley.ID, a.ID, "test")
		require.NoError(t, err)
		w.wait(a.Start.Sub(w.clock.Now()), time.Hour)
		require.Equal(t, []string{"confirmation", "cancellation"}, kinds(w))
	})
	t.Run("a move sends a confirmation and reminders of the new time", func(t *testing.T) {
		w := newFixture(t)
		a := w.book(caller, "call-1")
		w.work()
		c := claim("x", caller, "", a.Start.Add(50*time.Hour))
		_, err := w.booking.Move(t.Context(), harley.ID, booking.Move{
			ID: a.ID, Start: c.Start, End: c.End, Occupied: c.Occupied, Needs: c.Needs, Actor: "test", BusyFrom: c.BusyFrom, BusyTo: c.BusyTo})
		require.NoError(t, err)
		w.wait(a.Start.Sub(w.clock.Now()), time.Hour)
		require.Equal(t, []string{"confirmation", "confirmation"}, kinds(w), "no reminder of the old time")
		w.wait(50*time.Hour, 10*time.Minute)
		require.Equal(t, []string{"confirmation", "confirmation", "reminder", "reminder"}, kinds(w))
	})
	t.Run("each move sends a confirmation, also the move back", func(t *testing.T) {
		w := newFixture(t)
		a := w.book(caller, "call-1")
		w.work()
		for _, start := range []time.Time{a.Start.Add(50 * time.Hour), a.Start} {
			w.clock.Advance(time.Minute)
			c := claim("x", caller, "", start)
			_, err := w.booking.Move(t.Context(), harley.ID, booking.Move{
				ID: a.ID, Start: c.Start, End: c.End, Occupied: c.Occupied, Needs: c.Needs, Actor: "test", BusyFrom: c.BusyFrom, BusyTo: c.BusyTo})
			require.NoError(t, err)
			w.work()
		}
		sent := w.carrier.sent()
		require.Len(t, sent, 3)
		require.Contains(t, sent[1].Body, "16:00")
		require.Equal(t, sent[0].Body, sent[2].Body, "the last text has the present time")
	})
	t.Run("a hold needs no message", func(t *testing.T) {
		w := newFixture(t)
		c := claim("held", caller, "call-1", time.Date(2026, 12, 1, 14, 0, 0, 0, london))
		c.HoldFor = time.Minute
		out, err := w.booking.Claim(t.Context(), harley.ID, c)
		require.NoError(t, err)
		w.work()
		require.Empty(t, w.intents())
		_, err = w.booking.Confirm(t.Context(), harley.ID, out.Appointment.ID, "test")
		require.NoError(t, err)
		w.work()
		require.Equal(t, []string{"confirmation"}, kinds(w))
	})
	t.Run("an appointment of tomorrow gets no reminder soon after its confirmation", func(t *testing.T) {
		w := newFixture(t)
		start := w.clock.Now().Add(24*time.Hour + 30*time.Minute)
		_, err := w.booking.Claim(t.Context(), harley.ID, claim("soon", caller, "", start))
		require.NoError(t, err)
		w.wait(20*time.Hour, 10*time.Minute)
		require.Equal(t, []string{"confirmation"}, kinds(w))
	})
	t.Run("a contact who opted out gets no message", func(t *testing.T) {
		w := newFixture(t)
		_, err := w.service.OptOutCaller(t.Context(), harley, "call-1", caller)
		require.NoError(t, err)
		w.book(caller, "call-1")
		w.work()
		require.Empty(t, w.carrier.sent())
	})
}

// A slow carrier must not keep a contact from booking.
func TestWorker_Process_SlowCarrier(t *testing.T) {
	t.Parallel()
	w := newFixture(t, withWorker(func(c *followup.WorkerConfig) { c.Sender = &stalled{c.Sender} }))
	w.promise("botox")
	w.record(followup.Ended)
	w.work()
	require.Equal(t, followup.Planned, w.only().State, "the request was not sent")
	w.book(caller, "")
	w.wait(time.Minute, 5*time.Second)
	require.Equal(t, followup.Booked, reasonOf(w, followup.Information))
}

// stalled never writes its first request.
type stalled struct{ followup.Sender }

func (s *stalled) Send(ctx context.Context, _ tenant.ID, _ followup.Message) (followup.Receipt, error) {
	<-ctx.Done()
	return followup.Receipt{}, &followup.SendError{Outcome: followup.NotSent, Reason: followup.Transient, Err: ctx.Err()}
}

func reasonOf(w *fixture, kind followup.Kind) followup.Reason {
	for _, i := range w.intents() {
		if i.Kind == kind {
			return i.Reason
		}
	}
	return ""
}

// A panic of an integrator's part must affect one message only.
func TestWorker_Process_Panic(t *testing.T) {
	t.Parallel()
	t.Run("a policy", func(t *testing.T) {
		policy := &strange{}
		w := promised(t, withService(func(c *followup.Config) { c.Policy = policy }))
		policy.panics = caller
		const other = "+447700900124"
		_, err := w.service.Promise(t.Context(), harley, followup.Promise{Call: "call-2", Caller: other, Procedure: redact.NewSpeech("botox")})
		require.NoError(t, err)
		w.record(followup.Ended, from(other), func(e *followup.CallEvent) { e.Call = "call-2" })
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.worker.Run(ctx) }() // decides about both together
		require.Eventually(t, func() bool { return len(w.carrier.sent()) == 1 }, 5*time.Second, time.Millisecond)
		stop()
		<-ended
		require.Equal(t, other, w.carrier.sent()[0].To)
		policy.panics = ""
		w.wait(2*time.Minute, 10*time.Second)
		require.Len(t, w.carrier.sent(), 2)
	})
	t.Run("an observer", func(t *testing.T) {
		w := promised(t, withWorker(func(c *followup.WorkerConfig) { c.Observer = strangeObserver{} }))
		w.work()
		w.onlyText()
		require.Equal(t, followup.Accepted, w.only().State)
	})
}

// strange is a policy that panics for one number.
type strange struct{ panics string }

func (s *strange) Decide(c followup.DecisionInput, clinic *followup.Settings, place phone.Place) followup.Decision {
	if c.Phone == s.panics {
		panic("at " + c.Phone)
	}
	return followup.StandardPolicy{}.Decide(c, clinic, place)
}

type strangeObserver struct{}

func (strangeObserver) ObserveMessage(context.Context, followup.Observation) {
	panic("at every observation")
}

// Each call of an integrator's part has a deadline.
func TestWorker_Process_Deadlines(t *testing.T) {
	t.Parallel()
	for name, silence := range map[string]func(*silent, *followup.Config){
		"the settings source": func(s *silent, c *followup.Config) { s.SettingsSource, c.Settings = c.Settings, s },
		"the catalog":         func(s *silent, c *followup.Config) { s.Catalog, c.Catalog = c.Catalog, s },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clinic, err := followup.NewSettings(followup.SettingsConfig{Org: harley})
				require.NoError(t, err)
				s := &silent{}
				w := promised(t, withService(func(c *followup.Config) {
					c.Settings = followup.StaticSettings{harley.ID: clinic}
					silence(s, c)
				}))
				s.now = true
				w.work()
				require.Empty(t, w.carrier.sent())
				s.now = false
				w.wait(time.Minute, 5*time.Second)
				w.onlyText()
			})
		})
	}
}

// silent is a part that never returns before its deadline.
type silent struct {
	followup.SettingsSource
	followup.Catalog
	now bool
}

func (s *silent) Settings(ctx context.Context, org tenant.ID) (*followup.Settings, error) {
	if s.now {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.SettingsSource.Settings(ctx, org)
}

func (s *silent) Document(ctx context.Context, org tenant.ID, id followup.ProcedureID) (string, bool, error) {
	if s.now {
		<-ctx.Done()
		return "", false, ctx.Err()
	}
	return s.Catalog.Document(ctx, org, id)
}

// A worker may be held up for longer than its locks or its leases last: others may
// have booked, or sent, meanwhile.
func TestWorker_Process_HeldUp(t *testing.T) {
	t.Parallel()
	for name, held := range map[string]heldUp{
		"before it is asked the last time":     {before: 3 * time.Second},
		"after it was, when the lock has gone": {after: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newFixture(t, withService(func(c *followup.Config) {
					held.Store = c.Store
					c.Store = &held
				}))
				w.promise("botox")
				w.record(followup.Ended)
				w.work()
				require.Empty(t, w.carrier.sent())
				require.Equal(t, followup.Planned, w.only().State)
				w.book(caller, "")
				w.wait(time.Minute, 5*time.Second)
				require.Equal(t, followup.Booked, reasonOf(w, followup.Information))
			})
		})
	}
}

// heldUp is a store whose first BeginSending is slow.
type heldUp struct {
	followup.Store
	before, after time.Duration
}

func (s *heldUp) BeginSending(ctx context.Context, org tenant.ID, ids []followup.IntentID, lease time.Duration, decide followup.Decider) (followup.Batch, error) {
	before, after := s.before, s.after
	s.before, s.after = 0, 0
	time.Sleep(before)
	batch, err := s.Store.BeginSending(ctx, org, ids, lease, decide)
	time.Sleep(after)
	return batch, err
}

func TestWorker_Run(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.worker.Run(ctx) }()
	w.promise("botox")
	w.record(followup.Ended)
	require.Eventually(t, func() bool { return len(w.carrier.sent()) == 1 }, 5*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return w.only().State == followup.Accepted }, 5*time.Second, time.Millisecond)
	stop()
	require.ErrorIs(t, <-ended, context.Canceled)
}

// brokenQueue fails some times.
type brokenQueue struct {
	followup.Queue
	failures int
}

func (q *brokenQueue) Dequeue(ctx context.Context, n, perOrg int, lease time.Duration, except []tenant.ID) ([]followup.Task, error) {
	if q.failures > 0 {
		q.failures--
		return nil, followup.ErrUnavailable
	}
	return q.Queue.Dequeue(ctx, n, perOrg, lease, except)
}

func TestWorker_Run_QueueUnavailable(t *testing.T) {
	t.Parallel()
	w := newFixture(t, withWorker(func(c *followup.WorkerConfig) {
		c.Queue = &brokenQueue{c.Queue, 3}
		c.Poll = time.Millisecond
	}))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.worker.Run(ctx) }()
	w.promise("botox")
	w.record(followup.Ended)
	require.Eventually(t, func() bool { return len(w.carrier.sent()) == 1 }, 10*time.Second, time.Millisecond)
	stop()
	<-ended
}

func TestWorker_Process_StoreUnavailable(t *testing.T) {
	t.Parallel()
	for name, failures := range map[string]unreachable{
		"before the decision":                        {begins: 3},
		"after the request, for less than its lease": {finishes: 2},
		"after the request, for longer":              {finishes: 50},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := promised(t, withService(func(c *followup.Config) {
					failures.Store = c.Store
					c.Store = &failures
				}))
				w.work()
				w.wait(time.Minute, time.Second)
				w.onlyText()
				require.Equal(t, followup.Accepted, w.only().State)
			})
		})
	}
}

// unreachable is a store that is unavailable for some calls.
type unreachable struct {
	followup.Store
	begins, finishes int
}

func (s *unreachable) BeginSending(ctx context.Context, org tenant.ID, ids []followup.IntentID, lease time.Duration, decide followup.Decider) (followup.Batch, error) {
	if s.begins--; s.begins >= 0 {
		return followup.Batch{}, followup.ErrUnavailable
	}
	return s.Store.BeginSending(ctx, org, ids, lease, decide)
}

func (s *unreachable) RecordResults(ctx context.Context, org tenant.ID, results []followup.Result) error {
	if s.finishes--; s.finishes >= 0 {
		return followup.ErrUnavailable
	}
	return s.Store.RecordResults(ctx, org, results)
}

func TestNewWorker_InvalidConfig(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	links, err := linkpage.NewLinks("https://go.harley.example")
	require.NoError(t, err)
	good := followup.WorkerConfig{Service: w.service, Queue: w.store, Sender: w.carrier, Links: links}
	_, err = followup.NewWorker(good)
	require.NoError(t, err)
	for field, spoil := range map[string]func(*followup.WorkerConfig){
		"WorkerConfig.Service": func(c *followup.WorkerConfig) { c.Service = nil },
		"WorkerConfig.Queue":   func(c *followup.WorkerConfig) { c.Queue = nil },
		"WorkerConfig.Sender":  func(c *followup.WorkerConfig) { c.Sender = nil },
		"WorkerConfig.Links":   func(c *followup.WorkerConfig) { c.Links = nil },
		"WorkerConfig.Lease":   func(c *followup.WorkerConfig) { c.Lease = time.Second },
		"PerClinic":            func(c *followup.WorkerConfig) { c.PerClinic = -1 },
	} {
		bad := good
		spoil(&bad)
		_, err := followup.NewWorker(bad)
		require.ErrorContains(t, err, field)
	}
}

func TestTypes_PrintNoPerson(t *testing.T) {
	t.Parallel()
	const words = "about a nose job"
	var out string
	for _, v := range []any{
		followup.Message{To: caller, Body: words}, followup.UnconfirmedMessage{To: caller}, followup.Intent{Phone: caller, Procedure: "botox"},
		followup.DecisionInput{Intent: followup.Intent{Phone: caller, Procedure: "botox"}}, followup.Plan{Phone: caller, Procedure: "botox"},
		followup.CallUpdate{Phone: caller, Procedure: "botox"}, followup.Call{Phone: caller, Procedure: "botox"},
		followup.Consent{Phone: caller}, followup.OptOut{Phone: caller}, followup.Reply{Phone: caller}, followup.InboundText{From: caller},
		followup.Appointment{Phone: caller}, followup.Promise{Caller: caller}, followup.CallEvent{Caller: caller, Service: "botox"},
		followup.Offering{Phone: caller}, followup.ContactSummary{Procedure: "botox"},
	} {
		out += fmt.Sprintf("%v %+v %#v %s\n", v, v, v, v)
		slogged(&out, v)
	}
	require.NotContains(t, out, caller[4:])
	require.NotContains(t, out, "botox")
	require.NotContains(t, out, words)
}

type into struct{ to *string }

func (w into) Write(p []byte) (int, error) { *w.to += string(p); return len(p), nil }

func slogged(out *string, v any) {
	slog.New(slog.NewTextHandler(into{out}, nil)).Info("value", "v", v)
	slog.New(slog.NewJSONHandler(into{out}, nil)).Info("value", "v", v)
}
