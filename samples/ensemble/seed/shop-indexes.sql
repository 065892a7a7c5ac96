-- What is made after the rows are loaded.
create index users_version on users (updated_at);
create index orders_version on orders (updated_at);
create index outbox_crm on outbox (id) include (created_at) where sent_crm is null;
create index outbox_docs on outbox (id) include (created_at) where sent_docs is null;
create index outbox_graph on outbox (id) include (created_at) where sent_graph is null;
create index outbox_search on outbox (id) include (created_at) where sent_search is null;
create index outbox_aggregate on outbox (aggregate, aggregate_id);
analyze;
