package followupsql

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// releaseAfter is when a batch that its caller has not released lets its
// contacts go.
const releaseAfter = 500 * time.Millisecond

// idleLimit is when the server ends an idle transaction that holds contacts. It
// is longer than releaseAfter: only a process that can no longer release them
// reaches it.
const idleLimit = 2 * time.Second

// limitIdle sets idleLimit for the current transaction.
var limitIdle = sqltx.Statement{SQL: `select set_config('idle_in_transaction_session_timeout', '2000', true)`}

// relockAfter is the delay of an intent if its contact could not be locked a
// second time.
const relockAfter = 50 * time.Millisecond

// BeginSending implements [followup.IntentStore] with two transactions on one
// connection. The first locks the contacts, and ends when the decisions are
// written. The second locks the contacts that get a message, to see all that
// was committed before. It stays open until Batch.Release: until then bookings
// and opt-outs of these contacts wait.
func (s *Store) BeginSending(ctx context.Context, org tenant.ID, ids []followup.IntentID, lease time.Duration, decide followup.Decider) (followup.Batch, error) {
	enter, err := s.timeouts.Enter(sqltx.Scope{Org: org, Writes: true})
	if err != nil {
		return followup.Batch{}, fmt.Errorf("followup: %w", err)
	}
	var attempts sqltx.Attempts
	for {
		conn, err := s.runner.Conn(ctx)
		if err != nil {
			return followup.Batch{}, unavailable(err)
		}
		b := sending{conn: conn, enter: enter, org: org, lease: lease, decide: decide}
		batch, err := b.begin(ctx, ids)
		if err == nil {
			return batch, nil
		}
		conn.Close(ctx)
		// Decisions that are durable stand: their attempts, which are not
		// made, come due as Unknown.
		if b.durable || !attempts.Again(ctx, err) {
			return followup.Batch{}, unavailable(err)
		}
	}
}

// sending is one attempt at [Store.BeginSending].
type sending struct {
	conn   sqltx.Conn
	enter  sqltx.Statement
	org    tenant.ID
	lease  time.Duration
	decide followup.Decider

	durable  bool      // the first transaction has committed
	relocked time.Time // just before the second transaction began
}

func (b *sending) begin(ctx context.Context, ids []followup.IntentID) (followup.Batch, error) {
	var locked document
	err := b.conn.Run(ctx, sqltx.Begin, b.enter, limitIdle, b.lock(&locked, ids, false))
	inputs, err := decodeAll(locked, err, inputJSON.toInput)
	if err != nil {
		return followup.Batch{}, err
	}
	first := decideAll(inputs, b.decide)
	send := sends(first)

	// The second transaction begins in the round trip that ends the first. A
	// booking or an opt-out that waited for the first may commit in between:
	// the second decision sees it.
	var written, relocked document
	commit := sqltx.Statement{SQL: sqltx.Commit.SQL, Read: func(sqltx.Rows) error {
		b.durable = true
		return nil
	}}
	statements := []sqltx.Statement{b.write(&written, first), commit}
	if len(send) > 0 {
		statements = append(statements, sqltx.Begin, b.enter, limitIdle, b.lock(&relocked, send, true))
	}
	b.relocked = time.Now()
	err = b.conn.Run(ctx, statements...)
	now, err := decodeAll(written, err, intentJSON.toIntent)
	if err != nil {
		return followup.Batch{}, err
	}
	batch := followup.Batch{Release: func() {}}
	addDecided(&batch, first, now)
	if len(send) == 0 {
		b.conn.Close(ctx)
		return batch, nil
	}
	inputs, err = decodeAll(relocked, nil, inputJSON.toInput)
	if err != nil {
		return followup.Batch{}, err
	}
	var changed []decision
	batch.Send, changed = confirmSends(first, inputs, b.decide)
	return b.hold(ctx, batch, changed)
}

