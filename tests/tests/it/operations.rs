//! Every operation of the registry, on both APIs: it works, it answers the same, it repeats safely, a trial leaves nothing, and
//! nothing crosses from one tenant to another.

use crate::documentation::sentence;
use axum::body::Body;
use clientela_engine::{WriteAction, WriteRequest};
use clientela_kernel::{Actor, ActorKind, Clock as _, Context, Id, decimal};
use clientela_model::{FieldType, OperationDef, ResourceDef, ShapeDef, ShapeField};
use clientela_testkit::factory::{Fill, text, value};
use clientela_testkit::{Answer, Client, TestApp, both, document};
use http::{Method, Request};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;
use tokio::task::JoinSet;

/// A call of an operation that must succeed.
#[derive(Clone, Debug)]
struct Call {
    def: Arc<OperationDef>,
    path: String,
    record: Option<String>,
    input: Map<String, Json>,
}

impl Call {
    /// A call on new records of this client. What an operation needs beyond its examples is prepared here, by its name.
    async fn new(app: &TestApp, client: &Client, def: &Arc<OperationDef>, fill: Fill) -> Call {
        let (path, mut input) = app.factory(client).call(def, fill).await;
        if def.name == "confirmConsent" {
            input.insert("token".to_owned(), json!(pending_token(app, client).await));
        }
        if def.name == "changeMyPassword" {
            let set = format!("/v1/users/{}/set-password", client.context.actor.to_text());
            client.post(&set, &json!({ "password": input["currentPassword"] })).await.expect(200);
        }
        if def.name == "applySchema" {
            let object = app.registry.resource("customObject").expect("objects can be added");
            let name = value(object, object.field("name").expect("an object has a name"));
            input.insert("objects".to_owned(), json!([{ "name": name, "label": "Thing" }]));
            input.insert("fields".to_owned(), json!([]));
        }
        if let "retypeField" | "previewRetypeField" = def.name.as_ref() {
            // Any field can become a text; a choice needs options, which belong to nothing else.
            input.insert("type".to_owned(), json!("TEXT"));
            input.remove("options");
        }
        if let "enrollSecondFactor" | "confirmSecondFactor" | "disableSecondFactor" | "renewRecoveryCodes" = def.name.as_ref() {
            second_factor(app, client, def, &mut input).await;
        }
        if def.name == "retryJob" {
            give_up(app, client, path.split('/').nth(3).unwrap_or_default()).await;
        }
        if def.name == "createSignInLink" {
            let program = json!({ "name": "Portal", "kind": "PUBLIC", "redirectUris": input["redirectUri"] });
            input.insert("oauthClientId".to_owned(), client.post("/v1/oauth-clients", &program).await.expect(201)["id"].clone());
        }
        crate::sales::prepare(client, &def.name, path.split('/').nth(3).unwrap_or_default(), &mut input).await;
        if def.name == "unmergeParties" {
            input.insert("loserId".to_owned(), json!(merged_contact(app, client).await));
        }
        if let "priceProducts" | "convertMoney" = def.name.as_ref() {
            priced(client, &input).await;
        }
        if let "sendQuote" | "acceptQuote" | "rejectQuote" | "expireQuote" | "reviseQuote" = def.name.as_ref() {
            offered(client, path.split('/').nth(3).unwrap_or_default(), def.name != "sendQuote").await;
        }
        let record = def.is_on_record().then(|| path.split('/').nth(3).unwrap_or_default().to_owned());
        Call { def: Arc::clone(def), path, record, input }
    }

    /// Whether it is done with a record, or gives the id of one.
    fn names_a_record(&self) -> bool {
        self.record.is_some() || !ids(&Json::Object(self.input.clone())).is_empty()
    }

    async fn rest(&self, client: &Client, headers: &[(&str, &str)], query: &str) -> Answer {
        let body = Json::Object(self.input.clone());
        client.send(Method::POST, &format!("{}{query}", self.path), headers, Some(&body)).await
    }

