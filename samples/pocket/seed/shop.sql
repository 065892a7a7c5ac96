-- The system of record: rows, and the outbox that every change is written to in the same transaction.
-- DECIMALTEXT has TEXT affinity, so a decimal stays the text it was written as. Times are RFC 3339 text in UTC with 9 digits.
CREATE TABLE users (
  id         BIGINT PRIMARY KEY,
  name       TEXT NOT NULL,
  email      TEXT NOT NULL,
  city       TEXT,
  active     BOOLEAN NOT NULL,
  balance    DECIMALTEXT(20,4) NOT NULL,
  points     BIGINT NOT NULL,
  born       DATE NOT NULL,
  created_at TIMESTAMP(9) NOT NULL,
  updated_at TIMESTAMP(9) NOT NULL
);

CREATE TABLE products (
  sku        TEXT PRIMARY KEY NOT NULL,
  title      TEXT NOT NULL,
  price      DECIMALTEXT(12,2) NOT NULL,
  tags       JSON NOT NULL,
  stock      BIGINT NOT NULL,
  updated_at TIMESTAMP(9) NOT NULL
);

CREATE TABLE orders (
  region     TEXT NOT NULL,
  number     BIGINT NOT NULL,
  user_id    BIGINT NOT NULL,
  sku        TEXT NOT NULL,
  quantity   BIGINT NOT NULL,
  total      DECIMALTEXT(14,2) NOT NULL,
  status     TEXT NOT NULL,
  placed_at  TIMESTAMP(9) NOT NULL,
  updated_at TIMESTAMP(9) NOT NULL,
  PRIMARY KEY (region, number)
);
CREATE INDEX orders_user ON orders (user_id);
CREATE INDEX orders_sku ON orders (sku);

-- A composite aggregate_id is the text of a JSON array. A deletion has no payload.
CREATE TABLE outbox (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  aggregate      TEXT NOT NULL,
  aggregate_id   TEXT NOT NULL,
  op             TEXT NOT NULL CHECK (op IN ('insert', 'update', 'delete')),
  payload        JSON,
  created_at     TIMESTAMP(9) NOT NULL,
  docs_sent_at   TIMESTAMP(9),
  cache_sent_at  TIMESTAMP(9),
  search_sent_at TIMESTAMP(9),
  graph_sent_at  TIMESTAMP(9)
);
CREATE INDEX outbox_docs_unsent ON outbox (id, created_at) WHERE docs_sent_at IS NULL;
CREATE INDEX outbox_cache_unsent ON outbox (id, created_at) WHERE cache_sent_at IS NULL;
CREATE INDEX outbox_search_unsent ON outbox (id, created_at) WHERE search_sent_at IS NULL;
CREATE INDEX outbox_graph_unsent ON outbox (id, created_at) WHERE graph_sent_at IS NULL;
CREATE INDEX outbox_aggregate ON outbox (aggregate, aggregate_id, id);
