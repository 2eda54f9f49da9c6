//! The OpenAPI document and the router say the same: what is documented answers, what is not does not.

use crate::documentation::operations;
use clientela_testkit::both;
use http::Method;
use serde_json::{Value as Json, json};

const METHODS: &[&str] = &["get", "post", "put", "patch", "delete"];

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_the_router() {
    both(|app| async move {
        let document = app.alpha.get("/openapi.json").await.expect(200);
        assert_eq!(document["openapi"].as_str().map(|version| version.starts_with("3.1")), Some(true), "{}", document["openapi"]);
        let paths = document["paths"].as_object().cloned().unwrap_or_default();
        assert!(paths.len() > 20, "the document has {} paths", paths.len());
        let mut names = Vec::new();
        for (path, item) in &paths {
            let documented: Vec<&str> = operations(item).map(|(method, _)| method).collect();
            names.extend(operations(item).map(|(_, operation)| operation["operationId"].clone()));
            let mut address = concrete(path, item);
            if path.ends_with("/stream") {
                // An answer without an end is not waited for: a wrong question has one.
                address.push_str("?after=x");
            }
            for method in METHODS {
                let verb: Method = method.to_uppercase().parse().expect("a method");
                let body = matches!(*method, "post" | "put" | "patch").then(|| json!({}));
                let answer = app.alpha.send(verb, &address, &[], body.as_ref()).await;
                let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
                if documented.contains(method) {
                    assert!(
                        code != "ROUTE_NOT_FOUND" && code != "METHOD_NOT_ALLOWED",
                        "{method} {address} is documented: {}",
                        answer.text()
                    );
                    assert!(answer.status < 500, "{method} {address}: {}", answer.text());
                    let responses = &item[*method]["responses"];
                    let known = !responses[answer.status.to_string()].is_null() || !responses["default"].is_null();
                    assert!(known, "{method} {path} answers {}, which is not documented", answer.status);
                } else {
                    assert_eq!((answer.status, code.as_str()), (405, "METHOD_NOT_ALLOWED"), "{method} {address} is not documented");
                }
            }
        }
        let count = names.len();
        names.sort_by_key(Json::to_string);
        names.dedup();
        assert!(names.len() == count && !names.contains(&Json::Null), "operation ids repeat or are missing");
        for operation in app.registry.operations() {
            let resource = app.registry.resource(&operation.resource).expect("linked");
            let path = operation.path(&format!("/v1/{}", resource.path));
            assert!(paths.get(&path).is_some_and(|item| item.get("post").is_some()), "{path}");
        }
        for def in app.registry.resources() {
            let (list, record) = (format!("/v1/{}", def.path), format!("/v1/{}/{{id}}", def.path));
            let expected = [
                (&list, "get", true),
                (&list, "post", def.creatable || def.digest.is_some()),
                (&record, "get", true),
                (&record, "patch", def.updatable),
                (&record, "delete", def.deletable),
            ];
            for (path, method, wanted) in expected {
                assert_eq!(paths.get(path).is_some_and(|item| item.get(method).is_some()), wanted, "{method} {path}");
            }
            let restore = format!("{record}/restore");
            assert_eq!(paths.get(&restore).is_some_and(|item| item.get("post").is_some()), def.deletable, "{restore}");
            let erase = format!("{record}/erase");
            assert_eq!(paths.get(&erase).is_some_and(|item| item.get("post").is_some()), def.deletable, "{erase}");
            let by = format!("/v1/{}/by/{{key}}/{{value}}", def.path);
            assert_eq!(paths.get(&by).is_some_and(|item| item.get("get").is_some()), app.registry.has_keys(def), "{by}");
            assert_eq!(paths.get(&by).is_some_and(|item| item.get("put").is_some()), app.registry.is_upsertable(def), "{by}");
        }
    })
    .await;
}

/// A path with its parameters filled in: ids that do not exist, and existing codes.
fn concrete(path: &str, item: &Json) -> String {
    let mut address = path.to_owned();
    while let (Some(start), Some(end)) = (address.find('{'), address.find('}')) {
        let name = address[start + 1..end].to_owned();
        let parameters = item["parameters"].as_array().into_iter().flatten();
        let parameters =
            parameters.chain(operations(item).flat_map(|(_, operation)| operation["parameters"].as_array().into_iter().flatten()));
        let example = parameters.filter(|parameter| parameter["name"] == json!(name)).find_map(|parameter| {
            let example = if parameter["example"].is_null() { &parameter["schema"]["examples"][0] } else { &parameter["example"] };
            example.as_str().map(str::to_owned)
        });
        let example = example.unwrap_or_else(|| "acc_01h455vb4pex5vsknk084sn02q".to_owned());
        address.replace_range(start..=end, &example.replace(' ', "%20"));
    }
    address
}

/// What every answer carries, whatever it is about.
#[tokio::test(flavor = "multi_thread")]
async fn every_answer_names_its_request() {
    both(|app| async move {
        for path in ["/v1/accounts", "/v1/unicorns", "/livez", "/readyz", "/openapi.json", "/v1/accounts/x"] {
            let answer = app.alpha.get(path).await;
            assert!(answer.header("x-request-id").is_some_and(|id| id.len() >= 16), "{path}: {:?}", answer.headers);
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
            if answer.status >= 400 {
                assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
                let problem = answer.json();
                for member in ["type", "title", "status", "detail", "instance", "code", "requestId"] {
                    assert!(!problem[member].is_null(), "{path}: {member} is missing in {problem}");
                }
            }
        }
    })
    .await;
}
