//! One rule set behind both APIs: what REST and GraphQL answer about the same record, the same call and the same mistake
//! is the same, and so is what they leave in the change log.

use clientela_engine::aggregate::{Function, takes};
use clientela_kernel::decimal;
use clientela_model::{FieldType, ResourceDef, TextFormat, WriteMode};
use clientela_testkit::factory::{self, Fill, text};
use clientela_testkit::{Client, TestApp, both, document};
use http::Method;
use serde_json::{Map, Value as Json, json};

/// A call that both APIs can make.
#[derive(Clone, Debug)]
struct Call {
    verb: &'static str,
    id: Option<String>,
    body: Map<String, Json>,
    version: Option<i64>,
}

/// How it ended, in words both APIs share: a record, or a code with the problems by field.
#[derive(Debug, PartialEq)]
enum End {
    Record(Json),
    Refused { code: String, problems: Vec<(String, String)> },
}

async fn by_rest(client: &Client, def: &ResourceDef, call: &Call) -> End {
    let version = call.version.map(|version| format!("\"{version}\""));
    let headers: Vec<(&str, &str)> = version.iter().map(|tag| ("if-match", tag.as_str())).collect();
    let collection = format!("/v1/{}", def.path);
    let record = format!("{collection}/{}", call.id.as_deref().unwrap_or_default());
    let body = Json::Object(call.body.clone());
    let answer = match call.verb {
        "create" => client.send(Method::POST, &collection, &headers, Some(&body)).await,
        "update" => client.send(Method::PATCH, &record, &headers, Some(&body)).await,
        "delete" => client.send(Method::DELETE, &record, &headers, None).await,
        _ => client.send(Method::POST, &format!("{record}/restore"), &headers, None).await,
    };
    match answer.status {
        204 => End::Record(client.get(&format!("{record}?deleted=include")).await.expect(200)),
        200..=202 => End::Record(answer.json()),
        _ => {
            let json = answer.json();
            let problem = |problem: &Json| (text(problem, "pointer"), text(problem, "code"));
            let mut problems: Vec<_> = json["errors"].as_array().map(|all| all.iter().map(problem).collect()).unwrap_or_default();
            problems.sort();
            End::Refused { code: text(&json, "code"), problems }
        }
    }
}

async fn by_graphql(client: &Client, def: &ResourceDef, call: &Call) -> End {
    let mut input = call.body.clone();
    if let Some(id) = &call.id {
        input.insert("id".to_owned(), json!(id));
    }
    if let Some(version) = call.version {
        input.insert("expectedVersion".to_owned(), json!(version));
    }
    let answer = client.graphql(&document::mutation(call.verb, def), json!({ "input": input })).await;
    if let Some(code) = answer.graphql_code() {
        return End::Refused { code, problems: Vec::new() };
    }
    let data = answer.data();
    let errors = data["payload"]["userErrors"].as_array().cloned().unwrap_or_default();
    if errors.is_empty() {
        return End::Record(data["payload"]["record"].clone());
    }
    let mut problems = Vec::new();
    for error in &errors {
        if let Some(problem) = error["problem"].as_str() {
            let path: Vec<&str> =
                error["field"].as_array().map(|path| path.iter().skip(1).filter_map(Json::as_str).collect()).unwrap_or_default();
            problems.push((format!("/{}", path.join("/")), problem.to_owned()));
        }
    }
    problems.sort();
    End::Refused { code: text(&errors[0], "code"), problems }
}

/// The record without what must differ between two of them.
fn comparable(def: &ResourceDef, record: &Json, ignore: &[String]) -> Json {
    let mut kept = Map::new();
    for (_, field) in def.visible_fields() {
        let moment = ["id", "createdAt", "updatedAt"].contains(&field.name.as_ref());
        if !moment && !ignore.iter().any(|name| *name == *field.name) {
            kept.insert(field.name.to_string(), record.get(field.name.as_ref()).cloned().unwrap_or_default());
        }
    }
    Json::Object(kept)
}