// hold writes the decisions that changed, and keeps the second transaction open
// while messages are sent.
func (b *sending) hold(ctx context.Context, batch followup.Batch, changed []decision) (followup.Batch, error) {
	var statements []sqltx.Statement
	var rewritten document
	if len(changed) > 0 {
		statements = append(statements, b.write(&rewritten, changed))
	}
	if len(batch.Send) == 0 {
		statements = append(statements, sqltx.Commit)
	}
	if len(statements) > 0 {
		err := b.conn.Run(ctx, statements...)
		now, err := decodeAll(rewritten, err, intentJSON.toIntent)
		if err != nil {
			return followup.Batch{}, err
		}
		addDecided(&batch, changed, now)
	}
	if len(batch.Send) == 0 {
		b.conn.Close(ctx)
		return batch, nil
	}
	release := sync.OnceFunc(func() { b.release(ctx) })
	// A process that was suspended meanwhile may have lost the locks.
	batch.LockedUntil = earlier(time.Now().Add(releaseAfter), b.relocked.Add(idleLimit))
	late := time.AfterFunc(releaseAfter, release)
	batch.Release = func() {
		late.Stop()
		release()
	}
	return batch, nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// release ends the second transaction. If the commit fails, Close ends the
// connection, and with it the locks.
func (b *sending) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseAfter)
	defer cancel()
	b.conn.Run(ctx, sqltx.Commit)
	b.conn.Close(ctx)
}

// lock returns the statement that locks contacts and reads the inputs of
// decisions about their intents. With again the intents are Sending.
func (b *sending) lock(d *document, ids []followup.IntentID, again bool) sqltx.Statement {
	return d.query(`
		select callwaiting.followup_lock_intents($1::uuid,
			array(select jsonb_array_elements_text($2::text::jsonb)::uuid), $3::boolean)::text`,
		b.org.String(), encode(validIDs(ids)), again)
}

// write returns the statement that writes decisions and reads the intents to be
// sent or reconciled as they are then.
func (b *sending) write(d *document, decisions []decision) sqltx.Statement {
	writes := make([]decisionJSON, len(decisions))
	for i, d := range decisions {
		writes[i] = d.toJSON()
	}
	return d.query(`select callwaiting.followup_write_decisions($1::uuid, $2::text::jsonb, $3::bigint)::text`,
		b.org.String(), encode(writes), b.lease.Microseconds())
}

// A decision is a followup.IntentDecision and its input.
type decision struct {
	followup.IntentDecision
	input followup.DecisionInput

	replaces *decision // the first decision about the intent; nil for that itself
}

func decideAll(inputs []followup.DecisionInput, decide followup.Decider) []decision {
	decisions := make([]decision, len(inputs))
	sent := sendTimes{}
	for i, in := range inputs {
		decisions[i] = decision{IntentDecision: sent.decide(in, decide), input: in}
	}
	return decisions
}

// sendTimes are the times, by phone and latest first, of messages that earlier
// decisions of the same batch send: the second decision about a contact must
// count the first.
type sendTimes map[string][]time.Time

func (sent sendTimes) decide(in followup.DecisionInput, decide followup.Decider) followup.IntentDecision {
	in.Recent = slices.Concat(sent[in.Phone], in.Recent)
	d := decide(in)
	if d.Action == followup.Send && !in.Kind.AboutAppointment() {
		sent[in.Phone] = append(sent[in.Phone], in.Now)
	}
	return d
}

// sends returns the intents that decisions send.
func sends(decisions []decision) []followup.IntentID {
	var ids []followup.IntentID
	for _, d := range decisions {
		if d.Action == followup.Send {
			ids = append(ids, d.input.ID)
		}
	}
	return ids
}

