package followupsql

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Bell is the channel on which it is said that something has come due.
const Bell = "callwaiting_task"

// TakeScope begins what is asked outside any clinic's scope. That a task is taken
// needs not be durable: it would only come due again.
const TakeScope = `
	select set_config('statement_timeout', $1::text, true),
		set_config('synchronous_commit', 'off', true)`

// Take asks for what is due. It is asked outside the scope of a clinic.
func Take(n, perOrg int, lease time.Duration, except []tenant.ID) Question[[]followup.Task] {
	ids := make([]string, len(except))
	for i, id := range except {
		ids[i] = id.String()
	}
	return Question[[]followup.Task]{
		SQL:     `select callwaiting.dequeue_tasks($1::int, $2::int, $3::bigint, $4::text::uuid[])::text`,
		Args:    []any{n, perOrg, lease.Microseconds(), "{" + strings.Join(ids, ",") + "}"},
		Changes: true,
		read:    reader(all(task.told)),
	}
}

// Drop asks for a task to be put away.
func Drop(t followup.Task) Question[Nothing] {
	q := command(`select callwaiting.ack_tasks($1::text, array[$2::text], $3::timestamptz)`, t.Org)
	q.Args = []any{string(t.Kind), t.ID, instant(t.Lease)}
	return q
}

// LinkScope enters the scope of the clinic whose link has the hash $1, or the
// one of nobody, which holds no rows.
const LinkScope = `
	select set_config('app.org_id', coalesce(callwaiting.link_owner(decode($1::text, 'base64'))::text, '00000000-0000-0000-0000-000000000000'), true),
		set_config('statement_timeout', $2::text, true)`

// Link asks, within LinkScope, for the link that still opens something, and
// with use counts a view of it.
func Link(hash [32]byte, use bool) Question[OwnedLink] {
	return Question[OwnedLink]{
		SQL:     `select callwaiting.followup_open_link(decode($1::text, 'base64'), $2::boolean)::text`,
		Args:    []any{LinkHash(hash), use},
		Changes: use,
		read:    reader(func(l link) OwnedLink { return l.told(hash) }),
		err:     followup.ErrNotFound,
	}
}

// RevokeLinks asks for the links of a contact to be ended.
func RevokeLinks(org tenant.ID, phone string) Question[Nothing] {
	return command(`
		update callwaiting.link l
		set revoked_at = clock_timestamp()
		where l.org_id = $1::uuid
			and l.contact_id = (select c.id from callwaiting.contact c where c.org_id = $1::uuid and c.phone = $2::text)
			and l.revoked_at is null`, org, phone)
}

// LinkHash is a hash as an argument.
func LinkHash(hash [32]byte) string { return base64.StdEncoding.EncodeToString(hash[:]) }
