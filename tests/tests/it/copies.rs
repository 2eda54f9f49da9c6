//! A copied field is what its original is, however it is read, and changes with it.

use clientela_testkit::both;
use clientela_testkit::factory::{Fill, other_value, text};
use serde_json::{Map, Value as Json, json};

#[tokio::test(flavor = "multi_thread")]
async fn copies_follow_their_originals() {
    both(|app| async move {
        let mut swept = 0;
        for def in app.registry.resources().to_vec() {
            for reference in def.fields.iter().filter_map(|field| field.reference()) {
                let copies: Vec<_> = def
                    .fields
                    .iter()
                    .filter_map(|field| field.copy_of.as_ref().filter(|copy| copy.relation == reference.relation).map(|copy| (field, copy)))
                    .collect();
                if copies.is_empty() {
                    continue;
                }
                swept += copies.len();
                let target = app.registry.resource(&reference.target).expect("the registry links references").clone();
                let id = text(&app.factory(&app.alpha).create(&def, Fill::Everything).await, "id");
                let path = format!("/v1/{}/{id}?expand={}", def.path, reference.relation);
                let before = app.alpha.get(&path).await.expect(200);
                let original = text(&before[reference.relation.as_ref()], "id");
                let mut patch = Map::new();
                for (_, copy) in &copies {
                    let field = target.field(&copy.field).expect("a copy has an original");
                    let value = other_value(field, &before[reference.relation.as_ref()][copy.field.as_ref()]);
                    patch.insert(copy.field.to_string(), value.expect("another value"));
                }
                // Nothing ends before it begins.
                if let Some(moved) = patch.get("startsAt").cloned() {
                    patch.insert("endsAt".to_owned(), moved);
                }
                let at = format!("/v1/{}/{original}", target.path);
                app.alpha.patch(&at, &Json::Object(patch.clone())).await.expect(200);

                // The whole record is joined; the copied fields alone are read without a join.
                let joined = app.alpha.get(&path).await.expect(200);
                let wanted: Vec<&str> = copies.iter().map(|(_, copy)| copy.field.as_ref()).chain(["id", "__typename"]).collect();
                let query = format!("{{ node: {}(id: \"{id}\") {{ {} {{ {} }} }} }}", def.name, reference.relation, wanted.join(" "));
                let copied = app.alpha.graphql(&query, json!({})).await.expect(200)["data"]["node"][reference.relation.as_ref()].clone();
                for (field, copy) in &copies {
                    let value = &patch[copy.field.as_ref()];
                    assert_eq!(&joined[field.name.as_ref()], value, "{}.{}", def.name, field.name);
                    assert_eq!(&joined[reference.relation.as_ref()][copy.field.as_ref()], value, "{} joined", copy.field);
                    assert_eq!(&copied[copy.field.as_ref()], value, "{} copied", copy.field);
                }
                assert_eq!(copied["id"], json!(original));

                // A deleted original reads as absent, also beside a copy that is asked for in spite of its deletion.
                app.alpha.delete(&at).await.expect(204);
                let list = format!("/v1/{}?deleted=only&expand={}&filter%5Bid%5D%5Beq%5D={id}", def.path, reference.relation);
                let deleted = app.alpha.get(&list).await.expect(200);
                assert_eq!(deleted["data"][0][reference.relation.as_ref()], Json::Null, "{deleted}");
            }
        }
        assert!(swept >= 3, "the registry has copies");
    })
    .await;
}
