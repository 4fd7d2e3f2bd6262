package followupsql

import (
	"slices"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// ReleaseAfter is when contacts are let go that nobody has released.
const ReleaseAfter = 500 * time.Millisecond

// Hold bounds how long a transaction that holds contacts may be idle: longer
// than ReleaseAfter, for one whose process no longer can end it.
const Hold = `select set_config('idle_in_transaction_session_timeout', '2000', true)`

// lookAgainAfter is when an intent is decided about anew whose contact could
// not be locked again.
const lookAgainAfter = 50 * time.Millisecond

// Look locks contacts and asks what is known of them and their intents, so that
// it can be decided about these. Again is the second look, at intents that are
// Sending.
func Look(org tenant.ID, ids []followup.IntentID, again bool) Question[[]followup.DecisionInput] {
	return Question[[]followup.DecisionInput]{
		SQL: `
			select callwaiting.followup_lock_intents($1::uuid,
				array(select jsonb_array_elements_text($2::text::jsonb)::uuid), $3::boolean)::text`,
		Args:    []any{org.String(), document(valid(ids)), again},
		Changes: true,
		read:    reader(all(candidate.told)),
	}
}

// A Decision is a verdict about a candidate.
type Decision struct {
	Candidate followup.DecisionInput
	Verdict   followup.IntentDecision

	// instead is the decision whose place this one takes; nil if it is the first.
	instead *Decision
}

// Decide decides about each.
func Decide(candidates []followup.DecisionInput, decide followup.Decider) []Decision {
	decisions := make([]Decision, len(candidates))
	sent := inTurn{}
	for i, c := range candidates {
		decisions[i] = Decision{Candidate: c, Verdict: sent.decide(c, decide)}
	}
	return decisions
}

// inTurn is when messages are sent that were decided about just now, by phone,
// latest first: of two for one contact the second is not decided about as if
// the first were not.
type inTurn map[string][]time.Time

func (sent inTurn) decide(c followup.DecisionInput, decide followup.Decider) followup.IntentDecision {
	c.Recent = slices.Concat(sent[c.Phone], c.Recent)
	v := decide(c)
	if v.Action == followup.Send && !c.Kind.AboutAppointment() {
		sent[c.Phone] = append(sent[c.Phone], c.Now)
	}
	return v
}

// Sends returns the intents that are to be sent.
func Sends(decisions []Decision) []followup.IntentID {
	var ids []followup.IntentID
	for _, d := range decisions {
		if d.Verdict.Action == followup.Send {
			ids = append(ids, d.Candidate.ID)
		}
	}
	return ids
}

// DecideAgain decides a second time about intents that were to be sent. It
// returns those that still are, and the decisions that are to be written in
// place of the first. One whose contact was not free is not sent now.
func DecideAgain(first []Decision, candidates []followup.DecisionInput, decide followup.Decider) (send []followup.DecidedIntent, changed []Decision) {
	sent := inTurn{}
	shown := map[followup.IntentID]followup.DecisionInput{}
	for _, c := range candidates {
		shown[c.ID] = c
	}
	for _, d := range first {
		if d.Verdict.Action != followup.Send {
			continue
		}
		v := followup.IntentDecision{Action: followup.Wait, At: d.Candidate.Now.Add(lookAgainAfter)}
		c, free := shown[d.Candidate.ID]
		if free {
			v = sent.decide(c, decide)
		}
		if v.Action == followup.Send {
			send = append(send, followup.DecidedIntent{Intent: c.Intent, Decision: d.Verdict})
			continue
		}
		changed = append(changed, Decision{Candidate: d.Candidate, Verdict: v, instead: &d})
	}
	return send, changed
}

// verdict is a [Decision] as it is written.
type verdict struct {
	ID     string     `json:"id"`
	Action string     `json:"action"`
	At     *time.Time `json:"at"`
	Reason string     `json:"reason"`
	Digest []byte     `json:"digest"`
	Link   *newLink   `json:"link"`

	// What the intent was before the decision whose place this one takes.
	State   *string    `json:"prior_state"`
	Code    *string    `json:"prior_code"`
	Attempt *int       `json:"prior_attempt"`
	Looks   *int       `json:"prior_reconcile_count"`
	Tried   *time.Time `json:"prior_tried"`
	Changed *time.Time `json:"prior_changed"`
	Before  []byte     `json:"prior_digest"`
	Revoke  []byte     `json:"prior_link"`
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

// Verdicts asks for decisions to be written, and for the intents that are to be
// sent or looked for as they are then.
func Verdicts(org tenant.ID, decisions []Decision, lease time.Duration) Question[[]followup.Intent] {
	writes := make([]verdict, len(decisions))
	for i, d := range decisions {
		writes[i] = d.written()
	}
	return Question[[]followup.Intent]{
		SQL:     `select callwaiting.followup_write_decisions($1::uuid, $2::text::jsonb, $3::bigint)::text`,
		Args:    []any{org.String(), document(writes), lease.Microseconds()},
		Changes: true,
		read:    reader(all(intent.told)),
	}
}

func (d Decision) written() verdict {
	v := verdict{
		ID: string(d.Candidate.ID), Action: actions[d.Verdict.Action],
		At: instant(d.Verdict.At), Reason: string(d.Verdict.Reason),
	}
	if d.Verdict.Action == followup.Wait && v.At == nil {
		v.At = instant(d.Candidate.Now)
	}
	if d.Verdict.Action == followup.Send {
		v.Digest = d.Verdict.Digest[:]
		if l := d.Verdict.Link; l != nil {
			v.Link = &newLink{l.Hash[:], l.Document, instant(l.Expires), l.MaxViews}
		}
	}
	if d.instead != nil {
		was := d.instead.Candidate.Intent
		state := string(was.State)
		v.State, v.Code, v.Attempt, v.Looks = &state, &was.Code, &was.Attempt, &was.Reconciliations
		v.Tried, v.Changed, v.Before = instant(was.Tried), instant(was.Changed), was.Digest[:]
		if l := d.instead.Verdict.Link; l != nil {
			v.Revoke = l.Hash[:]
		}
	}
	return v
}

// AddTo adds to a batch the intents that decisions end, and those to be looked for
// as they are now.
func AddTo(b *followup.Batch, decisions []Decision, now []followup.Intent) {
	byID := map[followup.IntentID]followup.IntentDecision{}
	for _, d := range decisions {
		byID[d.Candidate.ID] = d.Verdict
		switch d.Verdict.Action {
		case followup.Suppress, followup.Expire, followup.DeadLetter:
			b.Ended = append(b.Ended, followup.DecidedIntent{Intent: d.Candidate.Intent, Decision: d.Verdict})
		}
	}
	for _, i := range now {
		if d := byID[i.ID]; d.Action == followup.Reconcile {
			b.Reconcile = append(b.Reconcile, followup.DecidedIntent{Intent: i, Decision: d})
		}
	}
}
