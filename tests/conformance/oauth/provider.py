"""An OpenID provider on this machine, built of joserfc and the standard library: discovery, keys, an authorization endpoint that lets everybody
in at once, and a token endpoint that checks client, code, redirect URI and PKCE. It signs with RS256, as most providers do."""

import base64
import hashlib
import json
import secrets
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "clientela-at-home"
SECRET = "a secret: of the judge"


class Provider:
    def __init__(self):
        self.codes, self.claims, self.roll_over = {}, {}, self._new_key
        self._new_key()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                provider.get(self)

            def do_POST(self):
                provider.post(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _new_key(self):
        self.key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig", "alg": "RS256"})

    def answer(self, handler, body, status=200):
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        handler.wfile.write(json.dumps(body).encode())

    def get(self, handler):
        address = urllib.parse.urlsplit(handler.path)
        if address.path == "/.well-known/openid-configuration":
            at = {name: f"{self.issuer}/{name.split('_')[0]}" for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"]}
            return self.answer(handler, {"issuer": self.issuer, **at, "response_types_supported": ["code"]})
        if address.path == "/jwks":
            return self.answer(handler, {"keys": [self.key.as_dict(private=False)]})
        asked = dict(urllib.parse.parse_qsl(address.query))
        assert address.path == "/authorization" and asked["client_id"] == CLIENT, handler.path
        assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256" and "openid" in asked["scope"].split()
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        handler.send_response(302)
        back = {"code": code, "state": asked["state"], "iss": self.issuer}
        handler.send_header("Location", f"{asked['redirect_uri']}?{urllib.parse.urlencode(back)}")
        handler.end_headers()

    def post(self, handler):
        form = dict(urllib.parse.parse_qsl(handler.rfile.read(int(handler.headers["Content-Length"])).decode()))
        scheme, both = handler.headers["Authorization"].split()
        client, secret = map(urllib.parse.unquote, base64.b64decode(both).decode().split(":", 1))
        asked = self.codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        sound = asked and asked["code_challenge"] == challenge and asked["redirect_uri"] == form["redirect_uri"]
        if (scheme, client, secret) != ("Basic", CLIENT, SECRET) or not sound:
            return self.answer(handler, {"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "judge-1", "iat": now, "exp": now + 60, "nonce": asked["nonce"], **self.claims}
        token = jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)
        return self.answer(handler, {"id_token": token, "access_token": "x", "token_type": "Bearer", "expires_in": 60})
