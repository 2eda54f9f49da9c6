//! Aggregates: what one can group by and compute of each resource, and the shape of the answer.

use super::filters;
use super::scalars::type_name;
use super::types::{Definition, EnumValue, InputField, Kind, OutputField, Role, list, nullable, required, required_list};
use clientela_engine::aggregate::{Function, takes};
use clientela_model::{FieldDef, FieldType, Registry, ResourceDef, document, naming};
use std::sync::Arc;

/// What stands under `custom`.
const OF_OWN: &str = "Of the fields that you have added.";

/// The types that aggregates of all resources share.
pub(crate) fn shared() -> Vec<Definition> {
    let value = |name: &str, description: &str| EnumValue { name: name.to_owned(), description: description.to_owned() };
    let bucket = vec![
        InputField::new("bucket", nullable("AggregateBucketUnit"), "The stretch of the calendar; every value by itself where absent."),
        InputField::new(
            "zone",
            nullable("String"),
            "IANA time zone such as `Europe/Rome` that the stretches begin in, for moments; the caller's own where absent.",
        ),
    ];
    vec![
        Definition::new("AggregateKey", "What of a field makes groups.", Kind::Enum(vec![value("VALUE", "Its value.")])),
        Definition::new(
            "AggregateMoneyKey",
            "What of an amount makes groups.",
            Kind::Enum(vec![value("CURRENCY", "Its currency, which figures of the amount need among the keys.")]),
        ),
        Definition::new(
            "AggregateBucketUnit",
            "A stretch of the calendar.",
            Kind::Enum(vec![
                value("HOUR", "From full hour to full hour; for moments only."),
                value("DAY", "From midnight to midnight."),
                value("WEEK", "From Monday to Monday (ISO 8601)."),
                value("MONTH", "A calendar month."),
                value("QUARTER", "A calendar quarter."),
                value("YEAR", "A calendar year."),
            ]),
        ),
        Definition::input("AggregateBucket", "How a date or a moment makes groups. The key is the start of the stretch.", bucket),
        Definition::input(
            "DecimalFilter",
            "Conditions on a decimal number. All that are given must hold.",
            filters::comparisons("Decimal"),
        ),
        Definition::object(
            "AggregateCurrency",
            "The currency of the amounts of a group.",
            false,
            vec![OutputField::new(
                "currency",
                nullable("String"),
                Role::Currency,
                "ISO 4217 code; null for records without an amount, or where groups are not made by it.",
            )],
        ),
    ]
}

/// The root field.
pub(crate) fn root(index: usize, def: &ResourceDef) -> OutputField {
    let stem = format!("{}Aggregate", def.type_name);
    let words = naming::words(&def.plural);
    OutputField::new(
        format!("{}Aggregate", def.plural),
        nullable(&stem),
        Role::Aggregate(index),
        format!(
            "Counts {words} and computes figures of them, in groups. What is selected below is computed, exactly. Amounts are never added up \
             over currencies: a figure of one needs its currency in `groupBy`."
        ),
    )
    .with_arguments(vec![
        InputField::new("filter", nullable(&format!("{}Filter", def.type_name)), "Only records that satisfy this."),
        InputField::new("groupBy", list(&format!("{stem}GroupBy")), "What groups are made by, at most five keys; one group of all records where absent."),
        InputField::new("having", nullable(&format!("{stem}Having")), "Only groups whose figures satisfy this."),
        InputField::new("orderBy", list(&format!("{stem}Order")), "First by the first key, then by the next; the groups' keys are always the last."),
        InputField::new("first", nullable("Int"), "The first so many groups, 0 to 1000; 50 where absent."),
        InputField::new("after", nullable("String"), "Only what comes after this place: `next` of the page before."),
        filters::deleted(),
    ])
}

