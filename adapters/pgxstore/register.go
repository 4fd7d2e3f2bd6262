package pgxstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Register registers a clinic, or replaces its registration; its appointments
// stay. db must log in as the role that migrates. It is a *pgxpool.Pool, a
// *pgx.Conn, or a pgx.Tx to register several clinics in one transaction. The
// error names the invalid field, such as a phone number of another clinic.
func Register(ctx context.Context, db interface {
	Begin(context.Context) (pgx.Tx, error)
}, c tenant.Registration) error {
	if err := c.Org.Validate(); err != nil {
		return fmt.Errorf("pgxstore: %w", err)
	}
	if c.Secrets.Current == "" {
		return fmt.Errorf("pgxstore: Registration.Secrets.Current of %s is empty: give the secret that its Vapi account sends", c.Org.ID)
	}
	err := pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error { return register(ctx, tx, c) })
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		if pg.Code == "42501" {
			return fmt.Errorf("pgxstore: registering %s needs the role that migrates, a member of callwaiting_owner: SQLSTATE 42501", c.Org.ID)
		}
		err = classifyServerError(pg, true).Err
	}
	return err
}

func register(ctx context.Context, tx pgx.Tx, c tenant.Registration) error {
	org := c.Org.ID.String()
	// The owner of the tables is bound by row-level security too.
	if _, err := tx.Exec(ctx, `select set_config('app.org_id', $1::text, true)`, org); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		insert into callwaiting.org (org_id, key, name, zone, country, locale)
		values ($1::uuid, $2, $3, $4, $5, $6)
		on conflict (org_id) do update
		set key = excluded.key, name = excluded.name, zone = excluded.zone, country = excluded.country,
			locale = excluded.locale, updated_at = clock_timestamp()`,
		org, c.Org.Key, c.Org.Name, c.Org.Zone.String(), c.Org.Country, c.Org.Locale)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		insert into callwaiting.org_secret (org_id, current, previous)
		values ($1::uuid, $2, $3)
		on conflict (org_id) do update
		set current = excluded.current, previous = excluded.previous, updated_at = clock_timestamp()`,
		org, c.Secrets.Current, c.Secrets.Previous)
	if err != nil {
		return err
	}
	if _, err = tx.Exec(ctx, `delete from callwaiting.org_route where org_id = $1::uuid`, org); err != nil {
		return err
	}
	for _, r := range []struct {
		field, kind string
		ids         []string
	}{
		{"Org.Key", routeKey, []string{c.Org.Key}},
		{"PhoneNumberIDs", routePhoneNumber, c.PhoneNumberIDs},
		{"AssistantIDs", routeAssistant, c.AssistantIDs},
	} {
		if err := insertRoutes(ctx, tx, c.Org.ID, r.field, r.kind, r.ids); err != nil {
			return err
		}
	}
	return nil
}

func insertRoutes(ctx context.Context, tx pgx.Tx, org tenant.ID, field, kind string, ids []string) error {
	for _, id := range ids {
		if id == "" || len(id) > routeLength {
			return fmt.Errorf("pgxstore: Registration.%s of %s: an id must have 1 to %d characters", field, org, routeLength)
		}
		done, err := tx.Exec(ctx, `
			insert into callwaiting.org_route as r (kind, external_id, org_id)
			values ($1, $2, $3::uuid)
			on conflict (kind, external_id) do update
			set org_id = excluded.org_id
			where r.org_id = excluded.org_id`,
			kind, id, org.String())
		if err != nil {
			return err
		}
		if done.RowsAffected() == 0 {
			return fmt.Errorf("pgxstore: Registration.%s of %s: %q belongs to another clinic: register it with one only", field, org, id)
		}
	}
	return nil
}