/// Fields that differ between any two records: parts of unique keys, and references to records of their own.
fn own(def: &ResourceDef) -> Vec<String> {
    let identity =
        def.fields.iter().filter(|field| field.reference().is_some_and(|reference| Some(&reference.target) == def.face.as_ref()));
    let keys = def.unique.iter().flat_map(|unique| unique.fields.iter());
    let random = def.fields.iter().filter(|field| def.reveals.is_some() && field.write == WriteMode::ReadOnly && field.name != "version");
    let random = random.filter(|field| !field.name.ends_with("By") && field.name != "deletedAt");
    identity
        .map(|field| field.name.to_string())
        .chain(keys.map(ToString::to_string))
        .chain(random.map(|field| field.name.to_string()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_looks_the_same_on_both() {
    both(|app| async move {
        for def in app.registry.resources().to_vec() {
            let id = if def.creatable {
                text(&app.factory(&app.alpha).create(&def, Fill::Everything).await, "id")
            } else {
                app.factory(&app.alpha).any(&def).await
            };
            let rest = app.alpha.get(&format!("/v1/{}/{id}", def.path)).await.expect(200);
            let graphql = app.alpha.graphql(&document::record(&def), json!({ "id": id })).await.data();
            assert_eq!(graphql["record"], rest, "{}", def.name);
            let listed = app.alpha.get(&format!("/v1/{}?limit=1000", def.path)).await.expect(200);
            let query = format!("{{ list: {}(first: 1000) {{ nodes {{ {} }} }} }}", def.plural, document::selection(&def));
            let nodes = app.alpha.graphql(&query, json!({})).await.data();
            assert_eq!(nodes["list"]["nodes"], listed["data"], "{}", def.name);
        }
    })
    .await;
}

/// Every field as a key, and every figure of it, over both APIs.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_groups() {
    both(|app| async move {
        let mut tried = 0;
        for def in app.registry.resources().to_vec() {
            for fill in [Fill::Required, Fill::Everything] {
                if def.creatable {
                    app.factory(&app.alpha).create(&def, fill).await;
                }
            }
            for (_, field) in def.visible_fields().filter(|(_, field)| field.filter && !matches!(field.kind, FieldType::TextSet { .. })) {
                let name = field.name.as_ref();
                let money = matches!(field.kind, FieldType::Money);
                let (key, by, shown) = match field.kind {
                    FieldType::Money => (json!(format!("{name}.currency")), "CURRENCY", format!("{name} {{ currency }}")),
                    FieldType::Instant | FieldType::Date => {
                        (json!({ "field": name, "bucket": "MONTH" }), "{ bucket: MONTH }", name.to_owned())
                    }
                    _ => (json!(name), "VALUE", name.to_owned()),
                };
                let mut measures = json!({ "count": true });
                let mut selected = String::new();
                for function in Function::ALL.into_iter().filter(|function| takes(*function, &field.kind)) {
                    measures[function.as_str()] = json!([name]);
                    let whole = money && function != Function::CountDistinct;
                    selected += &format!(" {} {{ {name} {} }}", function.as_str(), if whole { "{ amount currency }" } else { "" });
                }
                let path = format!("/v1/{}/aggregate", def.path);
                let rest = app.alpha.post(&path, &json!({ "groupBy": [key], "measures": measures, "sort": ["-count"], "limit": 1000 })).await;
                let query = format!(
                    "{{ all: {}Aggregate(groupBy: [{{{name}: {by}}}], orderBy: [{{count: DESC}}], first: 1000) {{ groups {{ keys {{ {shown} }} count{selected} }} }} }}",
                    def.plural
                );
                let graphql = app.alpha.graphql(&query, json!({})).await.data();
                assert_eq!(graphql["all"]["groups"], rest.expect(200)["data"], "{}.{name}", def.name);
                tried += 1;
            }
        }
        assert!(tried > 100, "only {tried} fields were tried");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_life_leaves_the_same_record_and_log() {
    both(|app| async move {
        for def in app.registry.resources().to_vec() {
            if !def.creatable {
                continue;
            }
            let first = app.factory(&app.alpha).body(&def, Fill::Everything).await;
            // The same body but for what a key wants different.
            let mut second = app.factory(&app.alpha).body(&def, Fill::Everything).await;
            let keys: Vec<String> = def.unique.iter().flat_map(|unique| unique.fields.iter().map(ToString::to_string)).collect();
            for (key, value) in &first {
                if !keys.contains(key) {
                    second.insert(key.clone(), value.clone());
                }
            }
            let mut ignore = own(&def);
            // Made of the id.
            ignore.extend(matches!(def.name.as_ref(), "customField" | "customObject").then(|| "key".to_owned()));
            let one = life(&app, &def, first, true, &ignore).await;
            let other = life(&app, &def, second, false, &ignore).await;
            assert_eq!(one, other, "{}", def.name);
        }
    })
    .await;
}

/// Creates, patches, deletes and restores over one API; answers every state and every log row.
async fn life(app: &TestApp, def: &ResourceDef, body: Map<String, Json>, rest: bool, ignore: &[String]) -> Vec<Json> {
    let mut states = Vec::new();
    let mut call = Call { verb: "create", id: None, body, version: None };
    for verb in ["create", "update", "delete", "restore"] {
        let allowed = match verb {
            "create" => true,
            "update" => def.updatable,
            _ => def.deletable,
        };
        if !allowed {
            continue;
        }
        call.verb = verb;
        let end = if rest { by_rest(&app.alpha, def, &call).await } else { by_graphql(&app.alpha, def, &call).await };
        let End::Record(record) = end else { panic!("{verb} {}: {end:?}", def.name) };
        states.push(comparable(def, &record, ignore));
        call.id = Some(text(&record, "id"));
        call.version = record["version"].as_i64();
        call.body = Map::new();
        if verb == "create"
            && let Some(field) = factory::changeable(def).find(|field| !ignore.contains(&field.name.to_string()) && !factory::refers(field))
        {
            // The same new value on both APIs.
            call.body.insert(field.name.to_string(), fixed(field, record.get(field.name.as_ref()).unwrap_or(&Json::Null)));
        }
    }
    for row in app.log(call.id.as_deref().unwrap_or_default()).await {
        let strip = |side: &str| match &row[side] {
            Json::Object(fields) => comparable(def, &Json::Object(fields.clone()), ignore),
            other => other.clone(),
        };
        states.push(json!({ "kind": row["kind"], "version": row["version"], "actor": row["actor"], "before": strip("before"), "after": strip("after") }));
    }
    states
}

/// Another value, the same on every call.
fn fixed(field: &clientela_model::FieldDef, current: &Json) -> Json {
    match &field.kind {
        FieldType::Text { format: TextFormat::Plain, .. } => json!("Other"),
        FieldType::Choice(choice) => {
            let other = choice.options.iter().find(|option| current.as_str() != Some(option.name.as_ref()));
            json!(other.expect("a choice has two options").name)
        }
        _ => serde_json::from_str(&field.example).expect("an example is JSON"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_get_the_same_answer() {
    both(|app| async move {
        let mut tried = 0;
        for def in app.registry.resources().to_vec() {
            for (name, call) in mistakes(&app, &def).await {
                let rest = by_rest(&app.alpha, &def, &call).await;
                let graphql = by_graphql(&app.alpha, &def, &call).await;
                assert!(matches!(rest, End::Refused { .. }), "{} {name}: {call:?} is accepted: {rest:?}", def.name);
                assert_eq!(rest, graphql, "{} {name}: {call:?}", def.name);
                tried += 1;
            }
        }
        assert!(tried > 50, "only {tried} mistakes were tried");
    })
    .await;
}

async fn mistakes(app: &TestApp, def: &ResourceDef) -> Vec<(String, Call)> {
    let factory = app.factory(&app.alpha);
    let absent = format!("{}_01h455vb4pex5vsknk084sn02q", def.prefix);
    let call = |verb, id: Option<&str>, body: Json, version| Call {
        verb,
        id: id.map(str::to_owned),
        body: body.as_object().cloned().unwrap_or_default(),
        version,
    };
    let mut calls = Vec::new();
    if def.updatable {
        let patch = Json::Object(
            factory::changeable(def)
                .filter(|field| !factory::refers(field))
                .take(1)
                .map(|field| (field.name.to_string(), factory::value(def, field)))
                .collect(),
        );
        let id = factory.any(def).await;
        calls.push(("update of nothing".to_owned(), call("update", Some(&absent), patch.clone(), None)));
        calls.push(("stale version".to_owned(), call("update", Some(&id), patch.clone(), Some(99))));
        calls.push(("id of another resource".to_owned(), call("update", Some("xyz_01h455vb4pex5vsknk084sn02q"), patch.clone(), None)));
        for field in factory::changeable(def) {
            let at = |value: Json| call("update", Some(&id), json!({ field.name.as_ref(): value }), None);
            // A set is never absent: null empties it.
            if field.required && !matches!(field.kind, FieldType::TextSet { .. }) {
                calls.push((format!("null in {}", field.name), at(Json::Null)));
            }
            match &field.kind {
                FieldType::Text { max, format: TextFormat::Plain } => {
                    calls.push((format!("long {}", field.name), at(json!("x".repeat(*max as usize + 1)))));
                    calls.push((format!("control character in {}", field.name), at(json!("a\u{0}b"))));
                }
                FieldType::Text { .. } => calls.push((format!("bad {}", field.name), at(json!("not/one of these!")))),
                FieldType::TextSet { max_length, .. } => {
                    calls.push((format!("long member of {}", field.name), at(json!(["x".repeat(*max_length as usize + 1)]))));
                }
                FieldType::Reference(_) => {
                    let prefix = &field.reference().expect("a reference").prefix;
                    calls.push((format!("dangling {}", field.name), at(json!(format!("{prefix}_01h455vb4pex5vsknk084sn02q")))));
                    calls.push((format!("foreign kind in {}", field.name), at(json!("xyz_01h455vb4pex5vsknk084sn02q"))));
                }
                FieldType::AnyReference(_) => {
                    calls.push((format!("dangling {}", field.name), at(json!("acc_01h455vb4pex5vsknk084sn02q"))));
                    calls.push((format!("foreign kind in {}", field.name), at(json!("xyz_01h455vb4pex5vsknk084sn02q"))));
                }
                FieldType::Decimal { places, max, .. } => {
                    calls.push((format!("great {}", field.name), at(json!(decimal::text(max + 1, *places)))));
                    calls.push((format!("too fine {}", field.name), at(json!(format!("0.{}1", "0".repeat(*places as usize))))));
                }
                FieldType::Money => {
                    calls.push((format!("unknown currency in {}", field.name), at(json!({ "amount": "1.00", "currency": "XYZ" }))));
                    calls.push((format!("too fine {}", field.name), at(json!({ "amount": "1.005", "currency": "EUR" }))));
                }
                _ => {}
            }
        }
        if def.deletable {
            let gone = factory.any(def).await;
            assert_eq!(app.alpha.delete(&format!("/v1/{}/{gone}", def.path)).await.status, 204);
            calls.push(("patch of a deleted record".to_owned(), call("update", Some(&gone), patch, None)));
        }
    }
    if def.deletable {
        let id = factory.any(def).await;
        calls.push(("delete of nothing".to_owned(), call("delete", Some(&absent), json!({}), None)));
        calls.push(("restore of nothing".to_owned(), call("restore", Some(&absent), json!({}), None)));
        calls.push(("delete of another version".to_owned(), call("delete", Some(&id), json!({}), Some(99))));
    }
    if def.creatable {
        let body = factory.body(def, Fill::Required).await;
        let existing = factory.create(def, Fill::Everything).await;
        let mut taken = body.clone();
        taken.insert("id".to_owned(), existing["id"].clone());
        calls.push(("taken id".to_owned(), Call { verb: "create", id: None, body: taken, version: None }));
        let mut other = body.clone();
        other.insert("id".to_owned(), json!("xyz_01h455vb4pex5vsknk084sn02q"));
        calls.push(("id of another prefix".to_owned(), Call { verb: "create", id: None, body: other, version: None }));
        for unique in &def.unique {
            let mut twin = factory.body(def, Fill::Required).await;
            // Where rules make a part of the key, all they may make it of is the same.
            let made = unique.fields.iter().any(|name| def.field(name).is_some_and(|field| field.write == WriteMode::ReadOnly));
            for field in factory::writable(def).filter(|field| made || unique.fields.contains(&field.name)) {
                twin.insert(field.name.to_string(), existing[field.name.as_ref()].clone());
            }
            if unique.fields.iter().all(|name| existing.get(name.as_ref()).is_some_and(|value| !value.is_null())) {
                calls.push((format!("taken {}", unique.index), Call { verb: "create", id: None, body: twin, version: None }));
            }
        }
    }
    calls
}
