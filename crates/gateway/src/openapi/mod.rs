//! OpenAPI 3.1 from the registry: the same definitions the handlers are bound to, so the document cannot drift from
//! what is served.

mod access;
mod aggregate;
mod common;
mod content;
mod feed;
mod field;
mod file;
mod inbox;
mod keyed;
mod listing;
mod many;
mod operation;
mod optional;
mod overview;
mod parameter;
mod past;
mod record;
mod response;
mod schema;
mod search;
mod sync;
mod system;
mod timeline;
mod vcard;
mod verb;

pub(crate) use record::{body_schema, event_record};

use clientela_kernel::{Error, Result};
use clientela_model::{Registry, naming};
use utoipa::openapi::security::{AuthorizationCode, ClientCredentials, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Scopes, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathsBuilder, ServerBuilder,
};

/// The document of every route, deterministic for a registry.
pub fn document(registry: &Registry) -> OpenApi {
    let mut components = ComponentsBuilder::new().security_scheme(
        "bearer",
        SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(overview::CREDENTIALS)).build()),
    );
    components = common::add(components.security_scheme("oauth", oauth()));
    components = access::shared(past::shared(aggregate::shared(components)));
    components = parameter::add(components);
    components = response::add(components);
    let mut paths = PathsBuilder::new();
    let mut tags = Vec::new();
    for def in registry.resources() {
        components = record::add(components, registry, def);
        components = many::schemas(listing::add(components, def), registry, def);
        (components, paths) = aggregate::add(components, access::add(past::add(paths, def), def), def);
        paths = many::add(keyed::add(operation::add(paths, def), registry, def), registry, def);
        paths = content::add(verb::add(paths, registry, def), def);
        paths = vcard::add(paths, registry, def);
        tags.push(TagBuilder::new().name(tag(def)).description(Some(def.description.as_ref())).build());
    }
    components = verb::schemas(components, registry);
    (components, paths) = many::shared(components, paths, registry);
    (components, paths) = search::add(components, paths, registry);
    paths = file::add(paths, registry);
    (components, paths) = inbox::add(components, paths, registry);
    (components, paths) = timeline::add(components, paths, registry);
    if registry.resources().iter().any(|def| def.is_searched()) {
        let text = "The full-text search across types of records.";
        tags.push(TagBuilder::new().name(search::TAG).description(Some(text)).build());
    }
    (components, paths) = feed::add(components, paths, registry);
    tags.push(TagBuilder::new().name(feed::TAG).description(Some(feed::TAG_TEXT)).build());
    (components, paths) = sync::add(components, paths, registry);
    tags.push(TagBuilder::new().name(sync::TAG).description(Some(sync::TAG_TEXT)).build());
    (components, paths) = system::add(components, paths);
    (components, paths) = schema::add(components, paths);
    tags.push(many::tag());
    tags.push(
        TagBuilder::new()
            .name(system::TAG)
            .description(Some("Who am I, which limits hold, is the server well, and the documents of this API."))
            .build(),
    );
    let license = LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build();
    let info = InfoBuilder::new()
        .title("Clientela")
        .version("1.0.0")
        .description(Some(overview::TEXT))
        .contact(Some(ContactBuilder::new().name(Some("The Clientela maintainers")).build()))
        .license(Some(license))
        .build();
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new().url("/").description(Some("The server this document came from.")).build()]))
        .paths(paths)
        .components(Some(components.build()))
        .tags(Some(tags))
        .build()
}

/// The flows of the authorization server; its whole contract is the metadata of RFC 8414.
fn oauth() -> SecurityScheme {
    let scopes = || Scopes::from_iter([("read", "Reading records."), ("write", "Creating, changing, deleting and restoring records.")]);
    let flows = [
        Flow::AuthorizationCode(AuthorizationCode::with_refresh_url("/oauth/authorize", "/oauth/token", scopes(), "/oauth/token")),
        Flow::ClientCredentials(ClientCredentials::new("/oauth/token", scopes())),
    ];
    let text = "OAuth 2.1: the authorization code with PKCE for people, client credentials for programs that act for themselves. \
                The server says more of itself at /.well-known/oauth-authorization-server.";
    SecurityScheme::OAuth2(OAuth2::with_description(flows, text))
}

/// The document as JSON text, indented, with a line break at its end.
pub fn text(registry: &Registry) -> Result<String> {
    document(registry).to_pretty_json().map(|text| text + "\n").map_err(Error::internal)
}

