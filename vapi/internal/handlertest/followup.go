package handlertest

import (
	"context"
	"sync"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// FollowUp is a follow-up service that records its calls and returns fixed
// results.
type FollowUp struct {
	Summary  followup.ContactSummary // of every caller, until a call is recorded
	Result   followup.PromiseResult
	NoNumber bool
	Err      error

	// Before runs at the beginning of every method but Promise.
	Before func(context.Context) error

	mu        sync.Mutex
	Events    []followup.CallEvent
	Orgs      []tenant.ID // of Events
	Promises  []followup.Promise
	OptOuts   [][2]string // call and caller
	Lookups   []string
	Unmatched []string // types of messages
}

func (f *FollowUp) begin(ctx context.Context) (unlock func(), err error) {
	if f.Before != nil {
		if err := f.Before(ctx); err != nil {
			return nil, err
		}
	}
	if f.Err != nil {
		return nil, f.Err
	}
	f.mu.Lock()
	return f.mu.Unlock, nil
}

// RecordCall implements vapi.FollowUp and tools.FollowUp.
func (f *FollowUp) RecordCall(ctx context.Context, org tenant.Org, e followup.CallEvent) error {
	unlock, err := f.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	f.Events = append(f.Events, e)
	f.Orgs = append(f.Orgs, org.ID)
	return nil
}

// Promise implements tools.FollowUp.
func (f *FollowUp) Promise(_ context.Context, _ tenant.Org, p followup.Promise) (followup.PromiseResult, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Promises = append(f.Promises, p)
	return f.Result, f.Err
}

// OptOutCaller implements tools.FollowUp.
func (f *FollowUp) OptOutCaller(ctx context.Context, _ tenant.Org, call, caller string) (bool, error) {
	unlock, err := f.begin(ctx)
	if err != nil {
		return false, err
	}
	defer unlock()
	f.OptOuts = append(f.OptOuts, [2]string{call, caller})
	return !f.NoNumber, nil
}

// Lookup implements vapi.FollowUp.
func (f *FollowUp) Lookup(ctx context.Context, _ tenant.Org, number string) (followup.ContactSummary, error) {
	unlock, err := f.begin(ctx)
	if err != nil {
		return followup.ContactSummary{}, err
	}
	defer unlock()
	f.Lookups = append(f.Lookups, number)
	if len(f.Events) > 0 {
		return followup.ContactSummary{Known: true}, nil // by this very call
	}
	return f.Summary, nil
}

// CountUnmatched implements vapi.FollowUp.
func (f *FollowUp) CountUnmatched(ctx context.Context, _ tenant.ID, kind string) error {
	unlock, err := f.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	f.Unmatched = append(f.Unmatched, kind)
	return nil
}

// Recorded returns Events, also while other goroutines record.
func (f *FollowUp) Recorded() []followup.CallEvent {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.Events
}
