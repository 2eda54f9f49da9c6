"""Authlib judges the authorization server: metadata, authorization code with PKCE, refresh with rotation, client credentials, device code,
introspection, revocation, and the access token against the published keys as RFC 9068 has it. An OpenID provider (provider.py) vouches for a person."""

import html
import os
import re
import secrets
import time
import urllib.parse

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.integrations.base_client.errors import OAuthError
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from joserfc import jwt
from joserfc.jwk import KeySet
from provider import CLIENT, SECRET, Provider

URL = os.environ["CLIENTELA_URL"].rstrip("/")
ADMIN = {"Authorization": f"Bearer {os.environ['CLIENTELA_TOKEN']}"}
CALLBACK = "https://portal.example/callback"
PASSWORD = "correct horse battery staple"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def make(path, status=201, **body):
    answer = requests.post(f"{URL}{path}", json=body, headers=ADMIN)
    assert answer.status_code == status, answer.text
    return answer.json()


def metadata():
    told = requests.get(f"{URL}/.well-known/oauth-authorization-server").json()
    checked = AuthorizationServerMetadata(told)
    checked.validate()
    assert checked["issuer"] == URL, checked["issuer"]
    resource = requests.get(f"{URL}/.well-known/oauth-protected-resource").json()
    assert resource["authorization_servers"] == [told["issuer"]]
    challenge = requests.get(f"{URL}/v1/me").headers["WWW-Authenticate"]
    assert f'resource_metadata="{URL}/.well-known/oauth-protected-resource"' in challenge
    return told


def browser(address, more=()):
    """What a person does: opens the page, fills in the form, sends it."""
    session = requests.Session()
    page = session.get(address)
    assert page.status_code == 200, page.text
    action = html.unescape(re.search(r'<form method="post" action="([^"]+)"', page.text)[1])
    fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    fields |= {"email": EMAIL, "password": PASSWORD, "decision": "allow", **dict(more)}
    return session.post(urllib.parse.urljoin(address, action), data=fields, allow_redirects=False)


def me(session):
    answer = session.get(f"{URL}/v1/me")
    return answer.status_code, answer.json()


def refused(call, *codes):
    try:
        call()
    except OAuthError as error:
        assert error.error in codes, error
        return
    raise AssertionError(f"this should have been refused with {codes}")


def access_token(token, audience, client):
    keys = KeySet.import_key_set(requests.get(SERVER["jwks_uri"]).json())
    read = jwt.decode(token, keys, algorithms=["Ed25519", "EdDSA"])
    assert read.header["typ"] == "at+jwt", read.header
    claims = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": URL},
        aud={"essential": True, "value": audience},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        jti={"essential": True},
        client_id={"essential": True, "value": client},
    )
    claims.validate(read.claims)


SERVER = metadata()
EMAIL = f"judge-{secrets.token_hex(4)}@alpine.example"
USER = make("/v1/users", name="The judge", email=EMAIL)["id"]
ROLE = requests.get(f"{URL}/v1/roles/by/key/member", headers=ADMIN).json()["id"]
make("/v1/role-assignments", roleId=ROLE, userId=USER)
make(f"/v1/users/{USER}/set-password", status=200, password=PASSWORD)

# A person signs in with a browser.
portal = make("/v1/oauth-clients", name="Portal", redirectUris=CALLBACK)["clientId"]
tokens = []
session = OAuth2Session(
    portal,
    scope="read write",
    redirect_uri=CALLBACK,
    code_challenge_method="S256",
    token_endpoint=SERVER["token_endpoint"],
    token_endpoint_auth_method="none",
    update_token=lambda token, **_: tokens.append(token),
)
verifier = secrets.token_urlsafe(48)
address, state = session.create_authorization_url(SERVER["authorization_endpoint"], code_verifier=verifier)
answer = browser(address)
assert answer.status_code == 303, answer.text
back = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["Location"]).query)
assert back["iss"] == [URL], back
first = session.fetch_token(
    SERVER["token_endpoint"], authorization_response=answer.headers["Location"], state=state, code_verifier=verifier
)
assert (first["token_type"], first["scope"]) == ("Bearer", "read write"), first
access_token(first["access_token"], URL, portal)
assert me(session) == (200, me(session)[1]) and me(session)[1]["actor"]["id"] == USER

# It stays signed in; a refresh token that comes back a second time ends it.
second = dict(session.refresh_token(SERVER["token_endpoint"], refresh_token=first["refresh_token"]))
assert second["refresh_token"] != first["refresh_token"]
refused(lambda: session.refresh_token(SERVER["token_endpoint"], refresh_token=first["refresh_token"]), "invalid_grant")
refused(lambda: session.refresh_token(SERVER["token_endpoint"], refresh_token=second["refresh_token"]), "invalid_grant")
assert requests.get(f"{URL}/v1/me", headers={"Authorization": f"Bearer {second['access_token']}"}).status_code == 401

