"""Clientela in the speed rig: a system file, passed to the rig's `run` by its path. With authentication, rights, change
log and as many database connections as the others (BENCH_POOL).

  tests/load/load postgres://postgres@127.0.0.1:55432/clientela      once
  run floor,postgraphile,$PWD/tests/load/clientela.py -w W1,W3,W4,W5,W7,W9 -c 1,16,64 -o out.jsonl

Environment: CLIENTELA_BIN (default: target/release/clientela), CLIENTELA_DATABASE_URL (default: database `clientela` of the
rig's cluster; a sqlite: URL measures SQLite), CLIENTELA_TOKEN (default: one that `clientela token` mints).

The rig deletes what W5 made from its own table, which is not ours; ours is emptied of it here, whenever the rig asks for
a new set of W5's requests and when the measurement ends. The rig's `made` counts its own table as well and says nothing
about us: how many were kept is printed here instead.

W5 sends no Idempotency-Key: wrk's headers are fixed, so every request would have the same one, and be a replay."""
import atexit, base64, json, os, pathlib, sqlite3, subprocess, urllib.parse, urllib.request, uuid

HERE = pathlib.Path(__file__).resolve().parent
port = int(os.environ.get("CLIENTELA_PORT", "4110"))
binary = os.environ.get("CLIENTELA_BIN", str(HERE.parent.parent / "target/release/clientela"))
database = os.environ.get("CLIENTELA_DATABASE_URL", f"postgres://postgres@127.0.0.1:{ctx['pgport']}/clientela")
data = os.environ.get("CLIENTELA_DATA", str(ctx["home"] / "clientela"))
common = ["--database-url", database, "--data", data, "--json"]
command = [binary, "serve", "--port", str(port), "--connections", str(ctx["pool"]), "--log", "warn", *common]
cwd = None
env = {}


def mint():
    out = subprocess.run([binary, "token", "--user", "rig@bench.example", "--expires", "P1D", *common], capture_output=True, text=True, check=True)
    return json.loads(out.stdout)["token"]


headers = {"Content-Type": "application/json", "Authorization": "Bearer " + (os.environ.get("CLIENTELA_TOKEN") or mint())}
ready = ("GET", "/readyz", None)
workloads = ["W1", "W3", "W4", "W5", "W7", "W9"]
NESTED = """query q($id: ID!) { accounts(first: 20, filter: {id: {gt: $id}}) { nodes { id name industry
  contacts(first: 10) { nodes { id name email
    participations(first: 3, orderBy: [{occurredAt: DESC}]) { nodes { id interaction { id kind subject occurredAt } } } } } } } }"""
TEN = "query q($id: ID!) { contact(id: $id) { id name firstName lastName email phone title city country createdAt } }"
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
# What the floor and the peers answer with; the whole record is twice as long. CLIENTELA_WHOLE=1 asks for that.
COLUMNS = "id,accountId,name,firstName,lastName,email,phone,title,city,country,source,createdAt,updatedAt"
columns = "" if os.environ.get("CLIENTELA_WHOLE") else "&fields=" + COLUMNS
fields = {"account_id": "accountId", "first_name": "firstName", "last_name": "lastName"}
place = None
batch = None


def wire(prefix, text):
    """A UUID as the id on the wire: 26 characters of base 32 after the prefix."""
    bits = uuid.UUID(text).int
    return prefix + "_" + "".join(ALPHABET[bits >> shift & 31] for shift in range(125, -1, -5))


def cursor(text):
    """A cursor of the contacts' default order at this id: a real one of the server's, with the id put in."""
    global place
    if place is None:
        ask = urllib.request.Request(f"http://127.0.0.1:{port}/v1/contacts?limit=1", headers=headers)
        following = json.load(urllib.request.urlopen(ask))["page"]["next"]
        place = json.loads(base64.urlsafe_b64decode(following + "=" * (-len(following) % 4)))
    here = json.dumps([place[0], place[1], text.replace("-", "")], separators=(",", ":"))
    return base64.urlsafe_b64encode(here.encode()).decode().rstrip("=")


def clean():
    """Removes what W5 made, with its parties, points and log rows."""
    made = "select id from contact where source = 'bench'"
    steps = ["create temporary table made as " + made, "delete from change_log where record_id in (select id from made)",
             "delete from change_log where record_id in (select id from contact_point where party_id in (select id from made))",
             "delete from search_document where record_id in (select id from made)",
             "delete from contact_point where party_id in (select id from made)",
             "delete from contact where id in (select id from made)", "delete from party where id in (select id from made)"]
    count = "select count(*) from made"
    if database.startswith("sqlite:"):
        connection = sqlite3.connect(database.removeprefix("sqlite:"), timeout=30)
        for step in steps:
            connection.execute(step)
        kept = connection.execute(count).fetchone()[0]
        connection.commit()
        connection.close()
    else:
        text = "; ".join(["begin", "set local session_replication_role = replica", *steps, count, "commit"])
        call = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database]
        kept = int(subprocess.run([*call, "-c", text], capture_output=True, text=True, check=True).stdout.split()[0])
        for table in ("contact", "party", "contact_point", "search_document", "change_log"):
            subprocess.run([*call, "-c", f"vacuum {table}"], check=True)
    if kept:
        print(f"# clientela kept {kept} contacts of W5; removed", flush=True)


def request(w, p, r):
    global batch
    if w == "W1":
        return "GET", "/v1/contacts/" + wire("con", r.choice(p["contacts"])), None
    if w == "W3":
        return "POST", "/graphql", json.dumps({"query": NESTED, "variables": {"id": wire("acc", r.choice(p["accounts"]))}})
    if w == "W4":
        return "POST", "/graphql", json.dumps({"query": TEN, "variables": {"id": wire("con", r.choice(p["contacts"]))}})
    if w == "W5":
        if batch is not r:
            if batch is None:
                atexit.register(clean)
            batch = r
            clean()
        contact = {fields.get(key, key): value for key, value in ctx["new_contact"](p, r).items()}
        contact["accountId"] = wire("acc", contact["accountId"])
        return "POST", "/v1/contacts", json.dumps(contact)
    if w == "W7":
        return "GET", f"/v1/contacts?limit=50{columns}&after=" + urllib.parse.quote(cursor(r.choice(p["deep"]))), None
    if w == "W9":
        return "GET", f"/v1/contacts?limit=20{columns}&filter[name][contains]=" + urllib.parse.quote(r.choice(p["terms"])), None
    raise NotImplementedError(w)


def rows(w, j):
    if w in ("W1", "W5"):
        return int("id" in j)
    if w == "W4":
        return int("id" in j["data"]["contact"])
    if w in ("W7", "W9"):
        return len(j["data"])
    return sum(1 + sum(1 + len(c["participations"]["nodes"]) for c in a["contacts"]["nodes"]) for a in j["data"]["accounts"]["nodes"])
