-- Document collections: a key and a JSON document. An order's id is the text of the JSON array [region, number].
CREATE TABLE users (id BIGINT PRIMARY KEY, doc JSON NOT NULL);
CREATE TABLE products (id TEXT PRIMARY KEY NOT NULL, doc JSON NOT NULL);
CREATE TABLE orders (id TEXT PRIMARY KEY NOT NULL, doc JSON NOT NULL);