// confirmSends decides a second time about intents that the first decisions
// send. It returns the intents that are still to be sent, and the decisions
// that replace a first one. An intent whose contact could not be locked again
// waits.
func confirmSends(first []decision, inputs []followup.DecisionInput, decide followup.Decider) (send []followup.DecidedIntent, changed []decision) {
	sent := sendTimes{}
	locked := map[followup.IntentID]followup.DecisionInput{}
	for _, in := range inputs {
		locked[in.ID] = in
	}
	for _, d := range first {
		if d.Action != followup.Send {
			continue
		}
		second := followup.IntentDecision{Action: followup.Wait, At: d.input.Now.Add(relockAfter)}
		in, ok := locked[d.input.ID]
		if ok {
			second = sent.decide(in, decide)
		}
		if second.Action == followup.Send {
			send = append(send, followup.DecidedIntent{Intent: in.Intent, Decision: d.IntentDecision})
			continue
		}
		changed = append(changed, decision{IntentDecision: second, input: d.input, replaces: &d})
	}
	return send, changed
}

// addDecided adds to a batch the intents that decisions end, and those that they
// reconcile, as these are now.
func addDecided(batch *followup.Batch, decisions []decision, now []followup.Intent) {
	byID := map[followup.IntentID]followup.IntentDecision{}
	for _, d := range decisions {
		byID[d.input.ID] = d.IntentDecision
		switch d.Action {
		case followup.Suppress, followup.Expire, followup.DeadLetter:
			batch.Ended = append(batch.Ended, followup.DecidedIntent{Intent: d.input.Intent, Decision: d.IntentDecision})
		}
	}
	for _, i := range now {
		if d := byID[i.ID]; d.Action == followup.Reconcile {
			batch.Reconcile = append(batch.Reconcile, followup.DecidedIntent{Intent: i, Decision: d})
		}
	}
}

// decisionJSON is a decision as the database takes it.
type decisionJSON struct {
	ID     string     `json:"id"`
	Action string     `json:"action"`
	At     *time.Time `json:"at"`
	Reason string     `json:"reason"`
	Digest []byte     `json:"digest"`
	Link   *newLink   `json:"link"`

	// The intent before the decision that this one replaces.
	State           *string    `json:"prior_state"`
	Code            *string    `json:"prior_code"`
	Attempt         *int       `json:"prior_attempt"`
	Reconciliations *int       `json:"prior_reconcile_count"`
	Tried           *time.Time `json:"prior_tried"`
	Changed         *time.Time `json:"prior_changed"`
	PriorDigest     []byte     `json:"prior_digest"`
	PriorLink       []byte     `json:"prior_link"` // its hash: the link is revoked
}

type newLink struct {
	Hash     []byte     `json:"hash"`
	Document string     `json:"document"`
	Expires  *time.Time `json:"expires"`
	MaxViews int        `json:"max_views"`
}

var actions = map[followup.Action]string{
	followup.Wait: "wait", followup.Send: "send", followup.Suppress: "suppress",
	followup.Expire: "expire", followup.Reconcile: "reconcile", followup.DeadLetter: "dead_letter",
}

func (d decision) toJSON() decisionJSON {
	j := decisionJSON{ID: string(d.input.ID), Action: actions[d.Action], At: optional(d.At), Reason: string(d.Reason)}
	if d.Action == followup.Wait && j.At == nil {
		j.At = optional(d.input.Now)
	}
	if d.Action == followup.Send {
		j.Digest = d.Digest[:]
		if l := d.Link; l != nil {
			j.Link = &newLink{l.Hash[:], l.Document, optional(l.Expires), l.MaxViews}
		}
	}
	if d.replaces != nil {
		was := d.replaces.input.Intent
		state := string(was.State)
		j.State, j.Code, j.Attempt, j.Reconciliations = &state, &was.Code, &was.Attempt, &was.Reconciliations
		j.Tried, j.Changed, j.PriorDigest = optional(was.Tried), optional(was.Changed), was.Digest[:]
		if l := d.replaces.Link; l != nil {
			j.PriorLink = l.Hash[:]
		}
	}
	return j
}
