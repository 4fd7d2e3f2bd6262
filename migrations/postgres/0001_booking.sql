-- Appointments that cannot overlap, isolated by clinic.
--
-- Forward only: a published migration must never be edited. PostgreSQL 14 or
-- later. Run it as a superuser, or as a role that may create roles and, in this
-- database, schemas; that role becomes a member of callwaiting_owner. The login
-- role of the service must be neither: grant it callwaiting_app alone.
--
-- Rules that every later migration must keep
--   org_id uuid not null comes first in every primary key, unique, exclusion
--   and foreign key; ids are unique within a clinic only; keys never come from
--   a sequence.
--   Every table with org_id has forced row-level security with the policy
--   below, or no grant at all. Without a scope the policy raises an error; it
--   does not return zero rows. Where a policy may not hold a subquery (Citus,
--   CockroachDB) its form is org_id = current_setting('app.org_id')::uuid.
--   A column that never changes has no update grant; the service may not
--   delete rows.
--   callwaiting.schema_version() returns the number of the newest migration.

-- +goose Up

-- +goose StatementBegin
do $$
begin
  -- Roles belong to the whole cluster: a migration of another database may
  -- have created them, or may be creating them now.
  begin
    if not exists (select from pg_roles where rolname = 'callwaiting_owner') then
      create role callwaiting_owner nologin;
    end if;
    if not exists (select from pg_roles where rolname = 'callwaiting_app') then
      create role callwaiting_app nologin;
    end if;
  exception
    when duplicate_object or unique_violation then null;
  end;
  if not pg_has_role(current_user, 'callwaiting_owner', 'usage') then
    execute format('grant callwaiting_owner to %I', current_user);
  end if;
  if not exists (select from pg_extension where extname = 'btree_gist') then
    create schema callwaiting_ext;
    create extension btree_gist with schema callwaiting_ext;
  end if;
end
$$;
-- +goose StatementEnd

create schema if not exists callwaiting;
alter schema callwaiting owner to callwaiting_owner;

set local role callwaiting_owner;
alter default privileges revoke execute on functions from public;
grant usage on schema callwaiting to callwaiting_app;

-- A domain's check is prepared once per session, a column's once per statement;
-- and the error of a domain's check does not quote the value that failed.
create domain callwaiting.phone as text
  constraint phone_e164 check (value ~ '^\+[1-9][0-9]{6,14}$');
create domain callwaiting.status as text
  constraint status_known check (value in ('held', 'booked', 'cancelled', 'expired', 'completed', 'noshow'));
create domain callwaiting.occupancy_kind as text
  constraint occupancy_kind_known check (value in ('booking', 'external'));

-- A clinic; see tenant.Org.
create table callwaiting.org (
  org_id uuid not null primary key,
  key text not null,
  name text not null,
  zone text not null,
  country text not null,
  locale text not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint org_key check (key ~ '^[a-z0-9_-]{1,64}$')
);

-- The secrets that authenticate requests of the clinic's Vapi account.
create table callwaiting.org_secret (
  org_id uuid not null primary key references callwaiting.org,
  current text not null,
  previous text not null default '',
  updated_at timestamptz not null default clock_timestamp(),
  constraint org_secret_current check (current <> '')
);

-- The clinic of each external id. It is read before the clinic is known, so it
-- has no policy and no grant, holds ids only, and is reached through route() and
-- routes() alone.
create table callwaiting.org_route (
  kind text not null,
  external_id text not null,
  org_id uuid not null references callwaiting.org,
  primary key (kind, external_id),
  constraint org_route_kind check (kind in ('key', 'phone_number', 'assistant')),
  constraint org_route_external_id check (length(external_id) between 1 and 200)
);
create index org_route_org on callwaiting.org_route (org_id);

-- A phone number of a clinic's caller, with the name and email given last; see
-- booking.Contact.
create table callwaiting.contact (
  org_id uuid not null,
  id uuid not null default gen_random_uuid(),
  phone callwaiting.phone not null,
  name text not null default '',
  email text not null default '',
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (org_id, id),
  constraint contact_by_phone unique (org_id, phone)
);

