-- Calls that are remembered, and messages that are sent once.
--
-- Forward only, and by the rules of 0001. A function's jsonb argument is what
-- one call of package followup says, and its jsonb answer what it returns: the
-- names in them are those of the columns. Times are instants, bytes base64.
--
-- Large statements are planned once a session and not for every call, which
-- took three times as long as they did.
--
-- Changes that may meet wait in one order: contacts (callwaiting.lock), then
-- calls, then intents by id, then tasks. A contact's row is written before
-- intents are, and appointments before tasks.

-- +goose Up

set local role callwaiting_owner;

create domain callwaiting.message_kind as text
  constraint message_kind_known check (value in ('information', 'confirmation', 'reminder', 'cancellation', 'offer'));
create domain callwaiting.message_state as text
  constraint message_state_known check (value in ('planned', 'sending', 'unknown', 'accepted', 'sent', 'delivered',
    'undelivered', 'failed', 'suppressed', 'rejected', 'expired', 'dead'));
create domain callwaiting.task_kind as text
  constraint task_kind_known check (value in ('call', 'appointment', 'intent'));

-- Why texts to the number are of no use; empty: they may be.
alter table callwaiting.contact add column unusable text not null default '';

create index appointment_by_call on callwaiting.appointment (org_id, call) where call <> '';

-- What is known of a phone call. began_at and ended_at are what messages told,
-- over_at is when it was learned that it is over. procedure_at and wanted_at
-- are when the messages were sent that told the procedure and the time wanted.
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

-- The truth of a message; see followup.Intent. Until lease_until it is
-- somebody's, who sends it or looks for it.
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
  looks int not null default 0,
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
alter table callwaiting.intent add primary key (org_id, id); -- last: see appointment

-- The ledger of what contacts agreed to, and when it was noted. Append only.
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

-- The ledger of opt-outs and of their ends (again). Append only.
create table callwaiting.opt_out (
  org_id uuid not null,
  contact_id uuid not null,
  noted_at timestamptz not null default clock_timestamp(),
  id uuid not null default gen_random_uuid(),
  again boolean not null,
  source text not null,
  call text not null,
  message text not null,
  primary key (org_id, contact_id, noted_at, id),
  constraint opt_out_contact foreign key (org_id, contact_id) references callwaiting.contact (org_id, id)
);
create unique index opt_out_by_message on callwaiting.opt_out (org_id, message) where message <> '';

-- That a contact texted, and what kind of text it was. Append only.
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

-- How many messages came that belong to no call, by their type.
create table callwaiting.quarantine (
  org_id uuid not null,
  kind text not null,
  count bigint not null default 1,
  last_at timestamptz not null default clock_timestamp(),
  primary key (org_id, kind)
);

-- What a link in a text opens. hash is of the token, which is kept nowhere.
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

-- Whose link it is. It is asked before the clinic is known, so it is as
-- org_route is: no policy, no grant, reached through link_owner() alone.
create table callwaiting.link_route (
  hash bytea not null primary key,
  org_id uuid not null
);