/// `accountContact` → `Account contacts`.
fn tag(def: &clientela_model::ResourceDef) -> String {
    let words = naming::words(&def.plural);
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::fixture::registry;
    use serde_json::Value as Json;
    use std::collections::HashSet;

    fn parsed() -> Json {
        serde_json::from_str(&text(&registry()).unwrap()).unwrap()
    }

    /// Calls `visit` with every object of a document.
    fn walk<'a>(value: &'a Json, visit: &mut impl FnMut(&'a serde_json::Map<String, Json>)) {
        match value {
            Json::Object(members) => {
                visit(members);
                members.values().for_each(|member| walk(member, visit));
            }
            Json::Array(items) => items.iter().for_each(|item| walk(item, visit)),
            _ => {}
        }
    }

    #[test]
    fn it_is_the_same_on_every_run() {
        assert_eq!(text(&registry()).unwrap(), text(&registry()).unwrap());
        assert_eq!(parsed()["openapi"], "3.1.0");
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_component_is_used() {
        let document = parsed();
        let mut used = HashSet::new();
        walk(&document, &mut |members| {
            if let Some(Json::String(reference)) = members.get("$ref") {
                let pointer = reference.strip_prefix('#').expect("a local reference");
                assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
                used.insert(pointer.to_owned());
            }
        });
        for (kind, components) in document["components"].as_object().unwrap() {
            for name in components.as_object().unwrap().keys().filter(|_| kind != "securitySchemes") {
                assert!(used.contains(&format!("/components/{kind}/{name}")), "{kind} {name} is not used");
            }
        }
    }

    #[test]
    fn operations_are_named_once_described_and_say_who_may_call_them() {
        let document = parsed();
        let mut names = HashSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let name = operation["operationId"].as_str().unwrap();
                assert!(names.insert(name.to_owned()), "{name} stands there twice");
                assert!(operation["description"].as_str().is_some_and(|text| text.len() > 20), "{method} {path} needs a description");
                assert!(operation["security"].is_array(), "{method} {path} needs its security");
                assert!(operation["tags"].is_array(), "{method} {path} needs a tag");
                let declared = operation["parameters"].as_array().map_or(0, Vec::len);
                assert!(declared >= path.matches('{').count(), "{method} {path} needs its parameters");
            }
        }
        for name in ["listAccounts", "createAccount", "getAccount", "updateAccount", "deleteAccount", "restoreAccount", "searchAccounts"] {
            assert!(names.contains(name), "{name}");
        }
    }

    #[test]
    fn records_show_what_may_be_read_and_inputs_what_may_be_written() {
        let document = parsed();
        let schemas = &document["components"]["schemas"];
        assert!(!document.to_string().contains("passwordHash"), "secrets are in no document");
        assert!(!document.to_string().contains("tenant_id"));
        let required = |name: &str| schemas[name]["required"].as_array().cloned().unwrap_or_default();
        assert!(required("Contact").contains(&"balance".into()) && required("Contact").contains(&"deletedAt".into()));
        assert!(required("ContactPart").is_empty(), "fields may leave out every field");
        assert_eq!(required("ContactCreate"), ["name"]);
        assert!(required("ContactPatch").is_empty());
        assert!(schemas["ContactCreate"]["properties"].get("id").is_some());
        assert!(schemas["ContactPatch"]["properties"].get("id").is_none());
        assert!(schemas["ContactCreate"]["properties"].get("version").is_none());
        assert_eq!(schemas["ContactPatch"]["properties"]["employees"]["type"], serde_json::json!(["integer", "null"]));
        assert_eq!(schemas["ContactPatch"]["properties"]["name"]["type"], "string");
        assert_eq!(schemas["Industry"]["enum"], serde_json::json!(["RETAIL", "FOOD"]));
        assert!(schemas["ContactPart"]["properties"]["account"].is_object());
        assert!(schemas["AccountPart"]["properties"]["contacts"].is_object());
    }

    #[test]
    fn operations_take_and_give_what_their_shapes_say() {
        let document = parsed();
        let plan = &document["paths"]["/v1/contacts/{id}/plan-calls"]["post"];
        assert_eq!(plan["operationId"], "planCalls");
        for status in ["200", "400", "401", "403", "404", "409", "412", "413", "415", "422", "500", "503"] {
            assert!(plan["responses"][status].is_object(), "{status}");
        }
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["PlanCallsInput"]["required"], serde_json::json!(["subject", "first"]));
        assert_eq!(schemas["PlanCallsInput"]["additionalProperties"], false);
        assert_eq!(schemas["PlanCallsInput"]["properties"]["first"]["$ref"], "#/components/schemas/PlannedCallInput");
        assert_eq!(schemas["PlanCallsPayload"]["properties"]["calls"]["items"]["$ref"], "#/components/schemas/PlannedCall");
        assert_eq!(schemas["PlanCallsPayload"]["properties"]["contact"]["oneOf"][0]["$ref"], "#/components/schemas/Contact");
    }

    #[test]
    fn public_routes_say_so() {
        let document = parsed();
        assert_eq!(document["paths"]["/livez"]["get"]["security"], serde_json::json!([]));
        assert_eq!(document["paths"]["/v1/me"]["get"]["security"], serde_json::json!([{"bearer": []}, {"oauth": []}]));
    }
}
