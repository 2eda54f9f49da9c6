"""What the run needs besides schemathesis.toml: a check of ours, and care for the caller's own user.

The check: a request that fits the schema is refused only for what a schema cannot state. schemathesis.toml lets 400, 412
and 422 pass as answers to valid requests; here the code of each such answer is looked at.
"""

import itertools
import os
import re

import requests
import schemathesis

URL = os.environ["CLIENTELA_URL"]
HEADERS = {"Authorization": f"Bearer {os.environ['CLIENTELA_TOKEN']}"}


def read(path):
    answer = requests.get(URL + path, headers=HEADERS, timeout=30)
    answer.raise_for_status()
    return answer.json()


ME = read("/v1/me")["actor"]["id"]
TAGS = re.compile(read("/openapi.json")["components"]["parameters"]["IfMatch"]["schema"]["pattern"])
KEYS = itertools.count()
# Writes of many records, chosen by generated filters or ids, that may reach the caller.
MANY = re.compile(r"^/v1/(transactions|(users|tenants|api-keys)/(batch|bulk-update|bulk-delete))$")
MYSELF = read(f"/v1/users/{ME}")
COLLEAGUE = next(user for user in read("/v1/users")["data"] if user["id"] != ME and user["email"])


@schemathesis.serializer(
    "application/x-ndjson",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.apache.parquet",
)
def as_it_is(context, value):
    """A file is sent as it is: whether it is any good is found out by the job."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "ignore")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Lets the run reach further than its generated values would."""
    # Keys come from an example, the same for every request, and all but the first would be refused for it. A repeated key is
    # tested elsewhere (tests/tests/it/idempotency.rs).
    if fits(case) and "Idempotency-Key" in (case.headers or {}):
        case.headers["Idempotency-Key"] = f"conformance-{next(KEYS)}"
    # A long poll waits for what nobody does meanwhile.
    if case.path == "/v1/changes" and fits(case) and (case.query or {}).get("wait"):
        case.query["wait"] = 0
    # Ids come from answers, the caller's own among them. Who deactivates or deletes himself is answered 401 from then on, and
    # the rest of the run would test nothing: such a write goes to a colleague instead.
    if case.method != "GET" and (case.path_parameters or {}).get("id") == ME:
        case.path_parameters["id"] = COLLEAGUE["id"]
    if case.method != "GET" and (case.path_parameters or {}).get("value") == MYSELF["email"]:
        case.path_parameters["value"] = COLLEAGUE["email"]
    # A write of many finds the caller among the others. It is done, answered and taken back: all that is not judged is the commit,
    # which the same writes of other resources show. What is no boolean stays, and is refused.
    if case.method == "POST" and MANY.search(case.path) and (case.query or {}).get("dryRun") in (None, False, "false"):
        case.query = {**(case.query or {}), "dryRun": "true"}