-- What is to come due: a doorbell, and never the truth. It holds ids only, has
-- no policy and no grant, and is reached through the functions below, in the
-- scope of one clinic, but for take(), which hands out tasks of all.
--
-- There is no lease besides due_at. Who takes a task moves it to where his
-- lease ends, and due_at is then his mark: a task that has come due anew has
-- another, and is not put away with his.
create table callwaiting.task (
  org_id uuid not null,
  kind callwaiting.task_kind not null,
  id text not null,
  due_at timestamptz not null,
  attempts int not null default 0 -- how often it was taken since it was rung
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
-- What bookings ring: take() makes tasks of it. It has no index and no key, so
-- that a booking pays for one row at the end of a heap and for nothing else.
create table callwaiting.rung (
  org_id uuid not null,
  appointment_id uuid not null
) with (autovacuum_vacuum_scale_factor = 0.02);
create index task_due on callwaiting.task (due_at, org_id);
create index task_due_of_org on callwaiting.task (org_id, due_at);
alter table callwaiting.task add primary key (org_id, kind, id); -- last, likewise

-- +goose StatementBegin
do $$
declare
  t text;
begin
  foreach t in array array['call', 'intent', 'consent', 'opt_out', 'reply', 'quarantine', 'link'] loop
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
  callwaiting.reply, callwaiting.quarantine, callwaiting.link to callwaiting_app;
grant update (unusable) on callwaiting.contact to callwaiting_app;
grant update (contact_id, last_seen, began_at, ended_at, over_at, reported, procedure, evidence, procedure_at,
  wanted, wanted_at, claims_booked, concluded) on callwaiting.call to callwaiting_app;
grant update (state, reason, code, procedure, tried_at, changed_at, attempt, looks, provider, digest, lease_until) on callwaiting.intent to callwaiting_app;
grant update (count, last_at) on callwaiting.quarantine to callwaiting_app;
grant update (views, revoked_at) on callwaiting.link to callwaiting_app;

-- ring makes tasks of the clinic of the scope come due. With p_earliest, one
-- that was to come due earlier still does, but not as what somebody has taken.
-- +goose StatementBegin
create function callwaiting.ring(p_kind text, p_ids text[], p_due timestamptz[], p_earliest boolean)
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

-- put_away ends tasks of the clinic of the scope: those that have p_lease as
-- their mark or, if it is null, any. Here and below it is one row at a time, by
-- the whole key: "= any" may be planned as one scan of all the clinic has.
-- +goose StatementBegin
create function callwaiting.put_away(p_kind text, p_ids text[], p_lease timestamptz)
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
    delete from callwaiting.rung r
    where r.org_id = c_org and r.appointment_id::text = any (p_ids);
  end if;
end
$$;
-- +goose StatementEnd

-- Every change of an appointment makes it come due, in the change's own
-- transaction. Nobody is notified: that would make commits wait for each other.
-- Where nothing is ever texted, a row of 32 bytes is left for every change: run
-- alter table callwaiting.event disable trigger event_rings there.
-- +goose StatementBegin
create function callwaiting.event_rings() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into callwaiting.rung (org_id, appointment_id)
  select e.org_id, e.subject
  from made e;
  return null;
end
$$;
-- +goose StatementEnd

create trigger event_rings after insert on callwaiting.event
  referencing new table as made
  for each statement execute function callwaiting.event_rings();

-- take hands out up to p_n tasks that are due, at most p_per_org of one clinic
-- and none of p_except, and moves each to where its lease ends. Tasks that
-- somebody else is taking are passed over.
--
-- Whose tasks are due is read off the first thousand. If there are more, one
-- clinic's may hide another's: then the clinics are gone through, one look at
-- an index each, from a random one on. The first round gives each clinic its
-- share, the second gives what is left to whoever has more. What bookings rang
-- is made tasks of first; that is a scan, of a table that is empty most of the
-- time, and dear in the eyes of a planner that is to avoid scans: without jit off
-- it would be compiled every time.
-- +goose StatementBegin
create function callwaiting.take(p_n int, p_per_org int, p_lease_us bigint, p_except uuid[])
  returns jsonb language plpgsql security definer set search_path = '' set enable_seqscan = off set jit = off as $$
declare
  c_page constant int := 1000;
  v_now constant timestamptz := clock_timestamp();
  v_lease constant timestamptz := v_now + p_lease_us * interval '1 microsecond';
  v_start constant uuid := gen_random_uuid();
  v_due int;
  v_orgs uuid[];
  v_share int;
  v_some jsonb;
  v_all jsonb := '[]';
begin
  with rung as (
    delete from callwaiting.rung r
    where r.ctid = any (array(select q.ctid from callwaiting.rung q limit c_page for update skip locked))
    returning r.org_id, r.appointment_id
  )
  insert into callwaiting.task (org_id, kind, id, due_at)
  select distinct r.org_id, 'appointment', r.appointment_id::text, v_now
  from rung r
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
    with taken as (
      update callwaiting.task t
      set due_at = v_lease, attempts = t.attempts + 1
      -- By their places: they are locked, and nothing else is read.
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
    select coalesce(jsonb_agg(to_jsonb(taken)), '[]') into v_some from taken;
    v_all := v_all || v_some;
    v_share := p_per_org - v_share;
    exit when v_share <= 0 or jsonb_array_length(v_all) >= p_n;
  end loop;
  return v_all;
end
$$;
-- +goose StatementEnd

-- link_owner returns whose link it is, by exact match.
create function callwaiting.link_owner(p_hash bytea)
  returns uuid language sql stable security definer set search_path = ''
  return (select r.org_id from callwaiting.link_route r where r.hash = p_hash);

-- route_links makes the clinic of the scope the owner of links.
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

-- The functions below run as their caller, inside his scope; see 0001.

-- try_lock takes the locks that lock() takes for contacts, as far as they are
-- free, and returns the phones of those it has. It asks again for the others
-- until p_patience_ms are over.
-- +goose StatementBegin
create function callwaiting.try_lock(p_org uuid, p_phones text[], p_patience_ms int) returns text[] language plpgsql as $$
declare
  c_contact constant bigint := hashtextextended(p_org::text, 8317432051);
  c_end constant timestamptz := clock_timestamp() + p_patience_ms * interval '1 millisecond';
  v_phone text;
  v_mine text[] := '{}';
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'callwaiting needs a read committed transaction' using errcode = 'CW001';
  end if;
  p_phones := array(select distinct t collate "C" from unnest(p_phones) as t order by 1);
  loop
    foreach v_phone in array p_phones loop
      if v_phone <> all (v_mine) and pg_try_advisory_xact_lock(hashtextextended(v_phone, c_contact)) then
        v_mine := v_mine || v_phone;
      end if;
    end loop;
    exit when cardinality(v_mine) = cardinality(p_phones) or clock_timestamp() >= c_end;
    perform pg_sleep(0.005);
  end loop;
  return v_mine;
end
$$;
-- +goose StatementEnd

-- meet returns a contact, who is made if there is none.
-- +goose StatementBegin
create function callwaiting.meet(p_org uuid, p_phone text) returns uuid language plpgsql as $$
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

-- made_since says whether an appointment was made, confirmed or moved since a
-- time. A hold is not made yet, wherever it is moved.
create function callwaiting.made_since(p_org uuid, p_appointment uuid, p_since timestamptz) returns boolean language sql stable
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

-- call_told and intent_told are what package followup is told of a row.
create function callwaiting.call_told(k callwaiting.call) returns jsonb language sql stable
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
      where a.org_id = k.org_id and a.contact_id = k.contact_id and callwaiting.made_since(k.org_id, a.id, least(k.began_at, k.first_seen))
      limit 1
    ) is not null or (
      select true from callwaiting.appointment a
      where a.org_id = k.org_id and a.call = k.id and a.call <> '' and callwaiting.made_since(k.org_id, a.id, '-infinity')
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

-- intent_told holds no question of its own, so that it becomes part of the
-- statement that calls it.
create function callwaiting.intent_told(i callwaiting.intent, p_phone text) returns jsonb language sql stable
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
    'looks', i.looks,
    'provider', i.provider,
    'digest', encode(i.digest, 'base64')
  );

-- record merges what is told of a call; see followup.Store.
-- +goose StatementBegin
create function callwaiting.followup_record(p_org uuid, p jsonb) returns jsonb language plpgsql as $$
declare
  v callwaiting.call;
  f record;
  v_contact uuid;
  v_now timestamptz;
  v_void text;
begin
  select * into f
  from jsonb_to_record(p) as f (call text, phone text, over boolean, reported boolean, began timestamptz, ended timestamptz,
    at timestamptz, procedure text, evidence int, wanted timestamptz, claims_booked boolean, again_us bigint);
  v_contact := callwaiting.meet(p_org, f.phone);
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
    v_void := callwaiting.ring('call', array[v.id], array[v_now + f.again_us * interval '1 microsecond'], v.over_at is not null);
  end if;
  return callwaiting.call_told(v);
end
$$;
-- +goose StatementEnd

-- plan writes intents that are not there yet; see followup.Store. t is the task
-- that is put away.
-- +goose StatementBegin
create function callwaiting.followup_plan(p_org uuid, p jsonb) returns jsonb
  language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  c_kind constant text := p ->> 'task';
  c_id constant text := p ->> 'task_id';
  c_now constant timestamptz := clock_timestamp();
  r record;
  v_told jsonb;
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
  v_void := callwaiting.put_away(c_kind, array[c_id], (p ->> 'lease')::timestamptz);
  for v_phone in
    select distinct v.phone collate "C"
    from jsonb_to_recordset(p -> 'plans') as v (phone text)
    order by 1
  loop
    v_void := callwaiting.meet(p_org, v_phone);
  end loop;
  with plan as (
    select v.*
    from jsonb_to_recordset(p -> 'plans') as v (id uuid, kind text, phone text, call text, appointment uuid, procedure text,
      start timestamptz, due timestamptz, deadline timestamptz, suppress text)
  ), made as (
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
  select array_agg(made.id::text), array_agg(made.due_at)
  into v_new, v_due
  from made
  where made.state = 'planned';
  for r in
    select v.*
    from jsonb_to_recordset(p -> 'plans') as v (id uuid, procedure text, consented boolean)
    where v_new is null or v.id::text <> all (v_new)
    order by v.id
  loop
    -- It may be about to be suppressed, by who saw no consent yet: wait for that.
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
    v_void := callwaiting.ring('intent', v_new, v_due, false);
    if (select min(d) from unnest(v_due) as d) <= clock_timestamp() then
      v_void := pg_notify('callwaiting_task', '');
    end if;
  end if;
  select coalesce(jsonb_agg(callwaiting.intent_told(i, (select c.phone from callwaiting.contact c where c.org_id = p_org and c.id = i.contact_id)) order by v.n), '[]')
  into v_told
  from jsonb_array_elements(p -> 'plans') with ordinality as v (plan, n)
  cross join lateral (
    select t.* from callwaiting.intent t
    where t.org_id = p_org and t.id = (v.plan ->> 'id')::uuid
    limit 1
  ) i;
  return v_told;
end
$$;
-- +goose StatementEnd

-- look locks the contacts of intents and returns what is known of them; see
-- followup.Store, Begin. With p_again it is the second look, at intents that
-- are Sending: it waits a moment for contacts, and locks and writes nothing.
-- +goose StatementBegin
create function callwaiting.followup_look(p_org uuid, p_ids uuid[], p_again boolean) returns jsonb
  language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  i callwaiting.intent;
  v_id uuid;
  v_mine text[];
  v_show uuid[] := '{}';
  v_rest text[] := '{}';
  v_due timestamptz[] := '{}';
  v_ended text[] := '{}';
  v_told jsonb;
  v_now timestamptz;
  v_void text;
begin
  v_mine := callwaiting.try_lock(p_org, array(
    select (
      select c.phone
      from callwaiting.intent t
      join callwaiting.contact c on c.org_id = t.org_id and c.id = t.contact_id
      where t.org_id = p_org and t.id = d.id and t.state in ('planned', 'sending', 'unknown')
    )
    from unnest(p_ids) as d (id)
  ), case when p_again then 100 else 0 end);

  if p_again then
    v_show := p_ids;
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
        v_rest := v_rest || v_id::text;
        v_due := v_due || i.lease_until;
      elsif (select c.phone from callwaiting.contact c where c.org_id = p_org and c.id = i.contact_id) <> all (v_mine) then
        v_rest := v_rest || v_id::text;
        v_due := v_due || (v_now + (20 + 30 * random()) * interval '1 millisecond');
      else
        v_show := v_show || v_id;
        if i.state = 'sending' then
          update callwaiting.intent t
          set state = 'unknown', reason = 'lease_expired', changed_at = v_now, lease_until = null
          where t.org_id = p_org and t.id = v_id;
        end if;
      end if;
    end loop;
    if cardinality(v_rest) > 0 then
      v_void := callwaiting.ring('intent', v_rest, v_due, false);
    end if;
    if cardinality(v_ended) > 0 then
      v_void := callwaiting.put_away('intent', v_ended, null);
    end if;
  end if;

  v_now := clock_timestamp();
  select coalesce(jsonb_agg(jsonb_build_object(
    'intent', callwaiting.intent_told(n, c.phone),
    'booked', (
      select true from callwaiting.appointment t
      where t.org_id = p_org and t.contact_id = n.contact_id and callwaiting.made_since(p_org, t.id, coalesce(k.began_at, n.planned_at))
      limit 1
    ) is not null or (
      select true from callwaiting.appointment t
      where t.org_id = p_org and t.call = n.call and t.call <> '' and callwaiting.made_since(p_org, t.id, '-infinity')
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
    'opted_out', o.at is not null and (o.lifted_at is null or o.at >= o.lifted_at),
    'consent', g.told,
    'unusable', c.unusable,
    'recent', (
      select jsonb_agg(r.tried_at order by r.tried_at desc) from callwaiting.intent r
      where r.org_id = p_org and r.contact_id = n.contact_id
        and r.id <> n.id
        and not (p_again and r.id = any (p_ids)) -- of those it is known who goes before whom
        and r.kind in ('information', 'offer')
        and r.state in ('sending', 'unknown', 'accepted', 'sent', 'delivered', 'undelivered', 'failed')
        and r.tried_at > v_now - interval '30 days'
    ),
    'now', v_now
  ) order by n.id), '[]')
  into v_told
  from unnest(v_show) as d (id)
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
    select max(t.noted_at) filter (where not t.again) as at, max(t.noted_at) filter (where t.again) as lifted_at
    from callwaiting.opt_out t
    where t.org_id = p_org and t.contact_id = n.contact_id
  ) o on true
  left join lateral (
    -- An opt-out came after it by the order of the ledger, or by the clock.
    select jsonb_build_object('purpose', t.purpose, 'wording', t.wording, 'call', t.call, 'at', t.at) as told
    from callwaiting.consent t
    where t.org_id = p_org and t.contact_id = n.contact_id and t.purpose = n.kind
      and (o.at is null or t.noted_at > o.at and t.at >= o.at)
    order by t.at desc, t.noted_at desc
    limit 1
  ) g on true
  where not p_again or n.state = 'sending' and c.phone = any (v_mine);
  return v_told;
end
$$;
-- +goose StatementEnd

-- decided writes verdicts; see followup.Store, Begin. One that takes the place
-- of another says what the intent was before that.
-- +goose StatementBegin
create function callwaiting.followup_decided(p_org uuid, p jsonb, p_lease_us bigint) returns jsonb language plpgsql as $$
declare
  c_now constant timestamptz := clock_timestamp();
  c_lease constant timestamptz := c_now + p_lease_us * interval '1 microsecond';
  v record;
  i callwaiting.intent;
  v_open text[] := '{}';
  v_due timestamptz[] := '{}';
  v_ended text[] := '{}';
  v_hashes bytea[] := '{}';
  v_told jsonb := '[]';
  v_void text;
begin
  for v in
    select w.*, w.action in ('send', 'look') as keeps,
      case w.action when 'send' then 'sending' when 'suppress' then 'suppressed' when 'expire' then 'expired' when 'give_up' then 'dead' end as enters
    from jsonb_to_recordset(p) as w (id uuid, action text, at timestamptz, reason text, digest text, link jsonb,
      was_state text, was_code text, was_attempt int, was_looks int, was_tried timestamptz, was_changed timestamptz, was_digest text, was_link text)
    order by w.id
  loop
    update callwaiting.intent t
    set state = coalesce(v.enters, v.was_state, t.state),
      changed_at = case when v.enters <> coalesce(v.was_state, t.state) then c_now else coalesce(v.was_changed, t.changed_at) end,
      reason = v.reason,
      code = case v.action when 'send' then '' else coalesce(v.was_code, t.code) end,
      attempt = case v.action when 'send' then t.attempt + 1 else coalesce(v.was_attempt, t.attempt) end,
      looks = case v.action when 'send' then 0 when 'look' then t.looks + 1 else coalesce(v.was_looks, t.looks) end,
      tried_at = case when v.action = 'send' then c_now when v.was_state is not null then v.was_tried else t.tried_at end,
      digest = case v.action when 'send' then decode(v.digest, 'base64') else coalesce(decode(v.was_digest, 'base64'), t.digest) end,
      lease_until = case when v.keeps then c_lease end
    where t.org_id = p_org and t.id = v.id
    returning t.* into i;
    continue when not found;
    if v.keeps or v.action = 'wait' then
      v_open := v_open || v.id::text;
      v_due := v_due || case when v.keeps then c_lease else v.at end;
    else
      v_ended := v_ended || v.id::text;
    end if;
    if v.action = 'look' then
      v_told := v_told || callwaiting.intent_told(i, (select c.phone from callwaiting.contact c where c.org_id = p_org and c.id = i.contact_id));
    end if;
    if v.action = 'send' and v.link is not null then
      insert into callwaiting.link (org_id, hash, intent_id, contact_id, document, expires_at, max_views)
      values (p_org, decode(v.link ->> 'hash', 'base64'), v.id, i.contact_id,
        v.link ->> 'document', (v.link ->> 'expires')::timestamptz, (v.link ->> 'max_views')::int);
      v_hashes := v_hashes || decode(v.link ->> 'hash', 'base64');
    end if;
    if v.was_link <> '' then
      update callwaiting.link l
      set revoked_at = c_now
      where l.org_id = p_org and l.hash = decode(v.was_link, 'base64');
    end if;
  end loop;
  if cardinality(v_hashes) > 0 then
    v_void := callwaiting.route_links(v_hashes);
  end if;
  if cardinality(v_open) > 0 then
    v_void := callwaiting.ring('intent', v_open, v_due, false);
  end if;
  if cardinality(v_ended) > 0 then
    v_void := callwaiting.put_away('intent', v_ended, null);
  end if;
  return v_told;
end
$$;
-- +goose StatementEnd

-- finish writes what came of attempts; see followup.Store.
-- +goose StatementBegin
create function callwaiting.followup_finish(p_org uuid, p jsonb) returns void language plpgsql as $$
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
    v_void := callwaiting.ring('intent', v_open, v_due, false);
  end if;
  if cardinality(v_ended) > 0 then
    v_void := callwaiting.put_away('intent', v_ended, null);
  end if;
end
$$;
-- +goose StatementEnd

-- rank orders what a carrier says of a message; see followup.State.
create function callwaiting.message_rank(p_state text) returns int language sql immutable
  return case p_state when 'accepted' then 1 when 'sent' then 2 when 'delivered' then 3 when 'undelivered' then 3 when 'failed' then 3 else 0 end;

-- status notes what the carrier says; null if there is no such intent.
-- +goose StatementBegin
create function callwaiting.followup_status(p_org uuid, p jsonb) returns jsonb language plpgsql as $$
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
    v_void := callwaiting.put_away('intent', array[i.id::text], null);
  else
    select t.* into i
    from callwaiting.intent t
    where t.org_id = p_org and t.id = u.intent;
    if not found then
      return null;
    end if;
  end if;
  return callwaiting.intent_told(i, (select c.phone from callwaiting.contact c where c.org_id = p_org and c.id = i.contact_id));
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function callwaiting.followup_consent(p_org uuid, p jsonb) returns void language plpgsql as $$
begin
  insert into callwaiting.consent (org_id, contact_id, purpose, at, call, wording)
  values (p_org, callwaiting.meet(p_org, p ->> 'phone'), p ->> 'purpose', (p ->> 'at')::timestamptz, p ->> 'call', p ->> 'wording')
  on conflict do nothing;
end
$$;
-- +goose StatementEnd

-- opt_out waits for whoever has the contact's lock.
-- +goose StatementBegin
create function callwaiting.followup_opt_out(p_org uuid, p jsonb) returns void language plpgsql as $$
declare
  v_void text;
begin
  v_void := callwaiting.lock(p_org, array[p ->> 'phone'], '{}');
  insert into callwaiting.opt_out (org_id, contact_id, again, source, call, message)
  values (p_org, callwaiting.meet(p_org, p ->> 'phone'), (p ->> 'again')::boolean, p ->> 'source', p ->> 'call', p ->> 'message')
  on conflict do nothing;
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function callwaiting.followup_reply(p_org uuid, p jsonb) returns jsonb language plpgsql as $$
begin
  insert into callwaiting.reply (org_id, message, contact_id, kind)
  values (p_org, p ->> 'message', callwaiting.meet(p_org, p ->> 'phone'), p ->> 'kind')
  on conflict do nothing;
  return to_jsonb(found);
end
$$;
-- +goose StatementEnd

-- lookup is what is known of a contact; null if nothing is.
-- +goose StatementBegin
create function callwaiting.followup_lookup(p_org uuid, p_phone text) returns jsonb language plpgsql stable as $$
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
      select not o.again from callwaiting.opt_out o
      where o.org_id = p_org and o.contact_id = c.id
      order by o.noted_at desc, o.id desc
      limit 1
    ),
    'unusable', c.unusable
  );
end
$$;
-- +goose StatementEnd

-- appointment is an appointment as messages need to know it; null if there is none.
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

-- link returns the link of the clinic of the scope that still opens something,
-- and with p_use counts a view of it; null if there is none.
-- +goose StatementBegin
create function callwaiting.followup_link(p_hash bytea, p_use boolean) returns jsonb language plpgsql as $$
declare
  c_org constant uuid := current_setting('app.org_id')::uuid;
  l callwaiting.link;
begin
  if p_use then
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
