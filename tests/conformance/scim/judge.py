"""scim2-tester judges the SCIM API by what the server tells of itself: discovery, every attribute of every type by POST, PUT and PATCH, lists,
attributes and excludedAttributes, deletion, errors. Every single one of its checks must succeed."""

import os
import sys
import types

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server, filling

URL = os.environ["CLIENTELA_URL"].rstrip("/")
# Not served, and said so with 501: one search over several types of resources.
UNSERVED = {"search_with_attributes"}

# Of what it could choose it takes the first: one address is the primary one, and there is no other.
filling.random = types.SimpleNamespace(choice=lambda choices: list(choices)[0], randint=lambda first, last: first)


def secret():
    """An API key that may do what a provider needs and nothing else."""
    resources = ["users", "teams", "team-members", "external-ids"]
    scopes = " ".join(f"{name}:{verb}" for name in resources for verb in ["read", "write"])
    headers = {"Authorization": f"Bearer {os.environ['CLIENTELA_TOKEN']}"}
    answer = httpx2.post(f"{URL}/v1/api-keys", json={"name": "Identity provider", "resourceScopes": scopes}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["secret"]


def main():
    headers = {"Authorization": f"Bearer {secret()}"}
    results = check_server(SyncSCIMClient(httpx2.Client(base_url=f"{URL}/scim/v2", headers=headers, timeout=30)))
    failed = [
        result
        for result in results
        if result.status not in (Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE)
        and not (result.status == Status.SKIPPED and result.title in UNSERVED)
    ]
    for result in failed:
        print(f"{result.status.name} {result.resource_type or ''} {result.title}: {result.reason}", file=sys.stderr)
        print(f"    {result.data!r}"[:2000], file=sys.stderr)
    assert not failed, f"{len(failed)} of {len(results)} checks failed"
    # Discovery, and for users and groups each attribute in each way; fewer would mean that something was passed over.
    assert len(results) >= 70, len(results)
    print(f"scim2-tester: {len(results)} checks")


main()
