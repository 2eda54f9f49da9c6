//! Who knows whom: levels, ways, circles, and no further than asked.

use clientela_testkit::factory::text;
use clientela_testkit::{Client, both};
use serde_json::{Value as Json, json};

async fn create(client: &Client, path: &str, body: Json) -> String {
    text(&client.post(&format!("/v1/{path}"), &body).await.expect(201), "id")
}

fn bare(id: &str) -> String {
    id.rsplit('_').next().unwrap_or_default().to_owned()
}

async fn graph(client: &Client, body: Json) -> Json {
    client.post("/v1/parties/relationship-graph", &body).await.expect(200)
}

/// Names with their distances, sorted.
fn around(graph: &Json) -> Vec<(String, i64)> {
    let mut seen: Vec<_> =
        graph["parties"].as_array().unwrap().iter().map(|party| (text(party, "name"), party["distance"].as_i64().unwrap())).collect();
    seen.sort_by(|one, other| (one.1, &one.0).cmp(&(other.1, &other.0)));
    seen
}

fn named(expected: &[(&str, i64)]) -> Vec<(String, i64)> {
    expected.iter().map(|(name, distance)| ((*name).to_owned(), *distance)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_is_shown_among_others() {
    both(|app| async move {
        let alpha = &app.alpha;
        let knows = create(alpha, "relationship-types", json!({"name": "knows", "symmetric": true})).await;
        let parent = create(alpha, "relationship-types", json!({"name": "is parent of", "inverseName": "is child of"})).await;
        let mut ids = Vec::new();
        for name in ["A", "B", "C", "D", "E"] {
            ids.push(create(alpha, "contacts", json!({"name": name})).await);
        }
        let [a, b, c, d, e] = ids.as_slice() else { panic!() };
        let company = create(alpha, "accounts", json!({"name": "Company"})).await;
        let relate = async |kind: &str, from: &str, to: &str, until: Json| {
            create(alpha, "relationships", json!({"typeId": kind, "fromPartyId": from, "toPartyId": to, "until": until})).await
        };
        // A circle: A is parent of B, of C, of A; C knows D; D and E work at the company.
        let first = relate(&parent, a, b, Json::Null).await;
        relate(&parent, b, c, Json::Null).await;
        relate(&parent, c, a, json!("2020-01-01")).await;
        relate(&knows, d, c, Json::Null).await;
        for contact in [d, e] {
            create(alpha, "account-contacts", json!({"accountId": company, "contactId": contact, "role": "BUYER"})).await;
        }
        let near = graph(alpha, json!({"partyId": a, "depth": 1})).await;
        assert_eq!(around(&near), named(&[("A", 0), ("B", 1), ("C", 1)]), "{near}");
        assert_eq!(near["truncated"], false);
        assert!(near["links"].as_array().unwrap().iter().any(|link| link["relationshipId"] == json!(first)), "{near}");
        let far = graph(alpha, json!({"partyId": a, "depth": 10, "toPartyId": e})).await;
        assert_eq!(around(&far), named(&[("A", 0), ("B", 1), ("C", 1), ("D", 2), ("Company", 3), ("E", 4)]), "{far}");
        let path: Vec<String> = far["path"].as_array().unwrap().iter().map(|id| bare(id.as_str().unwrap())).collect();
        assert_eq!(path, [a, c, d, &company, e].map(|id| bare(id)));
        assert_eq!(far["links"].as_array().unwrap().len(), 6, "each link once: {far}");
        // One way only; a symmetric one goes either way.
        let outgoing = graph(alpha, json!({"partyId": a, "depth": 3, "direction": "OUTGOING"})).await;
        assert_eq!(around(&outgoing), named(&[("A", 0), ("B", 1), ("C", 2), ("D", 3)]), "{outgoing}");
        let incoming = graph(alpha, json!({"partyId": c, "depth": 1, "direction": "INCOMING"})).await;
        assert_eq!(around(&incoming), named(&[("C", 0), ("B", 1), ("D", 1)]));
        let staff = graph(alpha, json!({"partyId": company, "depth": 1, "direction": "INCOMING"})).await;
        assert_eq!(around(&staff), named(&[("Company", 0), ("D", 1), ("E", 1)]));
        let typed = graph(alpha, json!({"partyId": c, "typeIds": [knows], "accountContacts": false, "depth": 5})).await;
        assert_eq!(around(&typed), named(&[("C", 0), ("D", 1)]));
        // On a day when C was A's parent no more.
        let today = graph(alpha, json!({"partyId": a, "depth": 1, "on": "2024-05-01"})).await;
        assert_eq!(around(&today), named(&[("A", 0), ("B", 1)]));
        // No further than asked, and it says so.
        let little = graph(alpha, json!({"partyId": c, "depth": 3, "limit": 2})).await;
        assert_eq!((little["parties"].as_array().unwrap().len(), &little["truncated"]), (3, &json!(true)));
        let none = graph(alpha, json!({"partyId": a, "depth": 1, "toPartyId": e})).await;
        assert_eq!(none["path"], json!([]));
        // Whoever is deleted is on nobody's way.
        alpha.delete(&format!("/v1/contacts/{c}")).await.expect(204);
        assert_eq!(around(&graph(alpha, json!({"partyId": a, "depth": 9})).await), named(&[("A", 0), ("B", 1)]));
        let strange =
            json!({"partyId": a, "typeIds": [create(&app.beta, "relationship-types", json!({"name": "x", "inverseName": "y"})).await]});
        alpha.post("/v1/parties/relationship-graph", &strange).await.refused(422, "VALIDATION_FAILED");
        app.beta.post("/v1/parties/relationship-graph", &json!({"partyId": a})).await.refused(422, "VALIDATION_FAILED");
        let query = "query($input: RelationshipGraphInput!) { relationshipGraph(input: $input) { parties { name distance } truncated } }";
        let answer = alpha.graphql(query, json!({"input": {"partyId": a, "depth": 1}})).await.data();
        assert_eq!(around(&answer["relationshipGraph"]), named(&[("A", 0), ("B", 1)]));
    })
    .await;
}
