//! Two records of one customer become one: nothing that named the one that goes is lost, and its id leads on for ever.

use clientela_engine::ids::mint;
use clientela_kernel::Clock as _;
use clientela_model::{FieldDef, FieldType, ResourceDef};
use clientela_testkit::factory::{Fill, text};
use clientela_testkit::{Answer, Client, TestApp, both};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};

async fn create(client: &Client, path: &str, body: Json) -> Json {
    client.post(&format!("/v1/{path}"), &body).await.expect(201)
}

async fn merge(client: &Client, survivor: &str, loser: &str) -> Answer {
    client.post("/v1/parties/merge", &json!({"survivorId": survivor, "loserId": loser})).await
}

async fn listed(client: &Client, path: &str) -> Vec<Json> {
    client.get(path).await.expect(200)["data"].as_array().unwrap().clone()
}

/// Every reference to one of these ids, in whatever record, living or deleted.
async fn references(app: &TestApp, id: &str) -> Vec<String> {
    let suffix = id.rsplit('_').next().unwrap();
    let mut found = Vec::new();
    for def in app.registry.resources().iter().filter(|def| !def.mirror) {
        let mut path = format!("/v1/{}?limit=1000&deleted=include", def.path);
        loop {
            let page = app.alpha.get(&path).await.expect(200);
            for record in page["data"].as_array().unwrap() {
                let names = |field: &&FieldDef| {
                    matches!(field.kind, FieldType::Reference(_) | FieldType::AnyReference(_))
                        && record[field.name.as_ref()].as_str().is_some_and(|value| value.ends_with(suffix))
                };
                found.extend(def.fields.iter().filter(names).map(|field| format!("{}.{} {}", def.name, field.name, record["id"])));
            }
            match page["page"]["next"].as_str() {
                Some(next) => path = format!("/v1/{}?limit=1000&deleted=include&after={next}", def.path),
                None => break,
            }
        }
    }
    found
}

