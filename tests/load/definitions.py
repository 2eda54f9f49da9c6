#!/usr/bin/env python3
"""What tenants' own definitions cost: memory, and the first query of each tenant.

    tests/load/definitions.py PROGRAM [TENANTS] [OBJECTS] [FIELDS]

makes so many tenants (200) with so many objects (50) of so many fields (20) each in a fresh SQLite file, starts the server,
asks each tenant for one record over REST and over GraphQL for the first time, and prints what that took and what the server
holds in memory. The first tenant's definitions are made by the server, through `apply-schema`; the others' are copies of its rows.
"""

import json
import os
import re
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

PROGRAM = os.path.abspath(sys.argv[1])
TENANTS, OBJECTS, FIELDS = (int(given) for given in (sys.argv[2:] + [200, 50, 20][len(sys.argv) - 2 :])[:3])
PORT = 8471
TYPES = ["TEXT", "INTEGER", "DATE", "BOOLEAN", "CHOICE", "MONEY", "TEXT_SET", "REFERENCE", "LONG_TEXT", "INSTANT"]


def letters(number):
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def document():
    objects = [{"name": f"thing{letters(number)}", "label": f"Thing {number}"} for number in range(OBJECTS)]
    fields = []
    for number in range(OBJECTS):
        for place in range(FIELDS):
            field = {"resource": f"customThing{letters(number)}", "name": f"field{place}", "label": f"Field {place}"}
            field["type"] = TYPES[place % len(TYPES)]
            if field["type"] == "CHOICE":
                field["options"] = ["NORTH=The north", "SOUTH=The south", "EAST=The east"]
            if field["type"] == "REFERENCE":
                field["target"] = "account" if place < len(TYPES) else f"customThing{letters((number + 1) % OBJECTS)}"
                if place >= len(TYPES):
                    field["inverse"] = f"thingsOf{letters(number)}"
            fields.append(field)
    return {"objects": objects, "fields": fields}


def call(token, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", data, headers), timeout=120) as answer:
        return json.load(answer)


def resident(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) / 1024


def start(folder):
    process = subprocess.Popen(
        [PROGRAM, "serve", "--data", folder, "--port", str(PORT)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=5).close()
            return process
        except OSError:
            time.sleep(0.1)
    process.kill()
    raise SystemExit("the server does not start")


def spread(times):
    times = sorted(times)
    return {name: round(1000 * times[min(int(len(times) * part), len(times) - 1)], 1) for name, part in (("median", 0.5), ("p99", 0.99))}


def copied(folder, source, targets):
    """Gives the other tenants the rows of the first one's definitions."""
    database = sqlite3.connect(os.path.join(folder, "clientela.db"))
    for table in ("custom_object", "custom_field"):
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[1] != "tenant_id"]
        names = ", ".join(columns)
        for target in targets:
            database.execute(f"INSERT INTO {table} (tenant_id, {names}) SELECT ?, {names} FROM {table} WHERE tenant_id = ?", (target, source))
    database.commit()
    database.close()


def main():
    folder = tempfile.mkdtemp(prefix="clientela-definitions-")
    tokens = []
    for number in range(TENANTS):
        made = [PROGRAM, "tenant", "create", "--name", f"Tenant {number}", "--email", f"a{secrets.token_hex(4)}@example.com"]
        answer = subprocess.run([*made, "--data", folder, "--json"], capture_output=True, check=True, text=True)
        tokens.append(json.loads(answer.stdout)["token"])
    server = start(folder)
    try:
        began = time.monotonic()
        whole = document()
        call(tokens[0], "/v1/custom-objects/apply-schema", {"objects": whole["objects"], "fields": []})
        for first in range(0, len(whole["fields"]), 100):
            call(tokens[0], "/v1/custom-objects/apply-schema", {"objects": [], "fields": whole["fields"][first : first + 100]})
        applied = time.monotonic() - began
    finally:
        server.terminate()
        server.wait()
    database = sqlite3.connect(os.path.join(folder, "clientela.db"))
    source = database.execute("SELECT tenant_id FROM custom_object LIMIT 1").fetchone()[0]
    others = [row[0] for row in database.execute("SELECT tenant_id FROM tenant WHERE tenant_id <> ?", (source,))]
    database.close()
    copied(folder, source, others)
    server = start(folder)
    try:
        figures = {"tenants": TENANTS, "objects": OBJECTS, "fields": FIELDS, "applySeconds": round(applied, 1), "idleMiB": round(resident(server))}
        rest, graphql, plural = [], [], f"thing{letters(OBJECTS - 1)}s"
        for token in tokens:
            began = time.monotonic()
            call(token, f"/v1/custom/{plural}?limit=1")
            rest.append(time.monotonic() - began)
        figures["restMiB"] = round(resident(server))
        for token in tokens:
            began = time.monotonic()
            answer = call(token, "/graphql", {"query": f"{{ customThing{letters(OBJECTS - 1)}s(first: 1) {{ nodes {{ id custom {{ field0 }} }} }} }}"})
            graphql.append(time.monotonic() - began)
            assert "errors" not in answer, answer
        figures["graphqlMiB"] = round(resident(server))
        figures["firstRestMilliseconds"], figures["firstGraphqlMilliseconds"] = spread(rest), spread(graphql)
        print(json.dumps(figures, indent=2))
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


main()
