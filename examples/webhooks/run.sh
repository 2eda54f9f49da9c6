#!/usr/bin/env bash
# Runs receiver.py against the server at URL with TOKEN. The server must be allowed to send to this machine (CLIENTELA_PRIVATE_ADDRESSES=true).
#   run.sh install   makes the Python environment alone
set -euo pipefail
cd "$(dirname "$0")"
if ! cmp -s requirements.txt .venv/requirements.txt; then
    rm -rf .venv
    python3 -m venv .venv
    .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement requirements.txt
    cp requirements.txt .venv/requirements.txt
fi
[ "${1:-}" = install ] || PYTHONDONTWRITEBYTECODE=1 .venv/bin/python receiver.py
