//! What this server can: its configuration, the types of resources and their schemas (RFC 7643, sections 5 to 7).

use super::attribute::{Attribute, ENTERPRISE, Form, Kind, Mutability};
use super::find::MOST;
use serde_json::{Value as Json, json};

const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const CONFIGURATION: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

/// `GET /scim/v2/ServiceProviderConfig`.
pub(super) fn configuration(base: &str) -> Json {
    let no = json!({ "supported": false });
    json!({
        "schemas": [CONFIGURATION],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": MOST },
        "changePassword": no,
        "sort": { "supported": true },
        "etag": { "supported": true },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "An API key, or an access token of a program that acts for itself, in the Authorization header.",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": true,
        }],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig") },
    })
}

/// `GET /scim/v2/ResourceTypes`: every type.
pub(super) fn resource_types(base: &str) -> Vec<Json> {
    Kind::ALL.into_iter().map(|kind| resource_type(base, kind)).collect()
}

fn resource_type(base: &str, kind: Kind) -> Json {
    let extensions = if kind.extension().is_empty() { json!([]) } else { json!([{ "schema": ENTERPRISE, "required": false }]) };
    json!({
        "schemas": [RESOURCE_TYPE],
        "id": kind.name(),
        "name": kind.name(),
        "endpoint": kind.endpoint(),
        "description": match kind {
            Kind::User => "A person who works with the records: a `user`.",
            Kind::Group => "People who work together: a `team`. It gives no rights by itself; roles are given to users by administrators.",
        },
        "schema": kind.schema(),
        "schemaExtensions": extensions,
        "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{}", kind.name()) },
    })
}

/// `GET /scim/v2/Schemas`: every schema.
pub(super) fn schemas(base: &str) -> Vec<Json> {
    let all = [
        (Kind::User.schema(), "User", "A person who works with the records.", Kind::User.attributes()),
        (Kind::Group.schema(), "Group", "People who work together.", Kind::Group.attributes()),
        (ENTERPRISE, "EnterpriseUser", "What companies say of their people beyond that.", Kind::User.extension()),
    ];
    let schema = |(id, name, description, attributes): (&str, &str, &str, &[Attribute])| {
        json!({
            "schemas": [SCHEMA],
            "id": id,
            "name": name,
            "description": description,
            "attributes": attributes.iter().map(attribute).collect::<Vec<_>>(),
            "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{id}") },
        })
    };
    all.into_iter().map(schema).collect()
}

fn attribute(of: &Attribute) -> Json {
    let kind = match of.form {
        Form::Text => "string",
        Form::Boolean => "boolean",
        Form::Instant => "dateTime",
        Form::Reference(_) => "reference",
        Form::Complex(_) => "complex",
    };
    let mut told = json!({
        "name": of.name,
        "type": kind,
        "multiValued": of.multi_valued,
        "description": of.description,
        "required": of.required,
        "mutability": match of.mutability {
            Mutability::ReadWrite => "readWrite",
            Mutability::Immutable => "immutable",
            Mutability::ReadOnly => "readOnly",
        },
        "returned": "default",
        "uniqueness": if of.unique { "server" } else { "none" },
    });
    let mut add = |name: &str, value: Json| {
        if let Some(told) = told.as_object_mut() {
            told.insert(name.to_owned(), value);
        }
    };
    match of.form {
        Form::Text => add("caseExact", of.case_exact.into()),
        Form::Reference(types) => {
            add("caseExact", true.into());
            add("referenceTypes", json!(types));
        }
        Form::Complex(parts) => add("subAttributes", parts.iter().map(attribute).collect()),
        Form::Boolean | Form::Instant => {}
    }
    if !of.suggested.is_empty() {
        add("canonicalValues", json!(of.suggested));
    }
    told
}
