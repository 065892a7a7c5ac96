"""How fast a driver of Python reads rows on a connection that is open already: the best of three.

Arguments: the driver, a URL with its password, and what is read: a SELECT, or a collection.
"""

import json
import sys
import time
from urllib.parse import unquote, urlsplit

driver, url, statement = sys.argv[1:]
place = urlsplit(url)


def psycopg_rows():
    import psycopg

    connection = psycopg.connect(url)
    connection.execute("select 1").fetchone()

    def read():
        with connection.cursor("rows") as cursor:
            cursor.itersize = 10_000
            cursor.execute(statement)
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

    def read():
        with connection.cursor() as cursor:
            cursor.execute(statement)
            yield from cursor

    return read


def pymongo_rows():
    import pymongo

    client = pymongo.MongoClient(url)
    collection = client.get_default_database()[statement]
    client.admin.command("ping")
    return lambda: collection.find({}, batch_size=10_000)


read = {"psycopg": psycopg_rows, "pymysql": pymysql_rows, "pymongo": pymongo_rows}[driver]()
firsts, walls = [], []
for _ in range(3):
    began = time.perf_counter()
    count, first = 0, None
    for row in read():
        if first is None:
            first = time.perf_counter() - began
        count += 1
    firsts.append(first)
    walls.append(time.perf_counter() - began)
print(json.dumps({"first": min(firsts), "wall": min(walls), "rows": count}))
