"""DuckDB and PyArrow read what an export writes and find the types and values that the API shows; what they write is imported, and gives the
same records."""

import datetime
import decimal
import json
import os
import pathlib
import tempfile
import time
import urllib.request

import duckdb
import pyarrow
import pyarrow.parquet

URL = os.environ["CLIENTELA_URL"].rstrip("/")
TOKEN = os.environ["CLIENTELA_TOKEN"]
PARQUET = "application/vnd.apache.parquet"
MAPPING = """
[[record]]
resource = "account"
key = { system = "%s", column = "number" }
[record.fields]
name = "name"
employees = "employees"
kind = { value = "ORGANIZATION" }
creditLimit = { column = "credit", currency_column = "currency" }
"""


def ask(method, path, body=None, media_type="application/json"):
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": media_type}
    with urllib.request.urlopen(urllib.request.Request(URL + path, data, headers, method=method), timeout=30) as answer:
        content = answer.read()
        return content if answer.headers["Content-Type"] == PARQUET else json.loads(content)


def ended(path):
    for _ in range(600):
        record = ask("GET", path)
        if record["state"] in ("SUCCEEDED", "FAILED"):
            assert record["state"] == "SUCCEEDED", record
            return record
        time.sleep(0.05)
    raise AssertionError(f"{path} does not end")


def imported(file, mapping):
    made = ask("POST", "/v1/imports", {"mappingText": mapping})
    path = f"/v1/imports/{made['id']}"
    ask("PUT", f"{path}/content", pathlib.Path(file).read_bytes(), PARQUET)
    return ended(path)


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def read(folder):
    """What both make of an export is what the list shows."""
    made = ask("POST", "/v1/exports", {"resource": "account", "format": "PARQUET"})
    export = ended(f"/v1/exports/{made['id']}")
    file = folder / "accounts.parquet"
    file.write_bytes(ask("GET", f"/v1/exports/{made['id']}/content"))
    shown = {record["id"]: record for record in ask("GET", "/v1/accounts?limit=1000&sort=id")["data"]}
    assert len(shown) > 20, len(shown)

    table = pyarrow.parquet.read_table(file)
    types = {field.name: str(field.type) for field in table.schema}
    expected = {
        "id": "string",
        "version": "int64",
        "employees": "int64",
        "createdAt": "timestamp[ms, tz=UTC]",
        "creditLimit.amount": "decimal128(38, 4)",
        "creditLimit.currency": "string",
    }
    assert {name: types[name] for name in expected} == expected, types
    rows = table.to_pylist()
    assert {row["id"] for row in rows} == set(shown)
    for row in rows:
        record = shown[row["id"]]
        assert (row["name"], row["version"], row["employees"]) == (record["name"], record["version"], record["employees"]), row
        assert row["createdAt"] == moment(record["createdAt"]), row
        limit = record["creditLimit"] or {"amount": None, "currency": None}
        amount = limit["amount"] and decimal.Decimal(limit["amount"])
        assert (row["creditLimit.amount"], row["creditLimit.currency"]) == (amount, limit["currency"]), row

    query = 'SELECT count(*), sum(employees), sum("creditLimit.amount"), epoch_ms(min("createdAt")) FROM read_parquet(?)'
    count, employees, credit, first = duckdb.execute(query, [str(file)]).fetchone()
    assert count == len(shown)
    assert employees == sum(record["employees"] or 0 for record in shown.values())
    assert (credit or 0) == sum(decimal.Decimal(record["creditLimit"]["amount"]) for record in shown.values() if record["creditLimit"])
    assert first == min(int(moment(record["createdAt"]).timestamp() * 1000) for record in shown.values())

    # Each writes it again in its own way, and the export's mapping finds nothing to change.
    ways = {"snappy": {"compression": "snappy"}, "zstd": {"compression": "zstd", "data_page_version": "2.0"}, "none": {"compression": "none"}}
    for name, way in ways.items():
        pyarrow.parquet.write_table(table, folder / f"arrow-{name}.parquet", row_group_size=7, **way)
    for name in ("snappy", "zstd"):
        duckdb.execute(f"COPY (FROM read_parquet('{file}')) TO '{folder}/duck-{name}.parquet' (FORMAT parquet, COMPRESSION {name})")
    for again in sorted(folder.glob("*-*.parquet")):
        done = imported(again, export["mappingText"])
        told = (done["recordsUnchanged"], done["recordsCreated"], done["recordsUpdated"], done["problemCount"])
        assert told == (len(shown), 0, 0, 0), (again, done)


def write(folder):
    """What they write of their own: narrow and wide numbers, decimals of several scales, nothing at all."""
    sql = """COPY (SELECT 'd' || i AS number, 'Duck ' || i AS name, i::USMALLINT AS employees, (i * 1.5)::DECIMAL(9, 2) AS credit,
             'EUR' AS currency FROM range(2, 102, 2) t(i)) TO '%s' (FORMAT parquet)"""
    duckdb.execute(sql % (folder / "duck.parquet"))
    numbers = list(range(50))
    arrow = pyarrow.table(
        {
            "number": pyarrow.array([f"a{number}" for number in numbers]).dictionary_encode(),
            "name": [f"Arrow {number}" for number in numbers],
            "employees": pyarrow.array([number if number % 3 else None for number in numbers], pyarrow.int8()),
            "credit": pyarrow.array([number + 0.5 for number in numbers], pyarrow.float64()),
            "currency": ["EUR"] * 50,
        }
    )
    pyarrow.parquet.write_table(arrow, folder / "arrow.parquet")
    for name, first in (("duck", "Duck 2"), ("arrow", "Arrow 0")):
        done = imported(folder / f"{name}.parquet", MAPPING % name)
        assert (done["recordsCreated"], done["problemCount"]) == (50, 0), (name, done)
        record = ask("GET", f"/v1/accounts?limit=1&filter[name][eq]={first.replace(' ', '%20')}")["data"][0]
        expected = {"duck": (2, "3.00"), "arrow": (None, "0.50")}[name]
        assert (record["employees"], record["creditLimit"]["amount"]) == expected, record


with tempfile.TemporaryDirectory() as folder:
    read(pathlib.Path(folder))
    write(pathlib.Path(folder))
print("DuckDB and PyArrow: exports read, written again and imported")
