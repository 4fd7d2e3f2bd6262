-- Calls, contacts' consents and opt-outs, and messages that are sent once.
--
-- Forward only, by the rules of 0001. Most functions take one jsonb argument,
-- the parameters of one method of package followup, and return its result as
-- jsonb. Times are instants, bytes are base64.
--
-- Functions with large statements set plan_cache_mode = force_generic_plan:
-- planning them on every call took three times as long as running them.
--
-- Lock order of concurrent changes: contacts (callwaiting.lock), then calls,
-- then intents by id, then tasks. A contact's row is written before intents,
-- and appointments before tasks.

-- +goose Up

set local role callwaiting_owner;

create domain callwaiting.message_kind as text
  constraint message_kind_known check (value in ('information', 'confirmation', 'reminder', 'cancellation', 'offer'));
create domain callwaiting.message_state as text
  constraint message_state_known check (value in ('planned', 'sending', 'unknown', 'accepted', 'sent', 'delivered',
    'undelivered', 'failed', 'suppressed', 'rejected', 'expired', 'dead'));
create domain callwaiting.task_kind as text
  constraint task_kind_known check (value in ('call', 'appointment', 'intent'));

-- The reason why texts to the number fail for good; empty without one.
alter table callwaiting.contact add column unusable text not null default '';

create index appointment_by_call on callwaiting.appointment (org_id, call) where call <> '';

-- One phone call. began_at and ended_at come from messages; over_at is the time
-- at which the end became known. procedure_at and wanted_at are the times of the
-- messages that named the procedure and the wanted time. reported: the
-- end-of-call report has arrived. evidence: the source of procedure, strongest
-- highest; see followup.Evidence. claims_booked: the report claims a booking.
-- concluded: the follow-up of the call is decided.
create table callwaiting.call (
  org_id uuid not null,
  id text not null,
  contact_id uuid,
  first_seen timestamptz not null default clock_timestamp(),
  last_seen timestamptz not null default clock_timestamp(),
  began_at timestamptz,
  ended_at timestamptz,
  over_at timestamptz,
  reported boolean not null,
  procedure text not null,
  evidence int not null,
  procedure_at timestamptz not null,
  wanted timestamptz,
  wanted_at timestamptz not null,
  claims_booked boolean not null,
  concluded boolean not null default false,
  primary key (org_id, id),
  constraint call_id check (length(id) between 1 and 200),
  constraint call_contact foreign key (org_id, contact_id) references callwaiting.contact (org_id, id)
);
create index call_by_contact on callwaiting.call (org_id, contact_id);

-- One planned message and its state; see followup.Intent.
-- Until lease_until it belongs to the worker that sends or reconciles it.
create table callwaiting.intent (
  org_id uuid not null,
  id uuid not null,
  kind callwaiting.message_kind not null,
  state callwaiting.message_state not null,
  reason text not null,
  code text not null default '',
  contact_id uuid,
  call text not null,
  appointment_id uuid,
  procedure text not null,
  starts_at timestamptz,
  planned_at timestamptz not null default clock_timestamp(),
  due_at timestamptz,
  deadline timestamptz not null,
  tried_at timestamptz,
  changed_at timestamptz not null default clock_timestamp(),
  attempt int not null default 0,
  reconcile_count int not null default 0,
  provider text not null default '',
  digest bytea not null default '',
  lease_until timestamptz,
  constraint intent_contact foreign key (org_id, contact_id) references callwaiting.contact (org_id, id),
  constraint intent_reachable check (contact_id is not null or state = 'suppressed'),
  constraint intent_leased check (lease_until is null or state in ('sending', 'unknown'))
) with (fillfactor = 70);
create index intent_by_time on callwaiting.intent (org_id, planned_at);
create index intent_by_contact on callwaiting.intent (org_id, contact_id);
create index intent_by_call on callwaiting.intent (org_id, call) where call <> '';
alter table callwaiting.intent add primary key (org_id, id); -- last; see appointment

-- The ledger of consents: at is the time of the consent, noted_at of the row.
-- Append only.
create table callwaiting.consent (
  org_id uuid not null,
  contact_id uuid not null,
  purpose callwaiting.message_kind not null,
  at timestamptz not null,
  call text not null,
  wording text not null,
  noted_at timestamptz not null default clock_timestamp(),
  primary key (org_id, contact_id, purpose, at, call, wording),
  constraint consent_contact foreign key (org_id, contact_id) references callwaiting.contact (org_id, id)
);

-- The ledger of opt-outs and of their ends (opt_in). Append only.
create table callwaiting.opt_out (
  org_id uuid not null,
  contact_id uuid not null,
  noted_at timestamptz not null default clock_timestamp(),
  id uuid not null default gen_random_uuid(),
  opt_in boolean not null,
  source text not null,
  call text not null,
  message text not null,
  primary key (org_id, contact_id, noted_at, id),
  constraint opt_out_contact foreign key (org_id, contact_id) references callwaiting.contact (org_id, id)
);
create unique index opt_out_by_message on callwaiting.opt_out (org_id, message) where message <> '';

-- The texts that contacts sent: their kind, without their words. Append only.
create table callwaiting.reply (
  org_id uuid not null,
  message text not null,
  contact_id uuid not null,
  kind text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (org_id, message),
  constraint reply_contact foreign key (org_id, contact_id) references callwaiting.contact (org_id, id)
);
create index reply_by_contact on callwaiting.reply (org_id, contact_id, at);
create index reply_by_time on callwaiting.reply (org_id, at);

-- The number of messages without a call, by message type.
create table callwaiting.unmatched (
  org_id uuid not null,
  kind text not null,
  count bigint not null default 1,
  last_at timestamptz not null default clock_timestamp(),
  primary key (org_id, kind)
);

-- The document that a link in a text opens. hash is the token's; the token
-- itself is not stored.
create table callwaiting.link (
  org_id uuid not null,
  hash bytea not null,
  intent_id uuid not null,
  contact_id uuid not null,
  document text not null,
  expires_at timestamptz not null,
  max_views int not null,
  views int not null default 0,
  revoked_at timestamptz,
  primary key (org_id, hash),
  constraint link_intent foreign key (org_id, intent_id) references callwaiting.intent (org_id, id)
);
create index link_by_contact on callwaiting.link (org_id, contact_id);

