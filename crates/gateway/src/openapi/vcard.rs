//! Records as vCards.

use super::operation::{errors, operation};
use super::{parameter, response};
use crate::rest::vcard::writer;
use clientela_model::{Registry, ResourceDef, naming};
use serde_json::json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{HttpMethod, ParameterBuilder, ParameterIn, PathItem, PathsBuilder};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, Required};

/// Adds the address at which a record is a vCard.
pub(super) fn add(paths: PathsBuilder, registry: &Registry, def: &ResourceDef) -> PathsBuilder {
    if writer(registry, def).is_none() {
        return paths;
    }
    let one = naming::one(&def.name);
    let versions = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(["4.0", "3.0"]))
        .default(Some(json!("4.0")))
        .examples([json!("4.0")]);
    let version = ParameterBuilder::new()
        .name("version")
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some("The version of vCard: 4.0 (RFC 6350), or 3.0 (RFC 2426) for older address books."))
        .schema(Some(versions))
        .build();
    let text = ObjectBuilder::new().schema_type(Type::String).description(Some("The card: lines end in CR and LF."));
    let card = ContentBuilder::new()
        .schema(Some(text))
        .example(Some(json!("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Anna Gruber\r\nN:Gruber;Anna;;;\r\nEND:VCARD\r\n")))
        .build();
    let get = operation(def, &format!("vcardOf{}", def.type_name), &format!("Read {one} as a vCard"))
        .description(Some(format!("Reads {one} as a vCard, as `exportVcard` writes it, for address books and telephones.")))
        .parameter(parameter::id(def))
        .parameter(version)
        .response("200", response::base("The card.").content("text/vcard", card));
    paths.path(format!("/v1/{}/{{id}}/vcard", def.path), PathItem::new(HttpMethod::Get, errors(get, &[400, 401, 403, 404, 500, 503])))
}
