//! Object types: records, their connections, and the few types they share.

use super::filters;
use super::scalars::type_name;
use super::types::{Definition, Kind, OutputField, Role, list, nullable, required, required_list};
use async_graphql::parser::types::Type;
use clientela_kernel::{ErrorCode, ProblemCode, error::GraphqlPlace};
use clientela_model::{FieldDef, FieldType, Registry, ResourceDef, document, naming};
use std::sync::Arc;

/// `Node`, `PageInfo`, `Money`, `UserError` and its enums.
pub(crate) fn shared() -> Vec<Definition> {
    let money = vec![
        OutputField::new("amount", required("Decimal"), Role::Amount, "The exact amount, with the decimals of the currency."),
        OutputField::new("currency", required("String"), Role::Currency, "ISO 4217 code, such as `EUR`."),
    ];
    let page = vec![
        OutputField::new("hasNextPage", required("Boolean"), Role::HasNextPage, "Whether records follow this page."),
        OutputField::new("hasPreviousPage", required("Boolean"), Role::HasPreviousPage, "Whether records come before this page."),
        OutputField::new("startCursor", nullable("String"), Role::StartCursor, "Cursor of the first record; null on an empty page."),
        OutputField::new("endCursor", nullable("String"), Role::EndCursor, "Cursor of the last record; null on an empty page."),
    ];
    let error = vec![
        OutputField::new(
            "field",
            list("String"),
            Role::ErrorField,
            "Path of the argument that is wrong, such as `[\"input\", \"name\"]`; null where no single one is.",
        ),
        OutputField::new("code", required("UserErrorCode"), Role::ErrorCode, "What kind of error it is; the same code as on REST."),
        OutputField::new("problem", nullable("FieldProblemCode"), Role::ErrorProblem, "What is wrong with the field."),
        OutputField::new("message", required("String"), Role::ErrorMessage, "What failed, what was given, what is allowed, what to do."),
        OutputField::new(
            "currentVersion",
            nullable("Int"),
            Role::ErrorCurrentVersion,
            "The record's present version, on `VERSION_CONFLICT`.",
        ),
        OutputField::new(
            "existingId",
            nullable("ID"),
            Role::ErrorExistingId,
            "The record that stands in the way, on `DUPLICATE`, where you may read it.",
        ),
        OutputField::new(
            "lockedUntil",
            nullable("DateTime"),
            Role::ErrorLockedUntil,
            "Until when somebody else holds a lock of the record, on `RECORD_LOCKED`.",
        ),
        OutputField::new(
            "lockedBy",
            nullable("String"),
            Role::ErrorLockedBy,
            "Who holds it (`usr_…`, `key_…`), on `RECORD_LOCKED`, where you may read it.",
        ),
        OutputField::new(
            "candidateIds",
            list("ID"),
            Role::ErrorCandidateIds,
            "The records that a new one looks like, on `DUPLICATE_FOUND`, the likeliest first, as far as you may see them.",
        ),
    ];
    let codes = ErrorCode::ALL.iter().filter(|code| code.graphql_place() == GraphqlPlace::UserErrors);
    let codes = codes.map(|code| enum_value(code.as_str(), code.meaning())).collect();
    let problems = ProblemCode::ALL.iter().map(|code| enum_value(code.as_str(), code.meaning())).collect();
    vec![
        Definition::new("Node", "A record with an id that is unique among all records of all types.", Kind::Interface(vec![id_field()])),
        Definition::object("PageInfo", "Where a page stands in its list.", false, page),
        Definition::object("Money", "An amount of money.", false, money),
        Definition::object("UserError", "Why a mutation did nothing, in terms of its input.", false, error),
        Definition::new("UserErrorCode", "Codes of the errors that a change in the input can cure.", Kind::Enum(codes)),
        Definition::new("FieldProblemCode", "What can be wrong with a field.", Kind::Enum(problems)),
    ]
}

fn id_field() -> OutputField {
    OutputField::new("id", required("ID"), Role::Field(0), "The record's id.")
}

fn enum_value(name: &str, description: &str) -> super::types::EnumValue {
    super::types::EnumValue { name: name.to_owned(), description: description.to_owned() }
}

/// `Account`, `AccountConnection` and `AccountEdge`.
pub(crate) fn of_resource(registry: &Registry, def: &Arc<ResourceDef>) -> Vec<Definition> {
    let shown = |(index, field): (usize, &FieldDef)| {
        let role = if matches!(field.kind, FieldType::Money) { Role::Money(index) } else { Role::Field(index) };
        OutputField::new(field.own_name(), field_type(field), role, field.description.to_string())
    };
    let mut fields: Vec<OutputField> = def.own_fields().map(shown).collect();
    let mut custom: Vec<OutputField> = def.custom_fields().map(shown).collect();
    for (index, relation) in def.relations.iter().enumerate() {
        let Some(target) = registry.target(relation) else { continue };
        let (name, text) = (relation.own_name(), relation.description.to_string());
        let place = if relation.is_custom() { &mut custom } else { &mut fields };
        place.push(if relation.is_to_one() {
            OutputField::new(name, nullable(&target.type_name), Role::ToOne(index), text)
        } else {
            let connection = required(&format!("{}Connection", target.type_name));
            OutputField::new(name, connection, Role::ToMany(index), text).with_arguments(filters::list_arguments(target))
        });
    }
    let own = format!("{}Custom", def.type_name);
    if def.document().is_some() {
        fields.push(OutputField::new(document::NAME, required(&own), Role::Custom, "The fields that you have added."));
    }
    let (connection, edge) = (format!("{}Connection", def.type_name), format!("{}Edge", def.type_name));
    let words = naming::words(&def.plural);
    let parts = vec![
        OutputField::new("edges", required_list(&edge), Role::Edges, "The records of the page with their cursors."),
        OutputField::new("nodes", required_list(&def.type_name), Role::Nodes, "The records of the page."),
        OutputField::new("pageInfo", required("PageInfo"), Role::PageInfo, "Where the page stands in the list."),
        OutputField::new(
            "totalCount",
            required("Int"),
            Role::TotalCount,
            "How many records the whole list holds; counted only when selected.",
        ),
    ];
    let ends = vec![
        OutputField::new("cursor", required("String"), Role::Cursor, "The record's place, for `after` and `before` of the same list."),
        OutputField::new("node", required(&def.type_name), Role::Node, "The record."),
    ];
    let mut all = vec![
        Definition::object(&def.type_name, def.description.to_string(), true, fields),
        Definition::object(&connection, format!("A page of a list of {words}."), false, parts),
        Definition::object(&edge, format!("A place in a list of {words}."), false, ends),
    ];
    if def.document().is_some() {
        all.push(Definition::object(&own, format!("The fields that you have added to {words}."), false, custom));
    }
    all
}

fn field_type(field: &FieldDef) -> Type {
    let ty = match field.kind {
        FieldType::TextSet { .. } => list("String"),
        _ => nullable(type_name(field)),
    };
    Type { nullable: !field.always_there(), ..ty }
}
