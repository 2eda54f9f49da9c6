#!/usr/bin/env bash
# Runs field_day.py against the server at URL with TOKEN. It needs nothing but Python.
set -euo pipefail
cd "$(dirname "$0")"
PYTHONDONTWRITEBYTECODE=1 python3 field_day.py