-- The clinic of each link. It is read before the clinic is known, so like
-- org_route it has no policy and no grant; link_owner() alone reads it.
create table callwaiting.link_route (
  hash bytea not null primary key,
  org_id uuid not null
);

-- The queue of due work: a mark to read calls, appointments and intents, never
-- their record. It holds ids only, has no policy and no grant, and
-- is reached through the functions below: in the scope of one clinic, except
-- dequeue_tasks(), which returns tasks of all clinics.
--
-- due_at is also the lease. dequeue_tasks sets due_at to the end of the lease,
-- and that time identifies the lease: a task that was scheduled again has
-- another due_at, so ack_tasks with the old lease does not delete it.
create table callwaiting.task (
  org_id uuid not null,
  kind callwaiting.task_kind not null,
  id text not null,
  due_at timestamptz not null,
  attempts int not null default 0 -- dequeued so often since it was scheduled
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
create index task_due on callwaiting.task (due_at, org_id);
create index task_due_of_org on callwaiting.task (org_id, due_at);
alter table callwaiting.task add primary key (org_id, kind, id); -- last; see appointment

-- The appointments that changed: dequeue_tasks() turns the rows into tasks. The
-- table has no index and no key, so that a booking pays for one row at the end
-- of a heap only.
create table callwaiting.appointment_change (
  org_id uuid not null,
  appointment_id uuid not null
) with (autovacuum_vacuum_scale_factor = 0.02);

-- +goose StatementBegin
do $$
declare
  t text;
begin
  foreach t in array array['call', 'intent', 'consent', 'opt_out', 'reply', 'unmatched', 'link'] loop
    execute format('alter table callwaiting.%I enable row level security', t);
    execute format('alter table callwaiting.%I force row level security', t);
    execute format('create policy own_org on callwaiting.%I
      using (org_id = (select current_setting(''app.org_id''))::uuid)
      with check (org_id = (select current_setting(''app.org_id''))::uuid)', t);
  end loop;
end
$$;
-- +goose StatementEnd

grant select, insert on callwaiting.call, callwaiting.intent, callwaiting.consent, callwaiting.opt_out,
  callwaiting.reply, callwaiting.unmatched, callwaiting.link to callwaiting_app;
grant update (unusable) on callwaiting.contact to callwaiting_app;
grant update (contact_id, last_seen, began_at, ended_at, over_at, reported, procedure, evidence, procedure_at,
  wanted, wanted_at, claims_booked, concluded) on callwaiting.call to callwaiting_app;
grant update (state, reason, code, procedure, tried_at, changed_at, attempt, reconcile_count, provider, digest, lease_until) on callwaiting.intent to callwaiting_app;
grant update (count, last_at) on callwaiting.unmatched to callwaiting_app;
grant update (views, revoked_at) on callwaiting.link to callwaiting_app;

-- schedule_tasks sets when tasks of the clinic of the scope are due. With
-- p_earliest, a task keeps an earlier due time, less one microsecond: that ends
-- the lease of a worker that has dequeued it.
-- +goose StatementBegin
create function callwaiting.schedule_tasks(p_kind text, p_ids text[], p_due timestamptz[], p_earliest boolean)
  returns void language plpgsql security definer set search_path = '' as $$
declare
  c_org constant uuid := current_setting('app.org_id')::uuid;
begin
  insert into callwaiting.task as t (org_id, kind, id, due_at)
  select c_org, p_kind, r.id, r.due_at
  from unnest(p_ids, p_due) as r (id, due_at)
  order by r.id
  on conflict (org_id, kind, id) do update
  set due_at = case when p_earliest then least(t.due_at - interval '1 microsecond', excluded.due_at) else excluded.due_at end,
    attempts = 0;
end
$$;
-- +goose StatementEnd

-- ack_tasks deletes tasks of the clinic of the scope: those with lease p_lease
-- or, if p_lease is null, with any, and then also an appointment's pending
-- changes. Here and below, rows are read one at a time by the whole key: "= any"
-- may be planned as one scan of all the clinic's rows.
-- +goose StatementBegin
create function callwaiting.ack_tasks(p_kind text, p_ids text[], p_lease timestamptz)
  returns void language plpgsql security definer set search_path = '' as $$
declare
  c_org constant uuid := current_setting('app.org_id')::uuid;
  v_id text;
begin
  foreach v_id in array p_ids loop
    delete from callwaiting.task t
    where t.org_id = c_org and t.kind = p_kind and t.id = v_id and (p_lease is null or t.due_at = p_lease);
  end loop;
  if p_kind = 'appointment' and p_lease is null then
    delete from callwaiting.appointment_change r
    where r.org_id = c_org and r.appointment_id::text = any (p_ids);
  end if;
end
$$;
-- +goose StatementEnd

-- record_appointment_change queues every changed appointment, in the
-- transaction of the change. It does not notify: that would make commits wait
-- for each other. A database without a follow-up worker keeps a row of 32 bytes
-- for every change: there, run
--   alter table callwaiting.event disable trigger record_appointment_change;
-- +goose StatementBegin
create function callwaiting.record_appointment_change() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into callwaiting.appointment_change (org_id, appointment_id)
  select e.org_id, e.subject
  from new_event e;
  return null;
end
$$;
-- +goose StatementEnd

create trigger record_appointment_change after insert on callwaiting.event
  referencing new table as new_event
  for each statement execute function callwaiting.record_appointment_change();

-- dequeue_tasks returns up to p_n due tasks, at most p_per_org of one clinic and
-- not those of clinics in p_except, and sets due_at of each to the end of its
-- lease. It skips tasks that another transaction is dequeuing.
--
-- It finds the clinics with due tasks in the first thousand rows. If more are
-- due, the tasks of one clinic may hide those of another: then it walks the
-- clinics from a random one on, with one index lookup each. The first round
-- gives each clinic its share, the second gives the rest to clinics with more.
--
-- It first turns appointment changes into tasks. That is a scan of a table that
-- is empty most of the time, but enable_seqscan = off makes the planner see it
-- as expensive: without jit = off, the statement would be compiled every time.
-- +goose StatementBegin
create function callwaiting.dequeue_tasks(p_n int, p_per_org int, p_lease_us bigint, p_except uuid[])
  returns jsonb language plpgsql security definer set search_path = '' set enable_seqscan = off set jit = off as $$
declare
  c_page constant int := 1000;
  v_now constant timestamptz := clock_timestamp();
  v_lease constant timestamptz := v_now + p_lease_us * interval '1 microsecond';
  v_start constant uuid := gen_random_uuid();
  v_due int;
  v_orgs uuid[];
  v_share int;
  v_leased jsonb;
  v_all jsonb := '[]';
begin
  with change as (
    delete from callwaiting.appointment_change r
    where r.ctid = any (array(select q.ctid from callwaiting.appointment_change q limit c_page for update skip locked))
    returning r.org_id, r.appointment_id
  )
  insert into callwaiting.task (org_id, kind, id, due_at)
  select distinct r.org_id, 'appointment', r.appointment_id::text, v_now
  from change r
  order by 1, 3
  on conflict (org_id, kind, id) do update
  set due_at = excluded.due_at, attempts = 0;

  select count(*), array_agg(distinct d.org_id)
  into v_due, v_orgs
  from (select t.org_id from callwaiting.task t where t.due_at <= v_now order by t.due_at limit c_page) d;
  if v_due = 0 then
    return v_all;
  end if;
  if v_due < c_page then
    v_orgs := array(select o from unnest(v_orgs) as o where o <> all (p_except) order by random());
  else
    with recursive clinic (org_id, wrapped) as (
      (
        select s.org_id, s.wrapped
        from (
          (select t.org_id, false as wrapped from callwaiting.task t where t.org_id >= v_start order by t.org_id limit 1)
          union all
          (select t.org_id, true from callwaiting.task t where t.org_id < v_start order by t.org_id limit 1)
        ) s
        order by s.wrapped
        limit 1
      )
      union all
      select n.org_id, n.wrapped
      from clinic c
      cross join lateral (
        select s.org_id, s.wrapped
        from (
          (select t.org_id, c.wrapped from callwaiting.task t
            where t.org_id > c.org_id and (not c.wrapped or t.org_id < v_start)
            order by t.org_id limit 1)
          union all
          (select t.org_id, true from callwaiting.task t
            where not c.wrapped and t.org_id < v_start
            order by t.org_id limit 1)
        ) s
        order by s.wrapped
        limit 1
      ) n
    )
    select array(
      select c.org_id
      from clinic c
      where c.org_id <> all (p_except)
        and (select 1 from callwaiting.task t where t.org_id = c.org_id and t.due_at <= v_now limit 1) is not null
      limit p_n
    ) into v_orgs;
  end if;

  v_share := least(p_per_org, greatest(1, p_n / greatest(1, cardinality(v_orgs))));
  for round in 1 .. 2 loop
    with leased as (
      update callwaiting.task t
      set due_at = v_lease, attempts = t.attempts + 1
      -- By ctid: the rows are locked, and no index is read a second time.
      where t.ctid = any (array(
        select d.place
        from unnest(v_orgs) as o (org_id)
        cross join lateral (
          select t.ctid as place
          from callwaiting.task t
          where t.org_id = o.org_id and t.due_at <= v_now
          order by t.due_at
          limit v_share
          for update skip locked
        ) d
        limit p_n - jsonb_array_length(v_all)
      ))
      returning t.org_id, t.kind, t.id, t.due_at
    )
    select coalesce(jsonb_agg(to_jsonb(leased)), '[]') into v_leased from leased;
    v_all := v_all || v_leased;
    v_share := p_per_org - v_share;
    exit when v_share <= 0 or jsonb_array_length(v_all) >= p_n;
  end loop;
  return v_all;
end
$$;
-- +goose StatementEnd

-- link_owner returns the clinic of a link, by exact match; null if unknown.
create function callwaiting.link_owner(p_hash bytea)
  returns uuid language sql stable security definer set search_path = ''
  return (select r.org_id from callwaiting.link_route r where r.hash = p_hash);

-- route_links records the clinic of the scope as the owner of links.
-- +goose StatementBegin
create function callwaiting.route_links(p_hashes bytea[])
  returns void language plpgsql security definer set search_path = '' as $$
declare
  c_org constant uuid := current_setting('app.org_id')::uuid;
begin
  insert into callwaiting.link_route (hash, org_id)
  select h, c_org
  from unnest(p_hashes) as h
  order by h;
end
$$;
-- +goose StatementEnd

-- The functions below run with their caller's rights, inside the caller's
-- scope; see 0001.

-- try_lock_contacts takes those locks of contacts that are free, the same locks
-- as lock(), and returns the phones that it locked. It retries the others until
-- p_wait_ms have passed.
-- +goose StatementBegin
create function callwaiting.try_lock_contacts(p_org uuid, p_phones text[], p_wait_ms int) returns text[] language plpgsql as $$
declare
  c_contact constant bigint := hashtextextended(p_org::text, 8317432051);
  c_end constant timestamptz := clock_timestamp() + p_wait_ms * interval '1 millisecond';
  v_phone text;
  v_locked text[] := '{}';
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'callwaiting: the transaction is not read committed' using errcode = 'CW001';
  end if;
  p_phones := array(select distinct t collate "C" from unnest(p_phones) as t order by 1);
  loop
    foreach v_phone in array p_phones loop
      if v_phone <> all (v_locked) and pg_try_advisory_xact_lock(hashtextextended(v_phone, c_contact)) then
        v_locked := v_locked || v_phone;
      end if;
    end loop;
    exit when cardinality(v_locked) = cardinality(p_phones) or clock_timestamp() >= c_end;
    perform pg_sleep(0.005);
  end loop;
  return v_locked;
end
$$;
-- +goose StatementEnd

-- upsert_contact returns the id of a contact and inserts a missing one; null for
-- an empty phone.
-- +goose StatementBegin
create function callwaiting.upsert_contact(p_org uuid, p_phone text) returns uuid language plpgsql as $$
declare
  v_id uuid;
begin
  if p_phone = '' then
    return null;
  end if;
  select c.id into v_id
  from callwaiting.contact c
  where c.org_id = p_org and c.phone = p_phone;
  if found then
    return v_id;
  end if;
  insert into callwaiting.contact (org_id, phone)
  values (p_org, p_phone)
  on conflict do nothing;
  select c.id into v_id
  from callwaiting.contact c
  where c.org_id = p_org and c.phone = p_phone;
  return v_id;
end
$$;
-- +goose StatementEnd

-- booked_since reports whether an appointment was booked, confirmed or moved
-- since a time. A hold does not count, even if it was moved.
create function callwaiting.booked_since(p_org uuid, p_appointment uuid, p_since timestamptz) returns boolean language sql stable
  return (
    select true from callwaiting.event e
    where e.org_id = p_org and e.subject = p_appointment and e.at >= p_since
      and (e.kind in ('booked', 'confirmed')
        or e.kind = 'moved' and (
          select true from callwaiting.event m
          where m.org_id = p_org and m.subject = p_appointment and m.version < e.version and m.kind in ('booked', 'confirmed')
          limit 1
        ))
    limit 1
  ) is not null;

-- call_json returns a call as package followup reads it.
create function callwaiting.call_json(k callwaiting.call) returns jsonb language sql stable
  return jsonb_build_object(
    'id', k.id,
    'phone', (select c.phone from callwaiting.contact c where c.org_id = k.org_id and c.id = k.contact_id),
    'first_seen', k.first_seen,
    'last_seen', k.last_seen,
    'began', coalesce(k.began_at, k.first_seen),
    'ended', case when k.over_at is not null then coalesce(k.ended_at, k.over_at) end,
    'reported', k.reported,
    'procedure', k.procedure,
    'evidence', k.evidence,
    'wanted', k.wanted,
    'claims_booked', k.claims_booked,
    'booked', (
      select true from callwaiting.appointment a
      where a.org_id = k.org_id and a.contact_id = k.contact_id and callwaiting.booked_since(k.org_id, a.id, least(k.began_at, k.first_seen))
      limit 1
    ) is not null or (
      select true from callwaiting.appointment a
      where a.org_id = k.org_id and a.call = k.id and a.call <> '' and callwaiting.booked_since(k.org_id, a.id, '-infinity')
      limit 1
    ) is not null,
    'consented', (
      select true from callwaiting.consent c
      where c.org_id = k.org_id and c.contact_id = k.contact_id and c.call = k.id
      limit 1
    ) is not null,
    'concluded', k.concluded,
    'now', clock_timestamp()
  );

-- intent_json returns an intent as package followup reads it. It holds no
-- subquery, so that the planner inlines it into the calling statement.
create function callwaiting.intent_json(i callwaiting.intent, p_phone text) returns jsonb language sql stable
  return jsonb_build_object(
    'id', i.id,
    'kind', i.kind,
    'state', i.state,
    'reason', i.reason,
    'code', i.code,
    'phone', p_phone,
    'call', i.call,
    'appointment', i.appointment_id,
    'procedure', i.procedure,
    'start', i.starts_at,
    'planned', i.planned_at,
    'due', i.due_at,
    'deadline', i.deadline,
    'tried', i.tried_at,
    'changed', i.changed_at,
    'attempt', i.attempt,
    'reconcile_count', i.reconcile_count,
    'provider', i.provider,
    'digest', encode(i.digest, 'base64')
  );

-- followup_update_call merges an update into a call and returns the call.
-- +goose StatementBegin
create function callwaiting.followup_update_call(p_org uuid, p jsonb) returns jsonb language plpgsql as $$
declare
  v callwaiting.call;
  f record;
  v_contact uuid;
  v_now timestamptz;
  v_void text;
begin
  select * into f
  from jsonb_to_record(p) as f (call text, phone text, over boolean, reported boolean, began timestamptz, ended timestamptz,
    at timestamptz, procedure text, evidence int, wanted timestamptz, claims_booked boolean, due_after_us bigint);
  v_contact := callwaiting.upsert_contact(p_org, f.phone);
  v_now := clock_timestamp();
  insert into callwaiting.call as k (org_id, id, contact_id, first_seen, last_seen, began_at, ended_at, over_at, reported,
    procedure, evidence, procedure_at, wanted, wanted_at, claims_booked)
  values (p_org, f.call, v_contact, v_now, v_now, f.began, f.ended, case when f.over then v_now end, f.reported,
    f.procedure, f.evidence, coalesce(f.at, '-infinity'), f.wanted, coalesce(f.at, '-infinity'), f.claims_booked)
  on conflict (org_id, id) do update
  set contact_id = coalesce(k.contact_id, excluded.contact_id),
    last_seen = greatest(k.last_seen, excluded.last_seen),
    began_at = least(k.began_at, excluded.began_at),
    ended_at = least(k.ended_at, excluded.ended_at),
    over_at = coalesce(k.over_at, excluded.over_at),
    reported = k.reported or excluded.reported,
    (procedure, evidence, procedure_at) = (
      select case when newer then excluded.procedure else k.procedure end,
        case when newer then excluded.evidence else k.evidence end,
        case when newer then excluded.procedure_at else k.procedure_at end
      from (select excluded.procedure <> '' and (k.procedure = ''
        or (excluded.evidence, excluded.procedure_at, excluded.procedure) > (k.evidence, k.procedure_at, k.procedure)) as newer) t
    ),
    (wanted, wanted_at) = (
      select case when newer then excluded.wanted else k.wanted end,
        case when newer then excluded.wanted_at else k.wanted_at end
      from (select excluded.wanted is not null and (k.wanted is null
        or (excluded.wanted_at, excluded.wanted) > (k.wanted_at, k.wanted)) as newer) t
    ),
    claims_booked = k.claims_booked or excluded.claims_booked
  returning k.* into v;
  if not v.concluded then
    v_void := callwaiting.schedule_tasks('call', array[v.id], array[v_now + f.due_after_us * interval '1 microsecond'], v.over_at is not null);
  end if;
  return callwaiting.call_json(v);
end
$$;
-- +goose StatementEnd

-- followup_plan_intents inserts intents that do not exist yet, acknowledges the
-- task that led to them, and returns all of them.
-- +goose StatementBegin
create function callwaiting.followup_plan_intents(p_org uuid, p jsonb) returns jsonb
  language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  c_kind constant text := p ->> 'task';
  c_id constant text := p ->> 'task_id';
  c_now constant timestamptz := clock_timestamp();
  r record;
  v_result jsonb;
  v_phone text;
  v_new text[];
  v_due timestamptz[];
  v_void text;
begin
  if c_kind = 'call' then
    update callwaiting.call k
    set concluded = true
    where k.org_id = p_org and k.id = c_id;
  end if;
  v_void := callwaiting.ack_tasks(c_kind, array[c_id], (p ->> 'lease')::timestamptz);
  for v_phone in
    select distinct v.phone collate "C"
    from jsonb_to_recordset(p -> 'plans') as v (phone text)
    order by 1
  loop
    v_void := callwaiting.upsert_contact(p_org, v_phone);
  end loop;
  with plan as (
    select v.*
    from jsonb_to_recordset(p -> 'plans') as v (id uuid, kind text, phone text, call text, appointment uuid, procedure text,
      start timestamptz, due timestamptz, deadline timestamptz, suppress text)
  ), created as (
    insert into callwaiting.intent (org_id, id, kind, state, reason, contact_id, call, appointment_id, procedure, starts_at, due_at, deadline,
      planned_at, changed_at)
    select p_org, v.id, v.kind,
      case when v.suppress <> '' or v.phone = '' then 'suppressed' else 'planned' end,
      case when v.suppress = '' and v.phone = '' then 'no_number' else v.suppress end,
      (select c.id from callwaiting.contact c where c.org_id = p_org and c.phone = v.phone),
      v.call, v.appointment, v.procedure, v.start, v.due, v.deadline, c_now, c_now
    from plan v
    order by v.id
    on conflict (org_id, id) do nothing
    returning id, state, greatest(due_at, c_now) as due_at
  )
  select array_agg(created.id::text), array_agg(created.due_at)
  into v_new, v_due
  from created
  where created.state = 'planned';
  for r in
    select v.*
    from jsonb_to_recordset(p -> 'plans') as v (id uuid, procedure text, consented boolean)
    where v_new is null or v.id::text <> all (v_new)
    order by v.id
  loop
    -- A concurrent decision that saw no consent may be suppressing it: wait.
    perform from callwaiting.intent i
    where i.org_id = p_org and i.id = r.id
    for no key update;
    update callwaiting.intent i
    set procedure = r.procedure
    where i.org_id = p_org and i.id = r.id and i.procedure <> r.procedure and r.procedure <> '' and i.attempt = 0
      and (i.state = 'planned' or r.consented and i.state = 'suppressed' and i.reason = 'no_consent');
    if r.consented then
      update callwaiting.intent i
      set state = 'planned', reason = '', changed_at = c_now
      where i.org_id = p_org and i.id = r.id and i.state = 'suppressed' and i.reason = 'no_consent';
      if found then
        v_new := v_new || r.id::text;
        v_due := v_due || c_now;
      end if;
    end if;
  end loop;
  if v_new is not null then
    v_void := callwaiting.schedule_tasks('intent', v_new, v_due, false);
    if (select min(d) from unnest(v_due) as d) <= clock_timestamp() then
      v_void := pg_notify('callwaiting_task', '');
    end if;
  end if;
  select coalesce(jsonb_agg(callwaiting.intent_json(i, (select c.phone from callwaiting.contact c where c.org_id = p_org and c.id = i.contact_id)) order by v.n), '[]')
  into v_result
  from jsonb_array_elements(p -> 'plans') with ordinality as v (plan, n)
  cross join lateral (
    select t.* from callwaiting.intent t
    where t.org_id = p_org and t.id = (v.plan ->> 'id')::uuid
    limit 1
  ) i;
  return v_result;
end
$$;
-- +goose StatementEnd

-- followup_lock_intents locks the contacts of intents and returns the facts that
-- a decision about each intent needs. With p_recheck it is the second read, of
-- intents in state 'sending': it waits up to 100 ms for the contacts, locks no
-- intent and writes no row.
-- +goose StatementBegin
create function callwaiting.followup_lock_intents(p_org uuid, p_ids uuid[], p_recheck boolean) returns jsonb
  language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  i callwaiting.intent;
  v_id uuid;
  v_locked text[];
  v_ready uuid[] := '{}';
  v_postponed text[] := '{}';
  v_due timestamptz[] := '{}';
  v_ended text[] := '{}';
  v_result jsonb;
  v_now timestamptz;
  v_void text;
begin
  v_locked := callwaiting.try_lock_contacts(p_org, array(
    select (
      select c.phone
      from callwaiting.intent t
      join callwaiting.contact c on c.org_id = t.org_id and c.id = t.contact_id
      where t.org_id = p_org and t.id = d.id and t.state in ('planned', 'sending', 'unknown')
    )
    from unnest(p_ids) as d (id)
  ), case when p_recheck then 100 else 0 end);

  if p_recheck then
    v_ready := p_ids;
  else
    for v_id in select distinct d.id from unnest(p_ids) as d (id) order by 1 loop
      select t.* into i
      from callwaiting.intent t
      where t.org_id = p_org and t.id = v_id
      for no key update;
      v_now := clock_timestamp();
      if not found or i.state not in ('planned', 'sending', 'unknown') then
        v_ended := v_ended || v_id::text;
      elsif i.lease_until > v_now then
        v_postponed := v_postponed || v_id::text;
        v_due := v_due || i.lease_until;
      elsif (select c.phone from callwaiting.contact c where c.org_id = p_org and c.id = i.contact_id) <> all (v_locked) then
        v_postponed := v_postponed || v_id::text;
        v_due := v_due || (v_now + (20 + 30 * random()) * interval '1 millisecond');
      else
        v_ready := v_ready || v_id;
        if i.state = 'sending' then
          update callwaiting.intent t
          set state = 'unknown', reason = 'lease_expired', changed_at = v_now, lease_until = null
          where t.org_id = p_org and t.id = v_id;
        end if;
      end if;
    end loop;
    if cardinality(v_postponed) > 0 then
      v_void := callwaiting.schedule_tasks('intent', v_postponed, v_due, false);
    end if;
    if cardinality(v_ended) > 0 then
      v_void := callwaiting.ack_tasks('intent', v_ended, null);
    end if;
  end if;

  v_now := clock_timestamp();
  select coalesce(jsonb_agg(jsonb_build_object(
    'intent', callwaiting.intent_json(n, c.phone),
    'booked', (
      select true from callwaiting.appointment t
      where t.org_id = p_org and t.contact_id = n.contact_id and callwaiting.booked_since(p_org, t.id, coalesce(k.began_at, n.planned_at))
      limit 1
    ) is not null or (
      select true from callwaiting.appointment t
      where t.org_id = p_org and t.call = n.call and t.call <> '' and callwaiting.booked_since(p_org, t.id, '-infinity')
      limit 1
    ) is not null,
    'held_until', (
      select max(a.expires_at) from callwaiting.appointment a
      where a.org_id = p_org and a.contact_id = n.contact_id and a.status = 'held' and a.expires_at > v_now
    ),
    'appointment_status', case when a.status = 'held' and a.expires_at <= v_now then 'expired' else a.status end,
    'appointment_start', a.starts_at,
    'appointment_changed', (
      select max(e.at) from callwaiting.event e
      where e.org_id = p_org and e.subject = n.appointment_id and e.kind in ('booked', 'confirmed', 'moved', 'cancelled')
    ),
    'opted_out', o.at is not null and (o.opted_in_at is null or o.at >= o.opted_in_at),
    'consent', g.consent,
    'unusable', c.unusable,
    'recent', (
      select jsonb_agg(r.tried_at order by r.tried_at desc) from callwaiting.intent r
      where r.org_id = p_org and r.contact_id = n.contact_id
        and r.id <> n.id
        and not (p_recheck and r.id = any (p_ids)) -- the caller counts these itself
        and r.kind in ('information', 'offer')
        and r.state in ('sending', 'unknown', 'accepted', 'sent', 'delivered', 'undelivered', 'failed')
        and r.tried_at > v_now - interval '30 days'
    ),
    'now', v_now
  ) order by n.id), '[]')
  into v_result
  from unnest(v_ready) as d (id)
  cross join lateral (
    select t.* from callwaiting.intent t
    where t.org_id = p_org and t.id = d.id
    limit 1
  ) n
  left join lateral (
    select t.phone, t.unusable from callwaiting.contact t
    where t.org_id = p_org and t.id = n.contact_id
    limit 1
  ) c on true
  left join lateral (
    select least(t.began_at, t.first_seen) as began_at from callwaiting.call t
    where t.org_id = p_org and t.id = n.call
    limit 1
  ) k on true
  left join lateral (
    select t.status, t.expires_at, t.starts_at from callwaiting.appointment t
    where t.org_id = p_org and t.id = n.appointment_id
    limit 1
  ) a on true
  left join lateral (
    select max(t.noted_at) filter (where not t.opt_in) as at, max(t.noted_at) filter (where t.opt_in) as opted_in_at
    from callwaiting.opt_out t
    where t.org_id = p_org and t.contact_id = n.contact_id
  ) o on true
  left join lateral (
    -- A consent counts if it is later than the opt-out in the ledger and by the clock.
    select jsonb_build_object('purpose', t.purpose, 'wording', t.wording, 'call', t.call, 'at', t.at) as consent
    from callwaiting.consent t
    where t.org_id = p_org and t.contact_id = n.contact_id and t.purpose = n.kind
      and (o.at is null or t.noted_at > o.at and t.at >= o.at)
    order by t.at desc, t.noted_at desc
    limit 1
  ) g on true
  where not p_recheck or n.state = 'sending' and c.phone = any (v_locked);
  return v_result;
end
$$;
-- +goose StatementEnd

-- followup_write_decisions writes decisions and returns the intents to be
-- reconciled. A decision that replaces an earlier one carries the values that
-- the intent had before the earlier one (prior_…).
-- +goose StatementBegin
create function callwaiting.followup_write_decisions(p_org uuid, p jsonb, p_lease_us bigint) returns jsonb language plpgsql as $$
declare
  c_now constant timestamptz := clock_timestamp();
  c_lease constant timestamptz := c_now + p_lease_us * interval '1 microsecond';
  v record;
  i callwaiting.intent;
  v_open text[] := '{}';
  v_due timestamptz[] := '{}';
  v_ended text[] := '{}';
  v_hashes bytea[] := '{}';
  v_result jsonb := '[]';
  v_void text;
begin
  for v in
    select w.*, w.action in ('send', 'reconcile') as leased,
      case w.action when 'send' then 'sending' when 'suppress' then 'suppressed' when 'expire' then 'expired' when 'dead_letter' then 'dead' end as new_state
    from jsonb_to_recordset(p) as w (id uuid, action text, at timestamptz, reason text, digest text, link jsonb,
      prior_state text, prior_code text, prior_attempt int, prior_reconcile_count int, prior_tried timestamptz, prior_changed timestamptz, prior_digest text, prior_link text)
    order by w.id
  loop
    update callwaiting.intent t
    set state = coalesce(v.new_state, v.prior_state, t.state),
      changed_at = case when v.new_state <> coalesce(v.prior_state, t.state) then c_now else coalesce(v.prior_changed, t.changed_at) end,
      reason = v.reason,
      code = case v.action when 'send' then '' else coalesce(v.prior_code, t.code) end,
      attempt = case v.action when 'send' then t.attempt + 1 else coalesce(v.prior_attempt, t.attempt) end,
      reconcile_count = case v.action when 'send' then 0 when 'reconcile' then t.reconcile_count + 1 else coalesce(v.prior_reconcile_count, t.reconcile_count) end,
      tried_at = case when v.action = 'send' then c_now when v.prior_state is not null then v.prior_tried else t.tried_at end,
      digest = case v.action when 'send' then decode(v.digest, 'base64') else coalesce(decode(v.prior_digest, 'base64'), t.digest) end,
      lease_until = case when v.leased then c_lease end
    where t.org_id = p_org and t.id = v.id
    returning t.* into i;
    continue when not found;
    if v.leased or v.action = 'wait' then
      v_open := v_open || v.id::text;
      v_due := v_due || case when v.leased then c_lease else v.at end;
    else
      v_ended := v_ended || v.id::text;
    end if;
    if v.action = 'reconcile' then
      v_result := v_result || callwaiting.intent_json(i, (select c.phone from callwaiting.contact c where c.org_id = p_org and c.id = i.contact_id));
    end if;
    if v.action = 'send' and v.link is not null then
      insert into callwaiting.link (org_id, hash, intent_id, contact_id, document, expires_at, max_views)
      values (p_org, decode(v.link ->> 'hash', 'base64'), v.id, i.contact_id,
        v.link ->> 'document', (v.link ->> 'expires')::timestamptz, (v.link ->> 'max_views')::int);
      v_hashes := v_hashes || decode(v.link ->> 'hash', 'base64');
    end if;
    if v.prior_link <> '' then
      update callwaiting.link l
      set revoked_at = c_now
      where l.org_id = p_org and l.hash = decode(v.prior_link, 'base64');
    end if;
  end loop;
  if cardinality(v_hashes) > 0 then
    v_void := callwaiting.route_links(v_hashes);
  end if;
  if cardinality(v_open) > 0 then
    v_void := callwaiting.schedule_tasks('intent', v_open, v_due, false);
  end if;
  if cardinality(v_ended) > 0 then
    v_void := callwaiting.ack_tasks('intent', v_ended, null);
  end if;
  return v_result;
end
$$;
-- +goose StatementEnd

-- followup_record_results writes the results of attempts.
-- +goose StatementBegin
create function callwaiting.followup_record_results(p_org uuid, p jsonb) returns void language plpgsql as $$
declare
  c_now constant timestamptz := clock_timestamp();
  r record;
  i callwaiting.intent;
  v_open text[] := '{}';
  v_due timestamptz[] := '{}';
  v_ended text[] := '{}';
  v_void text;
begin
  for r in
    select w.*
    from jsonb_to_recordset(p) as w (intent uuid, attempt int, state text, provider text, reason text, code text, after_us bigint, unusable text)
    order by w.intent
  loop
    update callwaiting.intent t
    set provider = coalesce(nullif(t.provider, ''), r.provider), state = r.state, reason = r.reason, code = r.code, lease_until = null,
      changed_at = case when t.state = r.state then t.changed_at else c_now end
    where t.org_id = p_org and t.id = r.intent and t.attempt = r.attempt and t.state in ('planned', 'sending', 'unknown')
    returning t.* into i;
    if not found then
      update callwaiting.intent t
      set provider = r.provider
      where t.org_id = p_org and t.id = r.intent and t.attempt = r.attempt and t.provider = '' and r.provider <> '';
      continue;
    end if;
    if r.state in ('planned', 'unknown') then
      v_open := v_open || r.intent::text;
      v_due := v_due || (c_now + r.after_us * interval '1 microsecond');
    else
      v_ended := v_ended || r.intent::text;
    end if;
    if r.unusable <> '' then
      update callwaiting.contact c
      set unusable = r.unusable
      where c.org_id = p_org and c.id = i.contact_id and c.unusable <> r.unusable;
    end if;
  end loop;
  if cardinality(v_open) > 0 then
    v_void := callwaiting.schedule_tasks('intent', v_open, v_due, false);
  end if;
  if cardinality(v_ended) > 0 then
    v_void := callwaiting.ack_tasks('intent', v_ended, null);
  end if;
end
$$;
-- +goose StatementEnd

-- message_rank orders the delivery states of a carrier; see followup.State.
create function callwaiting.message_rank(p_state text) returns int language sql immutable
  return case p_state when 'accepted' then 1 when 'sent' then 2 when 'delivered' then 3 when 'undelivered' then 3 when 'failed' then 3 else 0 end;

-- followup_record_status records the carrier's delivery status and returns the
-- intent; null if it does not exist.
-- +goose StatementBegin
create function callwaiting.followup_record_status(p_org uuid, p jsonb) returns jsonb language plpgsql as $$
declare
  u record;
  i callwaiting.intent;
  v_void text;
begin
  select * into u
  from jsonb_to_record(p) as u (intent uuid, provider text, state text, reason text, code text, unusable text);
  update callwaiting.intent t
  set provider = u.provider
  where t.org_id = p_org and t.id = u.intent and t.provider = '' and u.provider <> '';
  update callwaiting.intent t
  set state = u.state, reason = u.reason, code = u.code, changed_at = clock_timestamp(), lease_until = null
  where t.org_id = p_org and t.id = u.intent
    and t.state not in ('suppressed', 'expired')
    and callwaiting.message_rank(u.state) > callwaiting.message_rank(t.state)
  returning t.* into i;
  if found then
    if u.unusable <> '' then
      update callwaiting.contact c
      set unusable = u.unusable
      where c.org_id = p_org and c.id = i.contact_id and c.unusable <> u.unusable;
    end if;
    v_void := callwaiting.ack_tasks('intent', array[i.id::text], null);
  else
    select t.* into i
    from callwaiting.intent t
    where t.org_id = p_org and t.id = u.intent;
    if not found then
      return null;
    end if;
  end if;
  return callwaiting.intent_json(i, (select c.phone from callwaiting.contact c where c.org_id = p_org and c.id = i.contact_id));
end
$$;
-- +goose StatementEnd

-- followup_record_consent adds a consent to the ledger.
-- +goose StatementBegin
create function callwaiting.followup_record_consent(p_org uuid, p jsonb) returns void language plpgsql as $$
begin
  insert into callwaiting.consent (org_id, contact_id, purpose, at, call, wording)
  values (p_org, callwaiting.upsert_contact(p_org, p ->> 'phone'), p ->> 'purpose', (p ->> 'at')::timestamptz, p ->> 'call', p ->> 'wording')
  on conflict do nothing;
end
$$;
-- +goose StatementEnd

-- followup_record_opt_out adds an opt-out, or its end, to the ledger. It waits
-- for the contact's lock.
-- +goose StatementBegin
create function callwaiting.followup_record_opt_out(p_org uuid, p jsonb) returns void language plpgsql as $$
declare
  v_void text;
begin
  v_void := callwaiting.lock(p_org, array[p ->> 'phone'], '{}');
  insert into callwaiting.opt_out (org_id, contact_id, opt_in, source, call, message)
  values (p_org, callwaiting.upsert_contact(p_org, p ->> 'phone'), (p ->> 'opt_in')::boolean, p ->> 'source', p ->> 'call', p ->> 'message')
  on conflict do nothing;
end
$$;
-- +goose StatementEnd

-- followup_record_reply records a contact's text and returns whether it is new.
-- +goose StatementBegin
create function callwaiting.followup_record_reply(p_org uuid, p jsonb) returns jsonb language plpgsql as $$
begin
  insert into callwaiting.reply (org_id, message, contact_id, kind)
  values (p_org, p ->> 'message', callwaiting.upsert_contact(p_org, p ->> 'phone'), p ->> 'kind')
  on conflict do nothing;
  return to_jsonb(found);
end
$$;
-- +goose StatementEnd

-- followup_contact_summary returns the summary of a contact; null if unknown.
-- +goose StatementBegin
create function callwaiting.followup_contact_summary(p_org uuid, p_phone text) returns jsonb language plpgsql stable as $$
declare
  c callwaiting.contact;
begin
  select t.* into c
  from callwaiting.contact t
  where t.org_id = p_org and t.phone = p_phone;
  if not found then
    return null;
  end if;
  return jsonb_build_object(
    'first_seen', c.created_at,
    'last_contact', greatest(
      (select max(k.last_seen) from callwaiting.call k where k.org_id = p_org and k.contact_id = c.id),
      (select max(r.at) from callwaiting.reply r where r.org_id = p_org and r.contact_id = c.id)
    ),
    'procedure', (
      select k.procedure from callwaiting.call k
      where k.org_id = p_org and k.contact_id = c.id and k.procedure <> ''
      order by k.procedure_at desc, k.last_seen desc
      limit 1
    ),
    'wanted', (
      select k.wanted from callwaiting.call k
      where k.org_id = p_org and k.contact_id = c.id and k.wanted is not null
      order by k.wanted_at desc, k.last_seen desc
      limit 1
    ),
    'informed', (
      select max(i.tried_at) from callwaiting.intent i
      where i.org_id = p_org and i.contact_id = c.id and i.kind = 'information' and callwaiting.message_rank(i.state) > 0
    ),
    'upcoming', (
      select true from callwaiting.appointment a
      where a.org_id = p_org and a.contact_id = c.id and a.status = 'booked' and a.starts_at > clock_timestamp()
      limit 1
    ) is not null,
    'opted_out', (
      select not o.opt_in from callwaiting.opt_out o
      where o.org_id = p_org and o.contact_id = c.id
      order by o.noted_at desc, o.id desc
      limit 1
    ),
    'unusable', c.unusable
  );
end
$$;
-- +goose StatementEnd

-- followup_appointment returns the facts of an appointment that messages need;
-- null if it does not exist.
create function callwaiting.followup_appointment(p_org uuid, p_id uuid) returns jsonb language sql stable
  return (
    select jsonb_build_object(
      'id', a.id,
      'phone', (select c.phone from callwaiting.contact c where c.org_id = p_org and c.id = a.contact_id),
      'start', a.starts_at,
      'zone', a.zone,
      'status', case when a.status = 'held' and a.expires_at <= clock_timestamp() then 'expired' else a.status end,
      'made', (
        select max(e.at) from callwaiting.event e
        where e.org_id = p_org and e.subject = p_id and e.kind in ('booked', 'confirmed')
      ),
      'changed', (
        select max(e.at) from callwaiting.event e
        where e.org_id = p_org and e.subject = p_id and e.kind in ('booked', 'confirmed', 'moved', 'cancelled')
      ),
      'now', clock_timestamp()
    )
    from callwaiting.appointment a
    where a.org_id = p_org and a.id = p_id
  );

-- followup_open_link returns a link of the clinic of the scope if it is neither
-- revoked, expired nor used up, else null. With p_count_view it counts a view.
-- +goose StatementBegin
create function callwaiting.followup_open_link(p_hash bytea, p_count_view boolean) returns jsonb language plpgsql as $$
declare
  c_org constant uuid := current_setting('app.org_id')::uuid;
  l callwaiting.link;
begin
  if p_count_view then
    update callwaiting.link t
    set views = t.views + 1
    where t.org_id = c_org and t.hash = p_hash
      and t.revoked_at is null and t.expires_at > clock_timestamp() and t.views < t.max_views
    returning t.* into l;
  else
    select t.* into l
    from callwaiting.link t
    where t.org_id = c_org and t.hash = p_hash
      and t.revoked_at is null and t.expires_at > clock_timestamp() and t.views < t.max_views;
  end if;
  if not found then
    return null;
  end if;
  return jsonb_build_object('org', c_org, 'intent', l.intent_id, 'document', l.document,
    'expires', l.expires_at, 'max_views', l.max_views, 'views', l.views);
end
$$;
-- +goose StatementEnd

create or replace function callwaiting.schema_version() returns int language sql immutable
  return 2;

grant execute on all functions in schema callwaiting to callwaiting_app;

reset role;
