"""A day in the field: a phone that was last online in the morning, an office that goes on working, and an evening on a bad line.

Run it by run.sh.
"""

import json
import os
import tempfile
import urllib.request

from copy_of_customers import BrokenLink, Device

URL, TOKEN = os.environ["URL"], os.environ["TOKEN"]


def office(method, path, body=None, token=TOKEN):
    request = urllib.request.Request(URL.rstrip("/") + "/v1" + path, method=method, data=None if body is None else json.dumps(body).encode())
    request.add_header("Authorization", f"Bearer {token}")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def prepare(run):
    """The office: a role that does not see credit limits, a key with that role for the phone, a scope, three customers."""
    role = office("POST", "/roles", {"key": f"field-{run}", "name": f"Field sales {run}"})
    for resource, action in [("*", "read"), ("account", "update"), ("contactPoint", "*"), ("contact", "create"), ("task", "*"), ("interaction", "create"), ("consent", "*")]:
        office("POST", "/role-rights", {"roleId": role["id"], "resource": resource, "action": action, "depth": "ALL"})
    office("POST", "/field-rules", {"roleId": role["id"], "resource": "account", "field": "creditLimit", "access": "HIDDEN"})
    key = office("POST", "/api-keys", {"name": f"Phone {run}"})
    office("POST", "/api-key-roles", {"apiKeyId": key["id"], "roleId": role["id"]})
    content = {"account": {"city": {"eq": f"Field {run}"}}, "contact": {"account": {"city": {"eq": f"Field {run}"}}}, "task": {"subject": {"startsWith": run}}}
    scope = office("POST", "/sync-scopes", {"name": f"Field {run}", "content": json.dumps(content)})
    limit = {"amount": "5000.00", "currency": "EUR"}
    customers = [office("POST", "/accounts", {"name": f"Gasthof {name}", "city": f"Field {run}", "phone": "+43 1 5550 100", "creditLimit": limit})
                 for name in ("Adler", "Bär", "Krone")]
    task = office("POST", "/tasks", {"subject": f"{run}: ask for the new menu", "recordId": customers[0]["id"]})
    purpose = office("POST", "/purposes", {"key": f"news-{run}", "name": "Newsletter"})
    return key["secret"], scope, customers, task, purpose


def main():
    run = os.urandom(3).hex()
    secret, scope, (adler, bear, crown), task, purpose = prepare(run)
    with tempfile.TemporaryDirectory() as directory:
        phone = Device(URL, secret, scope["id"], os.path.join(directory, "phone.sqlite"))
        phone.sync()
        held = phone.all("account")
        print(f"in the morning the phone holds {len(held)} customers and {len(phone.all('task'))} task")
        assert not any("creditLimit" in customer for customer in held), "hidden fields never reach the phone"
        first = phone.received
        phone.sync()
        print("nothing new costs", "less than a tenth of that" if phone.received - first < first / 10 else f"{phone.received - first} of {first} bytes")

        # Offline.
        contact = phone.create("contact", "contacts", "con", lastName="Gruber", accountId=adler["id"])
        phone.create("interaction", "interactions", "int", kind="MEETING", subject="Visit at the Adler")
        phone.update("task", "tasks", task["id"], status="COMPLETED")
        phone.update("account", "accounts", adler["id"], industry="HOSPITALITY")
        phone.update("account", "accounts", bear["id"], phone="+43 1 5550 200")
        phone.perform("consents", "record", partyId=contact, purposeId=purpose["id"], evidence="Signed on the phone's glass")
        print("offline:", len(phone.database.execute("SELECT * FROM outbox").fetchall()), "things done")

        # Meanwhile in the office.
        office("PATCH", f"/accounts/{adler['id']}", {"name": "Gasthof Adler, Innsbruck"})
        office("PATCH", f"/accounts/{bear['id']}", {"phone": "+43 1 5550 300"})

        # In the evening, on a bad line: the first two answers are lost on the way.
        phone.answers_to_lose = 2
        for attempt in (1, 2, 3):
            try:
                results = phone.sync()
                break
            except BrokenLink:
                print(f"try {attempt}: the line broke")
        replayed = sum(result["replayed"] for result in results)
        print(f"try {attempt}: {len(results)} answers, {replayed} of them for what an earlier try had carried out")
        contacts = office("GET", f"/contacts?filter[accountId][eq]={adler['id']}")["data"]
        consents = office("GET", f"/consents?filter[partyId][eq]={contact}")["data"]
        assert (len(contacts), len(consents)) == (1, 1), "each was carried out once"
        merged = office("GET", f"/accounts/{adler['id']}")
        assert (merged["name"], merged["industry"]) == ("Gasthof Adler, Innsbruck", "HOSPITALITY")
        print("both changed the Adler, in other fields: merged")

        [(number, _, result)] = phone.conflicts()
        conflict = result["conflicts"][0]
        print(f"both changed the {conflict['field']} of the Bär: {conflict['base']} became {conflict['mine']} here and {conflict['theirs']} there")
        phone.resolve(number, keep_mine=True)
        print("decided for the phone's, and sent again:", phone.sync()[0]["status"])
        assert office("GET", f"/accounts/{bear['id']}")["phone"] == "+43 1 5550 200"

        # The district is drawn anew: the Krone is another one's now.
        office("PATCH", f"/accounts/{crown['id']}", {"city": "Elsewhere"})
        phone.sync()
        assert phone.get("account", crown["id"]) is None
        print("what left the district has left the phone")

        fresh = office("GET", f"/accounts?filter[city][eq]=Field%20{run}&sort=id", token=secret)["data"]
        assert phone.all("account") == sorted(fresh, key=lambda customer: customer["id"]), "the copy is not what a fresh read shows"
        print("the copy equals a fresh read:", len(fresh), "customers")


main()
