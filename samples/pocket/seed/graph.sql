-- A property graph: (:User {user_id}) -[:BOUGHT {region, number}]-> (:Product {sku}). A null property is left out.
CREATE TABLE nodes (id INTEGER PRIMARY KEY, label TEXT NOT NULL, properties JSON NOT NULL);
CREATE INDEX nodes_user ON nodes (label, json_extract(properties, '$.user_id'));
CREATE INDEX nodes_product ON nodes (label, json_extract(properties, '$.sku'));

CREATE TABLE edges (id INTEGER PRIMARY KEY, type TEXT NOT NULL, source BIGINT NOT NULL, target BIGINT NOT NULL, properties JSON NOT NULL);
CREATE INDEX edges_order ON edges (type, json_extract(properties, '$.region'), json_extract(properties, '$.number'));
CREATE INDEX edges_source ON edges (source, type);
CREATE INDEX edges_target ON edges (target, type);
