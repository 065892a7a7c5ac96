-- What is made after the rows are loaded: indexes, references, and the triggers that stamp and publish every change.
create index orders_user on orders (user_id);
create index users_version on users (updated_at);
create index orders_version on orders (updated_at);
create index outbox_unsent on outbox (id) include (created_at) where sent_at is null;
create index outbox_aggregate on outbox (aggregate, aggregate_id);
alter table orders add foreign key (user_id) references users on delete cascade;

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

-- A version is never before the one it follows, even where the clock steps back.
create function after_version(earlier timestamptz) returns timestamptz volatile return
  greatest(clock_timestamp(), earlier + interval '1 microsecond');

create function stamp() returns trigger language plpgsql as $$
begin
  new.updated_at := after_version(old.updated_at);
  return new;
end $$;

-- The row's lock is held here until the transaction ends: rows of one object are numbered in the order of its changes.
create function publish() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    insert into outbox (aggregate, aggregate_id, op, created_at)
    values (tg_table_name, aggregate_id(old), 'delete', after_version(old.updated_at));
  else
    insert into outbox (aggregate, aggregate_id, op, payload, created_at)
    values (tg_table_name, aggregate_id(new), lower(tg_op), payload(new), new.updated_at);
  end if;
  return null;
end $$;

create trigger stamp before update on users for each row execute function stamp();
create trigger stamp before update on orders for each row execute function stamp();
create trigger publish after insert or update or delete on users for each row execute function publish();
create trigger publish after insert or update or delete on orders for each row execute function publish();
