-- The system of record: rows, and the outbox with a row for every change and a moment for every copy that got it.
create table users (
  id         bigint primary key,
  public_id  uuid not null,
  name       text not null,
  email      text not null,
  city       text,
  balance    numeric(14,2) not null,
  points     bigint not null,
  plan       text not null check (plan in ('free', 'plus', 'pro')),
  tags       text[] not null,
  settings   jsonb not null,
  born       date not null,
  is_active  boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table orders (
  region     text not null,
  number     bigint not null,
  user_id    bigint not null,
  sku        text not null,
  quantity   bigint not null check (quantity > 0),
  total      numeric(14,2) not null,
  state      text not null check (state in ('new', 'paid', 'shipped', 'returned')),
  placed_at  timestamptz not null,
  updated_at timestamptz not null,
  primary key (region, number)
);

-- aggregate_id is the key as text; a composite one is a JSON array. A deletion has no payload. sent_… is null until then.
create table outbox (
  id           bigserial primary key,
  aggregate    text not null,
  aggregate_id text not null,
  op           text not null check (op in ('insert', 'update', 'delete')),
  payload      jsonb,
  created_at   timestamptz not null,
  sent_crm     timestamptz,
  sent_docs    timestamptz,
  sent_graph   timestamptz,
  sent_search  timestamptz
);

create function iso(moment timestamptz) returns text stable return
  to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

-- An object as the outbox carries it: JSON by column name; decimals are text, so that no reader rounds them.
create function payload(it users) returns jsonb stable return to_jsonb(it)
  || jsonb_build_object('balance', it.balance::text, 'created_at', iso(it.created_at), 'updated_at', iso(it.updated_at));
create function payload(it orders) returns jsonb stable return to_jsonb(it)
  || jsonb_build_object('total', it.total::text, 'placed_at', iso(it.placed_at), 'updated_at', iso(it.updated_at));

create function aggregate_id(it users) returns text immutable return it.id::text;
create function aggregate_id(it orders) returns text immutable return
  '[' || to_json(it.region)::text || ',' || it.number || ']';
