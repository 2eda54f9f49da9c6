#!/usr/bin/env bash
# Clientela in ten lines of curl. Needs jq, and TOKEN and URL from the banner of `clientela serve --demo`.
set -euo pipefail
: "${TOKEN:?the token that clientela serve --demo shows}" "${URL:=http://127.0.0.1:8080}"
c() { curl --silent --show-error --fail-with-body --header "Authorization: Bearer $TOKEN" --header "Content-Type: application/json" "$@"; }

c "$URL/v1/me" | jq --raw-output '"I am \(.actor.id) of \(.tenantId)"'
c "$URL/v1/accounts?limit=3&sort=-createdAt&fields=id,name" | jq --compact-output '.data[]'
c --globoff "$URL/v1/accounts?filter[country][eq]=AT&filter[contacts][some][email][isNull]=false&total=true&limit=1" | jq '.page.total'
contact=$(c "$URL/v1/contacts" --data '{"firstName": "Maria", "lastName": "Huber"}')
id=$(jq --raw-output .id <<<"$contact") version=$(jq .version <<<"$contact")
c --request PATCH "$URL/v1/contacts/$id" --header "If-Match: \"$version\"" --data '{"title": "Buyer, dairy"}' | jq --compact-output '{name, title, version}'
# The version is an old one by now: refused with 412 and the current version.
c --request PATCH "$URL/v1/contacts/$id" --header "If-Match: \"$version\"" --data '{"title": "Buyer"}' | jq --compact-output '{code, currentVersion}' || true
c "$URL/v1/contacts/$id?expand=party" | jq --compact-output '{name, party: .party.id}'
c "$URL/graphql" --data '{"query": "{ accounts(first: 2) { nodes { name contacts(first: 2) { nodes { name email } } } } }"}' | jq --compact-output '.data.accounts.nodes[]'
c --request DELETE "$URL/v1/contacts/$id" && c --request POST "$URL/v1/contacts/$id/restore" | jq --compact-output '{id, deletedAt}'