    async fn graphql(&self, app: &TestApp, client: &Client, more: &Json) -> Answer {
        let mut input = self.input.clone();
        if let Some(record) = &self.record {
            input.insert("id".to_owned(), json!(record));
        }
        input.extend(more.as_object().cloned().unwrap_or_default());
        client.graphql(&document::operation(&app.registry, &self.def), json!({ "input": input })).await
    }

    fn with(&self, name: &str, value: Json) -> Call {
        let mut call = self.clone();
        call.input.insert(name.to_owned(), value);
        call
    }
}

/// Brings what an operation on one's own second factor needs: a password, a code of an app that was just set up, a recovery code.
async fn second_factor(app: &TestApp, client: &Client, def: &OperationDef, input: &mut Map<String, Json>) {
    let password = "correct horse battery staple";
    let set = format!("/v1/users/{}/set-password", client.context.actor.to_text());
    client.post(&set, &json!({ "password": password })).await.expect(200);
    if def.name == "enrollSecondFactor" {
        return;
    }
    let enrolled = client.post("/v1/users/enroll-second-factor", &json!({ "currentPassword": password })).await.expect(200);
    let code = clientela_access::totp::code(&text(&enrolled, "secret"), app.clock.now()).expect("a code");
    if def.name == "confirmSecondFactor" {
        input.insert("code".to_owned(), json!(code));
        return;
    }
    let confirmed = client.post("/v1/users/confirm-second-factor", &json!({ "code": code })).await.expect(200);
    let recovery = text(&confirmed, "recoveryCodes");
    input.insert("code".to_owned(), json!(recovery.split(' ').next()));
}

/// Brings what a price depends on: a price book of the account with every product, and a rate.
async fn priced(client: &Client, input: &Map<String, Json>) {
    let rate = json!({ "fromCurrency": "EUR", "toCurrency": "USD", "validOn": "2026-01-30", "rate": "1.0854" });
    // There is one already where this is not the first call.
    client.post("/v1/exchange-rates", &rate).await;
    let Some(account) = input.get("accountId") else { return };
    let book = json!({ "name": account, "currency": "EUR", "accountId": account });
    let book = client.post("/v1/price-books", &book).await.expect(201);
    for item in input["items"].as_array().expect("a list") {
        let price = json!({ "amount": "14.90", "currency": "EUR" });
        let entry = json!({ "priceBookId": book["id"], "productId": item["productId"], "unitPrice": price });
        client.post("/v1/price-book-entries", &entry).await.expect(201);
    }
}

/// Gives a quote a line, and sends it.
async fn offered(client: &Client, quote: &str, sent: bool) {
    let price = json!({ "amount": "14.90", "currency": "EUR" });
    let line = json!({ "quoteId": quote, "description": "Cheese", "unitPrice": price, "taxPercent": "10" });
    client.post("/v1/quote-lines", &line).await.expect(201);
    if sent {
        client.post(&format!("/v1/quotes/{quote}/send"), &json!({})).await.expect(200);
    }
}

/// Lets a job have failed.
async fn give_up(app: &TestApp, client: &Client, job: &str) {
    let def = Arc::clone(app.registry.resource("job").expect("jobs exist"));
    let id = Id::parse(job, &def.prefix).expect("an id of a job");
    let action = WriteAction::Set { id, values: vec![("state".into(), "FAILED".into())], expected: None };
    let context = Context { actor: Actor { kind: ActorKind::System, ..client.context.actor }, ..client.context.clone() };
    app.engine.write(&context, WriteRequest { def, action, idempotency: None }).await.expect("a job can fail");
}

/// A contact that was merged into another one.
async fn merged_contact(app: &TestApp, client: &Client) -> String {
    let contact = app.registry.resource("contact").expect("contacts exist");
    let factory = app.factory(client);
    let (survivor, loser) = (factory.create(contact, Fill::Required).await, factory.create(contact, Fill::Required).await);
    let merge = json!({ "survivorId": survivor["id"], "loserId": loser["id"] });
    client.post("/v1/parties/merge", &merge).await.expect(200);
    text(&loser, "id")
}

