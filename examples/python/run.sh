#!/usr/bin/env bash
# Makes the client from the committed contract and runs the integration with it. TOKEN and URL as the server's banner shows them.
#   run.sh install   only makes the environment and the client
set -euo pipefail
cd "$(dirname "$0")"
if ! cmp -s requirements.txt .venv/requirements.txt; then
    rm -rf .venv
    python3 -m venv .venv
    .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement requirements.txt
    cp requirements.txt .venv/requirements.txt
fi
if [ ../../openapi/v1.json -nt generated/clientela/__init__.py ]; then
    # Lists by GET take their filter as JSON in the query, which this generator leaves out and says so: POST …/search has the same.
    PATH="$PWD/.venv/bin:$PATH" .venv/bin/openapi-python-client generate --path ../../openapi/v1.json --meta none \
        --config config.yaml --output-path generated/clientela --overwrite >generated.log 2>&1 || { cat generated.log; exit 1; }
fi
[ "${1:-}" = install ] || PYTHONPATH=generated exec .venv/bin/python integrate.py
