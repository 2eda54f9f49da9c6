//! Pages: forward, backward and unpaged give the same rows in the same order, for every sortable field, with ties and
//! empty values, also while records are inserted.

use clientela_model::{FieldType, ResourceDef};
use clientela_testkit::factory::{Fill, text, writable};
use clientela_testkit::{Client, TestApp, both};
use serde_json::{Value as Json, json};

/// Ids of a whole list, by pages.
async fn walk(client: &Client, list: &str, limit: u32, forward: bool) -> Vec<String> {
    let (cursor, turn) = if forward { ("next", "after") } else { ("previous", "before") };
    // Backward starts at the end, which one reaches forward.
    let mut at = if forward { None } else { last(client, list, limit).await };
    let mut ids = Vec::new();
    if let Some((_, page)) = &at {
        ids = page.iter().rev().cloned().collect();
    }
    loop {
        let place = match &at {
            Some((Some(place), _)) => format!("&{turn}={place}"),
            Some((None, _)) => return ids,
            None => String::new(),
        };
        let page = client.get(&format!("{list}&limit={limit}{place}")).await.expect(200);
        let mut found = ids_of(&page);
        assert!(found.len() <= limit as usize);
        if !forward {
            found.reverse();
        }
        ids.append(&mut found);
        at = Some((page["page"][cursor].as_str().map(str::to_owned), Vec::new()));
        assert_eq!(page["page"]["hasMore"].as_bool(), Some(page["page"]["next"].is_string()), "{}", page["page"]);
    }
}

/// The last page of a forward walk: where to go back from, and its ids.
async fn last(client: &Client, list: &str, limit: u32) -> Option<(Option<String>, Vec<String>)> {
    let mut place = String::new();
    loop {
        let page = client.get(&format!("{list}&limit={limit}{place}")).await.expect(200);
        match page["page"]["next"].as_str() {
            Some(next) => place = format!("&after={next}"),
            None => return Some((page["page"]["previous"].as_str().map(str::to_owned), ids_of(&page))),
        }
    }
}

fn ids_of(page: &Json) -> Vec<String> {
    page["data"].as_array().unwrap_or_else(|| panic!("no data in {page}")).iter().map(|record| text(record, "id")).collect()
}

/// Records with ties, and with and without optional values.
async fn fill(app: &TestApp, def: &ResourceDef, count: usize) {
    for number in 0..count {
        if number % 3 == 0 {
            app.factory(&app.alpha).create(def, Fill::Required).await;
        } else {
            app.factory(&app.alpha).create(def, Fill::Everything).await;
        }
        app.clock.advance(i64::try_from(number % 2).unwrap_or(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_join_into_the_whole_list() {
    both(|app| async move {
        for def in app.registry.resources().to_vec() {
            if !def.creatable {
                continue;
            }
            fill(&app, &def, 11).await;
            let sortable = def.visible_fields().filter(|(_, field)| field.sort).map(|(_, field)| field.name.to_string());
            let through = def.relations.iter().filter(|relation| relation.is_to_one()).filter_map(|relation| {
                let target = app.registry.target(relation)?;
                Some(format!("{}.{}", relation.name, target.field(&target.label)?.name))
            });
            let mut orders: Vec<String> = sortable.chain(through).flat_map(|key| [format!("-{key}"), key]).collect();
            orders.push(String::new());
            orders.push("-createdBy,updatedBy,createdAt".to_owned());
            for order in orders {
                let list = if order.is_empty() { format!("/v1/{}?", def.path) } else { format!("/v1/{}?sort={order}", def.path) };
                let whole = ids_of(&app.alpha.get(&format!("{list}&limit=1000")).await.expect(200));
                assert!(whole.len() >= 11, "{list}");
                let forward = walk(&app.alpha, &list, 4, true).await;
                assert_eq!(forward, whole, "forward through {list}");
                let mut backward = walk(&app.alpha, &list, 4, false).await;
                backward.reverse();
                assert_eq!(backward, whole, "backward through {list}");
            }
        }
    })
    .await;
}

/// The same list by GraphQL, forward by `first` and backward by `last`.
#[tokio::test(flavor = "multi_thread")]
async fn connections_page_like_lists() {
    both(|app| async move {
        let def = app.registry.resource("contact").expect("contacts exist").clone();
        fill(&app, &def, 10).await;
        for order in ["[{city: ASC}]", "[{city: DESC}, {name: ASC}]", "[]"] {
            let query = |page: &str| {
                format!("{{ list: contacts({page}, orderBy: {order}) {{ edges {{ cursor node {{ id }} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}")
            };
            let whole = nodes(&app.alpha.graphql(&query("first: 1000"), json!({})).await.data());
            assert_eq!(whole.len(), 10);
            for (size, start, turn, more) in [("first", "endCursor", "after", "hasNextPage"), ("last", "startCursor", "before", "hasPreviousPage")] {
                let mut seen: Vec<String> = Vec::new();
                let mut place = String::new();
                loop {
                    let page = app.alpha.graphql(&query(&format!("{size}: 3{place}")), json!({})).await.data();
                    let found = nodes(&page);
                    if size == "first" { seen.extend(found) } else { seen.splice(0..0, found).for_each(drop) }
                    if page["list"]["pageInfo"][more] != json!(true) {
                        break;
                    }
                    place = format!(", {turn}: {}", page["list"]["pageInfo"][start]);
                }
                assert_eq!(seen, whole, "{size} {order}");
            }
        }
    })
    .await;
}

fn nodes(data: &Json) -> Vec<String> {
    data["list"]["edges"].as_array().unwrap_or_else(|| panic!("no edges in {data}")).iter().map(|edge| text(&edge["node"], "id")).collect()
}

/// What was there when the walk began is seen once, whatever is inserted meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn inserts_neither_repeat_nor_hide_a_row() {
    both(|app| async move {
        for name in ["account", "contact", "interaction"] {
            let def = app.registry.resource(name).expect("it exists").clone();
            fill(&app, &def, 12).await;
            let text_field = writable(&def).find(|field| field.sort && matches!(field.kind, FieldType::Text { .. })).expect("a text field");
            for order in [format!("sort={}", text_field.name), format!("sort=-{}", text_field.name), "sort=-createdAt".to_owned()] {
                let list = format!("/v1/{}?{order}", def.path);
                let before = ids_of(&app.alpha.get(&format!("{list}&limit=1000")).await.expect(200));
                let mut seen = Vec::new();
                let mut place = String::new();
                loop {
                    let page = app.alpha.get(&format!("{list}&limit=3{place}")).await.expect(200);
                    seen.extend(ids_of(&page));
                    app.clock.advance(1);
                    app.factory(&app.alpha).create(&def, Fill::Required).await;
                    match page["page"]["next"].as_str() {
                        Some(next) if seen.len() < 4 * before.len() => place = format!("&after={next}"),
                        _ => break,
                    }
                }
                let mut once = seen.clone();
                once.sort();
                once.dedup();
                assert_eq!(once.len(), seen.len(), "{list} repeats a row");
                let still: Vec<&String> = seen.iter().filter(|id| before.contains(id)).collect();
                let hidden: Vec<&String> = before.iter().filter(|id| !seen.contains(id)).collect();
                assert!(hidden.is_empty(), "{list} hides {hidden:?}");
                assert_eq!(still, before.iter().collect::<Vec<_>>(), "{list} changes the order");
            }
        }
    })
    .await;
}
