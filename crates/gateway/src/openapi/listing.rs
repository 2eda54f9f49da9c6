//! What a list of a resource takes: its filter, and the names one can sort by, show and expand; as parameters and as the
//! body of a search.

use clientela_kernel::PageArguments;
use clientela_model::ResourceDef;
use serde_json::json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{AdditionalProperties, KnownFormat, OneOfBuilder, SchemaFormat, Type};
use utoipa::openapi::{ArrayBuilder, ComponentsBuilder, ObjectBuilder, Ref, Required};

/// Adds the parameters and the search of a resource.
pub(super) fn add(components: ComponentsBuilder, def: &ResourceDef) -> ComponentsBuilder {
    let names = Names::new(def);
    let body = search(def, &names);
    let body = if def.is_searched() { body.property("q", super::search::query()) } else { body };
    let mut components = components.schema(format!("{}Search", def.type_name), super::optional::members(body));
    for (name, parameter) in parameters(&names) {
        components = components.parameter(format!("{}{name}", def.type_name), parameter);
    }
    components
}

/// One name of each kind as a regular expression.
struct Names {
    /// A field to sort by, with its direction.
    sort: String,
    /// A field to show.
    field: String,
    /// A relation to show; absent where there is none.
    relation: Option<String>,
    /// The sortable fields, for the description.
    sortable: String,
    /// The relations, for the description.
    relations: String,
}

/// What may follow the name of a relation: names of the target's, with dots between.
const BEYOND: &str = r"(\.[A-Za-z0-9]+){0,3}";

impl Names {
    fn new(def: &ResourceDef) -> Self {
        let mut shown: Vec<&str> = def.visible_fields().map(|(_, field)| field.name.as_ref()).collect();
        shown.extend(def.document().map(|_| clientela_model::document::NAME));
        let sortable: Vec<&str> = def.visible_fields().filter(|(_, field)| field.sort).map(|(_, field)| field.name.as_ref()).collect();
        let relations: Vec<&str> = def.relations.iter().map(|relation| relation.name.as_ref()).collect();
        let to_one: Vec<&str> =
            def.relations.iter().filter(|relation| relation.is_to_one()).map(|relation| relation.name.as_ref()).collect();
        let through = |relations: &[&str]| match relations {
            [] => String::new(),
            some => format!(r"|({})\.[A-Za-z0-9]+{}", some.join("|"), BEYOND.replace("{0,3}", "{0,2}")),
        };
        Names {
            sort: format!("[+-]?({}{})", sortable.join("|"), through(&to_one)),
            field: format!("({}{})", shown.join("|"), through(&relations)),
            relation: (!relations.is_empty()).then(|| format!("({}){BEYOND}", relations.join("|"))),
            sortable: quoted(&sortable),
            relations: quoted(&relations),
        }
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A pattern of one name.
fn one(name: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(format!("^{name}$")))
}

/// A pattern of names with commas between.
fn several(name: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(format!("^{name}(,{name})*$")))
}

fn parameters(names: &Names) -> Vec<(&'static str, Parameter)> {
    let query = |name: &str, text: String| {
        ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).required(Required::False).description(Some(text))
    };
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Filter"))).example(Some(filter_example())).build();
    let mut parameters = vec![
        (
            "Filter",
            query(
                "filter",
                "Which records, as a JSON filter tree. The same can be spelled with brackets: `filter[createdAt][gte]=2026-01-01T00:00:00Z`; see \
                 Filters in the introduction."
                    .to_owned(),
            )
            .content("application/json", content)
            .build(),
        ),
        ("Sort", query("sort", sort_text(names)).schema(Some(several(&names.sort).examples([json!("-createdAt")]))).build()),
        (
            "Fields",
            query(
                "fields",
                "Which fields to show, with commas between; all where absent. `relation.field` shows a field of a relation.".to_owned(),
            )
            .schema(Some(several(&names.field).examples([json!("id,createdAt")])))
            .build(),
        ),
    ];
    if let Some(relation) = &names.relation {
        let text = format!("Which relations to show, with commas between, through several with dots. There are {}.", names.relations);
        parameters.push(("Expand", query("expand", text).schema(Some(several(relation))).build()));
    }
    parameters
}

/// The names of a resource's own parameters, as an operation lists them.
pub(super) fn parameter_names(def: &ResourceDef, names: &[&str]) -> Vec<String> {
    let there = |name: &&&str| **name != "Expand" || !def.relations.is_empty();
    names.iter().filter(there).map(|name| format!("{}{name}", def.type_name)).collect()
}

fn sort_text(names: &Names) -> String {
    format!(
        "Fields to sort by with commas between, at most five, greatest first with `-` before the name, also through relations to one record: \
         `relation.field`. The id is always the last key. There are {}.",
        names.sortable
    )
}

fn filter_example() -> serde_json::Value {
    json!({"createdAt": {"within": {"last": "P30D"}}})
}

fn search(def: &ResourceDef, names: &Names) -> ObjectBuilder {
    let either = |name: &str, text: &str| {
        let array = ArrayBuilder::new().items(one(name));
        OneOfBuilder::new()
            .item(array)
            .item(several(name))
            .description(Some(format!("{text} An array, or one string with commas between.")))
    };
    let text = |description: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(description));
    let limit = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(PageArguments::MAXIMUM_LIMIT))
        .default(Some(json!(PageArguments::DEFAULT_LIMIT)))
        .description(Some("How many records at most."));
    let total = ObjectBuilder::new().schema_type(Type::Boolean).default(Some(json!(false))).description(Some("Count all records too."));
    let deleted =
        text("Deleted records: none, too, or only.").enum_values(Some(["exclude", "include", "only"])).default(Some(json!("exclude")));
    let schema = ObjectBuilder::new()
        .description(Some("A list as a body: the same members as the query parameters of the list."))
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .property("filter", Ref::from_schema_name("Filter"))
        .property("sort", either(&names.sort, "Fields to sort by, greatest first with `-` before the name."))
        .property("limit", limit)
        .property("after", text("Continue after this place: `page.next` of the page before."))
        .property("before", text("Go back from this place: `page.previous` of the page after."))
        .property("fields", either(&names.field, "Which fields to show; all where absent."))
        .property("total", total)
        .property("deleted", deleted);
    let as_of =
        text("Records as they were at this moment, own fields alone.").format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    let schema = if def.mirror { schema } else { schema.property("asOf", as_of) };
    match &names.relation {
        Some(relation) => schema.property("expand", either(relation, "Which relations to show.")),
        None => schema,
    }
}

/// An example of a search.
pub(super) fn search_example() -> serde_json::Value {
    json!({"filter": filter_example(), "sort": "-createdAt", "limit": 10})
}
