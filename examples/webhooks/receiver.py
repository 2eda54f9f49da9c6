"""A web shop that keeps a copy of its customers by webhooks.

It verifies every message, takes each event once, however often it comes, and never goes back to an older version. Run it by run.sh.
"""

import json
import os
import sqlite3
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

REST = os.environ["URL"].rstrip("/") + "/v1"
TOKEN = os.environ["TOKEN"]


def call(method, path, body=None):
    request = urllib.request.Request(REST + path, method=method, data=None if body is None else json.dumps(body).encode())
    request.add_header("Authorization", f"Bearer {TOKEN}")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
        return json.loads(text) if text else None


class Copy:
    """The shop's own table. What has been taken is remembered in the transaction that takes it."""

    def __init__(self):
        self.database = sqlite3.connect(":memory:", check_same_thread=False)
        self.database.execute("CREATE TABLE customer (id TEXT PRIMARY KEY, version INTEGER, name TEXT, gone INTEGER)")
        self.database.execute("CREATE TABLE taken (id TEXT PRIMARY KEY)")
        self.lock = threading.Lock()
        self.twice = 0

    def take(self, event_id, data):
        with self.lock, self.database:
            try:
                self.database.execute("INSERT INTO taken VALUES (?)", (event_id,))
            except sqlite3.IntegrityError:
                self.twice += 1
                return
            record = data.get("record", {})
            # The record is as it was when the message was sent, so its own version may be a later one.
            version = record.get("version", data["version"])
            gone = data["kind"] == "ERASED" or record.get("deletedAt") is not None
            self.database.execute(
                "INSERT INTO customer VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET version = excluded.version, "
                "name = coalesce(excluded.name, name), gone = excluded.gone WHERE excluded.version >= customer.version",
                (data["id"], version, record.get("name"), gone),
            )

    def rows(self):
        with self.lock:
            return {row[0]: row[1:] for row in self.database.execute("SELECT id, version, name, gone FROM customer")}


def handler(copy, secrets, clumsy):
    """What answers messages. The first one is taken, but the answer gets lost: it comes again."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                message = Webhook(secrets[0]).verify(body, dict(self.headers.items()))
            except WebhookVerificationError as error:
                print(f"refused a message: {error}", flush=True)
                return self.answer(400)
            copy.take(self.headers["webhook-id"], message["data"])
            print(f"{message['type']} version {message['data']['version']}", flush=True)
            self.answer(500 if clumsy.pop("lost", False) else 204)

        def answer(self, status):
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    return Handler


def main():
    copy, secrets, clumsy = Copy(), [""], {"lost": True}
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(copy, secrets, clumsy))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = call(
        "POST",
        "/webhook-endpoints",
        {"name": "Web shop", "url": f"http://127.0.0.1:{server.server_port}/", "events": ["account.*"], "fields": "version,name,deletedAt"},
    )
    secrets[0] = endpoint["secret"]
    wanted = {}
    for name in ("Cheese and more", "Alpine Foods", "Corner shop"):
        account = call("POST", "/accounts", {"name": name})
        account = call("PATCH", f"/accounts/{account['id']}", {"name": f"{name} Ltd"})
        wanted[account["id"]] = (account["version"], account["name"], 0)
    last = next(reversed(wanted))
    call("DELETE", f"/accounts/{last}")
    wanted[last] = (3, "Corner shop Ltd", 1)
    for _ in range(600):
        if copy.rows() == wanted and copy.twice:
            break
        time.sleep(0.05)
    equal = copy.rows() == wanted
    print(f"the copy {'equals' if equal else 'differs from'} the records: {len(wanted)} customers; {copy.twice} message came twice and was taken once")
    call("DELETE", f"/webhook-endpoints/{endpoint['id']}")
    raise SystemExit(0 if equal else 1)


main()