-- The id is derived from the idempotency key, so that the primary key is the
-- idempotency constraint. occupied_from and occupied_to include the buffers.
create table callwaiting.appointment (
  org_id uuid not null,
  id uuid not null,
  digest text not null,
  service text not null,
  resources text[] not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  zone text not null,
  occupied_from timestamptz not null,
  occupied_to timestamptz not null,
  status callwaiting.status not null,
  expires_at timestamptz,
  contact_id uuid not null,
  call text not null default '',
  version int not null default 1,
  constraint appointment_contact foreign key (org_id, contact_id) references callwaiting.contact (org_id, id),
  constraint appointment_valid check (starts_at < ends_at and (status = 'held') = (expires_at is not null))
);
create index appointment_by_start on callwaiting.appointment (org_id, starts_at);
create index appointment_by_contact on callwaiting.appointment (org_id, contact_id);
-- The primary key is added last: among indexes of equal cost the planner takes
-- the newest, and without statistics all cost the same. Sessions keep such a
-- plan for minutes.
alter table callwaiting.appointment add primary key (org_id, id);

-- The occupied time of resources: two active rows of one seat never overlap,
-- under any writer and any isolation level. expires_at repeats the hold's, so
-- that reads of busy time need no join. kind 'external' is busy time of a
-- calendar. The primary key is also the index of availability: range operators
-- cannot be index conditions under row-level security, so reads bound ends_at
-- from both sides. The upper bound needs the limit of 31 days a row.
create table callwaiting.occupancy (
  org_id uuid not null,
  resource_id text collate "C" not null,
  seat int not null default 0,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  period tstzrange not null generated always as (tstzrange(starts_at, ends_at)) stored,
  id uuid not null default gen_random_uuid(),
  kind callwaiting.occupancy_kind not null default 'booking',
  appointment_id uuid,
  expires_at timestamptz,
  active boolean not null default true,
  primary key (org_id, resource_id, ends_at, id),
  constraint occupancy_appointment foreign key (org_id, appointment_id) references callwaiting.appointment (org_id, id),
  constraint occupancy_valid check (starts_at < ends_at and ends_at - starts_at <= interval '31 days'
    and (kind = 'booking') = (appointment_id is not null)),
  constraint occupancy_no_overlap exclude using gist (org_id with =, resource_id with =, seat with =, period with &&) where (active)
);

-- One row per change of a subject: audit log and outbox in one. Append only.
create table callwaiting.event (
  org_id uuid not null,
  subject uuid not null,
  version int not null,
  kind text not null,
  actor text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (org_id, subject, version)
);

-- +goose StatementBegin
do $$
declare
  t text;
