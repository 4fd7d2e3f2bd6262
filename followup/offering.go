package followup

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// An Offering is a time that has become free, to offer to a contact on a
// waitlist. It prints and logs without the contact.
type Offering struct {
	Key   string    // a second offering with the same key has no effect; required
	Phone string    // E.164
	Start time.Time // of the time that is free
	Until time.Time // when the offer ends; zero: at Start
}

// String returns the key, without the person.
func (o Offering) String() string { return "offer " + o.Key }

// GoString keeps %#v from printing the person.
func (o Offering) GoString() string { return o.String() }

// LogValue keeps slog from logging the person.
func (o Offering) LogValue() slog.Value { return slog.StringValue(o.String()) }

// PlanOffer plans a text that offers a time. It needs the contact's consent to the
// purpose Offer, and is not sent if the contact has booked since.
func (s *Service) PlanOffer(ctx context.Context, org tenant.ID, o Offering) (Intent, error) {
	if o.Key == "" || o.Phone == "" || o.Start.IsZero() {
		return Intent{}, errors.New("followup: Offering.Key, Phone and Start are required")
	}
	if o.Until.IsZero() {
		o.Until = o.Start
	}
	intents, err := s.cfg.Store.PlanIntents(ctx, org, Task{}, []Plan{{
		ID: NewIntentID(org, "offer/"+o.Key), Kind: Offer, Phone: o.Phone, Start: o.Start, Deadline: o.Until,
	}})
	if err != nil {
		return Intent{}, err
	}
	return intents[0], nil
}
