//! Aggregates: what one can group by and compute, and the groups that come back.

use super::operation::{JSON, answer, body, errors, operation};
use clientela_engine::aggregate::{Function, MAXIMUM_KEYS, MAXIMUM_MEASURES, takes};
use clientela_kernel::PageArguments;
use clientela_model::{FieldDef, FieldType, ResourceDef, naming, system};
use serde_json::{Value as Json, json};
use utoipa::openapi::path::{HttpMethod, PathItem, PathsBuilder};
use utoipa::openapi::schema::{AdditionalProperties, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{ArrayBuilder, ComponentsBuilder, ObjectBuilder, Ref};

/// Adds what aggregates of all resources share.
pub(super) fn shared(components: ComponentsBuilder) -> ComponentsBuilder {
    components.schema("Having", having()).schema("AggregatePage", page()).schema("AggregateGroup", group())
}

/// Adds the aggregate of a resource.
pub(super) fn add(components: ComponentsBuilder, paths: PathsBuilder, def: &ResourceDef) -> (ComponentsBuilder, PathsBuilder) {
    let name = format!("{}Aggregate", def.type_name);
    let words = naming::words(&def.plural);
    let aggregate = operation(def, &format!("aggregate{}", naming::pascal(&def.plural)), &format!("Aggregate {words}"))
        .description(Some(format!(
            "Counts {words} and computes figures of them, in groups: exact, over all records that the filter lets through. See Aggregates in the \
             introduction."
        )))
        .request_body(Some(body("What to compute.", &[JSON], &name, Some(example(def)))))
        .response("200", answer("A page of groups.".to_owned(), "AggregatePage".to_owned()));
    let item = PathItem::new(HttpMethod::Post, errors(aggregate, &[400, 401, 403, 413, 415, 500, 503]));
    (components.schema(name, super::optional::members(request(def))), paths.path(format!("/v1/{}/aggregate", def.path), item))
}

fn example(def: &ResourceDef) -> Json {
    json!({
        "groupBy": [{"field": system::CREATED_AT, "bucket": "MONTH", "zone": "Europe/Rome"}],
        "measures": {"count": true, "max": [system::UPDATED_AT]},
        "having": {"count": {"gte": 1}},
        "sort": ["-count"],
        "limit": 12,
        "filter": {def.fields.first().map_or(system::ID, |field| field.name.as_ref()): {"isNull": false}},
    })
}

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}

/// A field of the resource, or one reached through relations to one record.
fn path(def: &ResourceDef, fits: impl Fn(&FieldDef) -> bool, after: &str) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    for (_, field) in def.visible_fields().filter(|(_, field)| field.filter && fits(field)) {
        names.push(if matches!(field.kind, FieldType::Money) { format!("{}{after}", field.name) } else { field.name.to_string() });
    }
    let relations: Vec<&str> =
        def.relations.iter().filter(|relation| relation.is_to_one()).map(|relation| relation.name.as_ref()).collect();
    if !relations.is_empty() {
        names.push(format!(r"({})(\.[A-Za-z0-9]+){{1,5}}", relations.join("|")));
    }
    (!names.is_empty()).then(|| format!("^({})$", names.join("|").replace(".currency", r"\.currency")))
}