/// The token of a consent that waits for its confirmation.
async fn pending_token(app: &TestApp, client: &Client) -> String {
    let factory = app.factory(client);
    let mut purpose = factory.body(app.registry.resource("purpose").expect("purposes exist"), Fill::Required).await;
    purpose.insert("doubleOptIn".to_owned(), json!(true));
    let purpose = client.post("/v1/purposes", &Json::Object(purpose)).await.expect(201);
    let party = factory.any(app.registry.resource("party").expect("parties exist")).await;
    let said = json!({ "partyId": party, "purposeId": purpose["id"] });
    text(&client.post("/v1/consents/record", &said).await.expect(200), "confirmationToken")
}

/// How a call ended, in words both APIs share.
#[derive(Debug, PartialEq)]
enum End {
    Output(Json),
    Refused { code: String, problems: Vec<(String, String)> },
}

fn by_rest(answer: &Answer) -> End {
    let json = answer.json();
    if answer.status == 200 {
        return End::Output(json);
    }
    let problem = |problem: &Json| (text(problem, "pointer"), text(problem, "code"));
    let mut problems: Vec<_> = json["errors"].as_array().map(|all| all.iter().map(problem).collect()).unwrap_or_default();
    problems.sort();
    End::Refused { code: text(&json, "code"), problems }
}

fn by_graphql(answer: &Answer) -> End {
    if let Some(code) = answer.graphql_code() {
        let errors = answer.json().pointer("/errors/0/extensions/errors").cloned().unwrap_or_default();
        let problem = |problem: &Json| (text(problem, "pointer"), text(problem, "code"));
        let mut problems: Vec<_> = errors.as_array().map(|all| all.iter().map(problem).collect()).unwrap_or_default();
        problems.sort();
        return End::Refused { code, problems };
    }
    let mut payload = answer.data()["payload"].clone();
    let errors = payload.as_object_mut().and_then(|payload| payload.remove("userErrors")).unwrap_or_default();
    let Some(first) = errors.pointer("/0") else { return End::Output(payload) };
    let mut problems = Vec::new();
    for error in errors.as_array().into_iter().flatten() {
        if let Some(problem) = error["problem"].as_str() {
            let path = error["field"].as_array().into_iter().flatten().skip(1).filter_map(Json::as_str);
            problems.push((path.fold(String::new(), |path, part| format!("{path}/{part}")), problem.to_owned()));
        }
    }
    problems.sort();
    End::Refused { code: text(first, "code"), problems }
}

/// What must differ between two outputs, or in one that is repeated, made equal.
fn comparable(shape: &ShapeDef, output: &Json) -> Json {
    let mut output = output.clone();
    for field in shape.fields.iter().filter(|field| field.is_shown_once()) {
        output[field.name.as_ref()] = json!(null);
    }
    blank(&mut output);
    output
}

/// Another calendar than the one of the example.
const OTHER_CALENDAR: &str = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:other\nDTSTART:20260401T080000Z\nEND:VEVENT\nEND:VCALENDAR";

/// Every id of a record, wherever it stands.
fn ids(value: &Json) -> Vec<String> {
    match value {
        Json::Object(members) => members.values().flat_map(ids).collect(),
        Json::Array(items) => items.iter().flat_map(ids).collect(),
        Json::String(text) if clientela_kernel::Id::prefix_of(text).is_some() => vec![text.clone()],
        _ => Vec::new(),
    }
}