/// Every type of a resource's aggregates.
pub(crate) fn of_resource(registry: &Registry, def: &Arc<ResourceDef>) -> Vec<Definition> {
    let stem = format!("{}Aggregate", def.type_name);
    let words = naming::words(&def.plural);
    let page = vec![
        OutputField::new("groups", required_list(&format!("{stem}Group")), Role::AggregateGroups, "The groups of this page."),
        OutputField::new("hasMore", required("Boolean"), Role::AggregateHasMore, "Whether groups follow."),
        OutputField::new("next", nullable("String"), Role::AggregateNext, "Where to continue with `after`; null where nothing follows."),
    ];
    let figures = |function: Function, kind: &str, text: &str| {
        OutputField::new(function.as_str(), required(&format!("{stem}{kind}")), Role::AggregateFigures(function), text)
    };
    let group = vec![
        OutputField::new("keys", required(&format!("{stem}Keys")), Role::AggregateKeys, "What the records of the group have in common."),
        OutputField::new("count", required("Int"), Role::AggregateFigures(Function::Count), "How many records there are."),
        figures(Function::Sum, "Sums", "Sums."),
        figures(Function::Avg, "Averages", "Averages."),
        figures(Function::Min, "Extremes", "Least values."),
        figures(Function::Max, "Extremes", "Greatest values."),
        figures(Function::CountDistinct, "Distinct", "How many different values there are."),
    ];
    let figures_of =
        |kind: &str, text: String, function: Function| outputs(&stem, kind, text, |custom| computed(registry, def, function, kind, custom));
    let conditions_on = |kind: &str, text: &str, function: Function| {
        inputs(&stem, kind, text.to_owned(), false, |custom| conditions(registry, def, function, kind, custom))
    };
    let empty = "Records without a value do not count; null where none has one.";
    let mut all = vec![
        Definition::object(&stem, format!("A page of groups of {words}."), false, page),
        Definition::object(&format!("{stem}Group"), format!("A group of {words} with its figures."), false, group),
    ];
    let text =
        format!("What {words} of a group have in common. Null where groups are not made by it, and where the records have no value.");
    all.extend(outputs(&stem, "Keys", text, |custom| keys(registry, def, custom)));
    all.extend(figures_of("Sums", format!("Sums over {words}. {empty}"), Function::Sum));
    all.extend(figures_of("Averages", format!("Averages over {words}. {empty}"), Function::Avg));
    all.extend(figures_of("Extremes", format!("Least or greatest values of {words}. {empty}"), Function::Min));
    all.extend(figures_of("Distinct", format!("How many different values {words} have."), Function::CountDistinct));
    let text = format!("A key of groups of {words}: exactly one field, or one relation with a key of its own.");
    all.extend(inputs(&stem, "GroupBy", text, true, |custom| group_by(registry, def, custom)));
    let text = format!("Conditions on the figures of groups of {words}. All that are given must hold.");
    all.push(Definition::input(&format!("{stem}Having"), text, having(&stem)));
    all.extend(conditions_on("SumsHaving", "Conditions on sums. All that are given must hold.", Function::Sum));
    all.extend(conditions_on(
        "AveragesHaving",
        "Conditions on averages, by their exact value. All that are given must hold.",
        Function::Avg,
    ));
    all.extend(conditions_on("ExtremesHaving", "Conditions on least or greatest values. All that are given must hold.", Function::Min));
    let text = "Conditions on counts of different values. All that are given must hold.";
    all.extend(conditions_on("DistinctHaving", text, Function::CountDistinct));
    all.push(Definition::new(
        format!("{stem}Order"),
        format!("One key of an order of groups of {words}: exactly one key of theirs, or one figure."),
        Kind::Input { one_of: true, fields: orders(def) },
    ));
    all
}

/// Everybody's fields, or those that the tenant added.
fn fields(def: &ResourceDef, custom: bool) -> impl Iterator<Item = (usize, &FieldDef)> {
    def.visible_fields().filter(move |(_, field)| field.filter && field.is_custom() == custom)
}

