//! Nothing is without its description, and every example is one that works.

use clientela_kernel::{ErrorCode, ProblemCode};
use clientela_model::{FieldType, Holds, Registry, ResourceDef, WriteMode};
use clientela_testkit::both;
use clientela_testkit::factory::{self, Fill, text};
use serde_json::{Map, Value as Json, json};

/// Descriptions are words that end like a sentence.
pub(crate) fn sentence(text: &str, of: &str) {
    assert!(text.len() >= 4 && text.trim_end().ends_with(['.', ':', '?', '!']), "{of}: {text:?} is no description");
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_describe_themselves() {
    both(|app| async move {
        for def in app.registry.resources() {
            sentence(&def.description, &def.name);
            for field in &def.fields {
                let name = format!("{}.{}", def.name, field.name);
                sentence(&field.description, &name);
                let example: Json = serde_json::from_str(&field.example).unwrap_or_else(|_| panic!("{name}: the example is not JSON"));
                assert!(!field.required || !example.is_null(), "{name}: a required field needs an example");
                if let FieldType::Choice(choice) = &field.kind {
                    sentence(&choice.description, &choice.name);
                    for option in &choice.options {
                        sentence(&option.description, &format!("{}.{}", choice.name, option.name));
                    }
                }
            }
            for relation in &def.relations {
                sentence(&relation.description, &format!("{}.{}", def.name, relation.name));
            }
        }
        for code in ErrorCode::ALL {
            sentence(code.meaning(), code.as_str());
            sentence(code.advice(), code.as_str());
            let page = app.alpha.get(&format!("/problems/{}", code.as_str())).await;
            assert_eq!(page.status, 200, "{} has no page", code.as_str());
            assert!(page.text().contains(code.title()), "{}", page.text());
        }
        for code in ProblemCode::ALL {
            sentence(code.meaning(), code.as_str());
        }
    })
    .await;
}

/// Each example is accepted where a caller may write the field, alone and all together, and comes back as it was given.
#[tokio::test(flavor = "multi_thread")]
async fn examples_are_accepted() {
    both(|app| async move {
        for def in app.registry.resources().to_vec() {
            if def.creatable {
                let body = app.factory(&app.alpha).body(&def, Fill::Everything).await;
                let made = app.alpha.post(&format!("/v1/{}", def.path), &Json::Object(body.clone())).await;
                let made = made.expect(factory::made(&def));
                for (name, given) in &body {
                    let field = def.field(name).expect("the factory knows the definition");
                    if !factory::refers(field) {
                        assert_eq!(&made[name], given, "{}.{name}", def.name);
                    }
                }
            }
            if def.updatable {
                let id = app.factory(&app.alpha).any(&def).await;
                for field in factory::changeable(&def).filter(|field| !factory::refers(field)) {
                    let patch = json!({ field.name.as_ref(): factory::value(&def, field) });
                    let answer = app.alpha.patch(&format!("/v1/{}/{id}", def.path), &patch).await;
                    assert_eq!(answer.status, 200, "{}: {patch}: {}", def.name, answer.text());
                }
            }
        }
    })
    .await;
}

/// Every type, field, argument and enum value of the GraphQL schema has a description.
#[tokio::test(flavor = "multi_thread")]
async fn the_graphql_schema_is_described() {
    both(|app| async move {
        let query = "{ __schema { types { name description kind
            fields(includeDeprecated: true) { name description args { name description } }
            inputFields { name description } enumValues(includeDeprecated: true) { name description } } } }";
        let data = app.alpha.graphql(query, json!({})).await.data();
        let types = data["__schema"]["types"].as_array().expect("types").clone();
        assert!(types.len() > 50);
        let mut missing = Vec::new();
        let mut look = |place: String, node: &Json| {
            if node["description"].as_str().is_none_or(|text| text.trim().is_empty()) {
                missing.push(place);
            }
        };
        // What the specification itself defines needs no words of ours.
        let given = ["ID", "String", "Int", "Float", "Boolean"];
        for kind in types.iter().filter(|kind| !text(kind, "name").starts_with("__") && !given.contains(&text(kind, "name").as_str())) {
            let name = text(kind, "name");
            look(name.clone(), kind);
            for list in ["fields", "inputFields", "enumValues"] {
                for member in kind[list].as_array().unwrap_or(&Vec::new()) {
                    let place = format!("{name}.{}", text(member, "name"));
                    look(place.clone(), member);
                    for argument in member["args"].as_array().unwrap_or(&Vec::new()) {
                        look(format!("{place}({})", text(argument, "name")), argument);
                    }
                }
            }
        }
        assert!(missing.is_empty(), "without a description: {}", missing.join(", "));
    })
    .await;
}