begin
  foreach t in array array['org', 'org_secret', 'contact', 'appointment', 'occupancy', 'event'] loop
    execute format('alter table callwaiting.%I enable row level security', t);
    execute format('alter table callwaiting.%I force row level security', t);
    execute format('create policy own_org on callwaiting.%I
      using (org_id = (select current_setting(''app.org_id''))::uuid)
      with check (org_id = (select current_setting(''app.org_id''))::uuid)', t);
  end loop;
end
$$;
-- +goose StatementEnd

grant select on callwaiting.org, callwaiting.org_secret to callwaiting_app;
grant select, insert on callwaiting.contact, callwaiting.appointment, callwaiting.occupancy, callwaiting.event to callwaiting_app;
grant update (name, email, updated_at) on callwaiting.contact to callwaiting_app;
grant update (resources, starts_at, ends_at, occupied_from, occupied_to, status, expires_at, version) on callwaiting.appointment to callwaiting_app;
grant update (expires_at, active) on callwaiting.occupancy to callwaiting_app;

-- route returns the clinic of an external id, by exact match; null if unknown.
create function callwaiting.route(p_kind text, p_external_id text)
  returns uuid language sql stable security definer set search_path = ''
  return (select r.org_id from callwaiting.org_route r where r.kind = p_kind and r.external_id = p_external_id);

-- routes returns the phone numbers and assistants of the clinic of the scope:
-- the ids that a message of its Vapi account may name.
-- +goose StatementBegin
create function callwaiting.routes(out kind text, out external_id text)
  returns setof record language sql stable security definer set search_path = ''
  begin atomic
    select r.kind, r.external_id
    from callwaiting.org_route r
    where r.org_id = (select current_setting('app.org_id'))::uuid
      and r.kind <> 'key'
    order by r.kind, r.external_id
    limit 1000;
  end;
-- +goose StatementEnd

-- The result of the functions below. Its outcome is one of
--   done     the change was made; the columns up to version hold the appointment
--   replay   an earlier call made the change; columns as for done
--   taken    the time is not free; the busy_ columns hold the busy time
--   reused   the id exists with another digest
--   unknown  the id does not exist
--   expired  the hold has expired
--   closed   the status of the appointment allows no change
create type callwaiting.appointment_result as (
  outcome text,
  id uuid,
  service text,
  resources text[],
  starts_at timestamptz,
  ends_at timestamptz,
  zone text,
  status text,
  expires_at timestamptz,
  contact_id uuid,
  phone text,
  name text,
  email text,
  call text,
  version int,
  busy_resource text[],
  busy_seat int[],
  busy_from timestamptz[],
  busy_to timestamptz[]
);

-- The functions run with their caller's rights, inside the caller's scope. They
-- are volatile, so that each statement sees all rows committed before it. That
-- needs read committed, and the functions refuse every other level: a lock does
-- not protect a snapshot that is older than the lock.

-- set_scope and reset_scope enclose statements in a transaction that the caller
-- began: reset_scope restores the scope that was set before.
-- +goose StatementBegin
create function callwaiting.set_scope(p_org uuid) returns void language plpgsql as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'callwaiting: the transaction is not read committed' using errcode = 'CW001';
  end if;
  if not row_security_active('callwaiting.appointment') then
    raise exception 'callwaiting: row-level security does not bind the role' using errcode = 'CW002';
  end if;
  perform set_config('callwaiting.outer_org', current_setting('app.org_id', true), true),
    set_config('app.org_id', p_org::text, true);
end
$$;
-- +goose StatementEnd

create function callwaiting.reset_scope() returns text language sql
  return set_config('app.org_id', current_setting('callwaiting.outer_org'), true);

-- lock takes the advisory locks of contacts, then of resources, each sorted, so
-- that concurrent changes wait in one order and do not deadlock. Correctness
-- does not depend on it. The loops evaluate expressions, which cost a tenth of
-- a statement.
-- +goose StatementBegin
create function callwaiting.lock(p_org uuid, p_phones text[], p_resources text[]) returns void language plpgsql as $$
declare
  c_contact constant bigint := hashtextextended(p_org::text, 8317432051);
  c_resource constant bigint := hashtextextended(p_org::text, 2750918864);
  v_name text;
  v_void text;
begin
  if cardinality(p_phones) > 1 then
    p_phones := array(select distinct t collate "C" from unnest(p_phones) as t order by 1);
  end if;
  if cardinality(p_resources) > 1 then
    p_resources := array(select distinct t collate "C" from unnest(p_resources) as t order by 1);
  end if;
  foreach v_name in array p_phones loop
    v_void := pg_advisory_xact_lock(hashtextextended(v_name, c_contact));
  end loop;
  foreach v_name in array p_resources loop
    v_void := pg_advisory_xact_lock(hashtextextended(v_name, c_resource));
  end loop;
end
$$;
-- +goose StatementEnd

-- read_appointment returns an appointment. A hold past its time reads as
-- expired.
-- +goose StatementBegin
create function callwaiting.read_appointment(p_org uuid, p_id uuid, p_outcome text) returns callwaiting.appointment_result language plpgsql as $$
declare
  v callwaiting.appointment_result;
begin
  select a.id, a.service, a.resources, a.starts_at, a.ends_at, a.zone, a.status, a.expires_at,
    a.contact_id, c.phone, c.name, c.email, a.call, a.version
  into v.id, v.service, v.resources, v.starts_at, v.ends_at, v.zone, v.status, v.expires_at,
    v.contact_id, v.phone, v.name, v.email, v.call, v.version
  from callwaiting.appointment a
  join callwaiting.contact c on c.org_id = a.org_id and c.id = a.contact_id
  where a.org_id = p_org and a.id = p_id;
  if v.status = 'held' and v.expires_at <= clock_timestamp() then
    v.status := 'expired';
  end if;
  v.outcome := p_outcome;
  return v;
end
$$;
-- +goose StatementEnd

-- busy_result returns outcome 'taken' with the busy time of resources, as of now.
-- +goose StatementBegin
create function callwaiting.busy_result(p_org uuid, p_resources text[], p_from timestamptz, p_to timestamptz) returns callwaiting.appointment_result language plpgsql as $$
declare
  v callwaiting.appointment_result;
begin
  select array_agg(o.resource_id order by o.starts_at, o.resource_id, o.seat),
    array_agg(o.seat order by o.starts_at, o.resource_id, o.seat),
    array_agg(o.starts_at order by o.starts_at, o.resource_id, o.seat),
    array_agg(o.ends_at order by o.starts_at, o.resource_id, o.seat)
  into v.busy_resource, v.busy_seat, v.busy_from, v.busy_to
  from callwaiting.occupancy o
  where o.org_id = p_org
    and o.resource_id = any (p_resources)
    and o.ends_at > p_from
    and o.ends_at < p_to + interval '31 days'
    and o.starts_at < p_to
    and o.active
    and (o.expires_at is null or o.expires_at > clock_timestamp());
  v.outcome := 'taken';
  return v;
end
$$;
-- +goose StatementEnd

-- expire_hold writes the expiry of one hold, if it is past its time. It waits
-- for a concurrent confirm or cancel of the hold: one of the two wins.
-- +goose StatementBegin
create function callwaiting.expire_hold(p_org uuid, p_id uuid) returns void language plpgsql as $$
declare
  a callwaiting.appointment;
begin
  select * into a
  from callwaiting.appointment t
  where t.org_id = p_org and t.id = p_id
  for no key update;
  if a.status is distinct from 'held' or a.expires_at > clock_timestamp() then
    return;
  end if;
  update callwaiting.appointment t
  set status = 'expired', expires_at = null, version = t.version + 1
  where t.org_id = p_org and t.id = p_id;
  update callwaiting.occupancy o
  set active = false
  where o.org_id = p_org and o.resource_id = any (a.resources) and o.ends_at = a.occupied_to and o.appointment_id = p_id and o.active;
  insert into callwaiting.event (org_id, subject, version, kind, actor)
  values (p_org, p_id, a.version + 1, 'expired', '');
end
$$;
-- +goose StatementEnd

-- choose_seats returns the first free seat of each need in turn, or null if one
-- need has no free seat. It first expires overdue holds that overlap; the time
-- of appointment p_id counts as free. Needs are numbered from 1.
-- +goose StatementBegin
create function callwaiting.choose_seats(
  p_org uuid, p_id uuid, p_from timestamptz, p_to timestamptz,
  p_need int[], p_resource text[], p_capacity int[],
  out o_resources text[], out o_seats int[]
) language plpgsql as $$
declare
  v_hold uuid;
  v_resource text;
  v_seat int;
begin
  for v_hold in
    select distinct o.appointment_id
    from callwaiting.occupancy o
    where o.org_id = p_org
      and o.resource_id = any (p_resource)
      and o.ends_at > p_from
      and o.ends_at < p_to + interval '31 days'
      and o.starts_at < p_to
      and o.active
      and o.expires_at <= clock_timestamp()
      and o.appointment_id <> p_id -- not overdue when its change began
    order by 1
  loop
    perform callwaiting.expire_hold(p_org, v_hold);
  end loop;

  o_resources := '{}';
  o_seats := '{}';
  for v_need in 1 .. p_need[cardinality(p_need)] loop
    select c.resource, s.seat
    into v_resource, v_seat
    from unnest(p_need, p_resource, p_capacity) with ordinality as c (need, resource, capacity, place),
      generate_series(0, c.capacity - 1) as s (seat)
    where c.need = v_need
      and not exists (
        select from unnest(o_resources, o_seats) as t (resource, seat)
        where t.resource = c.resource and t.seat = s.seat
      )
      -- Not "not exists", which may be planned as one scan of all the clinic's rows.
      and (
        select 1 from callwaiting.occupancy o
        where o.org_id = p_org
          and o.resource_id = c.resource
          and o.ends_at > p_from
          and o.ends_at < p_to + interval '31 days'
          and o.starts_at < p_to
          and o.seat = s.seat
          and o.active
          and o.appointment_id is distinct from p_id
        limit 1
      ) is null
    order by c.place, s.seat
    limit 1;
    if not found then
      o_resources := null;
      o_seats := null;
      return;
    end if;
    o_resources := o_resources || v_resource;
    o_seats := o_seats || v_seat;
  end loop;
end
$$;
-- +goose StatementEnd

-- claim books a time for one owner; see booking.Store. In the common case, one
-- need, it inserts seat 0 of the first resource without a read before it, and
-- that is the whole claim. If that seat is taken, the statement writes no row,
-- and only then does claim read the busy time.
-- +goose StatementBegin
create function callwaiting.claim(
  p_org uuid, p_id uuid, p_digest text, p_service text,
  p_starts timestamptz, p_ends timestamptz, p_zone text,
  p_from timestamptz, p_to timestamptz,
  p_need int[], p_resource text[], p_capacity int[],
  p_hold_us bigint,
  p_phone text, p_name text, p_email text, p_call text, p_actor text,
  p_busy_from timestamptz, p_busy_to timestamptz
) returns callwaiting.appointment_result language plpgsql as $$
declare
  v callwaiting.appointment_result;
  v_seats int[];
  v_occupied int;
  v_created boolean;
  v_digest text;
  v_void text;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'callwaiting: the transaction is not read committed' using errcode = 'CW001';
  end if;
  v_void := callwaiting.lock(p_org, array[p_phone], p_resource);
  v.status := 'booked';
  if p_hold_us > 0 then
    v.status := 'held';
    v.expires_at := clock_timestamp() + p_hold_us * interval '1 microsecond';
  end if;
  if p_need[cardinality(p_need)] = 1 then
    v.resources := p_resource[1:1];
    v_seats := '{0}';
  end if;

  for attempt in 1 .. 4 loop
    if v.resources is not null then
      with seat as (
        insert into callwaiting.occupancy (org_id, resource_id, seat, starts_at, ends_at, appointment_id, expires_at)
        select p_org, t.resource, t.seat, p_from, p_to, p_id, v.expires_at
        from unnest(v.resources, v_seats) as t (resource, seat)
        where not exists (select from callwaiting.appointment a where a.org_id = p_org and a.id = p_id)
        on conflict do nothing
        returning 1
      ), person as (
        insert into callwaiting.contact as c (org_id, phone, name, email)
        select p_org, p_phone, p_name, p_email
        where exists (select from seat)
        on conflict (org_id, phone) do update
        set name = coalesce(nullif(excluded.name, ''), c.name),
          email = coalesce(nullif(excluded.email, ''), c.email),
          updated_at = clock_timestamp()
        returning c.id, c.name, c.email
      ), created as (
        insert into callwaiting.appointment (org_id, id, digest, service, resources, starts_at, ends_at, zone,
          occupied_from, occupied_to, status, expires_at, contact_id, call)
        select p_org, p_id, p_digest, p_service, v.resources, p_starts, p_ends, p_zone,
          p_from, p_to, v.status, v.expires_at, person.id, p_call
        from person
        on conflict do nothing
        returning 1
      ), logged as (
        insert into callwaiting.event (org_id, subject, version, kind, actor)
        select p_org, p_id, 1, v.status, p_actor
        from created
      )
      select person.id, person.name, person.email, (select count(*) from seat), exists (select from created)
      into v.contact_id, v.name, v.email, v_occupied, v_created
      from person;
      if found then
        if v_occupied < cardinality(v.resources) or not v_created then
          -- Only a writer without these locks can cause this.
          raise serialization_failure;
        end if;
        v.outcome := 'done';
        v.id := p_id;
        v.service := p_service;
        v.starts_at := p_starts;
        v.ends_at := p_ends;
        v.zone := p_zone;
        v.phone := p_phone;
        v.call := p_call;
        v.version := 1;
        return v;
      end if;
    end if;

    select a.digest into v_digest
    from callwaiting.appointment a
    where a.org_id = p_org and a.id = p_id;
    if found then
      if v_digest <> p_digest then
        v := null;
        v.outcome := 'reused';
        return v;
      end if;
      return callwaiting.read_appointment(p_org, p_id, 'replay');
    end if;

    select t.o_resources, t.o_seats
    into v.resources, v_seats
    from callwaiting.choose_seats(p_org, p_id, p_from, p_to, p_need, p_resource, p_capacity) as t;
    if v.resources is null then
      return callwaiting.busy_result(p_org, p_resource, p_busy_from, p_busy_to);
    end if;
  end loop;
  raise serialization_failure;
end
$$;
-- +goose StatementEnd

-- claim_batch does many claims of one clinic in one transaction and returns
-- their results in the order of p_id. One statement first tries all claims with
-- one need, each in the way that claim tries first; claim then does the rest one
-- by one. Two claims of a batch must not have the same phone. The needs of claim
-- i are p_need[p_low[i]:p_high[i]]; its resources and capacities likewise.
-- +goose StatementBegin
create function callwaiting.claim_batch(
  p_org uuid, p_id uuid[], p_digest text[], p_service text[],
  p_starts timestamptz[], p_ends timestamptz[], p_zone text[],
  p_from timestamptz[], p_to timestamptz[],
  p_low int[], p_high int[], p_need int[], p_resource text[], p_capacity int[],
  p_hold_us bigint[],
  p_phone text[], p_name text[], p_email text[], p_call text[], p_actor text[],
  p_busy_from timestamptz[], p_busy_to timestamptz[]
) returns setof callwaiting.appointment_result language plpgsql as $$
declare
  v callwaiting.appointment_result;
  v_done callwaiting.appointment_result[];
  v_occupied int;
  v_created int;
  v_void text;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'callwaiting: the transaction is not read committed' using errcode = 'CW001';
  end if;
  v_void := callwaiting.lock(p_org, p_phone, p_resource);

  with claim as (
    select c.*, p_resource[c.low] as resource, p_need[c.high] = 1 as simple,
      case when c.hold_us > 0 then 'held' else 'booked' end as status,
      case when c.hold_us > 0 then clock_timestamp() + c.hold_us * interval '1 microsecond' end as expires_at
    from unnest(p_id, p_digest, p_service, p_starts, p_ends, p_zone, p_from, p_to, p_low, p_high, p_hold_us,
        p_phone, p_name, p_email, p_call, p_actor) with ordinality
      as c (id, digest, service, starts_at, ends_at, zone, occupied_from, occupied_to, low, high, hold_us,
        phone, name, email, call, actor, n)
  ), seat as (
    insert into callwaiting.occupancy (org_id, resource_id, starts_at, ends_at, appointment_id, expires_at)
    select p_org, c.resource, c.occupied_from, c.occupied_to, c.id, c.expires_at
    from claim c
    where c.simple
      -- Not "not exists", which may be planned as one scan of all the clinic's rows.
      and (select a.version from callwaiting.appointment a where a.org_id = p_org and a.id = c.id) is null
    on conflict do nothing
    returning appointment_id
  ), person as (
    insert into callwaiting.contact as k (org_id, phone, name, email)
    select p_org, c.phone, c.name, c.email
    from claim c
    join seat on seat.appointment_id = c.id
    on conflict (org_id, phone) do update
    set name = coalesce(nullif(excluded.name, ''), k.name),
      email = coalesce(nullif(excluded.email, ''), k.email),
      updated_at = clock_timestamp()
    returning k.id, k.phone, k.name, k.email
  ), created as (
    insert into callwaiting.appointment (org_id, id, digest, service, resources, starts_at, ends_at, zone,
      occupied_from, occupied_to, status, expires_at, contact_id, call)
    select p_org, c.id, c.digest, c.service, array[c.resource], c.starts_at, c.ends_at, c.zone,
      c.occupied_from, c.occupied_to, c.status, c.expires_at, person.id, c.call
    from claim c
    join person on person.phone = c.phone
    on conflict do nothing
    returning id
  ), logged as (
    insert into callwaiting.event (org_id, subject, version, kind, actor)
    select p_org, c.id, 1, c.status, c.actor
    from claim c
    join created on created.id = c.id
  )
  select array_agg(row('done', created.id, c.service, array[c.resource], c.starts_at, c.ends_at, c.zone, c.status, c.expires_at,
      person.id, c.phone, person.name, person.email, c.call, 1, null, null, null, null)::callwaiting.appointment_result order by c.n),
    (select count(*) from seat),
    count(created.id)
  into v_done, v_occupied, v_created
  from claim c
  left join person on person.phone = c.phone
  left join created on created.id = c.id;
  if v_occupied <> v_created then
    -- A writer without these locks interfered, or the batch repeats a key.
    raise serialization_failure;
  end if;

  for i in 1 .. cardinality(p_id) loop
    v := v_done[i];
    if v.id is null then
      v := callwaiting.claim(p_org, p_id[i], p_digest[i], p_service[i], p_starts[i], p_ends[i], p_zone[i], p_from[i], p_to[i],
        p_need[p_low[i]:p_high[i]], p_resource[p_low[i]:p_high[i]], p_capacity[p_low[i]:p_high[i]], p_hold_us[i],
        p_phone[i], p_name[i], p_email[i], p_call[i], p_actor[i], p_busy_from[i], p_busy_to[i]);
    end if;
    return next v;
  end loop;
end
$$;
-- +goose StatementEnd

-- move gives an appointment another time; see booking.Store. The old rows are
-- released and the new ones occupied in one step, or neither. Like claim, move
-- and confirm lock the appointment's contact first: a message that the booking
-- makes needless must not be on its way while the booking commits.
-- +goose StatementBegin
create function callwaiting.move(
  p_org uuid, p_id uuid, p_starts timestamptz, p_ends timestamptz,
  p_from timestamptz, p_to timestamptz,
  p_need int[], p_resource text[], p_capacity int[],
  p_actor text, p_busy_from timestamptz, p_busy_to timestamptz
) returns callwaiting.appointment_result language plpgsql as $$
declare
  v callwaiting.appointment_result;
  a callwaiting.appointment;
  v_old text[];
  v_resources text[];
  v_seats int[];
  v_occupied int;
  v_phone text;
  v_void text;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'callwaiting: the transaction is not read committed' using errcode = 'CW001';
  end if;
  loop
    select t.resources, c.phone into v_old, v_phone
    from callwaiting.appointment t
    join callwaiting.contact c on c.org_id = t.org_id and c.id = t.contact_id
    where t.org_id = p_org and t.id = p_id;
    if not found then
      v.outcome := 'unknown';
      return v;
    end if;
    v_void := callwaiting.lock(p_org, array[v_phone], v_old || p_resource);
    select * into a
    from callwaiting.appointment t
    where t.org_id = p_org and t.id = p_id
    for no key update;
    exit when a.resources = v_old; -- if not, another move came first
  end loop;

  if a.status = 'expired' or a.status = 'held' and a.expires_at <= clock_timestamp() then
    v_void := callwaiting.expire_hold(p_org, p_id);
    v.outcome := 'expired';
    return v;
  end if;
  if a.status not in ('held', 'booked') then
    v.outcome := 'closed';
    return v;
  end if;

  -- A replay: any resource of a need will do.
  if a.starts_at = p_starts and a.ends_at = p_ends and a.occupied_from = p_from and a.occupied_to = p_to
    and cardinality(a.resources) = p_need[cardinality(p_need)]
    and not exists (
      select from unnest(a.resources) with ordinality as t (resource, need)
      where not exists (
        select from unnest(p_need, p_resource) as c (need, resource)
        where c.need = t.need and c.resource = t.resource
      )
    )
  then
    return callwaiting.read_appointment(p_org, p_id, 'replay');
  end if;

  select t.o_resources, t.o_seats
  into v_resources, v_seats
  from callwaiting.choose_seats(p_org, p_id, p_from, p_to, p_need, p_resource, p_capacity) as t;
  if v_resources is null then
    return callwaiting.busy_result(p_org, p_resource, p_busy_from, p_busy_to);
  end if;
  update callwaiting.occupancy o
  set active = false
  where o.org_id = p_org and o.resource_id = any (a.resources) and o.ends_at = a.occupied_to and o.appointment_id = p_id and o.active;
  insert into callwaiting.occupancy (org_id, resource_id, seat, starts_at, ends_at, appointment_id, expires_at)
  select p_org, t.resource, t.seat, p_from, p_to, p_id, a.expires_at
  from unnest(v_resources, v_seats) as t (resource, seat)
  on conflict do nothing;
  get diagnostics v_occupied = row_count;
  if v_occupied < cardinality(v_resources) then
    -- Only a writer without these locks can cause this. The move is rolled back.
    raise serialization_failure;
  end if;
  update callwaiting.appointment t
  set resources = v_resources, starts_at = p_starts, ends_at = p_ends,
    occupied_from = p_from, occupied_to = p_to, version = t.version + 1
  where t.org_id = p_org and t.id = p_id;
  insert into callwaiting.event (org_id, subject, version, kind, actor)
  values (p_org, p_id, a.version + 1, 'moved', p_actor);
  return callwaiting.read_appointment(p_org, p_id, 'done');
end
$$;
-- +goose StatementEnd

-- confirm makes a hold a booking; see booking.Store. It locks the contact; see move.
-- +goose StatementBegin
create function callwaiting.confirm(p_org uuid, p_id uuid, p_actor text) returns callwaiting.appointment_result language plpgsql as $$
declare
  v callwaiting.appointment_result;
  a callwaiting.appointment;
  v_phone text;
  v_void text;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'callwaiting: the transaction is not read committed' using errcode = 'CW001';
  end if;
  select c.phone into v_phone
  from callwaiting.appointment t
  join callwaiting.contact c on c.org_id = t.org_id and c.id = t.contact_id
  where t.org_id = p_org and t.id = p_id;
  if found then
    v_void := callwaiting.lock(p_org, array[v_phone], '{}');
  end if;
  select * into a
  from callwaiting.appointment t
  where t.org_id = p_org and t.id = p_id
  for no key update;
  if not found then
    v.outcome := 'unknown';
  elsif a.status = 'booked' then
    return callwaiting.read_appointment(p_org, p_id, 'replay');
  elsif a.status = 'held' and a.expires_at > clock_timestamp() then
    update callwaiting.appointment t
    set status = 'booked', expires_at = null, version = t.version + 1
    where t.org_id = p_org and t.id = p_id;
    update callwaiting.occupancy o
    set expires_at = null
    where o.org_id = p_org and o.resource_id = any (a.resources) and o.ends_at = a.occupied_to and o.appointment_id = p_id and o.active;
    insert into callwaiting.event (org_id, subject, version, kind, actor)
    values (p_org, p_id, a.version + 1, 'confirmed', p_actor);
    return callwaiting.read_appointment(p_org, p_id, 'done');
  elsif a.status in ('held', 'expired') then
    perform callwaiting.expire_hold(p_org, p_id);
    v.outcome := 'expired';
  else
    v.outcome := 'closed';
  end if;
  return v;
end
$$;
-- +goose StatementEnd

-- cancel cancels an appointment and releases its time; see booking.Store.
-- +goose StatementBegin
create function callwaiting.cancel(p_org uuid, p_id uuid, p_actor text) returns callwaiting.appointment_result language plpgsql as $$
declare
  v callwaiting.appointment_result;
  a callwaiting.appointment;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'callwaiting: the transaction is not read committed' using errcode = 'CW001';
  end if;
  select * into a
  from callwaiting.appointment t
  where t.org_id = p_org and t.id = p_id
  for no key update;
  if not found then
    v.outcome := 'unknown';
    return v;
  elsif a.status in ('cancelled', 'expired') or a.status = 'held' and a.expires_at <= clock_timestamp() then
    return callwaiting.read_appointment(p_org, p_id, 'replay');
  elsif a.status not in ('held', 'booked') then
    v.outcome := 'closed';
    return v;
  end if;
  update callwaiting.appointment t
  set status = 'cancelled', expires_at = null, version = t.version + 1
  where t.org_id = p_org and t.id = p_id;
  update callwaiting.occupancy o
  set active = false
  where o.org_id = p_org and o.resource_id = any (a.resources) and o.ends_at = a.occupied_to and o.appointment_id = p_id and o.active;
  insert into callwaiting.event (org_id, subject, version, kind, actor)
  values (p_org, p_id, a.version + 1, 'cancelled', p_actor);
  return callwaiting.read_appointment(p_org, p_id, 'done');
end
$$;
-- +goose StatementEnd

create function callwaiting.schema_version() returns int language sql immutable
  return 1;

grant execute on all functions in schema callwaiting to callwaiting_app;

reset role;
