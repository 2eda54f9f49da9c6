//! What a merge made one is two again, as far as nothing has changed since; and what a merge keeps, field by field.

use clientela_testkit::factory::text;
use clientela_testkit::{Answer, Client, both};
use serde_json::{Value as Json, json};

async fn create(client: &Client, path: &str, body: Json) -> Json {
    client.post(&format!("/v1/{path}"), &body).await.expect(201)
}

async fn id(client: &Client, path: &str, body: Json) -> String {
    text(&create(client, path, body).await, "id")
}

async fn merge(client: &Client, survivor: &str, loser: &str) -> Json {
    client.post("/v1/parties/merge", &json!({"survivorId": survivor, "loserId": loser})).await.expect(200)
}

async fn unmerge(client: &Client, loser: &str) -> Answer {
    client.post("/v1/parties/unmerge", &json!({"loserId": loser})).await
}

async fn get(client: &Client, path: &str) -> Json {
    client.get(&format!("/v1/{path}")).await.expect(200)
}

/// A record without what every change changes.
fn lasting(mut record: Json) -> Json {
    let members = record.as_object_mut().expect("a record");
    for name in ["version", "updatedAt", "updatedBy"] {
        members.remove(name);
    }
    record
}

async fn snapshot(client: &Client, ids: &[(&str, &String)]) -> Vec<Json> {
    let mut records = Vec::new();
    for (path, id) in ids {
        records.push(lasting(get(client, &format!("{path}/{id}?deleted=include")).await));
    }
    for party in ["contacts"].iter().flat_map(|_| ids.iter().filter(|(path, _)| *path == "contacts")) {
        let points = format!("contact-points?filter[partyId][eq]={}&sort=value&deleted=include", party.1);
        let points = get(client, &points).await["data"].as_array().unwrap().iter().cloned().map(lasting).collect::<Vec<_>>();
        records.push(json!(points));
    }
    records
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_as_it_was() {
    both(|app| async move {
        let alpha = &app.alpha;
        let account = id(alpha, "accounts", json!({"name": "Käserei"})).await;
        let survivor = id(alpha, "contacts", json!({"name": "Anna Huber", "email": "anna@x.example", "tags": ["vip"]})).await;
        let loser = id(
            alpha,
            "contacts",
            json!({"name": "Anna Hubers", "email": "ANNA@x.example", "phone": "+43 512 555010", "title": "Buyer", "accountId": account, "tags": ["north"]}),
        )
        .await;
        let note = id(alpha, "notes", json!({"recordId": loser, "body": "Likes blue cheese"})).await;
        let gone = id(alpha, "notes", json!({"recordId": loser, "body": "Deleted before"})).await;
        alpha.delete(&format!("/v1/notes/{gone}")).await.expect(204);
        let role = id(alpha, "account-contacts", json!({"accountId": account, "contactId": loser, "role": "BUYER"})).await;
        let meeting = id(alpha, "interactions", json!({"kind": "MEETING", "subject": "Both", "occurredAt": "2026-01-02T10:00:00Z"})).await;
        let mut parts = Vec::new();
        for party in [&survivor, &loser] {
            parts.push(id(alpha, "interaction-participants", json!({"interactionId": meeting, "partyId": party})).await);
        }
        let person = id(alpha, "accounts", json!({"kind": "PERSON", "name": "Anna privately", "contactId": loser})).await;
        create(alpha, "external-ids", json!({"recordId": loser, "system": "erp", "value": "4711"})).await;
        let kind = id(alpha, "relationship-types", json!({"name": "leads", "inverseName": "is led by", "perFrom": "ONE"})).await;
        let led = id(alpha, "contacts", json!({"name": "Led"})).await;
        let leads = id(alpha, "relationships", json!({"typeId": kind, "fromPartyId": loser, "toPartyId": led})).await;
        let everything = [
            ("contacts", &survivor),
            ("contacts", &loser),
            ("notes", &note),
            ("notes", &gone),
            ("account-contacts", &role),
            ("interaction-participants", &parts[0]),
            ("interaction-participants", &parts[1]),
            ("accounts", &person),
            ("relationships", &leads),
        ];
        let before = snapshot(alpha, &everything).await;
        merge(alpha, &survivor, &loser).await;
        assert_ne!(snapshot(alpha, &everything).await, before);

        let tried = alpha.post("/v1/parties/unmerge?dryRun=true", &json!({"loserId": loser})).await.expect(200);
        assert_eq!(tried["contact"]["name"], "Anna Hubers");
        assert_eq!(alpha.get(&format!("/v1/contacts/{loser}")).await.status, 308, "it was only tried");

        let undone = unmerge(alpha, &loser).await.expect(200);
        assert_eq!((&undone["kept"], &undone["keptCount"]), (&json!([]), &json!(0)), "{undone}");
        assert_eq!(undone["contact"]["id"], json!(loser));
        assert_eq!(snapshot(alpha, &everything).await, before);
        assert_eq!(get(alpha, "contacts/by/erp/4711").await["id"], json!(loser));
        // Only once, and it can be merged again.
        unmerge(alpha, &loser).await.refused(422, "VALIDATION_FAILED");
        merge(alpha, &survivor, &loser).await;
        unmerge(alpha, &loser).await.expect(200);
        assert_eq!(snapshot(alpha, &everything).await, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_changed_since_stays_and_is_told() {
    both(|app| async move {
        let alpha = &app.alpha;
        let survivor = id(alpha, "contacts", json!({"name": "One"})).await;
        let loser = id(alpha, "contacts", json!({"name": "Other", "email": "o@x.example", "title": "Buyer", "department": "Dairy"})).await;
        let [edited, erased, moved] = [1, 2, 3].map(|number| json!({"recordId": loser, "body": format!("Note {number}")}));
        let (edited, erased, moved) = (id(alpha, "notes", edited).await, id(alpha, "notes", erased).await, id(alpha, "notes", moved).await);
        merge(alpha, &survivor, &loser).await;
        alpha.patch(&format!("/v1/notes/{edited}"), &json!({"body": "Edited since"})).await.expect(200);
        alpha.post(&format!("/v1/notes/{erased}/erase"), &json!({})).await;
        alpha.patch(&format!("/v1/contacts/{survivor}"), &json!({"title": "Head of purchasing"})).await.expect(200);
        let since = id(alpha, "notes", json!({"recordId": survivor, "body": "Made since"})).await;
        let undone = unmerge(alpha, &loser).await.expect(200);
        let mut told: Vec<_> = undone["kept"]
            .as_array()
            .unwrap()
            .iter()
            .map(|kept| (text(kept, "recordId"), kept["field"].as_str().map(str::to_owned), text(kept, "reason")))
            .collect();
        told.sort();
        let mut expected = vec![
            (edited.clone(), None, "CHANGED_SINCE".to_owned()),
            (erased, None, "ERASED".to_owned()),
            (survivor.clone(), Some("title".to_owned()), "CHANGED_SINCE".to_owned()),
        ];
        expected.sort();
        assert_eq!(told, expected, "{undone}");
        assert_eq!(undone["keptCount"], 3);
        for (note, owner) in [(&edited, &survivor), (&since, &survivor), (&moved, &loser)] {
            assert_eq!(get(alpha, &format!("notes/{note}")).await["recordId"], json!(owner));
        }
        let (one, other) = (get(alpha, &format!("contacts/{survivor}")).await, get(alpha, &format!("contacts/{loser}")).await);
        assert_eq!((&one["title"], &one["department"], &one["email"]), (&json!("Head of purchasing"), &Json::Null, &Json::Null));
        assert_eq!((&other["title"], &other["email"], &other["mergedIntoId"]), (&json!("Buyer"), &json!("o@x.example"), &Json::Null));

        // A chain is taken back from its end.
        let third = id(alpha, "contacts", json!({"name": "Third"})).await;
        merge(alpha, &survivor, &loser).await;
        merge(alpha, &third, &survivor).await;
        let refused = unmerge(alpha, &loser).await.refused(422, "VALIDATION_FAILED");
        assert_eq!(refused["errors"][0]["code"], "CONTRADICTION", "{refused}");
        unmerge(alpha, &survivor).await.expect(200);
        unmerge(alpha, &loser).await.expect(200);
        assert_eq!(get(alpha, &format!("notes/{moved}")).await["recordId"], json!(loser));
        for (client, id) in [(alpha, &third), (&app.beta, &loser)] {
            unmerge(client, id).await.refused(422, "VALIDATION_FAILED");
        }
        let deleted = id(alpha, "contacts", json!({"name": "Deleted"})).await;
        alpha.delete(&format!("/v1/contacts/{deleted}")).await.expect(204);
        unmerge(alpha, &deleted).await.refused(422, "VALIDATION_FAILED");
    })
    .await;
}

/// Two who take the same merge back at once do it once.
#[tokio::test(flavor = "multi_thread")]
async fn a_merge_is_taken_back_once() {
    both(|app| async move {
        let alpha = &app.alpha;
        for _ in 0..5 {
            let (survivor, loser) = (id(alpha, "contacts", json!({"name": "S"})).await, id(alpha, "contacts", json!({"name": "L"})).await);
            let note = id(alpha, "notes", json!({"recordId": loser, "body": "N"})).await;
            merge(alpha, &survivor, &loser).await;
            let (one, other) = tokio::join!(unmerge(alpha, &loser), unmerge(alpha, &loser));
            let mut statuses = [one.status, other.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 422], "{} {}", one.text(), other.text());
            assert_eq!(get(alpha, &format!("notes/{note}")).await["recordId"], json!(loser));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_keeps_field_by_field_what_was_said() {
    both(|app| async move {
        let alpha = &app.alpha;
        let survivor = json!({"name": "One", "title": "Mine", "department": "Mine", "source": "Mine", "tags": ["a"], "language": "de"});
        let survivor = id(alpha, "contacts", survivor).await;
        app.clock.advance(60_000);
        let loser = json!({"name": "Other", "title": "Theirs", "source": "Theirs", "birthDate": "1984-05-17", "email": "o@x.example", "tags": ["b"], "language": "it"});
        let loser = id(alpha, "contacts", loser).await;
        app.clock.advance(60_000);
        alpha.patch(&format!("/v1/contacts/{survivor}"), &json!({"source": "Mine later"})).await.expect(200);
        let fields = json!([
            {"field": "title", "keep": "MOST_RECENT"},
            {"field": "source", "keep": "MOST_RECENT"},
            {"field": "department", "keep": "LOSER"},
            {"field": "birthDate", "keep": "SURVIVOR"},
            {"field": "city", "keep": "VALUE", "value": "Innsbruck"},
            {"field": "tags", "keep": "VALUE", "value": "c, d"},
        ]);
        let body = json!({"survivorId": survivor, "loserId": loser, "fields": fields});
        let merged = alpha.post("/v1/parties/merge", &body).await.expect(200);
        let contact = &merged["contact"];
        let shown = ["title", "source", "department", "birthDate", "city", "tags", "email", "language", "name"].map(|field| contact[field].clone());
        assert_eq!(
            json!(shown),
            json!(["Theirs", "Mine later", null, null, "Innsbruck", ["c", "d"], "o@x.example", "de", "One"]),
            "{contact}"
        );
        unmerge(alpha, &loser).await.expect(200);
        let one = get(alpha, &format!("contacts/{survivor}")).await;
        let again = ["title", "source", "department", "city", "tags"].map(|field| one[field].clone());
        assert_eq!(json!(again), json!(["Mine", "Mine later", "Mine", null, ["a"]]), "{one}");

        for (field, code) in [
            (json!([{"field": "nonsense", "keep": "LOSER"}]), "NOT_ALLOWED"),
            (json!([{"field": "title", "keep": "LOSER", "value": "x"}]), "CONTRADICTION"),
            (json!([{"field": "title", "keep": "LOSER"}, {"field": "title", "keep": "SURVIVOR"}]), "CONTRADICTION"),
            (json!([{"field": "birthDate", "keep": "VALUE", "value": "yesterday"}]), "INVALID_FORMAT"),
        ] {
            let body = json!({"survivorId": survivor, "loserId": loser, "fields": field});
            let refused = alpha.post("/v1/parties/merge", &body).await.refused(422, "VALIDATION_FAILED");
            assert_eq!(refused["errors"][0]["code"], code, "{refused}");
        }
        let otherwise = json!({"survivorId": survivor, "loserId": loser, "otherwise": "SURVIVOR"});
        let merged = alpha.post("/v1/parties/merge", &otherwise).await.expect(200);
        assert_eq!((&merged["contact"]["birthDate"], &merged["contact"]["tags"]), (&Json::Null, &json!(["a"])));
    })
    .await;
}
