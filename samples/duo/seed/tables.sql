-- The system of record: rows, and the outbox that the triggers of rules.sql write in the transaction of every change.
create table users (
  id         bigint primary key,
  name       text not null,
  email      text not null,
  city       text,
  balance    numeric(14,2) not null,
  points     bigint not null,
  -- A set without members does not exist in the cache, so there is always one.
  tags       text[] not null check (cardinality(tags) > 0),
  born       date not null,
  is_active  boolean not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);

create table orders (
  region     text not null,
  number     bigint not null,
  user_id    bigint not null,
  sku        text not null,
  quantity   bigint not null check (quantity > 0),
  total      numeric(14,2) not null,
  state      text not null check (state in ('new', 'paid', 'shipped', 'returned')),
  placed_at  timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (region, number)
);

-- aggregate_id is the key as text; a composite one is a JSON array. A deletion has no payload. sent_at is null until then.
create table outbox (
  id           bigserial primary key,
  aggregate    text not null,
  aggregate_id text not null,
  op           text not null check (op in ('insert', 'update', 'delete')),
  payload      jsonb,
  created_at   timestamptz not null,
  sent_at      timestamptz
);

create sequence user_ids;
create sequence order_numbers;