#[tokio::test]
async fn one_person_twice_becomes_one() {
    both(|app| async move {
        let alpha = &app.alpha;
        let account = text(&create(alpha, "accounts", json!({"name": "Käserei"})).await, "id");
        let anna = json!({"firstName": "Anna", "lastName": "Huber", "email": "anna@alp.example", "tags": ["vip"]});
        let survivor = text(&create(alpha, "contacts", anna).await, "id");
        let twin = json!({"firstName": "Anna", "lastName": "Hubers", "email": "ANNA@alp.example", "phone": "+43 512 1", "accountId": account,
            "title": "Buyer", "tags": ["north", "vip"]});
        let loser = text(&create(alpha, "contacts", twin).await, "id");
        create(alpha, "contact-points", json!({"partyId": loser, "kind": "EMAIL", "value": "private@alp.example"})).await;
        create(alpha, "external-ids", json!({"recordId": loser, "system": "erp", "value": "4711"})).await;
        let note = text(&create(alpha, "notes", json!({"recordId": loser, "body": "Likes blue cheese"})).await, "id");
        let gone = text(&create(alpha, "notes", json!({"recordId": loser, "body": "Deleted before"})).await, "id");
        alpha.delete(&format!("/v1/notes/{gone}")).await.expect(204);
        let both_there = text(&create(alpha, "interactions", json!({"kind": "MEETING", "subject": "Both", "occurredAt": "2026-01-02T10:00:00Z"})).await, "id");
        for party in [&survivor, &loser] {
            create(alpha, "interaction-participants", json!({"interactionId": both_there, "partyId": party})).await;
        }
        let person = text(&create(alpha, "accounts", json!({"kind": "PERSON", "name": "Anna privately", "contactId": loser})).await, "id");

        let tried = alpha.post("/v1/parties/merge?dryRun=true", &json!({"survivorId": survivor, "loserId": loser})).await.expect(200);
        assert_eq!(tried["contact"]["phone"], "+43 512 1", "{tried}");
        assert_eq!(alpha.get(&format!("/v1/contacts/{loser}")).await.expect(200)["lastName"], "Hubers", "it was only tried");

        let merged = merge(alpha, &survivor, &loser).await.expect(200);
        let contact = &merged["contact"];
        assert_eq!((&contact["lastName"], &contact["phone"], &contact["title"]), (&json!("Huber"), &json!("+43 512 1"), &json!("Buyer")));
        assert_eq!((&contact["email"], &contact["accountId"]), (&json!("anna@alp.example"), &json!(account)));
        assert_eq!(contact["tags"], json!(["north", "vip"]));
        let moved = |resource: &str| merged["moved"].as_array().unwrap().iter().find(|moved| moved["resource"] == resource).cloned().unwrap();
        assert_eq!(moved("contactPoint"), json!({"resource": "contactPoint", "moved": 2, "dropped": 1}));
        assert_eq!(moved("note"), json!({"resource": "note", "moved": 2, "dropped": 0}));
        assert_eq!(moved("interactionParticipant"), json!({"resource": "interactionParticipant", "moved": 0, "dropped": 1}));

        // The points are the survivor's, each once, with one preferred of each kind, which is the plain field.
        let points = listed(alpha, &format!("/v1/contact-points?filter[partyId][eq]={survivor}&sort=value")).await;
        let shown: Vec<_> = points.iter().map(|point| (point["value"].as_str().unwrap(), point["preferred"].as_bool().unwrap())).collect();
        assert_eq!(shown, [("+43 512 1", true), ("anna@alp.example", true), ("private@alp.example", false)]);
        assert_eq!(alpha.get("/v1/contacts/by/erp/4711").await.expect(200)["id"], json!(survivor));
        assert_eq!(alpha.get(&format!("/v1/notes/{note}")).await.expect(200)["recordId"], json!(survivor));
        assert_eq!(alpha.get(&format!("/v1/accounts/{person}")).await.expect(200)["contactId"], json!(survivor));
        alpha.post(&format!("/v1/notes/{gone}/restore"), &json!({})).await.expect(200);
        assert_eq!(references(&app, &loser).await, [format!("contact.partyId \"{loser}\"")], "its own identity is its own");

        // The old id leads on, on both APIs.
        let redirect = alpha.get(&format!("/v1/contacts/{loser}?fields=name")).await;
        assert_eq!((redirect.status, redirect.header("location")), (308, Some(format!("/v1/contacts/{survivor}?fields=name").as_str())));
        let query = "query($id: ID!) { contact(id: $id) { id } node(id: $id) { id } }";
        assert_eq!(alpha.graphql(query, json!({"id": loser})).await.data(), json!({"contact": {"id": survivor}, "node": {"id": survivor}}));
        let kept = alpha.get(&format!("/v1/contacts/{loser}?deleted=include")).await.expect(200);
        assert_eq!(kept["mergedIntoId"], json!(survivor));
        app.beta.get(&format!("/v1/contacts/{loser}")).await.refused(404, "NOT_FOUND");

        // And on, when the survivor goes as well.
        let last = text(&create(alpha, "contacts", json!({"lastName": "Last"})).await, "id");
        merge(alpha, &last, &survivor).await.expect(200);
        assert_eq!(alpha.get(&format!("/v1/contacts/{loser}")).await.header("location"), Some(format!("/v1/contacts/{last}").as_str()));
        assert_eq!(alpha.get("/v1/contacts/by/erp/4711").await.expect(200)["id"], json!(last));
    })
    .await;
}

