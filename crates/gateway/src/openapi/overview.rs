//! The prose of the document: what holds for every operation.

/// How to authenticate.
pub(super) const CREDENTIALS: &str = "A token (`clientela token`) or an API key (`clk_…`), as `Authorization: Bearer <credential>`.";

/// The document's introduction, in CommonMark.
pub(super) const TEXT: &str = "\
A headless CRM. Every resource works in the same way, and what is here over REST is there over GraphQL as well \
(`POST /graphql`, schema at `/schema.graphql`).

## Values

Ids are TypeIDs, a prefix and a UUIDv7 (`acc_01h455vb4pex5vsknk084sn02q`); you may mint them yourself. Instants are RFC 3339 in UTC with \
milliseconds, dates `YYYY-MM-DD`, durations ISO 8601. Money is `{\"amount\": \"1234.50\", \"currency\": \"EUR\"}`, the amount a decimal string.

## Reading

Lists take `filter`, `sort`, `limit`, `after`, `before`, `fields`, `expand`, `total` and `deleted`. Pages are by cursor: follow \
`page.next` with `after`, `page.previous` with `before`, or the `Link` header. A cursor serves only the query it came from. \
With `fields`, a record shows the named fields alone. `expand=account,contacts` adds related records under the relation's name: one record as an \
object or null, many as `{data, page: {hasMore}}` with the first 20; read the rest from the list of that resource.

## Filters

A filter is a tree: `{\"name\": {\"startsWith\": \"Ac\"}, \"account\": {\"industry\": {\"in\": [\"RETAIL\", \"FOOD\"]}}}`. Members of an object all hold; \
`and`, `or` take arrays, `not` takes a filter. Operators: `eq ne in notIn isNull` for every type, `gt gte lt lte` for \
numbers, dates, instants, durations and money (which names its `currency` beside), `contains startsWith endsWith` for texts (case and accents do not matter), \
`has hasAny hasAll` for sets, `within` with `last`, `next` or `this` for dates and instants (`{\"within\": {\"last\": \"P30D\"}}`). A relation to one record nests; a relation to many takes \
`some`, `every` or `none`. In a query string the same can be spelled with brackets, `filter[amount][gte]=1000&filter[account][industry][in]=RETAIL,FOOD`, \
or sent as JSON in `filter`; not both. `POST …/search` takes everything in a body.

## Aggregates

`POST …/aggregate` counts records and computes figures of them, exactly: `{\"groupBy\": [\"country\", {\"field\": \"createdAt\", \"bucket\": \"MONTH\", \
\"zone\": \"Europe/Rome\"}], \"measures\": {\"count\": true, \"sum\": [\"employees\"]}, \"having\": {\"count\": {\"gte\": 10}}, \"sort\": [\"-sum.employees\"]}`. Keys and figures \
may lead through relations to one record (`account.industry`). A bucket (`HOUR` to `YEAR`, weeks from Monday) is named by its start: an instant in UTC, or a day. \
Amounts of several currencies are never added up: a figure of `annualRevenue` needs `annualRevenue.currency` in `groupBy`. Averages have at most six decimals (durations: whole \
seconds; amounts: the currency's unit), halves rounded away from zero; whole numbers beyond 2^53 are strings. Groups come page by page, the empty key last; an aggregate that makes \
more than 100,000 groups is refused as `QUERY_TOO_COMPLEX`.

## What was

`GET …/{id}/history` lists the changes of a record, who made them and what they did to each field. `asOf=2026-03-01T00:00:00Z` reads a record or a \
list as it was at that moment, replayed from the change log: filtered and sorted by what was so then. It takes the resource's own fields alone, without \
`expand` and without filters or orders through relations. Before its creation a record is 404, and so is one whose past was erased. A list \
replays at most 100,000 changes (`QUERY_TOO_COMPLEX` beyond); in the order of the ids, which is the default, each page counts by itself.

## Writing

A PATCH is a JSON Merge Patch: absent keeps, null clears. Every record has a `version`, which is also its `ETag`: send it as \
`If-Match` to change the record only if nobody else did (412 otherwise, with the current version). Send an `Idempotency-Key` with any write: a \
repetition is answered without being carried out again, and marked `Idempotency-Replayed: true`. DELETE is soft: a deleted record is read with \
`deleted=include` and brought back with `POST …/restore`; `POST …/erase` removes it for good, with what the change log holds of it.

`PUT …/by/{key}/{value}` changes the record that has a key or creates it: the key is a unique field (`/v1/users/by/email/…`), `id` where you \
mint ids yourself, or the name of another system (`/v1/accounts/by/erp/4711`), whose key is then kept as an external id. `If-None-Match: *` only \
creates, `If-Match` only changes.

## Errors

Every error is `application/problem+json` (RFC 9457) with a stable `code`, explained at `/problems/{code}`; invalid fields are listed under \
`errors` with JSON Pointers. Every answer carries an `X-Request-Id`; quote it when you report a fault.";