# What depends on records that exist, on another request, or on another parameter.
ALWAYS = {
    "VERSION_CONFLICT",  # If-Match names another version
    "IDEMPOTENCY_KEY_REUSED",  # the key belongs to another request
    "INVALID_FILTER",  # a filter's members are told in the prose
    "INVALID_CURSOR",  # cursors are opaque, and bound to the query they came from
}
FIELDS = {
    "REFERENCE_NOT_FOUND",  # the record does not exist
    "CONTRADICTION",  # with another field, or with other records
    "TAKEN",
}
# What a value is looked up in, or compared with; the schema states the form alone.
LOOKED_UP = re.compile(
    "IANA time zone|ISO 3166|ISO 4217|more decimals than|amount of [A-Z]{3} with at most|is too large|is in the past"
    # a field that must have a value only because others of which one must have one are missing too
    "|at least one of|names the contact who is the customer|where kind is"
    "|Neither visitorId nor partyId|inverseName is missing"
    "|an event of kind CUSTOM says by its name"
    # another record's or another member's business: a token that was never given, a moment before the consent, an id's prefix
    "|names a household|lies more than a day ahead"
    "|not one that we gave|before the consent was given|ids of .* have the form"
    # a number whose form depends on its scheme, and pairs and rules that are told in prose
    "|calendar is no calendar|Look at the number again|each is name=value|recurrence rule of RFC 5545|The vCard cannot be read"
    # what is written in a language of its own, or names resources, fields and columns
    "|no resource is called so|must be one of read, create|condition cannot be used|a filter tree as JSON|have no field of this name"
    "|tells a record from others|is no text and is never empty|neither a user nor a team|that you may not share"
    "|The mapping cannot be used|The export cannot begin|no scope of a single resource"
    "|The (filter|order|columns)( at .*)? (is no JSON|cannot be used)|There is no resource|The view names its resource"
    "|filter is empty, which means every record"
    # custom fields: names that are taken, and what belongs to another type
    "|fields can be added to|camelCase name|cannot be used: custom|is one and many at once|is none of batch|This cannot be: |which every .* has already|each is a language and a label|UPPER_SNAKE of at most"
    "|must be from -?[0-9.]+ to|lies from -[0-9]+ to|to the types? (CHOICE|REFERENCE|INTEGER)|the type is (CHOICE|REFERENCE)|less than minimum|to texts and sets of texts|not for [A-Z_]+\\."
    "|Longer texts are LONG_TEXT|defaultValue (is no JSON|cannot be|says nothing)|which is the most|is not free"
    # prices and quotes: other records, and what was agreed
    "|would close a circle|is no bundle|nothing ends before it begins|price book is for|is for a price book for everybody|has no price for|there is no exchange rate|not sold at present"
    "|is always worth itself|stay BUNDLE|from that quantity on already|has a rate there|must not be less than nothing|no product whose (name|price)|whose price is too large"
    "|Give it in [A-Z]{3}|in that currency|makes the .* too large|is too large in|Sum of|sum of the totals"
    # passwords: who knows it, and what others would guess
    "|is not your password|must have at least 12|is one character over and over|own name or address"
    # people from outside and tokens: whom they may belong to, how long they hold, what an operation takes
    "|accountId and contactId are both empty|one of your own people|names a role that may do everything"
    "|must be later than now, and not after|must be one that is done with|input (is no JSON object|cannot be used|settles what)|resource that can be shared is called so"
    # identity providers, and labels of options
    "|must hold openid|no domain such as|an address such as https|a role of administrators|one of the options and another label of it|is another language by its BCP 47 tag"
    # schedules: an expression of a language of its own
    "|cron (has|never comes)"
    # programs: where people may be sent back to
    "|cannot be a redirect URI|that people cannot sign in to|one of those that the program has registered"
    # challenges and codes: what a digest is made of, and what an app shows just now
    "|SHA-256 digest in base64url|not one that holds now"
    # webhooks: addresses that may be sent to, the names of events, what is about one resource, ranges
    "|Nothing can be sent to url|names no event|name at least one event|is about records of one resource|which means several|whose changes are told is called so"
    # pushes: what can be done depends on the resource
    "|there are verbs alone"
    # deals and leads: what depends on the pipeline, on the state, on another day, on a sign that money has anywhere else
    "|no pipeline is the default|has no open stage in which|takes no (new|further) opportunities|names (no open stage|no stage of|a stage of another)"
    "|is in this (stage|pipeline) already|is in the future|a reason that is no longer active|must not be negative|must be more than nothing"
    "|cannot be set to or from QUALIFIED|converted to this account|until must not be before since"
    # scopes of devices: resources with filter trees
    "|content (must be a JSON object whose|names no resource|says .* must say a filter tree)|Of \\w+: |whose records mirror others|is no resource\\.|none of the resources that are followed"
    # inboxes: places in a document, names of headers, secrets by their kind, events that hold nothing any more
    "|is no JSON Pointer|is no name of a header|secret is (too short|none of Standard Webhooks)|whose secrets are whsec_|erased with a person"
)
# The fields of an operation of a transaction, and what can be done, are those of the resource that it names.
OF_ANY_RESOURCE = re.compile(r"^/operations/\d+/((create|update/values|upsert/values)(/|$)|(create|update|upsert|delete|restore)$|perform(/|$))")
# What a new record must have is wanted only where there is none with the key, and which form a key has depends on its name.
OF_A_KEY = re.compile(r"^/rows/\d+/upsert/")


def fits(case):
    """Whether every part of the request fits the schema. The tool calls some requests positive of which a header is not."""
    meta = case.meta
    tags = [value for name, value in (case.headers or {}).items() if name in ("If-Match", "If-None-Match")]
    return (
        meta is not None
        and all(part.mode.is_positive for part in (meta.generation, *meta.components.values()))
        and all(TAGS.search(str(value)) for value in tags)
    )


def explained(error, body):
    """Whether a field was refused for what its schema cannot state."""
    value = body
    for part in error["pointer"].split("/")[1:]:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            value = None
    # A host name has at most 253 characters over all its parts, which no pattern can count.
    odd_host = error["code"] == "INVALID_FORMAT" and isinstance(value, str) and len(value) > 253
    # What a letter is, in any script, no pattern says to every tool alike: host names are of letters and digits.
    odd_host = odd_host or (error["pointer"].endswith("/email") and isinstance(value, str) and not value.isascii())
    elsewhere = OF_ANY_RESOURCE.search(error["pointer"])
    by_key = OF_A_KEY.search(error["pointer"]) and (error["code"] in ("REQUIRED", "IMMUTABLE") or keyed(error["pointer"], body))
    return error["code"] in FIELDS or LOOKED_UP.search(error["detail"]) or odd_host or elsewhere or by_key


def keyed(pointer, body):
    """Whether a field is given by the key of an upsert alone."""
    number, field = pointer.split("/")[2], pointer.split("/")[-1]
    upsert = body["rows"][int(number)]["upsert"]
    return upsert["by"]["key"] == field and field not in upsert["values"]