/// Whatever resource there is or will be: what can name a contact or an account follows it.
#[tokio::test]
async fn every_reference_of_every_resource_follows() {
    both(|app| async move {
        let factory = app.factory(&app.alpha);
        let mut followed = 0;
        for (face, prefix) in [("contact", "con"), ("account", "acc")] {
            let def = app.registry.resource(face).unwrap();
            let loser = text(&factory.create(def, Fill::Required).await, "id");
            let survivor = text(&factory.create(def, Fill::Required).await, "id");
            let names = |field: &FieldDef| match &field.kind {
                FieldType::Reference(reference) => reference.target == face || reference.target == "party",
                FieldType::AnyReference(reference) => reference.by_prefix(prefix).is_some(),
                _ => false,
            };
            let mut made: Vec<(std::sync::Arc<ResourceDef>, String, String)> = Vec::new();
            for other in app.registry.resources().iter().filter(|other| other.creatable) {
                for field in other.fields.iter().filter(|field| names(field)) {
                    let mut body = factory.body(other, Fill::Required).await;
                    body.insert(field.name.to_string(), json!(loser));
                    let answer = app.alpha.post(&format!("/v1/{}", other.path), &Json::Object(body)).await;
                    // Some fields are for some kinds of records only, or the server's own.
                    if answer.status == 201 {
                        made.push((std::sync::Arc::clone(other), field.name.to_string(), text(&answer.json(), "id")));
                    }
                }
            }
            merge(&app.alpha, &survivor, &loser).await.expect(200);
            let left: Vec<String> =
                references(&app, &loser).await.into_iter().filter(|place| !place.ends_with(&format!("\"{loser}\""))).collect();
            assert_eq!(left, [""; 0]);
            let suffix = survivor.rsplit('_').next().unwrap();
            for (other, field, id) in &made {
                let record = app.alpha.get(&format!("/v1/{}/{id}?deleted=include", other.path)).await.expect(200);
                assert!(record[field].as_str().unwrap().ends_with(suffix), "{}.{field}: {record}", other.name);
            }
            followed += made.len();
        }
        assert!(followed >= 12, "only {followed} references were tried");
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_merged_is_left_as_it_is() {
    both(|app| async move {
        let alpha = &app.alpha;
        let contact = text(&create(alpha, "contacts", json!({"lastName": "One"})).await, "id");
        let other = text(&create(alpha, "contacts", json!({"lastName": "Other"})).await, "id");
        let foreign = text(&create(&app.beta, "contacts", json!({"lastName": "Foreign"})).await, "id");
        let account = text(&create(alpha, "accounts", json!({"name": "Company"})).await, "id");
        let household = text(&create(alpha, "accounts", json!({"kind": "HOUSEHOLD", "name": "Family"})).await, "id");
        let persons = [&contact, &other].map(|id| json!({"kind": "PERSON", "name": "P", "contactId": id}));
        let persons = join_all(persons.into_iter().map(|body| create(alpha, "accounts", body))).await;
        for (survivor, loser, code) in [
            (contact.as_str(), contact.as_str(), "CONTRADICTION"),
            (&contact, &account, "CONTRADICTION"),
            (&account, &household, "CONTRADICTION"),
            (persons[0]["id"].as_str().unwrap(), persons[1]["id"].as_str().unwrap(), "CONTRADICTION"),
            (&contact, &foreign, "REFERENCE_NOT_FOUND"),
            (&foreign, &contact, "REFERENCE_NOT_FOUND"),
        ] {
            let refused = merge(alpha, survivor, loser).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["code"], code, "{refused}");
        }
        let take = json!({"survivorId": contact, "loserId": other, "take": ["phone", "nonsense", "partyId"]});
        let refused = alpha.post("/v1/parties/merge", &take).await.refused(422, "VALIDATION_FAILED");
        assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][1]["pointer"]), (&json!("/take/1"), &json!("/take/2")));
        app.reader.post("/v1/parties/merge", &json!({"survivorId": contact, "loserId": other})).await.refused(403, "FORBIDDEN");
        for id in [&contact, &other] {
            assert_eq!(alpha.get(&format!("/v1/contacts/{id}")).await.expect(200)["version"], 1);
        }
        // Merged once, it cannot go again.
        merge(alpha, &contact, &other).await.expect(200);
        merge(alpha, &contact, &other).await.refused(422, "VALIDATION_FAILED");
        alpha.patch(&format!("/v1/contacts/{other}"), &json!({"lastName": "Late"})).await.refused(409, "RECORD_DELETED");
    })
    .await;
}

