// Package sqlxstore keeps calls, messages and links in PostgreSQL for programs
// that have a database through sqlx. [FollowUpStore] is a followup.Store, a
// followup.Queue and a followup.LinkStore. Appointments are booked with package
// pgxstore, in the same database.
//
//	db, err := sqlx.Open("pgx", os.Getenv("DATABASE_URL"))
//	f, err := sqlxstore.New(ctx, db, sqlxstore.Config{})
//
// The driver is the program's own: import github.com/jackc/pgx/v5/stdlib for
// the one above. The role that logs in is a member of callwaiting_app and
// nothing more; [New] refuses any other. Behind PgBouncer or another pooler in
// transaction mode, add default_query_exec_mode=cache_describe to the URL.
//
// It says what package pgxstore says, in more round trips: the clinic's scope,
// the question and the commit travel one by one. The scope ends with the
// transaction; nothing is ever set on a session.
package sqlxstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/followupsql"
	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgrole"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Config configures a [FollowUpStore].
type Config struct {
	// LockTimeout is how long a change waits for another one in its way.
	//
	// Defaults to 1 second.
	LockTimeout time.Duration

	// StatementTimeout bounds one statement on the server, waiting included.
	//
	// Defaults to 3 seconds.
	StatementTimeout time.Duration
}

// FollowUps keeps the calls and messages of any number of clinics. Safe for
// concurrent use. Make one with [New].
type FollowUpStore struct {
	db               *sqlx.DB
	lockTimeout      string // in milliseconds, as the server reads it
	statementTimeout string
}

var (
	_ followup.Store     = (*FollowUpStore)(nil)
	_ followup.Queue     = (*FollowUpStore)(nil)
	_ followup.LinkStore = (*FollowUpStore)(nil)
)