/// The to-one relations, everybody's or those that the tenant added, with their targets' type names.
fn relations<'r>(registry: &'r Registry, def: &'r ResourceDef, custom: bool) -> impl Iterator<Item = (usize, &'r str, &'r str)> {
    def.relations
        .iter()
        .enumerate()
        .filter(move |(_, relation)| relation.is_to_one() && relation.is_custom() == custom)
        .filter_map(|(index, relation)| Some((index, relation.own_name(), registry.target(relation)?.type_name.as_ref())))
}

/// An output object of everybody's members, with another one of those that the tenant added below it, where there are any.
fn outputs(stem: &str, kind: &str, text: String, members: impl Fn(bool) -> Vec<OutputField>) -> Vec<Definition> {
    let (mut all, own) = (members(false), members(true));
    let mut made = Vec::with_capacity(2);
    if !own.is_empty() {
        let name = format!("{stem}Custom{kind}");
        all.push(OutputField::new(document::NAME, required(&name), Role::AggregateCustom, OF_OWN));
        made.push(Definition::object(&name, format!("{text} {OF_OWN}"), false, own));
    }
    made.push(Definition::object(&format!("{stem}{kind}"), text, false, all));
    made
}

/// The same of an input, which takes one of its members alone where `one_of` says so.
fn inputs(stem: &str, kind: &str, text: String, one_of: bool, members: impl Fn(bool) -> Vec<InputField>) -> Vec<Definition> {
    let (mut all, own) = (members(false), members(true));
    let mut made = Vec::with_capacity(2);
    if !own.is_empty() {
        let name = format!("{stem}Custom{kind}");
        all.push(InputField::new(document::NAME, nullable(&name), OF_OWN));
        made.push(Definition::new(name, format!("{text} {OF_OWN}"), Kind::Input { one_of, fields: own }));
    }
    made.push(Definition::new(format!("{stem}{kind}"), text, Kind::Input { one_of, fields: all }));
    made
}

fn keys(registry: &Registry, def: &ResourceDef, custom: bool) -> Vec<OutputField> {
    let mut made = Vec::new();
    for (index, field) in fields(def, custom) {
        let text = format!("By `{}`.", field.own_name());
        match &field.kind {
            FieldType::TextSet { .. } => {}
            FieldType::Money => {
                made.push(OutputField::new(
                    field.own_name().to_owned(),
                    nullable("AggregateCurrency"),
                    Role::AggregateCurrency(index),
                    text,
                ));
            }
            _ => made.push(OutputField::new(field.own_name().to_owned(), nullable(type_name(field)), Role::AggregateField(index), text)),
        }
    }
    for (index, name, target) in relations(registry, def, custom) {
        made.push(OutputField::new(
            name,
            nullable(&format!("{target}AggregateKeys")),
            Role::AggregateRelation(index),
            format!("By `{name}`."),
        ));
    }
    made
}

fn computed(registry: &Registry, def: &ResourceDef, function: Function, kind: &str, custom: bool) -> Vec<OutputField> {
    let mut made = Vec::new();
    for (index, field) in fields(def, custom).filter(|(_, field)| takes(function, &field.kind)) {
        let (name, integer) = (field.own_name().to_owned(), matches!(field.kind, FieldType::Integer { .. }));
        let (role, ty, text) = match function {
            Function::CountDistinct => (Role::AggregateField(index), required("Int"), format!("Different values of `{name}`.")),
            _ if matches!(field.kind, FieldType::Money) => (
                Role::AggregateMoney(index),
                nullable("Money"),
                format!("Of `{name}`, whose currency must be a key of the groups; an average is rounded to the currency's unit."),
            ),
            Function::Sum if integer => {
                (Role::AggregateField(index), nullable("Long"), format!("Of `{name}`: exact, also beyond 64 bits."))
            }
            Function::Avg if integer || matches!(field.kind, FieldType::Decimal { .. }) => (
                Role::AggregateField(index),
                nullable("Decimal"),
                format!("Of `{name}`, with at most six decimals (its own places where it has more), halves rounded away from zero."),
            ),
            _ => (Role::AggregateField(index), nullable(type_name(field)), format!("Of `{name}`.")),
        };
        made.push(OutputField::new(name, ty, role, text));
    }
    for (index, name, target) in relations(registry, def, custom) {
        let text = format!("Of fields of `{name}`, once for each record that has one.");
        made.push(OutputField::new(name, required(&format!("{target}Aggregate{kind}")), Role::AggregateRelation(index), text));
    }
    made
}

