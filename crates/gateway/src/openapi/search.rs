//! The full-text search, everywhere and in one resource.

use super::operation::{answer, authenticated, by_oauth, errors, operation, with_own, with_parameters};
use super::{parameter, response};
use clientela_engine::search::MAXIMUM_QUERY;
use clientela_model::{Registry, ResourceDef, naming};
use serde_json::json;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem, PathsBuilder};
use utoipa::openapi::schema::{AdditionalProperties, AnyOfBuilder, Type};
use utoipa::openapi::{ArrayBuilder, ComponentsBuilder, ObjectBuilder, Ref, Required};

/// What the words mean, wherever one can search.
const WORDS: &str = "All words must be found; the last one need only begin so. Words in quotes, or written together like an e-mail address, stand next \
     to one another. Case and accents do not count, and no other sign has a meaning. The best fit comes first: words in names count more than \
     those in details, and these more than those in texts. What was just written is found.";

/// Adds schemas, parameters and the search everywhere.
pub(super) fn add(components: ComponentsBuilder, paths: PathsBuilder, registry: &Registry) -> (ComponentsBuilder, PathsBuilder) {
    let searched: Vec<&ResourceDef> = registry.resources().iter().map(AsRef::as_ref).filter(|def| def.is_searched()).collect();
    if searched.is_empty() {
        return (components, paths);
    }
    let names: Vec<&str> = searched.iter().map(|def| def.name.as_ref()).collect();
    let components = components
        .parameter("Words", words())
        .parameter("Resources", resources(&names))
        .schema("Highlights", highlights())
        .schema("SearchHit", hit(&searched, &names))
        .schema("SearchPage", page());
    let found = answer("What was found.".to_owned(), "SearchPage".to_owned()).header_ref("Link", response::header("Link"));
    let search = OperationBuilder::new()
        .operation_id(Some("search"))
        .summary(Some("Search everywhere"))
        .tag(TAG)
        .security(authenticated())
        .security(by_oauth())
        .description(Some(format!("Searches the words of records of all types that you may read. {WORDS}")))
        .parameter_ref(parameter::shared("Words"))
        .parameter_ref(parameter::shared("Resources"));
    let search = with_parameters(search, &["Limit", "After"]).response("200", found);
    (components, paths.path("/v1/search", PathItem::new(HttpMethod::Get, errors(search, &[400, 401, 403, 500, 503]))))
}

/// The tag of the search everywhere.
pub(super) const TAG: &str = "Search";

/// `GET /v1/accounts/search`.
pub(super) fn within(def: &ResourceDef) -> PathItem {
    let (plural, many) = (naming::pascal(&def.plural), naming::words(&def.plural));
    let page = answer(format!("A page of {many}."), format!("{}Page", def.type_name)).header_ref("Link", response::header("Link"));
    let find = operation(def, &format!("find{plural}"), &format!("Search the words of {many}"))
        .description(Some(format!("Searches the words of {many}. {WORDS}")))
        .parameter_ref(parameter::shared("Words"));
    let find = with_own(find, def, &["Filter", "Fields", "Expand"]);
    let find = with_parameters(find, &["Limit", "After"]).response("200", page);
    PathItem::new(HttpMethod::Get, errors(find, &[400, 401, 403, 500, 503]))
}

/// The schema of the words.
pub(super) fn query() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(MAXIMUM_QUERY))
        .description(Some("What to search for: words, the last of which may go on. At least one letter or digit."))
        .examples([json!("anna berg")])
}

fn words() -> Parameter {
    let text = "What to search for: words, the last of which may go on.";
    let parameter = ParameterBuilder::new().name("q").parameter_in(ParameterIn::Query).required(Required::True);
    parameter.description(Some(text)).schema(Some(query())).build()
}

fn resources(names: &[&str]) -> Parameter {
    let one = names.join("|");
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(format!("^({one})(,({one}))*$")))
        .examples(names.first().map(|name| json!(name)));
    let text = "Where to search, by the names of resources with commas between; everywhere where absent.";
    let parameter = ParameterBuilder::new().name("resources").parameter_in(ParameterIn::Query).required(Required::False);
    parameter.description(Some(text)).schema(Some(schema)).build()
}

fn highlights() -> ObjectBuilder {
    let html = ObjectBuilder::new().schema_type(Type::String).description(Some("A part of the field's text."));
    ObjectBuilder::new()
        .description(Some(
            "The fields in which a record was found, by name: their text, or a part of a long one, as HTML that is safe to show. What was found stands in \
             `<mark>`, everything else is escaped.",
        ))
        .additional_properties(Some(AdditionalProperties::RefOr(html.into())))
        .examples([json!({"name": "<mark>Anna</mark> Gruber"})])
}

fn hit(searched: &[&ResourceDef], names: &[&str]) -> ObjectBuilder {
    let resource =
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names.to_vec())).description(Some("What kind of record it is."));
    let record = searched.iter().fold(AnyOfBuilder::new(), |any, def| any.item(Ref::from_schema_name(def.type_name.as_ref())));
    ObjectBuilder::new()
        .description(Some("A record that was found."))
        .property("resource", resource)
        .property("record", record.description(Some("The record.")))
        .property("highlights", Ref::from_schema_name("Highlights"))
        .required("resource")
        .required("record")
        .required("highlights")
}

fn page() -> ObjectBuilder {
    let data = ArrayBuilder::new().items(Ref::from_schema_name("SearchHit")).description(Some("The best fit first."));
    ObjectBuilder::new()
        .description(Some("A page of what was found."))
        .property("data", data)
        .property("page", Ref::from_schema_name("PageInfo"))
        .required("data")
        .required("page")
}

/// The property of a page of a resource that is there with `q`.
pub(super) fn page_highlights() -> ObjectBuilder {
    ObjectBuilder::new()
        .description(Some("Where each record was found, by its id; there only with `q`."))
        .additional_properties(Some(AdditionalProperties::RefOr(Ref::from_schema_name("Highlights").into())))
}