// New returns a store on db. It asks the server who it is and refuses what
// would not be safe: a superuser, an owner of the tables or a role that
// bypasses row-level security; a schema that is missing, old or unprotected.
// The error says what is wrong and what to do.
func New(ctx context.Context, db *sqlx.DB, cfg Config) (*FollowUpStore, error) {
	cfg.LockTimeout = cmp.Or(cfg.LockTimeout, time.Second)
	cfg.StatementTimeout = cmp.Or(cfg.StatementTimeout, 3*time.Second)
	switch {
	case db == nil:
		return nil, errors.New("sqlxstore: db is nil: make one with sqlx.Open")
	case cfg.LockTimeout < time.Millisecond:
		return nil, fmt.Errorf("sqlxstore: Config.LockTimeout is %v: use at least 1 millisecond", cfg.LockTimeout)
	case cfg.StatementTimeout < cfg.LockTimeout:
		return nil, fmt.Errorf("sqlxstore: Config.StatementTimeout is %v: use at least the LockTimeout, %v", cfg.StatementTimeout, cfg.LockTimeout)
	}
	if err := verify(ctx, db); err != nil {
		return nil, fmt.Errorf("sqlxstore: %w", err)
	}
	return &FollowUpStore{db, milliseconds(cfg.LockTimeout), milliseconds(cfg.StatementTimeout)}, nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func verify(ctx context.Context, db *sqlx.DB) error {
	var w pgrole.Witness
	if err := db.QueryRowxContext(ctx, pgrole.Ask).Scan(w.Fields()...); err != nil {
		return unreachable(ctx, err)
	}
	if err := w.Verdict(); err != nil {
		return err
	}
	var version int
	err := db.QueryRowxContext(ctx, pgrole.AskVersion).Scan(&version)
	if state := sqlState(nil); errors.As(err, &state) { // it is not there, or not granted
		version, err = 0, nil
	}
	if err != nil {
		return unreachable(ctx, err)
	}
	return pgrole.Current(version)
}

// Record implements [followup.Store].
func (f *FollowUpStore) UpdateCall(ctx context.Context, org tenant.ID, facts followup.CallUpdate) (followup.Call, error) {
	return inquire(ctx, f, org, followupsql.Record(org, facts))
}

// Call implements [followup.Store].
func (f *FollowUpStore) Call(ctx context.Context, org tenant.ID, id string) (followup.Call, error) {
	return inquire(ctx, f, org, followupsql.Call(org, id))
}

// Plan implements [followup.Store].
func (f *FollowUpStore) PlanIntents(ctx context.Context, org tenant.ID, t followup.Task, plans []followup.Plan) ([]followup.Intent, error) {
	return inquire(ctx, f, org, followupsql.Plan(org, t, plans))
}

// Appointment implements [followup.Store].
func (f *FollowUpStore) Appointment(ctx context.Context, org tenant.ID, id string) (followup.Appointment, error) {
	return inquire(ctx, f, org, followupsql.Appointment(org, id))
}

// Finish implements [followup.Store].
func (f *FollowUpStore) RecordResults(ctx context.Context, org tenant.ID, results []followup.Result) error {
	_, err := inquire(ctx, f, org, followupsql.Finish(org, results))
	return err
}

// Status implements [followup.Store].
func (f *FollowUpStore) RecordStatus(ctx context.Context, org tenant.ID, u followup.StatusUpdate) (followup.Intent, error) {
	return inquire(ctx, f, org, followupsql.Status(org, u))
}

// Consent implements [followup.Store].
func (f *FollowUpStore) RecordConsent(ctx context.Context, org tenant.ID, c followup.Consent) error {
	_, err := inquire(ctx, f, org, followupsql.Consent(org, c))
	return err
}

// OptOut implements [followup.Store].
func (f *FollowUpStore) RecordOptOut(ctx context.Context, org tenant.ID, o followup.OptOut) error {
	_, err := inquire(ctx, f, org, followupsql.OptOut(org, o))
	return err
}

// Reply implements [followup.Store].
func (f *FollowUpStore) RecordReply(ctx context.Context, org tenant.ID, r followup.Reply) (first bool, err error) {
	return inquire(ctx, f, org, followupsql.Reply(org, r))
}

// Replies implements [followup.Store].
func (f *FollowUpStore) ListReplies(ctx context.Context, org tenant.ID, limit int) ([]followup.Reply, error) {
	return inquire(ctx, f, org, followupsql.Replies(org, limit))
}

// Quarantine implements [followup.Store].
func (f *FollowUpStore) CountUnmatched(ctx context.Context, org tenant.ID, kind string) error {
	_, err := inquire(ctx, f, org, followupsql.Quarantine(org, kind))
	return err
}

// Quarantined returns how many messages that belong to no call came, by kind.
func (f *FollowUpStore) Quarantined(ctx context.Context, org tenant.ID) (map[string]int, error) {
	return inquire(ctx, f, org, followupsql.Quarantined(org))
}

// Lookup implements [followup.Store].
func (f *FollowUpStore) Summary(ctx context.Context, org tenant.ID, phone string) (followup.ContactSummary, error) {
	return inquire(ctx, f, org, followupsql.Lookup(org, phone))
}

// Intents implements [followup.Store].
func (f *FollowUpStore) ListIntents(ctx context.Context, org tenant.ID, q followup.IntentFilter) ([]followup.Intent, error) {
	return inquire(ctx, f, org, followupsql.Intents(org, q))
}

// Link implements [followup.LinkStore].
func (f *FollowUpStore) Link(ctx context.Context, hash [32]byte) (tenant.ID, followup.Link, error) {
	return f.link(ctx, hash, false)
}

// UseLink implements [followup.LinkStore].
func (f *FollowUpStore) UseLink(ctx context.Context, hash [32]byte) (tenant.ID, followup.Link, error) {
	return f.link(ctx, hash, true)
}

func (f *FollowUpStore) link(ctx context.Context, hash [32]byte, use bool) (tenant.ID, followup.Link, error) {
	scope := statement{followupsql.LinkScope, []any{followupsql.LinkHash(hash), f.statementTimeout}}
	found, err := ask(ctx, f, scope, followupsql.Link(hash, use))
	return found.Org, found.Link, err
}

// RevokeLinks implements [followup.LinkStore].
func (f *FollowUpStore) RevokeLinks(ctx context.Context, org tenant.ID, phone string) error {
	_, err := inquire(ctx, f, org, followupsql.RevokeLinks(org, phone))
	return err
}

// pollEvery is how long a wait is at most.
const pollEvery = 250 * time.Millisecond

// Take implements [followup.Queue].
func (f *FollowUpStore) Dequeue(ctx context.Context, n, perOrg int, lease time.Duration, except []tenant.ID) ([]followup.Task, error) {
	return ask(ctx, f, statement{followupsql.TakeScope, []any{f.statementTimeout}}, followupsql.Take(n, perOrg, lease, except))
}

// Drop implements [followup.Queue].
func (f *FollowUpStore) Ack(ctx context.Context, t followup.Task) error {
	_, err := inquire(ctx, f, t.Org, followupsql.Drop(t))
	return err
}

// Wait implements [followup.Queue]: by the clock alone, as database/sql has no
// way to be told.
func (f *FollowUpStore) Wait(ctx context.Context, most time.Duration) error {
	timer := time.NewTimer(min(most, pollEvery))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