fn group_by(registry: &Registry, def: &ResourceDef, custom: bool) -> Vec<InputField> {
    let mut made = Vec::new();
    for (_, field) in fields(def, custom) {
        let ty = match &field.kind {
            FieldType::TextSet { .. } => continue,
            FieldType::Money => "AggregateMoneyKey",
            FieldType::Date | FieldType::Instant => "AggregateBucket",
            _ => "AggregateKey",
        };
        made.push(InputField::new(field.own_name().to_owned(), nullable(ty), format!("By `{}`.", field.own_name())));
    }
    for (_, name, target) in relations(registry, def, custom) {
        made.push(InputField::new(name, nullable(&format!("{target}AggregateGroupBy")), format!("By a field of `{name}`.")));
    }
    made
}

fn having(stem: &str) -> Vec<InputField> {
    let one = |function: Function, kind: &str, text: &str| InputField::new(function.as_str(), nullable(&format!("{stem}{kind}")), text);
    vec![
        InputField::new("and", list(&format!("{stem}Having")), "All of these hold."),
        InputField::new("or", list(&format!("{stem}Having")), "At least one of these holds."),
        InputField::new("not", nullable(&format!("{stem}Having")), "This does not hold."),
        InputField::new("count", nullable("IntFilter"), "Condition on how many records there are."),
        one(Function::Sum, "SumsHaving", "Conditions on sums."),
        one(Function::Avg, "AveragesHaving", "Conditions on averages."),
        one(Function::Min, "ExtremesHaving", "Conditions on least values."),
        one(Function::Max, "ExtremesHaving", "Conditions on greatest values."),
        one(Function::CountDistinct, "DistinctHaving", "Conditions on how many different values there are."),
    ]
}

fn conditions(registry: &Registry, def: &ResourceDef, function: Function, kind: &str, custom: bool) -> Vec<InputField> {
    let mut made = Vec::new();
    for (_, field) in fields(def, custom).filter(|(_, field)| takes(function, &field.kind)) {
        let integer = matches!(field.kind, FieldType::Integer { .. });
        let ty = match function {
            Function::CountDistinct => "IntFilter".to_owned(),
            Function::Sum if integer => "LongFilter".to_owned(),
            Function::Avg if integer => "DecimalFilter".to_owned(),
            _ => filters::filter_name(field),
        };
        made.push(InputField::new(
            field.own_name().to_owned(),
            nullable(&ty),
            format!("Condition on the figure of `{}`.", field.own_name()),
        ));
    }
    for (_, name, target) in relations(registry, def, custom) {
        made.push(InputField::new(name, nullable(&format!("{target}Aggregate{kind}")), format!("Conditions on figures of `{name}`.")));
    }
    made
}

fn orders(def: &ResourceDef) -> Vec<InputField> {
    let order = format!("{}Order", def.type_name);
    let mut made = vec![
        InputField::new("keys", nullable(&order), "By a key of the groups, which must be in `groupBy`; of an amount by its currency."),
        InputField::new("count", nullable("OrderDirection"), "By how many records there are."),
    ];
    for (function, text) in [
        (Function::Sum, "By a sum."),
        (Function::Avg, "By an average, by its exact value."),
        (Function::Min, "By a least value."),
        (Function::Max, "By a greatest value."),
        (Function::CountDistinct, "By how many different values there are."),
    ] {
        made.push(InputField::new(function.as_str(), nullable(&order), text));
    }
    made
}
