//! Filter and order inputs: shared operator inputs by field type, one filter and one order input a resource.

use super::scalars::type_name;
use super::types::{Definition, EnumValue, InputField, Kind, list, nullable};
use clientela_model::{ChoiceDef, FieldDef, FieldType, Registry, ResourceDef, document, naming};
use serde_json::Value as Json;
use std::sync::Arc;

/// The operator inputs that every resource shares.
pub(crate) fn shared() -> Vec<Definition> {
    let ordered = |name: &str, scalar: &str, what: &str| {
        Definition::input(name, format!("Conditions on {what}. All that are given must hold."), comparisons(scalar))
    };
    let mut folded = comparisons("String");
    for (operator, text) in
        [("contains", "contains this text"), ("startsWith", "starts with this text"), ("endsWith", "ends with this text")]
    {
        folded.push(InputField::new(operator, nullable("String"), format!("The field {text}, whatever the case and accents.")));
    }
    let dated = |name: &str, scalar: &str, what: &str| {
        let mut fields = comparisons(scalar);
        fields.push(InputField::new("within", nullable("WithinInput"), "The field lies in a range relative to now."));
        Definition::input(name, format!("Conditions on {what}. All that are given must hold."), fields)
    };
    let within = vec![
        InputField::new("last", nullable("Duration"), "From this long ago until now, such as `P30D`."),
        InputField::new("next", nullable("Duration"), "From now until this far ahead, such as `P1W`."),
        InputField::new("this", nullable("CalendarUnit"), "The present day, week, month, quarter or year."),
        InputField::new("zone", nullable("String"), "IANA time zone such as `Europe/Berlin`; the caller's own where absent."),
    ];
    let value = |name: &str, description: &str| EnumValue { name: name.to_owned(), description: description.to_owned() };
    let mut money: Vec<InputField> =
        comparisons("Decimal").into_iter().filter(|field| !matches!(field.name.as_str(), "in" | "notIn")).collect();
    money.push(InputField::new(
        "currency",
        nullable("String"),
        "ISO 4217 code the amounts are in; needed beside an amount, alone it asks for any amount in this currency.",
    ));
    let set = vec![
        InputField::new("has", nullable("String"), "The set holds this text."),
        InputField::new("hasAny", list("String"), "The set holds at least one of these."),
        InputField::new("hasAll", list("String"), "The set holds all of these."),
        is_null(),
    ];
    let any_id = comparisons("ID").into_iter().filter(|field| !matches!(field.name.as_str(), "gt" | "gte" | "lt" | "lte")).collect();
    let boolean = comparisons("Boolean").into_iter().filter(|field| matches!(field.name.as_str(), "eq" | "ne" | "isNull")).collect();
    vec![
        ordered("IdFilter", "ID", "an id; `\"me\"` is the caller where the id is a user's"),
        Definition::input(
            "AnyIdFilter",
            "Conditions on the id of a record of any type, which its prefix names. All that are given must hold.",
            any_id,
        ),
        ordered("TextFilter", "String", "a text, compared by code point"),
        Definition::input(
            "FoldedTextFilter",
            "Conditions on a text that can also be searched in part. All that are given must hold.",
            folded,
        ),
        ordered("IntFilter", "Int", "a whole number"),
        ordered("LongFilter", "Long", "a whole number of 64 bits"),
        ordered("DurationFilter", "Duration", "a length of time"),
        Definition::input("BooleanFilter", "Conditions on a yes or no. All that are given must hold.", boolean),
        dated("DateFilter", "Date", "a calendar day"),
        dated("InstantFilter", "DateTime", "a moment"),
        Definition::input("MoneyFilter", "Conditions on an amount of money. All that are given must hold.", money),
        Definition::input("TextSetFilter", "Conditions on a set of texts. All that are given must hold.", set),
        Definition::input("WithinInput", "A range relative to now: exactly one of `last`, `next` and `this`.", within),
        Definition::new(
            "CalendarUnit",
            "A stretch of the calendar.",
            Kind::Enum(vec![
                value("DAY", "Today."),
                value("WEEK", "This week, from Monday."),
                value("MONTH", "This month."),
                value("QUARTER", "This quarter."),
                value("YEAR", "This year."),
            ]),
        ),
        Definition::new(
            "OrderDirection",
            "Which end of an order comes first. Empty fields count as the greatest.",
            Kind::Enum(vec![value("ASC", "Least first."), value("DESC", "Greatest first.")]),
        ),
        Definition::new(
            "DeletedMode",
            "Which records count with regard to deletion.",
            Kind::Enum(vec![
                value("EXCLUDE", "Only the living."),
                value("INCLUDE", "The living and the deleted."),
                value("ONLY", "Only the deleted."),
            ]),
        ),
    ]
}

fn is_null() -> InputField {
    InputField::new("isNull", nullable("Boolean"), "Whether the field is empty.")
}

pub(super) fn comparisons(scalar: &str) -> Vec<InputField> {
    let one = |name: &str, text: &str| InputField::new(name, nullable(scalar), text);
    vec![
        one("eq", "Equal; null asks for an empty field."),
        one("ne", "Not equal, also true where the field is empty; null asks for a field that is not empty."),
        InputField::new("in", list(scalar), "One of these."),
        InputField::new("notIn", list(scalar), "None of these."),
        one("gt", "Greater than."),
        one("gte", "Greater than or equal."),
        one("lt", "Less than."),
        one("lte", "Less than or equal."),
        is_null(),
    ]
}

/// The filter of a choice.
pub(crate) fn choice(choice: &ChoiceDef) -> Definition {
    let name = format!("{}Filter", choice.name);
    Definition::input(&name, format!("Conditions on {}. All that are given must hold.", a_choice(choice)), comparisons(&choice.name))
}

