-- A key-value cache with expiry in Unix milliseconds; null never expires. About 60 % of the entities are kept.
CREATE TABLE kv (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL, expires_at BIGINT);
CREATE INDEX kv_expiry ON kv (expires_at) WHERE expires_at IS NOT NULL;
