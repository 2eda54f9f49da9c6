//! AsyncAPI 3.0 from the registry: every event that a webhook can tell, with what it looks like. Records are described by the schemas of the OpenAPI document.

use crate::openapi;
use clientela_engine::event;
use clientela_engine::module::ChangeKind;
use clientela_kernel::{Error, Result, Timestamp};
use clientela_model::{Registry, ResourceDef, naming};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

/// The moment of the examples.
const AT: Timestamp = Timestamp(1_769_847_300_000);
/// Where references to schemas begin.
const SCHEMAS: &str = "#/components/schemas/";

const TEXT: &str = "What an endpoint (`webhookEndpoint`) is sent when records change. Each message is a POST with the headers and the signature of Standard Webhooks 1.0. It is sent at \
    least once: `webhook-id` stays the same, whether it is tried again or replayed. The changes of one record come in the order of its versions; between records there is no order. \
    Answer with a status from 200 to 299 within ten seconds; 410 disables the endpoint. With the format CLOUDEVENTS the body is a CloudEvents 1.0 event (`application/cloudevents+json`) whose `data` is the \
    same as here. What the principal of the endpoint may not read is not in it.";

/// The document as JSON text, indented, with a line break at its end.
pub fn text(registry: &Registry) -> Result<String> {
    serde_json::to_string_pretty(&document(registry)?).map(|text| text + "\n").map_err(Error::internal)
}

fn document(registry: &Registry) -> Result<Json> {
    let contract = serde_json::to_value(openapi::document(registry)).map_err(Error::internal)?;
    let (mut channels, mut operations, mut messages, mut schemas) = (Map::new(), Map::new(), Map::new(), Map::new());
    for def in registry.resources().iter().filter(|def| event::is_told(def)) {
        let mut of_channel = Map::new();
        for (name, kind, meaning) in event::of(def) {
            of_channel.insert(name.clone(), json!({ "$ref": format!("#/components/messages/{name}") }));
            messages.insert(name.clone(), message(def, &name, kind, &meaning));
        }
        let words = naming::words(&def.plural);
        let channel = json!({
            "address": null,
            "title": format!("Changes of {words}"),
            "description": def.description.as_ref(),
            "messages": of_channel,
        });
        let operation = json!({
            "action": "send",
            "channel": { "$ref": format!("#/channels/{}", def.name) },
            "title": format!("Tell of changes of {words}"),
            "summary": format!("Sends what happens to {words} to the endpoints that want to hear of it."),
            "bindings": { "http": { "method": "POST" } },
        });
        channels.insert(def.name.to_string(), channel);
        operations.insert(format!("send{}Events", def.type_name), operation);
        schemas.insert(format!("{}.event", def.name), payload(def));
        schemas.insert(format!("{}.record", def.name), openapi::event_record(def)?);
    }
    adopt(&contract, &mut schemas);
    Ok(json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Clientela events",
            "version": "1.0.0",
            "description": TEXT,
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages, "schemas": schemas, "messageTraits": { "signed": signed() } },
    }))
}

fn message(def: &ResourceDef, name: &str, kind: ChangeKind, meaning: &str) -> Json {
    let example = |full: bool| json!({ "type": name, "timestamp": AT.to_text(), "data": event::sample(def, kind, AT, full) });
    let mut examples = vec![json!({ "name": "thin", "payload": example(false) })];
    if kind != ChangeKind::Erased {
        examples.insert(0, json!({ "name": "full", "payload": example(true) }));
    }
    json!({
        "name": name,
        "title": name,
        "summary": meaning,
        "contentType": "application/json",
        "traits": [{ "$ref": "#/components/messageTraits/signed" }],
        "payload": {
            "allOf": [
                { "$ref": format!("{SCHEMAS}{}.event", def.name) },
                { "type": "object", "properties": { "type": { "const": name } } },
            ],
        },
        "examples": examples,
    })
}

