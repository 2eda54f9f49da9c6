"""A device's copy of the customers it may see: an SQLite file, an outbox, and one call that syncs both ways.

Whatever is done is written into the copy and into the outbox in one transaction, so the app shows it at once and nothing is lost when the phone dies. `sync` sends what waits
in the outbox, takes what has changed, and leaves in the outbox what has to be decided by a person. Nothing but the standard library is used.
"""

import gzip
import json
import secrets
import sqlite3
import time
import urllib.request
import uuid

SCHEMA = """
CREATE TABLE IF NOT EXISTS record (resource TEXT, id TEXT, version INTEGER, fields TEXT, PRIMARY KEY (resource, id));
CREATE TABLE IF NOT EXISTS outbox (number INTEGER PRIMARY KEY, operation TEXT, conflict TEXT);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT);
"""

# What an entry of the feed says that takes a record out of the copy.
GONE = {"DELETED", "ERASED", "ACCESS_LOST", "LEFT"}


def new_id(prefix):
    """An id of the device's own: a UUIDv7 written as the server writes it, Crockford's base32 behind a prefix."""
    number = (int(time.time() * 1000) << 80) | (0x7 << 76) | (secrets.randbits(12) << 64) | (0b10 << 62) | secrets.randbits(62)
    letters = "0123456789abcdefghjkmnpqrstvwxyz"
    return prefix + "_" + "".join(letters[(number >> shift) & 31] for shift in range(125, -1, -5))


class BrokenLink(Exception):
    """The answer never came; whether the server has heard the request nobody knows."""


class Device:
    def __init__(self, url, token, scope, path):
        self.url, self.token, self.scope = url.rstrip("/") + "/v1/sync", token, scope
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.executescript(SCHEMA)
        self.name = self.setting("device") or self.set("device", str(uuid.uuid4()))
        self.answers_to_lose = 0
        self.received = 0

    # The copy.

    def setting(self, name):
        row = self.database.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return row and row[0]

    def set(self, name, value):
        self.database.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))
        return value

    def get(self, resource, record):
        row = self.database.execute("SELECT fields FROM record WHERE resource = ? AND id = ?", (resource, record)).fetchone()
        return row and json.loads(row[0])

    def all(self, resource):
        rows = self.database.execute("SELECT fields FROM record WHERE resource = ? ORDER BY id", (resource,))
        return [json.loads(fields) for (fields,) in rows]

    def keep(self, resource, fields):
        row = (resource, fields["id"], fields["version"], json.dumps(fields))
        self.database.execute("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?)", row)

    def drop(self, resource, record):
        self.database.execute("DELETE FROM record WHERE resource = ? AND id = ?", (resource, record))

    # What is done, with or without a network.

    def do(self, operation):
        operation = {"id": str(uuid.uuid4()), **operation}
        self.database.execute("INSERT INTO outbox (operation) VALUES (?)", (json.dumps(operation),))

    def create(self, resource, path, prefix, **fields):
        record = new_id(prefix)
        with self.transaction():
            self.keep(resource, {"id": record, "version": 1, **fields})
            self.do({"resource": path, "create": {"id": record, **fields}})
        return record

    def update(self, resource, path, record, **fields):
        with self.transaction():
            held = self.get(resource, record)
            self.keep(resource, {**held, **fields})
            # The version that the server told last: what the device itself has done since does not count as another's.
            self.do({"resource": path, "update": {"id": record, "baseVersion": held["version"], "values": fields}})

    def delete(self, resource, path, record):
        with self.transaction():
            self.do({"resource": path, "delete": {"id": record, "baseVersion": self.get(resource, record)["version"]}})
            self.drop(resource, record)

    def perform(self, path, verb, record=None, **given):
        self.do({"resource": path, "perform": {"verb": verb, "id": record, "input": given}})

    # The network.

    def sync(self):
        """Sends and takes until both sides are done; answers the results of what was sent."""
        results, more = [], True
        while more:
            waiting = self.database.execute("SELECT number, operation FROM outbox WHERE conflict IS NULL ORDER BY number LIMIT 500").fetchall()
            pull = {"scope": self.scope, "after": self.setting("cursor"), "limit": 200}
            answer = self.call({"device": self.name, "operations": [json.loads(one) for _, one in waiting], "pull": pull})
            with self.transaction():
                for (number, _), result in zip(waiting, answer["results"]):
                    self.settle(number, result)
                for entry in answer["changes"]["data"]:
                    self.take(entry)
                self.set("cursor", answer["changes"]["page"]["next"])
            results += answer["results"]
            more = answer["changes"]["page"]["hasMore"] or len(waiting) == 500
        return results

    def settle(self, number, result):
        """What was carried out leaves the outbox; what was not waits for a person."""
        if result["status"] in ("APPLIED", "MERGED"):
            self.database.execute("DELETE FROM outbox WHERE number = ?", (number,))
        else:
            self.database.execute("UPDATE outbox SET conflict = ? WHERE number = ?", (json.dumps(result), number))

    def take(self, entry):
        if entry["kind"] in GONE:
            self.drop(entry["resource"], entry["id"])
        elif entry["record"]:
            self.keep(entry["resource"], entry["record"])

    def conflicts(self):
        rows = self.database.execute("SELECT number, operation, conflict FROM outbox WHERE conflict IS NOT NULL ORDER BY number")
        return [(number, json.loads(operation), json.loads(result)) for number, operation, result in rows]

    def resolve(self, number, keep_mine):
        """Sends an operation again that builds on what the server has now, or forgets it."""
        _, operation, result = next(row for row in self.conflicts() if row[0] == number)
        with self.transaction():
            if keep_mine:
                operation["update"]["baseVersion"] = result["version"]
                self.database.execute("UPDATE outbox SET operation = ?, conflict = NULL WHERE number = ?", (json.dumps(operation), number))
            else:
                self.database.execute("DELETE FROM outbox WHERE number = ?", (number,))

    def call(self, body):
        request = urllib.request.Request(self.url, method="POST", data=json.dumps(body).encode())
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Content-Type", "application/json")
        request.add_header("Accept-Encoding", "gzip")
        with urllib.request.urlopen(request, timeout=30) as response:
            data = response.read()
            if self.answers_to_lose:
                self.answers_to_lose -= 1
                raise BrokenLink
            self.received += len(data)
            return json.loads(gzip.decompress(data) if response.headers["Content-Encoding"] == "gzip" else data)

    def transaction(self):
        self.database.execute("BEGIN IMMEDIATE")
        return Transaction(self.database)


class Transaction:
    def __init__(self, database):
        self.database = database

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.database.execute("COMMIT" if kind is None else "ROLLBACK")
