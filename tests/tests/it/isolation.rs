//! Nothing crosses from one tenant to another: every resource, every way in, both databases; and what was refused has
//! left the record, its version and its change log as they were.

use axum::body::Body;
use clientela_model::{ContentRole, FieldType, ResourceDef, WriteMode};
use clientela_testkit::factory::{self, Fill, text};
use clientela_testkit::{Client, TestApp, both, document};
use http::{Method, Request};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Whoever comes instead of the other tenant reaches a record of the first tenant no more than that one.
pub(crate) async fn out_of_reach(app: &TestApp, def: &ResourceDef) {
    let victim = Victim::new(app, def).await;
    reading_by_id(app, def, &victim).await;
    lists(app, def, &victim).await;
    feed(app, def, &victim).await;
    writes(app, def, &victim).await;
    many(app, def, &victim).await;
    victim.is_untouched(app, "somebody from outside").await;
    deleted(app, def).await;
}

/// Neither the snapshot nor what follows it tells of the record.
async fn feed(app: &TestApp, def: &ResourceDef, victim: &Victim) {
    if def.mirror {
        return;
    }
    let mut path = format!("/v1/changes?resources={}&limit=1000", def.name);
    loop {
        let answer = app.beta.get(&path).await;
        if answer.status == 403 {
            return;
        }
        let page = answer.expect(200);
        assert!(!page.to_string().contains(&victim.id), "the feed tells of {}: {page}", victim.id);
        let next = page.pointer("/page/next").and_then(Json::as_str).expect("a place to go on from").to_owned();
        path = format!("/v1/changes?limit=1000&after={next}");
        if page.pointer("/page/hasMore") == Some(&json!(false)) {
            return;
        }
    }
}

/// A record of the victim, and how it looked before the other tenant tried.
struct Victim {
    id: String,
    path: String,
    shown: Json,
    log: Vec<Json>,
}

impl Victim {
    async fn new(app: &TestApp, def: &ResourceDef) -> Victim {
        let id = app.factory(&app.alpha).any(def).await;
        let path = format!("/v1/{}/{id}", def.path);
        let shown = app.alpha.get(&path).await.expect(200);
        let log = log(app, &id).await;
        assert!(def.mirror || !log.is_empty(), "{} has no change log", def.name);
        Victim { id, path, shown, log }
    }

    async fn is_untouched(&self, app: &TestApp, by: &str) {
        assert_eq!(app.alpha.get(&self.path).await.expect(200), self.shown, "{by} changed {}", self.id);
        assert_eq!(log(app, &self.id).await, self.log, "{by} wrote to the log of {}", self.id);
    }
}