/// Empties ids, moments, and what the factory numbers because it must be unique, wherever they stand.
fn blank(value: &mut Json) {
    match value {
        Json::Object(members) => members.values_mut().for_each(blank),
        Json::Array(items) => items.iter_mut().for_each(blank),
        Json::String(text) if clientela_kernel::Id::prefix_of(text).is_some() || clientela_kernel::Timestamp::parse(text).is_some() => {
            *value = json!("-");
        }
        // A card or a calendar tells its id, and when it was changed.
        Json::String(text) if text.starts_with("BEGIN:VC") => {
            let moves = |line: &&str| !["UID:", "REV:", "DTSTAMP:"].iter().any(|name| line.starts_with(name));
            *value = text.lines().filter(moves).collect();
        }
        // The number of a quote is made of its id; a page about it begins with that.
        Json::String(text) if text.starts_with("Q-20") => *value = json!("-"),
        Json::String(text) if text.starts_with("<!doctype") => *value = text.split_once("<table>").map(|(_, table)| table).into(),
        Json::String(text) if text.starts_with("customThing") => *value = json!("-"),
        // What a custom field is called here, and the name under which its values are kept.
        Json::String(text) if text.strip_prefix("field").is_some_and(|number| number.parse::<u64>().is_ok()) => *value = json!("-"),
        Json::String(text) if text.len() == 11 && text.starts_with('k') && text.bytes().skip(1).all(|byte| byte.is_ascii_hexdigit()) => {
            *value = json!("-");
        }
        Json::String(text) if text.starts_with("https://customer") && text.ends_with(".example/") => *value = json!("-"),
        // A digest is one of ids and moments as well.
        Json::String(text) if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => *value = json!("-"),
        Json::String(text) if text.rsplit_once(' ').is_some_and(|(_, number)| number.parse::<u64>().is_ok()) => *value = json!("-"),
        _ => {}
    }
}

/// How many records of every resource a tenant has.
async fn counts(app: &TestApp, client: &Client) -> Vec<(String, u64)> {
    let mut counts = Vec::new();
    for def in app.registry.resources() {
        let list = client.get(&format!("/v1/{}?limit=1&total=true&deleted=include", def.path)).await.expect(200);
        counts.push((def.name.to_string(), list["page"]["total"].as_u64().expect("a total")));
    }
    counts
}

fn resource<'a>(app: &'a TestApp, def: &OperationDef) -> &'a Arc<ResourceDef> {
    app.registry.resource(&def.resource).expect("linked")
}

fn each_field<'a>(shape: &'a ShapeDef, visit: &mut dyn FnMut(&'a ShapeDef, &'a ShapeField)) {
    shape.walk(&mut |shape| shape.fields.iter().for_each(|field| visit(shape, field)));
}

