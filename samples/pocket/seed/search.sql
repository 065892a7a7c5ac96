-- Full-text indexes. Names are stored casefolded, as an analyser leaves them; rowid of users is the user's id.
CREATE VIRTUAL TABLE users USING fts5(id UNINDEXED, name, email, city, updated_at UNINDEXED);
CREATE VIRTUAL TABLE products USING fts5(sku, title, tags, price UNINDEXED, updated_at UNINDEXED);
CREATE VIRTUAL TABLE orders USING fts5(region UNINDEXED, number UNINDEXED, status, updated_at UNINDEXED);
