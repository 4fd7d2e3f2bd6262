package followup

import (
	"context"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A Queue hands out tasks that are due. A task is a notification and not the
// record: the intent, the call or the appointment is. The queue delivers a task
// at least once and perhaps twice. Safe for concurrent use. Package followuptest
// checks an implementation.
type Queue interface {
	// Dequeue returns up to n due tasks, at most perOrg of one clinic and none
	// of the clinics in except, and leases them for the time of lease: a task
	// that is not acknowledged by then is due again. The tasks of one clinic
	// must not delay another's.
	Dequeue(ctx context.Context, n, perOrg int, lease time.Duration, except []tenant.ID) ([]Task, error)

	// Wait returns when a task may be due, after max at the latest, or when ctx
	// ends.
	Wait(ctx context.Context, max time.Duration) error

	// Ack removes a task, unless it was scheduled again after it was dequeued.
	Ack(ctx context.Context, t Task) error
}

// TaskKind is the kind of thing that a task's id names.
type TaskKind string

// The kinds of tasks.
const (
	TaskCall        TaskKind = "call"
	TaskAppointment TaskKind = "appointment"
	TaskIntent      TaskKind = "intent"
)

// Task names something that is due. It holds ids only.
type Task struct {
	Org  tenant.ID
	Kind TaskKind
	ID   string

	// Lease is the queue's mark of this delivery. Zero: the task did not come
	// from a queue, and is acknowledged in any case.
	Lease time.Time
}