/// The headers of every message.
fn signed() -> Json {
    let text = |description: &str, example: &str| json!({ "type": "string", "description": description, "examples": [example] });
    json!({
        "headers": {
            "type": "object",
            "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
            "properties": {
                "webhook-id": text("The id of the event: the same for every attempt and every endpoint.", "evt_01h455vb4pex5vsknk084sn02q"),
                "webhook-timestamp": text("When this attempt was made, in seconds since 1970.", "1769847301"),
                "webhook-signature": text(
                    "`v1,` and the HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{body}` in base64, made with the bytes behind `whsec_` in the endpoint's secret. While a secret is rotated there are two, with a space between.",
                    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
                ),
            },
        },
    })
}

/// The body of every message about a record.
fn payload(def: &ResourceDef) -> Json {
    let kinds: Vec<&str> = event::KINDS.iter().map(|(kind, _)| kind.as_str()).collect();
    let names: Vec<String> = event::of(def).map(|(name, ..)| name).collect();
    let text = |description: &str| json!({ "type": "string", "description": description });
    json!({
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": { "type": "string", "description": "What has happened.", "enum": names },
            "timestamp": { "type": "string", "format": "date-time", "description": "When it happened." },
            "data": {
                "type": "object",
                "required": ["resource", "id", "version", "kind", "actor", "requestId"],
                "properties": {
                    "resource": { "type": "string", "description": "The type of record.", "const": def.name.as_ref() },
                    "id": text("The record."),
                    "version": { "type": "integer", "minimum": 1, "description": "The version that the change made. Ignore one that is not above what you have." },
                    "kind": { "type": "string", "description": "What kind of change.", "enum": kinds },
                    "actor": text("Who made it: `usr_…`, `key_…`, `spt_…` or `sys_…`."),
                    "requestId": text("The request that made it, as logs, errors and the history have it."),
                    "changedFields": {
                        "type": "array",
                        "items": { "type": "string" },
                        "description": "The fields that an update has changed, as far as the principal may see them.",
                    },
                    "record": {
                        "allOf": [{ "$ref": format!("{SCHEMAS}{}.record", def.name) }],
                        "description": "The record as the principal of the endpoint may see it when the message is sent, so its own version may be a later one. Full payloads alone; those fields that the endpoint names.",
                    },
                    "test": { "type": "boolean", "description": "True for a sample that somebody has asked for." },
                },
            },
        },
    })
}

/// Takes over from the OpenAPI document whatever is referred to.
fn adopt(contract: &Json, schemas: &mut Map<String, Json>) {
    let mut wanted: BTreeSet<String> = schemas.values().flat_map(references).collect();
    while let Some(name) = wanted.pop_first() {
        if schemas.contains_key(&name) {
            continue;
        }
        let Some(schema) = contract.pointer(&format!("/components/schemas/{name}")) else { continue };
        wanted.extend(references(schema));
        schemas.insert(name, schema.clone());
    }
}

/// The schemas that a value refers to.
fn references(value: &Json) -> Vec<String> {
    match value {
        Json::Object(members) => members
            .iter()
            .flat_map(|(key, member)| match (key.as_str(), member) {
                ("$ref", Json::String(target)) => target.strip_prefix(SCHEMAS).map(str::to_owned).into_iter().collect(),
                _ => references(member),
            })
            .collect(),
        Json::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::fixture::registry;

    #[test]
    fn every_event_stands_there_and_every_reference_leads_somewhere() {
        let registry = registry();
        let document = document(&registry).unwrap();
        for def in registry.resources() {
            for (name, ..) in event::of(def) {
                assert!(document["components"]["messages"][&name]["summary"].as_str().is_some_and(|text| text.len() > 10), "{name}");
                assert_eq!(document["channels"][def.name.as_ref()]["messages"][&name]["$ref"], format!("#/components/messages/{name}"));
            }
        }
        for name in references(&document) {
            assert!(document.pointer(&format!("/components/schemas/{name}")).is_some(), "{name} leads nowhere");
        }
        assert!(!document.to_string().contains("passwordHash"), "secrets are in no document");
    }
}
