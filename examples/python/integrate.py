"""A nightly integration: an ERP's customers into Clientela, and the proof that both sides agree.

It shows what an integrator needs: many upserts in one call by the ERP's own number, errors by row that stop nobody else,
a repetition that is harmless because it carries the same idempotency key, and a reconciliation against the ERP's control
totals. The client in `clientela/` is generated from `openapi/v1.json`; see run.sh.
"""

import os
import time
import uuid
from collections import defaultdict
from decimal import Decimal

import httpx

from clientela import AuthenticatedClient
from clientela.api.accounts import aggregate_accounts, batch_accounts, search_accounts
from clientela.models import AccountAggregate, AccountBatch, AccountSearch, Problem

SYSTEM = "erp"
BATCH = 100
TRIES = 5


class LosesAnAnswer(httpx.HTTPTransport):
    """The network of every integration: the second batch arrives and is carried out, but its answer never comes back."""

    batches = 0

    def handle_request(self, request):
        response = super().handle_request(request)
        if request.url.path.endswith("/batch"):
            self.batches += 1
            if self.batches == 2:
                response.read()
                raise httpx.ReadTimeout("the answer was lost", request=request)
        return response


def erp_customers():
    """What the ERP would export: 250 customers, one of which has a country that there is not."""
    towns = [("AT", "Innsbruck"), ("DE", "Rosenheim"), ("IT", "Bolzano"), ("CH", "Chur")]
    for number in range(1, 251):
        country, city = towns[number % len(towns)]
        yield {
            "number": f"K{number:05}",
            "name": f"Gasthof {number}",
            "country": "XX" if number == 77 else country,
            "city": city,
            "limit": Decimal(1_000 + 37 * number) / 4,
        }


def row(customer):
    """A customer of the ERP as an upsert by the ERP's number."""
    values = {
        "name": customer["name"],
        "country": customer["country"],
        "city": customer["city"],
        "lifecycle": "CUSTOMER",
        "creditLimit": {"amount": f"{customer['limit']:.2f}", "currency": "EUR"},
    }
    return {"upsert": {"by": {"key": SYSTEM, "value": customer["number"]}, "values": values}}


def send(client, rows, key):
    """Sends a batch until there is an answer. However often it arrives, it is carried out once: the key is the same."""
    body = AccountBatch.from_dict({"rows": rows})
    for attempt in range(1, TRIES + 1):
        wait = 0.2 * 2**attempt
        try:
            answer = batch_accounts.sync_detailed(client=client, body=body, idempotency_key=key)
        except httpx.TransportError as error:
            print(f"try {attempt}: {error}; the same again, with the same key")
        else:
            if answer.headers.get("Idempotency-Replayed") == "true":
                print("the first try had been carried out; this is its answer")
            if answer.status_code not in (429, 503):
                return answer.parsed
            wait = float(answer.headers.get("Retry-After", wait))
        time.sleep(wait)
    raise SystemExit(f"no answer after {TRIES} tries")


def push(client, customers):
    """Writes every customer; what is refused comes back with its reason."""
    refused, written, changed = [], 0, 0
    # A program that may be stopped and started again keeps this name with its work.
    run = f"{SYSTEM}-{uuid.uuid4()}"
    for start in range(0, len(customers), BATCH):
        part = customers[start : start + BATCH]
        answer = send(client, [row(customer) for customer in part], f"{run}-{start}")
        if isinstance(answer, Problem):
            raise SystemExit(f"{answer.code}: {answer.detail}")
        for customer, result in zip(part, answer.results, strict=True):
            if result.error:
                refused.append((customer, result.error))
            elif result.version == 1:
                written += 1
            else:
                changed += 1
    for customer, error in refused:
        told = error.to_dict()
        print(f"refused {customer['number']}: {told['code']} at {told['errors'][0]['pointer']}: {told['errors'][0]['detail']}")
    print(f"{written} customers stand at version 1, {changed} at a later one, {len(refused)} were refused")
    return refused


def ours():
    """The filter for accounts that the ERP knows."""
    return {"externalIds": {"some": {"system": {"eq": SYSTEM}}}}


def totals(client):
    """Count and sum of credit limits by country, as Clientela has them."""
    # Amounts of different currencies are never added up, so the currency is one of the groups.
    groups = ["country", "creditLimit.currency"]
    asked = {"filter": ours(), "groupBy": groups, "measures": {"count": True, "sum": ["creditLimit"]}}
    answer = aggregate_accounts.sync(client=client, body=AccountAggregate.from_dict(asked))
    if isinstance(answer, Problem):
        raise SystemExit(f"{answer.code}: {answer.detail}")
    found = (group.to_dict() for group in answer.data)
    return {group["keys"]["country"]: (group["count"], Decimal(group["sum"]["creditLimit"]["amount"])) for group in found}


def reconcile(client, customers):
    """Compares both sides' control totals, and names what is missing where they differ."""
    wanted = defaultdict(lambda: (0, Decimal(0)))
    for customer in customers:
        count, sum_ = wanted[customer["country"]]
        wanted[customer["country"]] = (count + 1, sum_ + customer["limit"].quantize(Decimal("0.01")))
    have = totals(client)
    if have == wanted:
        print(f"reconciled: {len(customers)} customers, every country agrees to the cent")
        return True
    for country in sorted(wanted.keys() | have.keys()):
        if wanted.get(country) != have.get(country):
            print(f"{country}: the ERP has {shown(wanted.get(country))}, Clientela {shown(have.get(country))}")
    known = set(numbers(client))
    print("missing here:", ", ".join(customer["number"] for customer in customers if customer["number"] not in known))
    return False


def shown(total):
    return f"{total[0]} of EUR {total[1]}" if total else "none"


def numbers(client):
    """The ERP's number of every account that has one, page after page."""
    after = None
    while True:
        asked = {"filter": ours(), "fields": "id", "expand": "externalIds", "limit": 200} | ({"after": after} if after else {})
        page = search_accounts.sync(client=client, body=AccountSearch.from_dict(asked)).to_dict()
        for account in page["data"]:
            yield from (key["value"] for key in account["externalIds"]["data"] if key["system"] == SYSTEM)
        after = page["page"]["next"]
        if not after:
            return


def main():
    url = os.environ.get("URL", "http://127.0.0.1:8080")
    with AuthenticatedClient(
        base_url=url, token=os.environ["TOKEN"], timeout=30, httpx_args={"transport": LosesAnAnswer()}
    ) as client:
        customers = list(erp_customers())
        refused = push(client, customers)
        reconcile(client, customers)
        # The ERP's clerk mends the country; the whole run again changes that one and leaves the others as they are.
        for customer, _ in refused:
            customer["country"] = "DE"
        push(client, customers)
        if not reconcile(client, customers):
            raise SystemExit("the two sides still differ")


if __name__ == "__main__":
    main()
