"""Verifies messages with the standard's own Python library: a JSON object a line on standard input, `true` or `false` a line on standard output."""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

for line in sys.stdin:
    message = json.loads(line)
    try:
        Webhook(message["secret"]).verify(message["body"], message["headers"])
        print("true")
    except WebhookVerificationError as error:
        print(f"false {error}")