# A program acts for itself, looks at its token, and revokes it.
made = make("/v1/oauth-clients", name="Nightly", kind="CONFIDENTIAL", clientCredentials=True, runAsId=USER, scopes="READ")
for method in ("client_secret_basic", "client_secret_post"):
    program = OAuth2Session(made["clientId"], made["secret"], token_endpoint_auth_method=method, scope="read")
    token = program.fetch_token(SERVER["token_endpoint"], grant_type="client_credentials")
    access_token(token["access_token"], URL, made["clientId"])
    assert me(program)[1]["scopes"] == ["read"]
    told = program.introspect_token(SERVER["introspection_endpoint"], token=token["access_token"]).json()
    assert told["active"] is True and told["client_id"] == made["clientId"] and told["sub"] == USER, told
    gone = program.revoke_token(SERVER["revocation_endpoint"], token=token["access_token"], token_type_hint="access_token")
    assert gone.status_code == 200, gone.text
    assert program.introspect_token(SERVER["introspection_endpoint"], token=token["access_token"]).json() == {"active": False}
    assert me(program)[0] == 401
wrong = OAuth2Session(made["clientId"], "cls_wrong")
refused(lambda: wrong.fetch_token(SERVER["token_endpoint"], grant_type="client_credentials"), "invalid_client")

# A device is signed in elsewhere.
cli = make("/v1/oauth-clients", name="Command line", deviceCode=True)["clientId"]
device = OAuth2Session(cli, token_endpoint_auth_method="none", scope="read")
asked = requests.post(SERVER["device_authorization_endpoint"], data={"client_id": cli, "scope": "read"}).json()
poll = {"grant_type": DEVICE, "device_code": asked["device_code"]}
refused(lambda: device.fetch_token(SERVER["token_endpoint"], **poll), "authorization_pending")
answer = browser(asked["verification_uri_complete"])
assert answer.status_code == 200, answer.text
token = device.fetch_token(SERVER["token_endpoint"], **poll)
assert token["scope"] == "read", token
assert me(device)[1]["actor"]["id"] == USER
gone = device.revoke_token(SERVER["revocation_endpoint"], token=token["refresh_token"])
assert gone.status_code == 200 and me(device)[0] == 401
# An identity provider vouches for a person, whom it makes a user, and rolls its keys over.
provider = Provider()
known = make("/v1/identity-providers", name="Home", issuer=provider.issuer, clientId=CLIENT, emailDomains="home.example", createsUsers=True, roleId=ROLE)
make(f"/v1/identity-providers/{known['id']}/set-secret", status=200, clientSecret=SECRET)


def vouched(**claims):
    """The whole way by the pages: who comes in, or why nobody does."""
    provider.claims = claims
    verifier = secrets.token_urlsafe(48)
    address, state = session.create_authorization_url(SERVER["authorization_endpoint"], code_verifier=verifier)
    person = requests.Session()
    page = person.get(address).text
    link = html.unescape(re.search(r'href="(/oauth/external[^"]+)">Sign in with Home<', page)[1])
    there = person.get(urllib.parse.urljoin(URL, link), allow_redirects=False)
    assert there.headers["Location"].startswith(f"{provider.issuer}/authorization?"), there.text
    back = person.get(there.headers["Location"], allow_redirects=False).headers["Location"]
    assert back.startswith(f"{URL}/oauth/callback?"), back
    answer = person.get(back, allow_redirects=False)
    assert person.get(back, allow_redirects=False).status_code == 400, "a state was good twice"
    if answer.status_code != 303:
        return answer.text
    session.fetch_token(SERVER["token_endpoint"], authorization_response=answer.headers["Location"], state=state, code_verifier=verifier)
    return me(session)[1]["actor"]["id"]


assert "does not let you in" in vouched(email="judge@home.example", email_verified=False)
assert "does not let you in" in vouched(email="judge@elsewhere.example", email_verified=True)
assert "does not let you in" in vouched(email="judge@home.example", email_verified=True, aud="another")
first = vouched(email="judge@home.example", email_verified=True, name="Judge at home")
assert requests.get(f"{URL}/v1/users/{first}", headers=ADMIN).json()["name"] == "Judge at home", first
time.sleep(5.5)
provider.roll_over()
assert vouched() == first, "after the keys have rolled over, and without a word of the address, it is the same person"
print("oauth: authlib is content")
