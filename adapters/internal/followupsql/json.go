package followupsql

import (
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// The types below are the JSON documents of the SQL functions; each is converted
// to a type of package followup.

type callJSON struct {
	ID           string
	Phone        string
	FirstSeen    time.Time `json:"first_seen"`
	LastSeen     time.Time `json:"last_seen"`
	Began        time.Time
	Ended        time.Time
	Reported     bool
	Procedure    string
	Evidence     int
	Wanted       time.Time
	ClaimsBooked bool `json:"claims_booked"`
	Booked       bool
	Consented    bool
	Concluded    bool
	Now          time.Time
}

func (c callJSON) toCall() followup.Call {
	return followup.Call{
		ID: c.ID, Phone: c.Phone,
		FirstSeen: c.FirstSeen.UTC(), LastSeen: c.LastSeen.UTC(), Began: c.Began.UTC(), Ended: c.Ended.UTC(),
		Reported: c.Reported, Procedure: followup.ProcedureID(c.Procedure), Evidence: followup.Evidence(c.Evidence),
		Wanted: c.Wanted.UTC(), ClaimsBooked: c.ClaimsBooked,
		Booked: c.Booked, Consented: c.Consented, Concluded: c.Concluded, Now: c.Now.UTC(),
	}
}

type intentJSON struct {
	ID          string
	Kind        string
	State       string
	Reason      string
	Code        string
	Phone       string
	Call        string
	Appointment string
	Procedure   string
	Start       time.Time
	Planned     time.Time
	Due         time.Time
	Deadline    time.Time
	Tried       time.Time
	Changed     time.Time
	Attempt     int
	Reconciled  int `json:"reconcile_count"`
	Provider    string
	Digest      []byte
}

func (i intentJSON) toIntent() followup.Intent {
	out := followup.Intent{
		ID: followup.IntentID(i.ID), Kind: followup.Kind(i.Kind), State: followup.State(i.State),
		Reason: followup.Reason(i.Reason), Code: i.Code,
		Phone: i.Phone, Call: i.Call, Appointment: i.Appointment, Procedure: followup.ProcedureID(i.Procedure),
		Start: i.Start.UTC(), Planned: i.Planned.UTC(), Due: i.Due.UTC(), Deadline: i.Deadline.UTC(),
		Tried: i.Tried.UTC(), Changed: i.Changed.UTC(),
		Attempt: i.Attempt, Reconciliations: i.Reconciled, Provider: i.Provider,
	}
	copy(out.Digest[:], i.Digest)
	return out
}

type inputJSON struct {
	Intent             intentJSON
	Booked             bool
	HeldUntil          time.Time `json:"held_until"`
	AppointmentStatus  string    `json:"appointment_status"`
	AppointmentStart   time.Time `json:"appointment_start"`
	AppointmentChanged time.Time `json:"appointment_changed"`
	OptedOut           bool      `json:"opted_out"`
	Consent            *struct {
		Purpose string
		Wording string
		Call    string
		At      time.Time
	}
	Unusable string
	Recent   []time.Time
	Now      time.Time
}

func (c inputJSON) toInput() followup.DecisionInput {
	out := followup.DecisionInput{
		Intent: c.Intent.toIntent(), Booked: c.Booked, HeldUntil: c.HeldUntil.UTC(),
		AppointmentStatus: c.AppointmentStatus, AppointmentStart: c.AppointmentStart.UTC(), AppointmentChanged: c.AppointmentChanged.UTC(),
		OptedOut: c.OptedOut, Unusable: followup.Reason(c.Unusable), Now: c.Now.UTC(),
	}
	if c.Consent != nil {
		out.Consent = followup.Consent{
			Phone: out.Phone, Purpose: followup.Kind(c.Consent.Purpose), Wording: c.Consent.Wording,
			Call: c.Consent.Call, At: c.Consent.At.UTC(),
		}
	}
	for _, at := range c.Recent {
		out.Recent = append(out.Recent, at.UTC())
	}
	return out
}

type replyJSON struct {
	Phone   string
	Message string
	Kind    string
	At      time.Time
}

func (r replyJSON) toReply() followup.Reply {
	return followup.Reply{Phone: r.Phone, Message: r.Message, Kind: followup.ReplyKind(r.Kind), At: r.At.UTC()}
}

type summaryJSON struct {
	FirstSeen   time.Time `json:"first_seen"`
	LastContact time.Time `json:"last_contact"`
	Procedure   string
	Wanted      time.Time
	Informed    time.Time
	Upcoming    bool
	OptedOut    bool `json:"opted_out"`
	Unusable    string
}

func (m summaryJSON) toSummary() followup.ContactSummary {
	return followup.ContactSummary{
		Known: true, FirstSeen: m.FirstSeen.UTC(), LastContact: m.LastContact.UTC(),
		Procedure: followup.ProcedureID(m.Procedure), Wanted: m.Wanted.UTC(), Informed: m.Informed.UTC(),
		Upcoming: m.Upcoming, OptedOut: m.OptedOut, Unusable: followup.Reason(m.Unusable),
	}
}

type appointmentJSON struct {
	ID      string
	Phone   string
	Start   time.Time
	Zone    string
	Status  string
	Made    time.Time
	Changed time.Time
	Now     time.Time
}

func (a appointmentJSON) toAppointment() followup.Appointment {
	return followup.Appointment{
		ID: a.ID, Phone: a.Phone, Start: a.Start.UTC(), Zone: a.Zone, Status: a.Status,
		Made: a.Made.UTC(), Changed: a.Changed.UTC(), Now: a.Now.UTC(),
	}
}

type taskJSON struct {
	Org   string `json:"org_id"`
	Kind  string
	ID    string
	Lease time.Time `json:"due_at"`
}

func (t taskJSON) toTask() followup.Task {
	org, _ := tenant.ParseID(t.Org) // a column of type uuid holds no other
	return followup.Task{Org: org, Kind: followup.TaskKind(t.Kind), ID: t.ID, Lease: t.Lease.UTC()}
}

// An ownedLink is a link and its clinic.
type ownedLink struct {
	org  tenant.ID
	link followup.Link
}

type linkJSON struct {
	Org      string
	Intent   string
	Document string
	Expires  time.Time
	MaxViews int `json:"max_views"`
	Views    int
}

func (l linkJSON) toLink(hash [32]byte) ownedLink {
	org, _ := tenant.ParseID(l.Org) // likewise a uuid
	return ownedLink{org, followup.Link{
		Hash: hash, Intent: followup.IntentID(l.Intent), Document: l.Document,
		Expires: l.Expires.UTC(), MaxViews: l.MaxViews, Views: l.Views,
	}}
}