/// The enum of a choice.
pub(crate) fn choice_enum(choice: &ChoiceDef) -> Definition {
    let values =
        choice.options.iter().map(|option| EnumValue { name: option.name.to_string(), description: option.description.to_string() });
    Definition::new(choice.name.to_string(), choice.description.to_string(), Kind::Enum(values.collect()))
}

fn a_choice(choice: &ChoiceDef) -> String {
    format!("a choice of {}", choice.name)
}

pub(super) fn filter_name(field: &FieldDef) -> String {
    match &field.kind {
        FieldType::Id | FieldType::Reference(_) => "IdFilter".to_owned(),
        FieldType::AnyReference(_) => "AnyIdFilter".to_owned(),
        FieldType::Text { .. } if field.folded => "FoldedTextFilter".to_owned(),
        FieldType::Text { .. } => "TextFilter".to_owned(),
        FieldType::TextSet { .. } => "TextSetFilter".to_owned(),
        FieldType::Instant => "InstantFilter".to_owned(),
        FieldType::Boolean
        | FieldType::Integer { .. }
        | FieldType::Decimal { .. }
        | FieldType::Date
        | FieldType::Duration
        | FieldType::Money
        | FieldType::Choice(_) => {
            format!("{}Filter", type_name(field))
        }
    }
}

/// `AccountFilter`, `AccountToManyFilter` and `AccountOrder`.
pub(crate) fn of_resource(registry: &Registry, def: &Arc<ResourceDef>) -> Vec<Definition> {
    let (filter, to_many, order) =
        (format!("{}Filter", def.type_name), format!("{}ToManyFilter", def.type_name), format!("{}Order", def.type_name));
    let words = naming::words(&def.plural);
    let mut conditions = vec![
        InputField::new("and", list(&filter), "All of these hold."),
        InputField::new("or", list(&filter), "At least one of these holds."),
        InputField::new("not", nullable(&filter), "This does not hold."),
    ];
    let mut orders = Vec::new();
    let (mut own_conditions, mut own_orders) = (Vec::new(), Vec::new());
    for (_, field) in def.visible_fields() {
        let (conditions, orders) = if field.is_custom() { (&mut own_conditions, &mut own_orders) } else { (&mut conditions, &mut orders) };
        if field.filter {
            conditions.push(InputField::new(field.own_name(), nullable(&filter_name(field)), format!("Condition on `{}`.", field.name)));
        }
        if field.sort {
            orders.push(InputField::new(field.own_name(), nullable("OrderDirection"), format!("By `{}`.", field.name)));
        }
    }
    for relation in &def.relations {
        let Some(target) = registry.target(relation) else { continue };
        let (name, condition) = (relation.own_name(), format!("Condition on `{}`.", relation.name));
        let (conditions, orders) =
            if relation.is_custom() { (&mut own_conditions, &mut own_orders) } else { (&mut conditions, &mut orders) };
        if relation.is_to_one() {
            conditions.push(InputField::new(name, nullable(&format!("{}Filter", target.type_name)), condition));
            orders.push(InputField::new(name, nullable(&format!("{}Order", target.type_name)), format!("By a field of `{name}`.")));
        } else {
            conditions.push(InputField::new(name, nullable(&format!("{}ToManyFilter", target.type_name)), condition));
        }
    }
    let mut all = Vec::with_capacity(5);
    if !own_conditions.is_empty() {
        let name = format!("{}CustomFilter", def.type_name);
        conditions.push(InputField::new(document::NAME, nullable(&name), "Conditions on the fields that you have added."));
        let text = format!("Conditions on the fields that you have added to {words}. All that are given must hold.");
        all.push(Definition::input(&name, text, own_conditions));
    }
    if !own_orders.is_empty() {
        let name = format!("{}CustomOrder", def.type_name);
        orders.push(InputField::new(document::NAME, nullable(&name), "By a field that you have added."));
        let text = format!("One key of an order of {words} by a field that you have added: exactly one of them.");
        all.push(Definition::new(name, text, Kind::Input { one_of: true, fields: own_orders }));
    }
    let quantifiers = vec![
        InputField::new("some", nullable(&filter), "At least one of them satisfies this."),
        InputField::new("every", nullable(&filter), "All of them satisfy this; true where there are none."),
        InputField::new("none", nullable(&filter), "Not one of them satisfies this."),
    ];
    all.extend([
        Definition::input(&filter, format!("Conditions on {words}. All that are given must hold."), conditions),
        Definition::input(&to_many, format!("Conditions on the {words} of another record. All that are given must hold."), quantifiers),
        Definition::new(
            order,
            format!("One key of an order of {words}: exactly one field, or one relation with a key of its own."),
            Kind::Input { one_of: true, fields: orders },
        ),
    ]);
    all
}

/// The arguments of a list of this resource.
pub(crate) fn list_arguments(def: &ResourceDef) -> Vec<InputField> {
    vec![
        InputField::new("filter", nullable(&format!("{}Filter", def.type_name)), "Only records that satisfy this."),
        InputField::new(
            "orderBy",
            list(&format!("{}Order", def.type_name)),
            "First by the first key, then by the next; the id is always the last key.",
        ),
        InputField::new("first", nullable("Int"), "The first so many, 0 to 1000; 50 where neither `first` nor `last` is given."),
        InputField::new("after", nullable("String"), "Only what comes after this cursor."),
        InputField::new("last", nullable("Int"), "The last so many, 0 to 1000; not together with `first`."),
        InputField::new("before", nullable("String"), "Only what comes before this cursor."),
        deleted(),
    ]
}

/// The `deleted` argument.
pub(crate) fn deleted() -> InputField {
    InputField::new("deleted", nullable("DeletedMode"), "Which records count with regard to deletion.").with_default(Json::from("EXCLUDE"))
}
