package tools

import (
	"context"
	"net/http"
	"slices"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/vapi"
)

const (
	maxOffers   = 4  // free times in one result: a caller remembers no more
	horizonDays = 14 // the search ahead if the requested day is full
)

// checkAvailability finds free times: at a time, on a day, or soon.
func (s *toolset) checkAvailability(ctx context.Context, call vapi.ToolCall) (vapi.ToolResult, error) {
	q, err := s.newRequest(ctx, call)
	if err != nil {
		return q.reject(err)
	}
	defer s.interests.record(ctx, q)
	service, err := q.service()
	if err != nil {
		return q.reject(err)
	}
	q.interest = booking.Selection{Service: service.ID}
	query := booking.Query{Service: service.ID}
	if query.Resource, err = q.resource(service.ID); err != nil {
		return q.reject(err)
	}
	var result vapi.ToolResult
	switch {
	case q.args.Date == "":
		result, err = s.checkSoon(ctx, q, service, query)
	case q.args.Time == "":
		result, err = s.checkDay(ctx, q, service, query)
	default:
		result, err = s.checkTime(ctx, q, service)
	}
	if err != nil {
		return q.reject(err)
	}
	return result, nil
}

// checkSoon returns the next free times: any, or those at one time of the day.
func (s *toolset) checkSoon(ctx context.Context, q *request, service booking.ServiceType, query booking.Query) (vapi.ToolResult, error) {
	var clock schedule.TimeOfDay
	var err error
	if q.args.Time != "" {
		if clock, err = q.readTime(); err != nil {
			return vapi.ToolResult{}, err
		}
	}
	slots, err := s.slots(ctx, q, query, schedule.DateOf(q.now), horizonDays)
	if err != nil {
		return vapi.ToolResult{}, err
	}
	if q.args.Time == "" {
		return q.available(service, sample(slots)), nil
	}
	at := slices.DeleteFunc(slices.Clone(slots), func(slot booking.Slot) bool { return timeOfDay(slot.Start) != clock })
	if len(at) == 0 {
		return q.withAlternatives("none_free", http.StatusNotFound, "I have nothing free at that time.", sample(slots)), nil
	}
	return q.available(service, at[:min(maxOffers, len(at))]), nil
}

// checkDay returns the free times on a day, or else after it.
func (s *toolset) checkDay(ctx context.Context, q *request, service booking.ServiceType, query booking.Query) (vapi.ToolResult, error) {
	date, err := q.readDate()
	if err != nil {
		return vapi.ToolResult{}, err
	}
	slots, err := s.slots(ctx, q, query, date, 1)
	if err != nil {
		return vapi.ToolResult{}, err
	}
	if len(slots) > 0 {
		return q.available(service, sample(slots)), nil
	}
	if slots, err = s.slots(ctx, q, query, date, horizonDays); err != nil {
		return vapi.ToolResult{}, err
	}
	noon, _ := q.catalog.At(date, 12*60)
	if len(slots) == 0 { // all taken, or further ahead than the clinic books?
		found, err := s.cfg.Booking.Explain(ctx, q.call.Org.ID, booking.Selection{Service: service.ID, Start: noon, Resource: query.Resource})
		if err != nil || slices.Contains(found.Reasons, booking.Window) {
			return q.unavailable(found.Reasons, found.Nearest), err
		}
	}
	return q.withAlternatives("none_free", http.StatusNotFound, "I have nothing free on "+q.date(noon)+".", sample(slots)), nil
}

// checkTime returns one time if it is free, or else the free times near it.
func (s *toolset) checkTime(ctx context.Context, q *request, service booking.ServiceType) (vapi.ToolResult, error) {
	want, err := q.selectionOf(service.ID)
	if err != nil {
		return vapi.ToolResult{}, err
	}
	q.interest = want
	found, err := s.cfg.Booking.Explain(ctx, q.call.Org.ID, want)
	if err != nil {
		return vapi.ToolResult{}, err
	}
	for _, slot := range found.Nearest {
		if slot.Start.Equal(want.Start) {
			return q.available(service, []booking.Slot{slot}), nil
		}
	}
	return q.unavailable(found.Reasons, found.Nearest), nil
}

// slots returns the free times of a number of days, beginning with date.
func (s *toolset) slots(ctx context.Context, q *request, query booking.Query, date schedule.Date, days int) ([]booking.Slot, error) {
	query.From, _ = q.catalog.At(date, 0)
	query.To, _ = q.catalog.At(date.AddDays(days), 0)
	query.Limit = 10_000 // all: sample spreads its choice over the whole day
	return s.cfg.Booking.Slots(ctx, q.call.Org.ID, query)
}

// sample picks up to maxOffers slots, spread over one day or over two.
func sample(slots []booking.Slot) []booking.Slot {
	var days [][]booking.Slot
	for from := 0; from < len(slots) && len(days) < 2; {
		to := from + 1
		for to < len(slots) && slots[to].Start.YearDay() == slots[from].Start.YearDay() {
			to++
		}
		days = append(days, slots[from:to])
		from = to
	}
	var picked []booking.Slot
	for _, day := range days {
		n := min(maxOffers/len(days), len(day))
		for i := range n {
			picked = append(picked, day[i*len(day)/n])
		}
	}
	return picked
}
