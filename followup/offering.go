package followup

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// An Offering is a time that has become free, to be offered to someone who
// waits for one. It prints and logs without the person.
type Offering struct {
	Key   string    // one key, one text; required
	Phone string    // E.164
	Start time.Time // of the time that is free
	Until time.Time // when the offer ends; zero: at Start
}

// String returns the key and nothing of the person.
func (o Offering) String() string { return "offer " + o.Key }

// GoString keeps %#v from printing the person.
func (o Offering) GoString() string { return o.String() }

// LogValue keeps slog from logging the person.
func (o Offering) LogValue() slog.Value { return slog.StringValue(o.String()) }

// Offer plans a text that offers a time. It needs the contact's consent for
// the purpose Offer, and is not sent if they have booked since.
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
