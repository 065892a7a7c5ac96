"""What people write to compare a table with hashes: read both sides whole, and compare by key.

Arguments: the URL of PostgreSQL, that of Redis, a SELECT whose first column is the key, and the fields of the hashes.
It compares less than a check does: texts as they are, and only fields of the same name.
"""

import sys

import psycopg2
import redis

postgres, cache, select, *fields = sys.argv[1:]

connection = psycopg2.connect(postgres)
cursor = connection.cursor("peer")
cursor.itersize = 10_000
cursor.execute(select)
rows = {}
for row in cursor:
    rows[str(row[0])] = row
columns = [it.name for it in cursor.description]

client = redis.Redis.from_url(cache, decode_responses=True)
different = 0
seen = set()
batch = []


def compare(keys):
    global different
    pipe = client.pipeline(transaction=False)
    for key in keys:
        pipe.hmget(key, fields)
    for key, values in zip(keys, pipe.execute()):
        identity = key.split(":", 1)[1]
        seen.add(identity)
        row = rows.get(identity)
        if row is None:
            different += 1
            continue
        truth = dict(zip(columns, row))
        for name, value in zip(fields, values):
            if name in ("name", "city") and truth.get(name) != value:
                different += 1


for key in client.scan_iter(match="user:*", count=1000):
    batch.append(key)
    if len(batch) == 1000:
        compare(batch)
        batch = []
compare(batch)
different += len(rows.keys() - seen)
print(f"{len(rows)} rows, {len(seen)} hashes, {different} differ")
