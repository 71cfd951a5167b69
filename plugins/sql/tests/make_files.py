#!/usr/bin/env python3
"""Makes the files of the cases. SQLite files are written by the sqlite3 of Python; damaged ones are such files with bytes changed."""

import json
import os
import sqlite3

FILES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "files")


def path(name):
    return os.path.join(FILES, name)


def text(name, content):
    with open(path(name), "w", encoding="utf-8", newline="") as to:
        to.write(content)


def binary(name, content):
    with open(path(name), "wb") as to:
        to.write(content)


def database(name, script, page=512, wal=False):
    if os.path.exists(path(name)):
        os.remove(path(name))
    db = sqlite3.connect(path(name))
    db.execute(f"PRAGMA page_size = {page}")
    if wal:
        db.execute("PRAGMA journal_mode = WAL")
    script(db)
    db.commit()
    db.close()


def shop(db):
    db.executescript(
        """
        CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT DEFAULT 'Rome', joined TEXT);
        CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id), total REAL, note BLOB);
        CREATE INDEX orders_user ON orders (user_id);
        CREATE UNIQUE INDEX users_name ON users (name);
        CREATE VIEW spent AS SELECT name, sum(total) AS total FROM users JOIN orders ON orders.user_id = users.id GROUP BY users.id;
        CREATE TABLE "odd ""name" ("select" TEXT, "a b" INTEGER);
        INSERT INTO "odd ""name" VALUES ('x', 1);
        """
    )
    db.executemany(
        "INSERT INTO users (name, city, joined) VALUES (?, ?, ?)",
        [("Ada", "London", "2025-01-02"), ("Grace", "New York", "2025-03-04"), ("Linus", "Helsinki", None)],
    )
    db.executemany(
        "INSERT INTO orders (user_id, total, note) VALUES (?, ?, ?)",
        [(1, 10.5, b"\x00\xff"), (1, 20.0, None), (2, 5.25, None), (2, 7.0, None), (3, 100.0, None)],
    )


def loop(db):
    db.execute("CREATE TABLE n (i INTEGER)")
    db.executemany("INSERT INTO n VALUES (?)", [(i,) for i in range(200)])


def damaged():
    with open(path("shop.db"), "rb") as file:
        good = file.read()
    binary("short.db", good[:60])
    binary("cut.db", good[: len(good) - 512])
    binary("half-page.db", good[: len(good) - 100])
    binary("page-size.db", good[:16] + b"\x03\x01" + good[18:])
    # The page of the schema says that it is of no kind that there is.
    binary("kind.db", good[:100] + b"\x07" + good[101:])
    # The number of cells of the schema lies.
    binary("cells.db", good[:103] + b"\xff\xff" + good[105:])
    # Pages after the first hold nothing but ones.
    binary("ones.db", good[:512] + b"\xff" * (len(good) - 512))
    # Pages after the first point at themselves: interior pages whose only child is the page.
    pages = [good[:512]]
    for number in range(2, len(good) // 512 + 1):
        page = bytearray(good[(number - 1) * 512 : number * 512])
        page[0] = 5
        page[3:5] = b"\x00\x00"
        page[8:12] = number.to_bytes(4, "big")
        pages.append(bytes(page))
    binary("circle.db", b"".join(pages))
    binary("unfinished.db", good)
    binary("unfinished.db-journal", bytes.fromhex("d9d505f920a163d7") + bytes(504))


def main():
    os.makedirs(FILES, exist_ok=True)
    text(
        "sales.csv",
        "region,product,amount,price,code,day\n"
        "north,apple,10,1.5,007,2026-01-01\n"
        "south,apple,20,1.25,008,2026-01-02\n"
        'north,"pear, green",5,2.0,009,2026-01-03\n'
        "south,pear,,2.5,010,2026-01-04\n"
        "east,plum,7,0.75,,2026-01-05\n",
    )
    text("regions.jsonl", "".join(json.dumps(row) + "\n" for row in [
        {"name": "north", "manager": "Ada", "tags": ["a", "b"], "open": True},
        {"name": "south", "manager": "Grace", "open": False, "budget": 12.5},
        {"name": "west", "manager": None, "budget": 3},
    ]))
    text("regions.json", json.dumps([{"name": "north", "size": 1}, {"name": "south", "size": 2}]))
    text("semicolon.csv", "\ufeffid;name\n1;Zo\u00eb\n2;\u5317\u4eac\n")
    text("names.csv", 'a,A,,"se""lect"\n1,2,3,4\n')
    text("ragged.csv", "a,b\n1,2\n3\n")
    text("long.csv", "a,b\n1," + "x" * 1_000_000 + "\n")
    text("empty.csv", "")
    binary("latin1.csv", "a,b\n1,caf\u00e9\n".encode("latin-1"))
    text("bad.jsonl", '{"a": 1}\n{"a": \n')
    text("deep.jsonl", '{"a": ' + "[" * 5000 + "]" * 5000 + "}\n")
    text("numbers.csv", "n\n" + "".join(f"{i}\n" for i in range(1000)))
    database("shop.db", shop)
    database("wal.db", loop, wal=True)
    damaged()


main()
