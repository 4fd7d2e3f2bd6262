package followup

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

const (
	// documentTimeout bounds the look-up of a document: the contacts of the
	// batch are locked meanwhile.
	documentTimeout = 400 * time.Millisecond

	// maxAttempts is one attempt a minute, as for a clinic with a wrong
	// configuration, for three days, and thus beyond any sensible deadline. An
	// intent beyond it is a defect and would be tried for ever.
	maxAttempts = 3 * 24 * 60

	// maxReconciliations bounds how often a carrier is asked about one attempt.
	maxReconciliations = 40

	// configRetry is the pause after a carrier has refused the clinic's
	// configuration, or after a panic.
	configRetry = time.Minute

	// maxPaceWait bounds how long a message waits for the sender's pace before
	// it asks again.
	maxPaceWait = time.Minute

	// callbackTimeout is how long a callback may take to report an attempt
	// that the carrier cannot be asked about.
	callbackTimeout = 10 * time.Minute
)

// A decider decides about the intents of one clinic and writes their messages.
// Its decisions carry all that is needed to send them.
type decider struct {
	*Worker
	org      tenant.ID
	settings *Settings // nil: the clinic is unknown
	refused  int       // messages of this batch that the pacer refused

	// written are the decisions to send. A store that has to repeat its
	// transaction gets the same: the pacer has counted the message.
	written map[IntentID]IntentDecision
}

// decide decides about one intent. The store calls it a second time, with an
// intent that is Sending, to confirm a decision to send, and again if it has to
// repeat a transaction; the message is written the first time only.
//
// decide runs code of the integrator: a panic over one intent must not hold up
// the others of its batch, nor leave a store with their contacts locked.
func (d *decider) decide(ctx context.Context, in DecisionInput) (out IntentDecision) {
	defer func() {
		if p := recover(); p != nil {
			d.logError(ctx, d.org, "followup: decision panicked", panicError(p))
			out = IntentDecision{Action: Wait, At: in.Now.Add(configRetry), Reason: Transient}
			if !in.Now.Before(in.Deadline) {
				out = IntentDecision{Action: Expire, Reason: PastDeadline}
			}
		}
	}()
	switch {
	case in.State == Unknown:
		return d.decideUnknown(in)
	case d.settings == nil:
		return IntentDecision{Action: Suppress, Reason: UnknownClinic}
	case in.Attempt >= maxAttempts && in.State == Planned:
		return IntentDecision{Action: DeadLetter, Reason: OutOfTries}
	}
	policy := d.svc.Policy.Decide(in, d.settings, d.svc.Phones.Locate(in.Phone))
	switch {
	case policy.Action != Send:
		return IntentDecision{Action: policy.Action, At: policy.At, Reason: policy.Reason}
	case in.State == Sending:
		return IntentDecision{Action: Send}
	}
	first, ok := d.written[in.ID]
	if !ok {
		first = d.write(ctx, in, policy.Until)
		if first.Action == Send {
			d.written[in.ID] = first
		}
	}
	return first
}

// decideUnknown decides about an attempt of unknown outcome.
func (d *decider) decideUnknown(in DecisionInput) IntentDecision {
	elapsed := in.Now.Sub(in.Tried)
	switch {
	case d.reconciler == nil && elapsed < callbackTimeout:
		return IntentDecision{Action: Wait, At: in.Tried.Add(callbackTimeout), Reason: Unresolved}
	case d.reconciler == nil || in.Reconciliations >= maxReconciliations:
		return IntentDecision{Action: DeadLetter, Reason: Unresolved}
	}
	return IntentDecision{Action: Reconcile, Reason: Unresolved, ListedByNow: elapsed >= d.cfg.ReconcileDelay}
}

// write writes the message of an intent that may be sent, or returns why it
// cannot be sent now.
func (d *decider) write(ctx context.Context, in DecisionInput, until time.Time) IntentDecision {
	m := Message{Intent: in.ID, To: in.Phone, ValidFor: validFor(in.Now, until)}
	values := Values{Start: in.Start}
	var link *Link
	if in.Kind == Information {
		name, why, err := d.document(ctx, in.Procedure)
		switch {
		case err != nil:
			d.logError(ctx, d.org, "followup: document lookup failed", err)
			return IntentDecision{Action: Wait, At: in.Now.Add(time.Second), Reason: Transient}
		case why != "":
			return IntentDecision{Action: Suppress, Reason: why}
		}
		values.Link, link = d.link(in, name)
	}
	body, err := d.settings.Render(in.Kind, values)
	if err != nil {
		d.logError(ctx, d.org, "followup: text not rendered", err)
		return IntentDecision{Action: Wait, At: in.Now.Add(configRetry), Reason: BadConfig}
	}
	if wait, why := d.pace(); wait > 0 {
		return IntentDecision{Action: Wait, At: in.Now.Add(wait), Reason: why}
	}
	m.Body = body
	return IntentDecision{Action: Send, Digest: sha256.Sum256([]byte(body)), Link: link, Message: m}
}

func (d *decider) document(ctx context.Context, procedure ProcedureID) (name string, why Reason, err error) {
	ctx, cancel := context.WithTimeout(ctx, documentTimeout)
	defer cancel()
	return d.cfg.Service.document(ctx, d.settings, procedure)
}

// link returns the URL of a new link to a document, and the link to store.
func (d *decider) link(in DecisionInput, document string) (url string, link *Link) {
	url, hash := d.cfg.Links.NewLink(d.org)
	return url, &Link{
		Hash: hash, Intent: in.ID, Document: document,
		Expires: in.Now.Add(d.settings.LinkLasts()), MaxViews: d.settings.LinkViews(),
	}
}

// pace returns how long a message must wait for the sender's pace; 0: it need not wait.
// Each further message waits as much longer: were all to come due at once, most
// would be refused again.
func (d *decider) pace() (wait time.Duration, why Reason) {
	if d.pacer == nil {
		return 0, ""
	}
	allowed, retryAfter, why := d.pacer.Pace(d.org, 1)
	if allowed > 0 {
		return 0, ""
	}
	d.refused++
	return min(max(retryAfter, 10*time.Millisecond)*time.Duration(d.refused), maxPaceWait), why
}
