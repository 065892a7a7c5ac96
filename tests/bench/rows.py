"""How fast a driver of Python reads rows on a connection that is open already.

Arguments: the driver, a URL with its password, what is read (a SELECT, or a collection), how many rows are a beginning
of it, how often a beginning is read for the first row, of which the median counts, and how often the whole, of which
the best does.
"""

import json
import sys
import time
from urllib.parse import unquote, urlsplit

driver, url, statement = sys.argv[1:4]
beginning, beginnings, wholes = map(int, sys.argv[4:])
place = urlsplit(url)


def limited(limit):
    return f"{statement} limit {limit}" if limit else statement


def psycopg_rows():
    import psycopg

    connection = psycopg.connect(url)
    connection.execute("select 1").fetchone()

    def read(limit):
        with connection.cursor("rows") as cursor:
            cursor.itersize = 10_000
            cursor.execute(limited(limit))
            yield from cursor

    return read


def pymysql_rows():
    import pymysql
    from pymysql.cursors import SSCursor

    connection = pymysql.connect(
        host=place.hostname,
        port=place.port,
        user=place.username,
        password=unquote(place.password or ""),
        database=place.path.strip("/"),
        cursorclass=SSCursor,
    )

    def read(limit):
        with connection.cursor() as cursor:
            cursor.execute(limited(limit))
            yield from cursor

    return read


def pymongo_rows():
    import pymongo

    client = pymongo.MongoClient(url)
    collection = client.get_default_database()[statement]
    client.admin.command("ping")
    return lambda limit: collection.find({}, batch_size=10_000, limit=limit)


read = {"psycopg": psycopg_rows, "pymysql": pymysql_rows, "pymongo": pymongo_rows}[driver]()


def once(limit):
    began = time.perf_counter()
    count, first = 0, None
    for row in read(limit):
        if first is None:
            first = time.perf_counter() - began
        count += 1
    return first, time.perf_counter() - began, count


firsts = sorted(once(beginning)[0] for _ in range(beginnings))
all_of_it = [once(0) for _ in range(wholes)]
wall = min(it[1] for it in all_of_it)
print(json.dumps({"first": firsts[len(firsts) // 2], "wall": wall, "rows": all_of_it[0][2]}))
