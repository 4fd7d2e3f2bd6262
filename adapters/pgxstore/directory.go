package pgxstore

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/sqltx"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// directory caches the results of the tenant.Directory.
type directory struct {
	clinics    cache[clinic] // by key
	numbers    cache[tenant.ID]
	assistants cache[tenant.ID]
}

// clinic is all that one query reads of a clinic.
type clinic struct {
	org     tenant.Org
	secrets tenant.Secrets
	routes  []route // other than its key
}

// route maps an external id to the clinic.
type route struct{ kind, id string }

func newDirectory(ttl time.Duration) directory {
	return directory{newCache[clinic](ttl), newCache[tenant.ID](ttl), newCache[tenant.ID](ttl)}
}

// ByKey implements [tenant.Directory]. It caches the other routes of the clinic
// as well, because a message names them next.
func (s *Store) ByKey(ctx context.Context, key string) (tenant.Org, tenant.Secrets, error) {
	if !tenant.ValidKey(key) {
		return tenant.Org{}, tenant.Secrets{}, tenant.ErrUnknownOrg
	}
	c, err := s.directory.clinics.get(ctx, key, func(ctx context.Context) (clinic, error) {
		ctx, cancel := context.WithTimeout(ctx, s.deadline)
		defer cancel()
		c, err := s.clinic(ctx, key)
		for _, r := range c.routes {
			switch r.kind {
			case routePhoneNumber:
				s.directory.numbers.put(r.id, c.org.ID)
			case routeAssistant:
				s.directory.assistants.put(r.id, c.org.ID)
			}
		}
		return c, err
	})
	return c.org, c.secrets, err
}

// ByPhoneNumberID implements [tenant.Directory].
func (s *Store) ByPhoneNumberID(ctx context.Context, id string) (tenant.ID, error) {
	return s.owner(ctx, &s.directory.numbers, routePhoneNumber, id)
}

// ByAssistantID implements [tenant.Directory].
func (s *Store) ByAssistantID(ctx context.Context, id string) (tenant.ID, error) {
	return s.owner(ctx, &s.directory.assistants, routeAssistant, id)
}

// The kinds of org_route, and the length of its longest external id.
const (
	routeKey         = "key"
	routePhoneNumber = "phone_number"
	routeAssistant   = "assistant"
	routeLength      = 200
)

// owner returns the clinic that an external id is routed to.
func (s *Store) owner(ctx context.Context, known *cache[tenant.ID], kind, id string) (tenant.ID, error) {
	if id == "" || len(id) > routeLength || !utf8.ValidString(id) || strings.Contains(id, "\x00") {
		return tenant.ID{}, tenant.ErrUnknownOrg // the database cannot hold such an id
	}
	return known.get(ctx, id, func(ctx context.Context) (tenant.ID, error) {
		ctx, cancel := context.WithTimeout(ctx, s.deadline)
		defer cancel()
		return s.route(ctx, kind, id)
	})
}

// unknownOrg is the scope of a key without a clinic: it holds no rows.
const unknownOrg = "00000000-0000-0000-0000-000000000000"

// clinic resolves a key, enters the scope of its clinic and reads it and its
// routes, in one round trip. A message names its phone number and its assistant
// as well: with the routes in the cache their lookups need no round trips.
func (s *Store) clinic(ctx context.Context, key string) (clinic, error) {
	var id, zone string
	var c clinic
	err := s.db.Run(ctx,
		scope{Enter: &statement{
			SQL: `
				select set_config('app.org_id', coalesce(callwaiting.route($1::text, $2::text)::text, $3::text), true),
					set_config('statement_timeout', $4::text, true)`,
			Args: []any{routeKey, key, unknownOrg, s.db.timeouts.Statement},
		}},
		statement{
			SQL: `
				select o.org_id::text, o.key, o.name, o.zone, o.country, o.locale, x.current, x.previous
				from callwaiting.org o
				join callwaiting.org_secret x on x.org_id = o.org_id
				where o.org_id = current_setting('app.org_id')::uuid
					and o.key = $1::text`,
			Args: []any{key},
			Read: func(rows sqltx.Rows) error {
				id = ""
				if !rows.Next() {
					return rows.Err()
				}
				return rows.Scan(&id, &c.org.Key, &c.org.Name, &zone, &c.org.Country, &c.org.Locale, &c.secrets.Current, &c.secrets.Previous)
			},
		},
		statement{
			SQL: `
				select kind, external_id
				from callwaiting.routes()`,
			Read: func(rows sqltx.Rows) error {
				c.routes = nil
				for rows.Next() {
					var r route
					if err := rows.Scan(&r.kind, &r.id); err != nil {
						return err
					}
					c.routes = append(c.routes, r)
				}
				return nil
			},
		},
	)
	if err != nil {
		return clinic{}, err
	}
	if id == "" {
		return clinic{}, tenant.ErrUnknownOrg
	}
	if c.org.ID, err = tenant.ParseID(id); err != nil {
		return clinic{}, fmt.Errorf("pgxstore: unreadable id of a clinic: %w", err)
	}
	if c.org.Zone, err = s.zones.load(zone); err != nil {
		return clinic{}, fmt.Errorf("pgxstore: unknown time zone of clinic %s: import time/tzdata", id)
	}
	return c, nil
}

func (s *Store) route(ctx context.Context, kind, id string) (tenant.ID, error) {
	var org *string
	err := s.db.Run(ctx, scope{Enter: s.db.timeouts.EnterNone()}, statement{
		SQL:  `select callwaiting.route($1::text, $2::text)::text`,
		Args: []any{kind, id},
		Read: func(rows sqltx.Rows) error {
			if !rows.Next() {
				return rows.Err()
			}
			return rows.Scan(&org)
		},
	})
	if err != nil {
		return tenant.ID{}, err
	}
	if org == nil {
		return tenant.ID{}, tenant.ErrUnknownOrg
	}
	return tenant.ParseID(*org)
}