@schemathesis.check
def the_caller_is_still_known(ctx, response, case):
    """A run that has taken away its own user would test nothing from then on."""
    # An inbox asks for a signature, and for no credential of ours.
    ours = (response.request.headers.get("Authorization") or "") == HEADERS["Authorization"] and "/inbox/" not in case.path
    assert not (response.status_code == 401 and ours), "The run's own token is refused: something before has taken the caller away."


@schemathesis.check
def only_what_is_large_is_too_large(ctx, response, case):
    """413 answers a body of a mebibyte at least, as texts become that are made longer than they may be."""
    if response.status_code == 413:
        body = response.request.body or b""
        assert len(body) > 1 << 20, f"A body of {len(body)} bytes is not too large."


@schemathesis.check
def a_bad_row_is_told(ctx, response, case):
    """A batch and a sync answer 200 and tell of each row by itself: a wrong body is one with a row that is refused."""
    if case.meta is None or not case.path.endswith(("/batch", "/sync")) or response.status_code != 200:
        return
    wrong = {str(place.value) for place, part in case.meta.components.items() if part.mode.is_negative}
    if wrong == {"body"}:
        results = response.json()["results"]
        assert any(result.get("error") for result in results), "A body that does not fit the schema was carried out."


@schemathesis.check
def only_what_a_schema_cannot_state(ctx, response, case):
    if not fits(case):
        return
    if response.status_code in (400, 412, 422):
        look_at(response.json(), case)
    if response.status_code == 200 and case.path.endswith(("/batch", "/sync")):
        for result in response.json()["results"]:
            if (result.get("error") or {}).get("status") in (400, 412, 422):
                look_at(result["error"], case)


def figures(body):
    """What an aggregate groups by and computes: the names of fields."""
    keys = [key.get("field") if isinstance(key, dict) else key for key in body.get("groupBy") or []]
    return [keys, [names for names in (body.get("measures") or {}).values() if isinstance(names, list)]]


def look_at(problem, case):
    """Complains about a refusal that a schema could have stated."""
    code = problem["code"]
    if code in ALWAYS:
        return
    if code == "VALIDATION_FAILED":
        others = [error for error in problem["errors"] if not explained(error, case.body)]
        if case.method == "PUT":
            # Which form {value} has depends on {key}: an e-mail address for one, any text for another. Parameters are
            # described each by itself. A value that the body gives too has its own schema and is looked at as ever.
            key, value = (case.path_parameters or {}).get("key"), (case.path_parameters or {}).get("value")
            given = case.body if isinstance(case.body, dict) else {}
            others = [error for error in others if error["pointer"] != f"/{key}" or given.get(key) == value]
            # What a new record must have is wanted only where there is none with the key.
            others = [error for error in others if error["code"] not in ("REQUIRED", "IMMUTABLE")]
        assert not others, f"The schema could have said so: {others}"
        return
    # The schema names a resource's own fields and relations; zones are looked up, and a field may stand there with a bucket and without.
    if code == "INVALID_AGGREGATE" and (
        re.search("stands in groupBy twice|IANA time zone|lies in no zone|may hold several currencies", problem["detail"]) or re.search(r"\w\.\w", str(figures(case.body)))
    ):
        return
    if code == "INVALID_SORT" and re.search("stands in it twice|keys; 5 are allowed|neither a key of groupBy nor a figure", problem["detail"]):
        return
    if code == "INVALID_PARAMETER" and re.search("fields names .* twice|A scope says which resources are followed", problem["detail"]):
        return
    if code == "INVALID_PARAMETER" and {"if-match", "if-none-match"} <= {name.lower() for name in case.headers or {}}:
        return
    asked = {**(case.query or {}), **(case.body if isinstance(case.body, dict) else {})}
    if code == "INVALID_PARAMETER" and asked.keys() >= {"after", "before"}:
        return
    # A search for words takes fewer members than a list, and the schema of the body is one for both.
    if code == "UNKNOWN_PARAMETER" and "q" in asked and re.search("(asOf|sort|before|deleted|total)", problem["detail"].split(".")[0]):
        return
    if code == "INVALID_PARAMETER" and "q" in asked and re.search("cannot stand together with q", problem["detail"]):
        return
    # What a letter or a digit is, in any script, no pattern says to every tool alike.
    if code == "INVALID_PARAMETER" and "holds no word to search for" in problem["detail"]:
        return
    # What was is told of a resource's own fields alone, without relations, and within a number of changes.
    if code in ("INVALID_PARAMETER", "INVALID_SORT", "QUERY_TOO_COMPLEX") and "asOf" in asked:
        return
    # The schema names a resource's own fields and relations; what lies behind a relation is named there.
    if code in ("INVALID_PARAMETER", "INVALID_SORT") and any("." in str(asked.get(name)) for name in ("sort", "fields", "expand")):
        return
    raise AssertionError(f"The schema could have said so: {code}: {problem['detail']}")