/// The victim's own change log of a record; the other tenant may have a record of the same id.
async fn log(app: &TestApp, id: &str) -> Vec<Json> {
    let tenant = json!(app.alpha.context.tenant.to_string());
    app.log(id).await.into_iter().filter(|row| row["tenant"] == tenant).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_crosses_between_tenants() {
    both(|app| async move {
        let resources = app.registry.resources().to_vec();
        assert!(resources.len() >= 8, "the registry is not filled");
        sweep(&app, &resources).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_crosses_between_objects_of_tenants_that_define_the_same() {
    both(|app| async move {
        let app = crate::custom_objects::with_objects(app).await;
        let objects: Vec<_> = app.registry.resources().iter().filter(|def| def.is_object()).cloned().collect();
        assert_eq!(objects.len(), 2);
        sweep(&app, &objects).await;
    })
    .await;
}

async fn sweep(app: &TestApp, resources: &[Arc<ResourceDef>]) {
    for def in resources {
        let victim = Victim::new(app, def).await;
        let own = app.factory(&app.beta).any(def).await;
        reading_by_id(app, def, &victim).await;
        lists(app, def, &victim).await;
        relations(app, def, &victim, &own).await;
        writes(app, def, &victim).await;
        references(app, def).await;
        many(app, def, &victim).await;
        victim.is_untouched(app, "the other tenant").await;
        taken_id(app, def, &victim).await;
        keys(app, def).await;
        deleted(app, def).await;
    }
}

async fn reading_by_id(app: &TestApp, def: &ResourceDef, victim: &Victim) {
    app.beta.get(&victim.path).await.refused(404, "NOT_FOUND");
    app.beta.get(&format!("{}?deleted=include", victim.path)).await.refused(404, "NOT_FOUND");
    let data = app.beta.graphql(&document::record(def), json!({ "id": victim.id })).await.data();
    assert_eq!(data, json!({ "record": null }));
    app.beta.get(&format!("{}/access", victim.path)).await.refused(404, "NOT_FOUND");
    let access = "query($id: ID!) { access(id: $id) { actions { allowed } } }";
    assert_eq!(app.beta.graphql(access, json!({ "id": victim.id })).await.data(), json!({ "access": null }));
    if !def.mirror {
        app.beta.get(&format!("{}/history", victim.path)).await.refused(404, "NOT_FOUND");
        app.beta.get(&format!("{}?deleted=include&asOf=9999-01-01T00:00:00Z", victim.path)).await.refused(404, "NOT_FOUND");
        let list = app.beta.get(&format!("/v1/{}?limit=1000&deleted=include&asOf=9999-01-01T00:00:00Z", def.path)).await;
        list.expect(200);
        absent(&list.text(), victim, "a list as of a moment");
        let history = "query($id: ID!) { history(id: $id) { changes { version } } }";
        assert_eq!(app.beta.graphql(history, json!({ "id": victim.id })).await.data(), json!({ "history": null }));
        let seen = app.alpha.graphql(history, json!({ "id": victim.id })).await.data();
        assert!(seen.pointer("/history/changes/0/version").is_some(), "the owner does not see the history of {}: {seen}", victim.id);
    }
    if app.registry.timeline_identity(def).is_some() {
        app.beta.get(&format!("{}/timeline", victim.path)).await.refused(404, "NOT_FOUND");
        let timeline = "query($id: ID!) { timeline(id: $id) { entries { id } } }";
        assert_eq!(app.beta.graphql(timeline, json!({ "id": victim.id })).await.data(), json!({ "timeline": null }));
        let seen = app.alpha.graphql(timeline, json!({ "id": victim.id })).await.data();
        assert!(seen["timeline"]["entries"].is_array(), "the owner does not see the timeline of {}: {seen}", victim.id);
    }
    if def.digest.is_some() {
        app.beta.get(&format!("{}/content", victim.path)).await.refused(404, "NOT_FOUND");
        assert_eq!(app.alpha.get(&format!("{}/content", victim.path)).await.status, 200);
    }
    content(app, def, victim).await;
    let nodes = "query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }";
    assert_eq!(app.beta.graphql(nodes, json!({ "id": victim.id })).await.data(), json!({ "node": null, "nodes": [null] }));
    let seen = app.alpha.graphql(nodes, json!({ "id": victim.id })).await.data();
    assert_eq!(seen.pointer("/node/id"), Some(&json!(victim.id)), "the owner does not see {}: {seen}", victim.id);
}

/// A file of rows is neither sent to nor fetched from another tenant's record.
async fn content(app: &TestApp, def: &ResourceDef, victim: &Victim) {
    let path = format!("{}/content", victim.path);
    match def.content {
        None => {}
        Some(ContentRole::Given) => drop(app.beta.get(&path).await.refused(404, "NOT_FOUND")),
        Some(ContentRole::Received) => {
            let request = Request::put(&path).header("content-type", "text/csv").body(Body::from("a,b\n1,2\n")).unwrap();
            app.beta.raw(request).await.refused(404, "NOT_FOUND");
        }
    }
}

/// Many writes in one call, and one that is only tried, reach no further than one that is done.
async fn many(app: &TestApp, def: &ResourceDef, victim: &Victim) {
    let patch = factory::patch(def, &victim.shown).unwrap_or_else(|| json!({}));
    let mut rows = Vec::new();
    if def.updatable {
        rows.push(json!({ "update": { "id": victim.id, "values": patch } }));
        app.beta.patch(&format!("{}?dryRun=true", victim.path), &patch).await.refused(404, "NOT_FOUND");
    }
    if def.deletable {
        rows.push(json!({ "delete": { "id": victim.id } }));
        rows.push(json!({ "restore": { "id": victim.id } }));
        let filter = json!({ "filter": { "id": { "eq": victim.id } }, "expectedCount": 0 });
        let gone = app.beta.post(&format!("/v1/{}/bulk-delete", def.path), &filter).await.expect(200);
        assert_eq!(gone["count"], json!(0));
    }
    if rows.is_empty() {
        return;
    }
    let answer = app.beta.post(&format!("/v1/{}/batch", def.path), &json!({ "rows": rows })).await.expect(200);
    let statuses: Vec<&Json> = answer["results"].as_array().expect("results").iter().map(|row| &row["status"]).collect();
    assert!(statuses.iter().all(|status| **status == json!(404)), "a batch of {}: {answer}", def.plural);
    let mutation = "mutation($input: BatchNAMEInput!) { done: batchNAME(input: $input) { results { id userErrors { code } } } }"
        .replace("NAME", &clientela_model::naming::pascal(&def.plural));
    let answer = app.beta.graphql(&mutation, json!({ "input": { "rows": rows } })).await.data();
    let refused = json!({ "id": null, "userErrors": [{ "code": "NOT_FOUND" }] });
    assert!(answer["done"]["results"].as_array().is_some_and(|all| all.iter().all(|row| *row == refused)), "{answer}");
    for row in rows {
        let mut operation = row.clone();
        operation["resource"] = json!(def.path);
        app.beta.post("/v1/transactions", &json!({ "operations": [operation] })).await.refused(404, "NOT_FOUND");
    }
}

async fn lists(app: &TestApp, def: &ResourceDef, victim: &Victim) {
    let list = format!("/v1/{}", def.path);
    let everything = app.beta.get(&format!("{list}?limit=1000&deleted=include&total=true")).await;
    absent(&everything.text(), victim, "a list");
    let own = everything.expect(200);
    assert_eq!(
        own.pointer("/page/total").and_then(Json::as_u64),
        own["data"].as_array().map(|data| data.len() as u64),
        "a total counts others"
    );
    let filter = form(&json!({ "id": { "eq": victim.id } }));
    let found = app.beta.get(&format!("{list}?filter={filter}&total=true")).await.expect(200);
    assert_eq!((&found["data"], &found["page"]["total"]), (&json!([]), &json!(0)), "{}", def.name);
    let seen = app.alpha.get(&format!("{list}?filter={filter}")).await.expect(200);
    assert_eq!(seen["data"][0]["id"], json!(victim.id), "the owner's filter finds nothing: {seen}");
    let query = format!(
        "query($filter: {}Filter) {{ list: {}(first: 1000, filter: $filter) {{ totalCount nodes {{ id }} }} }}",
        def.type_name, def.plural
    );
    let found = app.beta.graphql(&query, json!({ "filter": { "id": { "in": [victim.id] } } })).await.data();
    assert_eq!(found, json!({ "list": { "totalCount": 0, "nodes": [] } }));
    aggregates(app, def, victim, &list).await;
    // A cursor says where one was, never whose records follow.
    let page = app.alpha.get(&format!("{list}?limit=1&sort=-createdAt")).await.expect(200);
    if let Some(cursor) = page.pointer("/page/next").and_then(Json::as_str) {
        let stolen = app.beta.get(&format!("{list}?limit=1000&sort=-createdAt&after={cursor}")).await;
        absent(&stolen.text(), victim, "a stolen cursor");
    }
}

/// Groups hold one's own records alone, whatever is asked for.
async fn aggregates(app: &TestApp, def: &ResourceDef, victim: &Victim, list: &str) {
    let path = format!("{list}/aggregate");
    let body = json!({ "filter": { "id": { "eq": victim.id } }, "groupBy": ["id"] });
    assert_eq!(app.beta.post(&path, &body).await.expect(200)["data"], json!([]), "{}", def.name);
    let seen = json!([{ "keys": { "id": victim.id }, "count": 1 }]);
    assert_eq!(app.alpha.post(&path, &body).await.expect(200)["data"], seen, "the owner does not count {}", victim.id);
    let all = app.beta.post(&path, &json!({ "groupBy": ["id"], "deleted": "include", "limit": 1000 })).await;
    all.expect(200);
    absent(&all.text(), victim, "an aggregate");
    let query = format!("query($id: ID!) {{ all: {}Aggregate(filter: {{id: {{eq: $id}}}}) {{ groups {{ count }} }} }}", def.plural);
    let counted = app.beta.graphql(&query, json!({ "id": victim.id })).await.data();
    assert_eq!(counted["all"]["groups"], json!([{ "count": 0 }]), "{}", def.name);
    // A stolen cursor names a place between groups, and nobody else's groups follow it.
    let page = app.alpha.post(&path, &json!({ "groupBy": ["id"], "limit": 1 })).await.expect(200);
    if let Some(cursor) = page.pointer("/page/next") {
        let stolen = app.beta.post(&path, &json!({ "groupBy": ["id"], "limit": 1000, "after": cursor })).await;
        absent(&stolen.text(), victim, "a stolen place between groups");
    }
}

/// Relations of the attacker's own record lead to their own records only, and filters through them find nothing.
async fn relations(app: &TestApp, def: &ResourceDef, victim: &Victim, own: &str) {
    for relation in &def.relations {
        let target = app.registry.target(relation).expect("linked");
        let foreign = app.factory(&app.alpha).any(target).await;
        let inner = json!({ "id": { "eq": foreign } });
        let filter = if relation.is_to_one() { inner } else { json!({ "some": inner }) };
        let filter = json!({ relation.own_name(): filter });
        let filter = if relation.is_custom() { json!({ "custom": filter }) } else { filter };
        let found = app.beta.get(&format!("/v1/{}?filter={}", def.path, form(&filter))).await.expect(200);
        assert_eq!(found["data"], json!([]), "{}.{} finds a foreign record", def.name, relation.name);
        let expanded = app.beta.get(&format!("/v1/{}/{own}?expand={}", def.path, relation.name)).await;
        expanded.expect(200);
        absent(&expanded.text(), victim, "an expanded relation");
        let inside = if relation.is_to_one() { "{ id }" } else { "(first: 1000) { totalCount nodes { id } }" };
        let inside = format!("relation: {} {inside}", relation.own_name());
        let inside = if relation.is_custom() { format!("custom {{ {inside} }}") } else { inside };
        let query = format!("query($id: ID!) {{ record: {}(id: $id) {{ {inside} }} }}", def.name);
        let answer = app.beta.graphql(&query, json!({ "id": own })).await;
        answer.data();
        absent(&answer.text(), victim, "a nested relation");
    }
}

async fn writes(app: &TestApp, def: &ResourceDef, victim: &Victim) {
    let mut input = json!({ "id": victim.id });
    if def.updatable
        && let Some(patch) = factory::patch(def, &victim.shown)
    {
        app.beta.patch(&victim.path, &patch).await.refused(404, "NOT_FOUND");
        let matching = format!("\"{}\"", victim.shown["version"]);
        for tag in [matching.as_str(), "*", "\"999\""] {
            app.beta.send(Method::PATCH, &victim.path, &[("if-match", tag)], Some(&patch)).await.refused(404, "NOT_FOUND");
        }
        for (key, value) in patch.as_object().unwrap() {
            input[key] = value.clone();
        }
        not_found(&app.beta, "update", def, &input).await;
    }
    if def.deletable {
        app.beta.delete(&victim.path).await.refused(404, "NOT_FOUND");
        app.beta.send(Method::POST, &format!("{}/restore", victim.path), &[], None).await.refused(404, "NOT_FOUND");
        not_found(&app.beta, "delete", def, &json!({ "id": victim.id })).await;
        not_found(&app.beta, "restore", def, &json!({ "id": victim.id })).await;
    }
}

/// A reference to another tenant's record is refused as one that does not exist, at creation and by patch, on both APIs.
async fn references(app: &TestApp, def: &ResourceDef) {
    let factory = app.factory(&app.beta);
    for field in factory::writable(def) {
        let Some(target) = factory.target(field) else { continue };
        let foreign = app.factory(&app.alpha).any(&target).await;
        let pointer = format!("/{}", field.name);
        // A rule of the resource may refuse the field first; that a record of that id exists elsewhere must not show.
        let missing = if field.example == "null" { "CONTRADICTION" } else { "REFERENCE_NOT_FOUND" };
        if def.creatable {
            let mut body = factory.body(def, Fill::Required).await;
            let dangling = format!("{}_01h455vb4pex5vsknk084sn02q", foreign.split('_').next().unwrap_or_default());
            let mut refusals = Vec::new();
            for id in [&foreign, &dangling] {
                body.insert(field.name.to_string(), json!(id));
                let refused =
                    app.beta.post(&format!("/v1/{}", def.path), &Json::Object(body.clone())).await.refused(422, "VALIDATION_FAILED");
                assert_eq!(refused["errors"][0]["pointer"], json!(pointer), "{refused}");
                assert_eq!(refused["errors"][0]["code"], json!(missing), "{refused}");
                refusals.push(refused["errors"].to_string().replace(id, "ID"));
            }
            assert_eq!(refusals.first(), refusals.last(), "the refusal tells a foreign record from none");
            let payload = app.beta.graphql(&document::mutation("create", def), json!({ "input": body })).await.data();
            assert_eq!(payload.pointer("/payload/userErrors/0/problem"), Some(&json!(missing)), "{payload}");
            assert_eq!(payload.pointer("/payload/record"), Some(&Json::Null), "{payload}");
        }
        if def.updatable && field.write == WriteMode::Writable {
            let own = factory.any(def).await;
            let path = format!("/v1/{}/{own}", def.path);
            let before = app.beta.get(&path).await.expect(200);
            let refused = app.beta.patch(&path, &json!({ field.name.as_ref(): foreign })).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["code"], json!("REFERENCE_NOT_FOUND"), "{refused}");
            assert_eq!(app.beta.get(&path).await.expect(200), before);
        }
    }
}

/// A key finds and changes only what is one's own: the same key makes a record of one's own.
async fn keys(app: &TestApp, def: &ResourceDef) {
    if !app.registry.is_upsertable(def) {
        return;
    }
    let external = app.registry.external_keys(def).map(|_| ("isolated".to_owned(), format!("shared/{}", def.name)));
    let own = def.keys().map(|(field, _)| (field.name.to_string(), text(&json!({ "v": factory::value(def, field) }), "v")));
    for (key, value) in external.into_iter().chain(own) {
        let encoded = form(&json!(value)).replace("%22", "");
        let path = format!("/v1/{}/by/{key}/{encoded}", def.path);
        let mut bodies = Vec::new();
        for client in [&app.alpha, &app.beta] {
            let mut body = app.factory(client).body(def, Fill::Required).await;
            body.remove(&key);
            bodies.push(Json::Object(body));
        }
        let made = app.alpha.send(Method::PUT, &path, &[], bodies.first()).await.expect(201);
        let victim = format!("/v1/{}/{}", def.path, text(&made, "id"));
        let shown = app.alpha.get(&victim).await.expect(200);
        assert_eq!(app.alpha.get(&path).await.expect(200)["id"], made["id"], "the owner does not find {path}");
        app.beta.get(&path).await.refused(404, "NOT_FOUND");
        let by = format!("query($key: RecordKey!) {{ record: {}By(key: $key) {{ id }} }}", def.name);
        let found = app.beta.graphql(&by, json!({ "key": { "key": key, "value": value } })).await.data();
        assert_eq!(found, json!({ "record": null }));
        app.beta.send(Method::PUT, &path, &[("if-match", "*")], bodies.last()).await.refused(412, "VERSION_CONFLICT");
        let other = app.beta.send(Method::PUT, &path, &[], bodies.last()).await.expect(201);
        assert_ne!(other["id"], made["id"], "{path}");
        let erase = |id: &Json| format!("/v1/{}/{}/erase", def.path, id.as_str().unwrap_or_default());
        app.beta.send(Method::POST, &erase(&made["id"]), &[], None).await.refused(404, "NOT_FOUND");
        if def.deletable {
            assert_eq!(app.beta.send(Method::POST, &erase(&other["id"]), &[], None).await.status, 204);
        }
        assert_eq!(app.alpha.get(&victim).await.expect(200), shown, "the other tenant's key changed {victim}");
        assert_eq!(app.alpha.get(&path).await.expect(200)["id"], made["id"]);
    }
}

/// That another tenant has an id cannot be seen: the same id makes a record of one's own.
async fn taken_id(app: &TestApp, def: &ResourceDef, victim: &Victim) {
    if !def.creatable {
        return;
    }
    let mut body = app.factory(&app.beta).body(def, Fill::Required).await;
    body.insert("id".to_owned(), json!(victim.id));
    let made = app.beta.post(&format!("/v1/{}", def.path), &Json::Object(body)).await.expect(factory::made(def));
    assert_eq!(made["id"], json!(victim.id));
    assert_eq!(app.alpha.get(&victim.path).await.expect(200), victim.shown);
    if def.deletable {
        assert_eq!(app.beta.delete(&victim.path).await.status, 204);
    }
    victim.is_untouched(app, "a record of the same id").await;
}

/// A deleted record is no easier to reach.
async fn deleted(app: &TestApp, def: &ResourceDef) {
    if !def.deletable {
        return;
    }
    let id = app.factory(&app.alpha).any(def).await;
    let path = format!("/v1/{}/{id}", def.path);
    assert_eq!(app.alpha.delete(&path).await.status, 204);
    let log = app.log(&id).await;
    app.beta.get(&format!("{path}?deleted=include")).await.refused(404, "NOT_FOUND");
    app.beta.send(Method::POST, &format!("{path}/restore"), &[], None).await.refused(404, "NOT_FOUND");
    not_found(&app.beta, "restore", def, &json!({ "id": id })).await;
    assert_eq!(app.log(&id).await, log);
}

async fn not_found(client: &Client, verb: &str, def: &ResourceDef, input: &Json) {
    let payload = client.graphql(&document::mutation(verb, def), json!({ "input": input })).await.data();
    assert_eq!(payload.pointer("/payload/userErrors/0/code"), Some(&json!("NOT_FOUND")), "{verb} {}: {payload}", def.name);
    assert_eq!(payload.pointer("/payload/record"), Some(&Json::Null), "{payload}");
}

/// Neither the victim's id nor any of its texts long enough to be its own appears.
fn absent(answer: &str, victim: &Victim, way: &str) {
    assert!(!answer.contains(&victim.id), "{way} shows {}: {answer}", victim.id);
}

/// Percent-encodes JSON for a query.
pub(crate) fn form(json: &Json) -> String {
    let mut out = String::new();
    for byte in json.to_string().bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The sweep is only as good as the factory: each tenant's records must really be its own.
#[tokio::test(flavor = "multi_thread")]
async fn each_tenant_sees_its_own() {
    both(|app| async move {
        for def in app.registry.resources().to_vec() {
            for client in [&app.alpha, &app.beta] {
                let id = app.factory(client).any(&def).await;
                let record = client.get(&format!("/v1/{}/{id}", def.path)).await.expect(200);
                assert_eq!(text(&record, "id"), id);
                for (_, field) in def.visible_fields() {
                    assert!(record.get(field.name.as_ref()).is_some(), "{}.{} is not shown", def.name, field.name);
                    assert!(!matches!(field.kind, FieldType::Id) || field.name == "id");
                }
            }
        }
    })
    .await;
}