/// Every operation, parameter and property of the OpenAPI document has a description, and every property an example.
#[tokio::test(flavor = "multi_thread")]
async fn the_openapi_document_is_described() {
    both(|app| async move {
        let document = app.alpha.get("/openapi.json").await.expect(200);
        let mut missing = Vec::new();
        let paths = document["paths"].as_object().cloned().unwrap_or_default();
        assert!(paths.len() > 20, "the document has {} paths", paths.len());
        for (path, item) in &paths {
            for (method, operation) in operations(item) {
                let place = format!("{method} {path}");
                if operation["summary"].as_str().or(operation["description"].as_str()).is_none() {
                    missing.push(place.clone());
                }
                for parameter in operation["parameters"].as_array().unwrap_or(&Vec::new()) {
                    if parameter["$ref"].is_null() && parameter["description"].as_str().is_none() {
                        missing.push(format!("{place} {}", parameter["name"]));
                    }
                }
                for (status, response) in operation["responses"].as_object().unwrap_or(&Map::new()) {
                    if response["$ref"].is_null() && response["description"].as_str().is_none_or(str::is_empty) {
                        missing.push(format!("{place} → {status}"));
                    }
                }
            }
        }
        for def in app.registry.resources() {
            let schemas = &document["components"]["schemas"];
            let written = def.creatable || def.updatable || def.deletable || shown_by_an_operation(&app.registry, def);
            assert_eq!(schemas[def.type_name.as_ref()].is_object(), written, "{} is not in the document", def.type_name);
            let schema = &schemas[format!("{}Part", def.type_name)];
            assert!(schema.is_object(), "{} is not in the document", def.type_name);
            for (_, field) in def.visible_fields() {
                let property = &schema["properties"][field.name.as_ref()];
                if !property.to_string().contains("description") {
                    missing.push(format!("{}.{}", def.type_name, field.name));
                }
            }
            assert!(schema["properties"].as_object().is_some_and(|all| !all.contains_key("tenantId")));
            let secret = def.fields.iter().find(|field| field.secret);
            assert!(secret.is_none_or(|field| !document.to_string().contains(field.name.as_ref())), "{} shows a secret", def.name);
        }
        assert!(missing.is_empty(), "without a description: {}", missing.join(", "));
    })
    .await;
}

/// Whether some operation's output shows records of a resource.
fn shown_by_an_operation(registry: &Registry, def: &ResourceDef) -> bool {
    let mut shown = false;
    for operation in registry.operations() {
        operation.output.walk(&mut |shape| {
            shown |= shape.fields.iter().any(|field| match &field.holds {
                Holds::Record { resource } | Holds::Records { resource, .. } => *resource == def.name,
                _ => false,
            });
        });
    }
    shown
}

/// The operations of a path item.
pub(crate) fn operations(item: &Json) -> impl Iterator<Item = (&str, &Json)> {
    const METHODS: &[&str] = &["get", "post", "put", "patch", "delete"];
    METHODS.iter().filter_map(|method| Some((*method, item.get(*method)?)))
}

/// What a definition says about writing is what the server does.
#[tokio::test(flavor = "multi_thread")]
async fn read_only_and_immutable_fields_are_refused() {
    both(|app| async move {
        let mut tried = 0;
        for def in app.registry.resources().to_vec() {
            if !def.updatable {
                continue;
            }
            let id = app.factory(&app.alpha).any(&def).await;
            for field in &def.fields {
                let code = match field.write {
                    _ if field.secret => "UNKNOWN_FIELD",
                    WriteMode::Writable => continue,
                    WriteMode::Immutable => "IMMUTABLE",
                    WriteMode::ReadOnly => "READ_ONLY",
                };
                let value: Json = serde_json::from_str(&field.example).unwrap_or_default();
                let refused = app.alpha.patch(&format!("/v1/{}/{id}", def.path), &json!({ field.name.as_ref(): value })).await;
                let refused = refused.refused(422, "VALIDATION_FAILED");
                assert_eq!(refused["errors"][0]["code"], json!(code), "{}.{}: {refused}", def.name, field.name);
                tried += 1;
            }
        }
        assert!(tried > 30, "only {tried} fields were tried");
    })
    .await;
}