fn request(def: &ResourceDef) -> ObjectBuilder {
    let fields = path(def, |field| !matches!(field.kind, FieldType::TextSet { .. }), ".currency");
    let key = ObjectBuilder::new().schema_type(Type::String).pattern(fields);
    let dated = path(def, |field| matches!(field.kind, FieldType::Date | FieldType::Instant), "");
    let bucket = ObjectBuilder::new()
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .property("field", ObjectBuilder::new().schema_type(Type::String).pattern(dated).description(Some("A date or an instant.")))
        .property(
            "bucket",
            text("The stretch of the calendar; weeks begin on Monday. The key is the start of the stretch.")
                .enum_values(Some(["HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"])),
        )
        .property(
            "zone",
            text("IANA time zone that the stretches of an instant begin in; the caller's own where absent.")
                .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
                .examples([json!("Europe/Rome")]),
        )
        .required("field")
        .required("bucket");
    let keys =
        ArrayBuilder::new().items(OneOfBuilder::new().item(key).item(bucket)).max_items(Some(MAXIMUM_KEYS)).unique_items(true).description(
            Some("What groups are made by: fields, also through relations to one record; one group of all records where absent."),
        );
    let limit = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(PageArguments::MAXIMUM_LIMIT))
        .default(Some(json!(PageArguments::DEFAULT_LIMIT)))
        .description(Some("How many groups at most."));
    let sort = ArrayBuilder::new()
        .items(ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^[+-]?[A-Za-z0-9]+(\.[A-Za-z0-9]+)*$")))
        .description(Some(
            "Keys by their names, figures as `count` or `sum.field`; greatest first with `-` before. The keys are always the last.",
        ));
    ObjectBuilder::new()
        .description(Some(format!("What to compute of {}.", naming::words(&def.plural))))
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .property("filter", Ref::from_schema_name("Filter"))
        .property(
            "deleted",
            text("Deleted records: none, too, or only.").enum_values(Some(["exclude", "include", "only"])).default(Some(json!("exclude"))),
        )
        .property("groupBy", keys)
        .property("measures", super::optional::members(measures(def)))
        .property("having", Ref::from_schema_name("Having"))
        .property("sort", sort)
        .property("limit", limit)
        .property("after", text("Continue after this place: `page.next` of the page before."))
}

fn measures(def: &ResourceDef) -> ObjectBuilder {
    let count = ObjectBuilder::new().schema_type(Type::Boolean).description(Some("How many records."));
    let mut schema = ObjectBuilder::new()
        .description(Some(format!("Which figures, at most {MAXIMUM_MEASURES}; the count alone where absent.")))
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .property("count", count);
    for function in Function::ALL.into_iter().filter(|function| *function != Function::Count) {
        let pattern = path(def, |field| takes(function, &field.kind), "");
        let items = ObjectBuilder::new().schema_type(Type::String).pattern(pattern);
        let what = match function {
            Function::Sum => "Sums of these fields: numbers, durations and amounts.",
            Function::Avg => {
                "Averages of these fields: with at most six decimals (or their own places), of durations in whole seconds, of amounts in the currency's unit, halves away from zero."
            }
            Function::Min => "Least values of these fields: numbers, durations, dates, instants and amounts.",
            Function::Max => "Greatest values of these fields.",
            Function::Count | Function::CountDistinct => "How many different values these fields have.",
        };
        schema = schema.property(function.as_str(), ArrayBuilder::new().items(items).description(Some(what)));
    }
    schema
}

fn having() -> ObjectBuilder {
    ObjectBuilder::new()
        .description(Some(
            "Conditions on figures, by function and field, with the operators of filters, and `and`, `or`, `not`. Averages compare by their exact \
             value.",
        ))
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .examples([json!({"count": {"gte": 10}})])
}

fn page() -> ObjectBuilder {
    let data = ArrayBuilder::new().items(Ref::from_schema_name("AggregateGroup")).description(Some("The groups, in the order asked for."));
    let next = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some("Send it as `after` for the next page; null where nothing follows."));
    let page = ObjectBuilder::new()
        .description(Some("Where the page stands."))
        .property("next", next)
        .property("hasMore", ObjectBuilder::new().schema_type(Type::Boolean).description(Some("Whether groups follow these.")))
        .required("next")
        .required("hasMore");
    ObjectBuilder::new()
        .description(Some("A page of groups."))
        .property("data", data)
        .property("page", page)
        .required("data")
        .required("page")
}

fn group() -> ObjectBuilder {
    let open = |description: &str| {
        ObjectBuilder::new().description(Some(description)).additional_properties(Some(AdditionalProperties::FreeForm(true)))
    };
    let count = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).description(Some("How many records."));
    ObjectBuilder::new()
        .description(Some("A group with the figures asked for; names with dots are nested objects."))
        .property("keys", open("What the records of the group have in common; of a bucket its start."))
        .property("count", count)
        .property("sum", open("Sums; null where no record has a value. A whole number beyond 2^53 is a string."))
        .property("avg", open("Averages, numbers as decimal strings."))
        .property("min", open("Least values."))
        .property("max", open("Greatest values."))
        .property("countDistinct", open("How many different values there are."))
        .required("keys")
}