#[tokio::test]
async fn a_company_that_is_merged_with_its_head_takes_its_place() {
    both(|app| async move {
        let alpha = &app.alpha;
        let mut above = Json::Null;
        let mut ids = Vec::new();
        for name in ["Holding", "Head", "Middle", "Branch"] {
            above = create(alpha, "accounts", json!({"name": name, "parentId": above})).await["id"].clone();
            ids.push(above.as_str().unwrap().to_owned());
        }
        let [holding, head, middle, branch] = ids.as_slice() else { panic!() };
        merge(alpha, branch, head).await.expect(200);
        let parent = async |id: &String| alpha.get(&format!("/v1/accounts/{id}")).await.expect(200)["parentId"].clone();
        assert_eq!((parent(branch).await, parent(middle).await), (json!(holding), json!(branch)));
        merge(alpha, holding, middle).await.expect(200);
        assert_eq!((parent(branch).await, parent(holding).await), (json!(holding), Json::Null));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_are_merged_into_one_another_at_once_leave_one() {
    both(|app| async move {
        for _ in 0..10 {
            let one = text(&create(&app.alpha, "contacts", json!({"lastName": "One", "email": "one@x.example"})).await, "id");
            let other = text(&create(&app.alpha, "contacts", json!({"lastName": "Other", "phone": "+43 1 2345"})).await, "id");
            let (here, there) = tokio::join!(merge(&app.alpha, &one, &other), merge(&app.alpha, &other, &one));
            assert_eq!([here.status, there.status].iter().filter(|status| **status == 200).count(), 1, "{} {}", here.text(), there.text());
            let (left, gone) = if here.status == 200 { (&one, &other) } else { (&other, &one) };
            let left_record = app.alpha.get(&format!("/v1/contacts/{left}")).await.expect(200);
            assert_eq!((&left_record["email"], &left_record["phone"]), (&json!("one@x.example"), &json!("+43 1 2345")));
            assert_eq!(app.alpha.get(&format!("/v1/contacts/{gone}")).await.status, 308);
        }
    })
    .await;
}

/// Who edits the loser meanwhile is either in time, and the edit goes along, or is told that the record is gone.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_the_loser_goes_along_or_is_refused() {
    both(|app| async move {
        for round in 0..16 {
            let survivor = text(&create(&app.alpha, "contacts", json!({"lastName": "Stays"})).await, "id");
            let loser = text(&create(&app.alpha, "contacts", json!({"lastName": "Goes"})).await, "id");
            let (path, title) = (format!("/v1/contacts/{loser}"), format!("Title {round}"));
            let (edit, change) = (json!({"title": title}), merge(&app.alpha, &survivor, &loser));
            let (merged, edited) = tokio::join!(change, app.alpha.patch(&path, &edit));
            merged.expect(200);
            let kept = app.alpha.get(&format!("/v1/contacts/{survivor}")).await.expect(200);
            if edited.status == 200 {
                assert_eq!(kept["title"], json!(title), "an edit was acknowledged and is lost");
            } else {
                edited.refused(409, "RECORD_DELETED");
                assert_eq!(kept["title"], Json::Null, "an edit was refused and is there");
            }
        }
    })
    .await;
}

/// How many merges, edits, children and merges taken back are made; `CLIENTELA_MERGE_STEPS=10000` by hand.
fn steps() -> u64 {
    std::env::var_os("CLIENTELA_MERGE_STEPS").and_then(|text| text.to_str()?.parse().ok()).unwrap_or(240)
}

/// Merges, merges taken back, children and edits at random from eight sides: every child is there once and names somebody who lives, and
/// every old id leads to somebody who lives.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_while_everybody_merges() {
    both(|app| async move {
        let bodies = (0..24).map(|number| create(&app.alpha, "contacts", json!({"lastName": format!("Person {number}")})));
        let ids: Vec<String> = join_all(bodies).await.iter().map(|contact| text(contact, "id")).collect();
        let workers = (0..8u64).map(|worker| {
            let (client, ids, now) = (app.alpha.clone(), ids.clone(), app.clock.now());
            async move {
                let mut made = Vec::new();
                for round in 0..steps() / 8 {
                    // A sequence without order, the same in every run.
                    let drawn = (worker * 7_919 + round * 104_729 + 13) * 2_654_435_761;
                    let pick = |shift: u32| &ids[usize::try_from(drawn >> shift).unwrap() % ids.len()];
                    let (one, other) = (pick(7), pick(19));
                    match drawn >> 11 & 7 {
                        0 => {
                            let answer = merge(&client, one, other).await;
                            assert!(matches!(answer.status, 200 | 409 | 422), "{}", answer.describe());
                        }
                        7 => {
                            let answer = client.post("/v1/parties/unmerge", &json!({"loserId": one})).await;
                            assert!(matches!(answer.status, 200 | 409 | 422), "{}", answer.describe());
                        }
                        1 => {
                            let answer = client.patch(&format!("/v1/contacts/{one}"), &json!({"title": format!("Title {round}")})).await;
                            assert!(matches!(answer.status, 200 | 409), "{}", answer.describe());
                        }
                        2..=4 => {
                            let id = mint(now).to_text("not");
                            let answer = client.post("/v1/notes", &json!({"id": id, "recordId": one, "body": "child"})).await;
                            assert!(matches!(answer.status, 201 | 422), "{}", answer.describe());
                            made.extend((answer.status == 201).then_some(("notes", "recordId", id)));
                        }
                        _ => {
                            let id = mint(now).to_text("cpt");
                            let value = format!("{worker}.{round}@x.example");
                            let body = json!({"id": id, "partyId": one, "kind": "EMAIL", "value": value});
                            let answer = client.post("/v1/contact-points", &body).await;
                            assert!(matches!(answer.status, 201 | 422), "{}", answer.describe());
                            made.extend((answer.status == 201).then_some(("contact-points", "partyId", id)));
                        }
                    }
                }
                made
            }
        });
        let made: Vec<_> = join_all(workers).await.into_iter().flatten().collect();
        let living = listed(&app.alpha, "/v1/contacts?limit=1000&fields=id,email").await;
        let lives = |id: &str| living.iter().any(|contact| text(contact, "id").rsplit('_').next() == id.rsplit('_').next());
        assert!(ids.iter().any(|id| !lives(id)), "nobody was merged");
        for id in &ids {
            let answer = app.alpha.get(&format!("/v1/contacts/{id}")).await;
            let place = answer.header("location").map_or_else(|| id.clone(), |place| place.rsplit('/').next().unwrap().to_owned());
            assert!(lives(&place), "{id} leads to {place}: {}", answer.describe());
        }
        for (path, field, id) in &made {
            let child = app.alpha.get(&format!("/v1/{path}/{id}")).await.expect(200);
            assert!(lives(child[field].as_str().unwrap()), "{path} {child}");
        }
        // What is preferred is what the plain field says, and there is one of it.
        for contact in &living {
            let preferred =
                format!("/v1/contact-points?filter[partyId][eq]={}&filter[kind][eq]=EMAIL&filter[preferred][eq]=true", text(contact, "id"));
            let preferred = listed(&app.alpha, &preferred).await;
            let values: Vec<&Json> = preferred.iter().map(|point| &point["value"]).collect();
            assert_eq!(values, contact["email"].as_str().map(|_| &contact["email"]).into_iter().collect::<Vec<_>>(), "{contact}");
        }
    })
    .await;
}

#[tokio::test]
async fn who_was_merged_does_not_come_back_alone() {
    both(|app| async move {
        let alpha = &app.alpha;
        let survivor = text(&create(alpha, "contacts", json!({"name": "Anna", "email": "anna@alp.example"})).await, "id");
        let loser = text(&create(alpha, "contacts", json!({"name": "Anna H.", "email": "ah@alp.example"})).await, "id");
        merge(alpha, &survivor, &loser).await.expect(200);
        let path = format!("/v1/contacts/{loser}");
        let restored = alpha.post(&format!("{path}/restore"), &json!({})).await.refused(409, "RECORD_DELETED");
        assert!(text(&restored, "detail").contains(&survivor), "{restored}");
        let written = alpha.patch(&path, &json!({"title": "Buyer"})).await.refused(409, "RECORD_DELETED");
        assert!(text(&written, "detail").contains(&survivor), "{written}");
        let rows = json!({ "rows": [{ "restore": { "id": loser } }] });
        let answer = alpha.post("/v1/contacts/batch", &rows).await.expect(200);
        assert_eq!(answer["results"][0]["status"], json!(409), "{answer}");
        // The way back is open all the same.
        alpha.post("/v1/parties/unmerge", &json!({"loserId": loser})).await.expect(200);
        assert_eq!(alpha.get(&path).await.expect(200)["email"], json!("ah@alp.example"));
    })
    .await;
}