#[tokio::test(flavor = "multi_thread")]
async fn they_describe_themselves() {
    both(|app| async move {
        assert!(!app.registry.operations().is_empty(), "the registry has no operations");
        for def in app.registry.operations() {
            sentence(&def.description, &def.name);
            for shape in [&def.input, &def.output] {
                sentence(&shape.description, &shape.name);
                each_field(shape, &mut |shape, field| {
                    sentence(&field.description, &format!("{}: {}.{}", def.name, shape.name, field.name));
                    if let Some(choice) = field.choice() {
                        sentence(&choice.description, &choice.name);
                        choice.options.iter().for_each(|option| sentence(&option.description, &option.name));
                    }
                });
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_apis_answer_the_same() {
    both(|app| async move {
        for def in app.registry.operations().to_vec() {
            for fill in [Fill::Required, Fill::Everything] {
                // The second is prepared when the first is over: a person sets up one second factor at a time.
                let one = Call::new(&app, &app.alpha, &def, fill).await;
                let rest = one.rest(&app.alpha, &[], "").await;
                let other = Call::new(&app, &app.alpha, &def, fill).await;
                let graphql = other.graphql(&app, &app.alpha, &json!({})).await;
                let (End::Output(rest), End::Output(graphql)) = (by_rest(&rest), by_graphql(&graphql)) else {
                    panic!("{} {fill:?}: {} {}", def.name, rest.describe(), graphql.describe());
                };
                assert_eq!(comparable(&def.output, &rest), comparable(&def.output, &graphql), "{} {fill:?}", def.name);
                for field in &def.output.fields {
                    assert!(rest.get(field.name.as_ref()).is_some(), "{}.{} is not shown: {rest}", def.name, field.name);
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_get_the_same_answer() {
    both(|app| async move {
        let mut tried = 0;
        for def in app.registry.operations().to_vec() {
            let call = Call::new(&app, &app.alpha, &def, Fill::Required).await;
            let before = counts(&app, &app.alpha).await;
            for (name, call, version) in mistakes(&app, &call) {
                let tag = version.map(|version: i64| format!("\"{version}\""));
                let headers: Vec<(&str, &str)> = tag.iter().map(|tag| ("if-match", tag.as_str())).collect();
                let more = version.map_or(json!({}), |version| json!({ "expectedVersion": version }));
                let rest = by_rest(&call.rest(&app.alpha, &headers, "").await);
                let graphql = by_graphql(&call.graphql(&app, &app.alpha, &more).await);
                assert!(matches!(rest, End::Refused { .. }), "{} {name} is accepted: {rest:?}", def.name);
                assert_eq!(rest, graphql, "{} {name}", def.name);
                tried += 1;
            }
            assert_eq!(counts(&app, &app.alpha).await, before, "{}: a refusal leaves something", def.name);
        }
        assert!(tried > 10, "only {tried} mistakes were tried");
    })
    .await;
}

fn mistakes(app: &TestApp, call: &Call) -> Vec<(String, Call, Option<i64>)> {
    let mut calls = Vec::new();
    for field in &call.def.input.fields {
        let Some(definition) = field.definition().filter(|_| !field.is_list()) else { continue };
        let mut wrong = |what: &str, value: Json| calls.push((format!("{what} {}", field.name), call.with(&field.name, value), None));
        match &definition.kind {
            FieldType::Text { max, .. } => {
                wrong("long", json!("x".repeat(*max as usize + 1)));
                wrong("control character in", json!("a\u{0}b"));
            }
            FieldType::Reference(reference) => {
                wrong("foreign kind in", json!("xyz_01h455vb4pex5vsknk084sn02q"));
                wrong("dangling", json!(format!("{}_01h455vb4pex5vsknk084sn02q", reference.prefix)));
            }
            FieldType::Decimal { places, max, .. } => {
                wrong("great", json!(decimal::text(max + 1, *places)));
            }
            FieldType::Integer { min, .. } if *min > i64::from(i32::MIN) => wrong("small", json!(min - 1)),
            _ => {}
        }
        if field.required_on_input() && matches!(definition.kind, FieldType::Text { .. }) {
            wrong("blank", json!("  "));
        }
    }
    if call.record.is_some() {
        let def = resource(app, &call.def);
        let absent = format!("{}_01h455vb4pex5vsknk084sn02q", def.prefix);
        let elsewhere =
            |id: &str| Call { path: format!("/v1/{}/{id}/{}", def.path, call.def.verb), record: Some(id.to_owned()), ..call.clone() };
        calls.push(("nothing".to_owned(), elsewhere(&absent), None));
        calls.push(("another kind".to_owned(), elsewhere("xyz_01h455vb4pex5vsknk084sn02q"), None));
        if call.def.writes {
            calls.push(("stale version".to_owned(), call.clone(), Some(99)));
        }
    }
    calls
}

/// Fields that no operation knows, bodies that are none, credentials that do not allow it.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_meant_is_refused() {
    both(|app| async move {
        for def in app.registry.operations().to_vec() {
            let call = Call::new(&app, &app.alpha, &def, Fill::Required).await;
            let before = counts(&app, &app.alpha).await;
            let refused = call.with("unicorn", json!(1)).rest(&app.alpha, &[], "").await.refused(422, "VALIDATION_FAILED");
            assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("/unicorn"), &json!("UNKNOWN_FIELD")));
            call.rest(&app.alpha, &[], "?unicorn=1").await.refused(400, "UNKNOWN_PARAMETER");
            let plain = Request::post(&call.path).header("content-type", "text/plain").body(Body::from("{}")).unwrap();
            app.alpha.raw(plain).await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
            for field in def.input.fields.iter().filter(|field| field.required_on_input()) {
                let mut call = call.clone();
                call.input.remove(field.name.as_ref());
                let refused = call.rest(&app.alpha, &[], "").await.refused(422, "VALIDATION_FAILED");
                assert_eq!(refused["errors"][0]["code"], json!("REQUIRED"), "{}.{}: {refused}", def.name, field.name);
            }
            let nobody = app.alpha.with_token(None);
            call.rest(&nobody, &[], "").await.refused(401, "UNAUTHENTICATED");
            assert_eq!(call.graphql(&app, &nobody, &json!({})).await.graphql_code().as_deref(), Some("UNAUTHENTICATED"));
            assert_eq!(app.alpha.send(Method::GET, &call.path, &[], None).await.status, 405, "{}", call.path);
            if def.writes {
                call.rest(&app.alpha, &[], "?dryRun=perhaps").await.refused(400, "INVALID_PARAMETER");
                call.rest(&app.alpha, &[("idempotency-key", "a b")], "").await.refused(400, "INVALID_PARAMETER");
            } else {
                call.rest(&app.alpha, &[], "?dryRun=true").await.refused(400, "UNKNOWN_PARAMETER");
            }
            assert_eq!(counts(&app, &app.alpha).await, before, "{}: a refusal leaves something", def.name);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_crosses_between_tenants() {
    both(|app| async move {
        for def in app.registry.operations().to_vec() {
            let mut names = def.is_on_record();
            each_field(&def.input, &mut |_, field| {
                names |= field.definition().is_some_and(|value| value.reference().is_some() || value.any_reference().is_some())
            });
            if !names && def.name != "confirmConsent" {
                // It names no record that could be somebody else's.
                continue;
            }
            let call = Call::new(&app, &app.alpha, &def, Fill::Required).await;
            let before = (counts(&app, &app.alpha).await, counts(&app, &app.beta).await);
            let rest = by_rest(&call.rest(&app.beta, &[], "").await);
            let graphql = by_graphql(&call.graphql(&app, &app.beta, &json!({})).await);
            // A call that names no record of anybody's is done with what is one's own.
            if !call.names_a_record() {
                let own = call.rest(&app.alpha, &[], "").await;
                let (own, answers) = (ids(&own.expect(200)), [format!("{rest:?}"), format!("{graphql:?}")]);
                assert!(own.iter().all(|id| answers.iter().all(|answer| !answer.contains(id))), "{} crosses: {answers:?}", def.name);
                continue;
            }
            let End::Refused { code, problems } = &rest else { panic!("{} crosses: {rest:?}", def.name) };
            assert!(code == "NOT_FOUND" || (code == "VALIDATION_FAILED" && !problems.is_empty()), "{}: {rest:?}", def.name);
            assert_eq!(rest, graphql, "{}", def.name);
            assert_eq!((counts(&app, &app.alpha).await, counts(&app, &app.beta).await), before, "{} leaves something", def.name);
            // A foreign record in any reference, beside records of one's own.
            for field in def.input.fields.iter().filter(|field| field.definition().is_some_and(|value| value.reference().is_some())) {
                let own = Call::new(&app, &app.beta, &def, Fill::Required).await;
                let target = app.factory(&app.alpha).target(field.definition().expect("a value")).expect("a reference");
                let foreign = app.factory(&app.alpha).any(&target).await;
                let absent = format!("{}_01h455vb4pex5vsknk084sn02q", foreign.split('_').next().unwrap_or_default());
                let mut refusals = Vec::new();
                for id in [&foreign, &absent] {
                    let answer = own.with(&field.name, json!(id)).rest(&app.beta, &[], "").await.refused(422, "VALIDATION_FAILED");
                    assert_eq!(answer["errors"][0]["pointer"], json!(format!("/{}", field.name)), "{}: {answer}", def.name);
                    refusals.push(answer["errors"].to_string().replace(id, "ID"));
                }
                assert_eq!(refusals.first(), refusals.last(), "{}.{}: the refusal tells a foreign record from none", def.name, field.name);
            }
            let own = call.rest(&app.alpha, &[], "").await;
            assert_eq!(own.status, 200, "the owner's call fails: {}", own.describe());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repetition_has_one_effect() {
    both(|app| async move {
        for def in app.registry.operations().to_vec().into_iter().filter(|def| def.writes) {
            let call = Call::new(&app, &app.alpha, &def, Fill::Required).await;
            let key = format!("rest-{}", def.name);
            let mut twins = JoinSet::new();
            for _ in 0..8 {
                let (client, call, key) = (app.alpha.clone(), call.clone(), key.clone());
                twins.spawn(async move { call.rest(&client, &[("idempotency-key", &key)], "").await });
            }
            let answers = twins.join_all().await;
            let first = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).collect::<Vec<_>>();
            assert_eq!(first.len(), 1, "{}: {} of eight twins acted", def.name, first.len());
            let output = first.first().expect("one").expect(200);
            let after = counts(&app, &app.alpha).await;
            for answer in &answers {
                assert_eq!(without_secrets(&def.output, answer.expect(200)), without_secrets(&def.output, output.clone()), "{}", def.name);
            }
            let again = call.rest(&app.alpha, &[("idempotency-key", &key)], "").await;
            assert_eq!(again.header("idempotency-replayed"), Some("true"));
            for field in def.output.fields.iter().filter(|field| field.is_shown_once()) {
                assert_eq!(again.json()[field.name.as_ref()], json!(null), "{} shows {} again", def.name, field.name);
            }
            assert_eq!(counts(&app, &app.alpha).await, after, "{}: a repetition acts", def.name);
            let other = Call::new(&app, &app.alpha, &def, Fill::Everything).await;
            let same = other.input == call.input && other.path == call.path;
            let other = match def.name.as_ref() {
                "importVcard" if same => other.with("vcard", json!("BEGIN:VCARD\nVERSION:4.0\nFN:Other\nEND:VCARD")),
                "importCalendar" if same => other.with("calendar", json!(OTHER_CALENDAR)),
                _ => other,
            };
            // The key of one that is about the caller and takes a secret says nothing of what it was given.
            let differs = other.input != call.input || other.path != call.path;
            if differs && !(def.for_oneself && def.confidential) {
                other.rest(&app.alpha, &[("idempotency-key", &key)], "").await.refused(422, "IDEMPOTENCY_KEY_REUSED");
            }

            let call = Call::new(&app, &app.alpha, &def, Fill::Required).await;
            let more = json!({ "idempotencyKey": format!("graphql-{}", def.name) });
            let first = call.graphql(&app, &app.alpha, &more).await;
            let again = call.graphql(&app, &app.alpha, &more).await;
            let payload = |answer: &Answer| without_secrets(&def.output, answer.data()["payload"].clone());
            assert_eq!(payload(&first), payload(&again), "{}", def.name);
            assert_eq!(payload(&first)["userErrors"], json!([]), "{}", first.text());
            assert_eq!(again.json().pointer("/extensions/idempotencyReplayed"), Some(&json!(true)), "{}", again.text());
        }
    })
    .await;
}

fn without_secrets(shape: &ShapeDef, mut output: Json) -> Json {
    for field in shape.fields.iter().filter(|field| field.is_shown_once()) {
        output[field.name.as_ref()] = json!(null);
    }
    output
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_leaves_nothing() {
    both(|app| async move {
        for def in app.registry.operations().to_vec().into_iter().filter(|def| def.writes) {
            let call = Call::new(&app, &app.alpha, &def, Fill::Required).await;
            let before = counts(&app, &app.alpha).await;
            let rest = call.rest(&app.alpha, &[("idempotency-key", "trial")], "?dryRun=true").await;
            assert_eq!(rest.header("idempotency-replayed"), None);
            let graphql = call.graphql(&app, &app.alpha, &json!({ "dryRun": true })).await;
            let (End::Output(rest), End::Output(graphql)) = (by_rest(&rest), by_graphql(&graphql)) else {
                panic!("{}: {} {}", def.name, rest.describe(), graphql.describe());
            };
            assert_eq!(comparable(&def.output, &rest), comparable(&def.output, &graphql), "{}", def.name);
            assert_eq!(counts(&app, &app.alpha).await, before, "{}: a trial leaves something", def.name);
            // The key was not used up, and what was tried can be done.
            let done = call.rest(&app.alpha, &[("idempotency-key", &format!("done-{}", def.name))], "").await;
            assert_eq!(done.header("idempotency-replayed"), None);
            assert_eq!(comparable(&def.output, &done.expect(200)), comparable(&def.output, &rest), "{}", def.name);
        }
    })
    .await;
}
