package bookingtest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A store and the model are compared by the texts of this file. The texts leave
// out everything that the contract leaves open: the ids of contacts, the clock,
// and when the expiry of a hold is written.

func show(out booking.Outcome, err error) string {
	switch {
	case err != nil:
		return showError(err)
	case out.Taken:
		return "taken; busy" + showBusy(out.Busy)
	case out.Replay:
		return "replay of " + showAppointment(out.Appointment)
	}
	return showAppointment(out.Appointment)
}

func showError(err error) string {
	for _, known := range []error{
		booking.ErrNotFound, booking.ErrExpired, booking.ErrNotOpen, booking.ErrKeyReused,
		booking.ErrUnavailable, booking.ErrOutcomeUnknown, tenant.ErrNoOrg,
	} {
		if errors.Is(err, known) {
			return "error: " + known.Error()
		}
	}
	return "unexpected error: " + err.Error()
}

func showAppointment(a booking.Appointment) string {
	s := fmt.Sprintf("%s %s %v %s-%s %s contact %s %q %q call %s", a.ID, a.Service, a.Resources,
		a.Start.Format("02T15:04Z07:00"), a.End.Format("15:04"), a.Zone,
		a.Contact.Phone, a.Contact.Name, a.Contact.Email, a.Call)
	switch a.Status {
	case booking.Expired: // its last version may not be written yet
		return s + " expired"
	case booking.Held:
		s += " with an end"
		if a.Expires.IsZero() {
			s += " missing"
		}
	default:
		if !a.Expires.IsZero() {
			s += " with an end of a hold"
		}
	}
	return fmt.Sprintf("%s %s v%d", s, a.Status, a.Version)
}

func showAll(found []booking.Appointment) string {
	lines := []string{fmt.Sprintf("%d found", len(found))}
	for _, a := range found {
		lines = append(lines, showAppointment(a))
	}
	return strings.Join(lines, "\n\t\t")
}

func showBusy(busy []booking.Busy) string {
	var s strings.Builder
	for _, b := range sortBusy(busy) {
		fmt.Fprintf(&s, " %s/%d %s-%s", b.Resource, b.Seat, wall(b.Start), wall(b.End))
	}
	return s.String()
}

// showEvents leaves out the expiry.
func showEvents(events []booking.Event) string {
	var s strings.Builder
	for i, e := range events {
		if e.Kind == "expired" && i == len(events)-1 {
			continue
		}
		fmt.Fprintf(&s, "%d %s by %s; ", e.Version, e.Kind, e.Actor)
	}
	return s.String()
}

// wall is the wall time of the day all checks are on.
func wall(unix int64) string {
	minutes := (unix - time.Date(2031, time.June, 30, 23, 0, 0, 0, time.UTC).Unix()) / 60
	return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60)
}

func sortBusy(busy []booking.Busy) []booking.Busy {
	return slices.SortedFunc(slices.Values(busy), func(a, b booking.Busy) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Seat, b.Seat))
	})
}
