//! A schema as a database reports it, and whether it is what the definitions ask for.

use clientela_model::{FieldDef, FieldType, Registry, ResourceDef, TextFormat, document};
use std::collections::{BTreeMap, BTreeSet};

/// Everything the comparison needs to know.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) tables: BTreeMap<String, Table>,
}

/// One table.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) columns: BTreeMap<String, Column>,
    pub(crate) primary_key: Vec<String>,
    /// Columns that refer to a table, besides the tenant.
    pub(crate) references: BTreeSet<(String, String)>,
    /// Columns of each unique index, and whether it is about the living alone.
    pub(crate) unique: BTreeMap<String, (Vec<String>, bool)>,
    /// Columns of the other indexes.
    pub(crate) indexes: Vec<Vec<String>>,
}

/// One column.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) kind: String,
    pub(crate) required: bool,
}

/// Tables that belong to no resource.
const SYSTEM: [&str; 12] = [
    "change_log",
    "idempotency",
    "search_document",
    "job_lease",
    "webhook_position",
    "job_content",
    "sign_in_grant",
    "token_revocation",
    "published_key",
    "audit_head",
    "feed_view",
    "feed_member",
];

/// References that another column of the same value holds, by a check of the table: (table, the field's column, the other).
const HELD_BY: [(&str, &str, &str); 1] = [("contact", "party_id", "id")];

/// Every difference between definitions and schema, in words.
pub(crate) fn differences(registry: &Registry, facts: &Facts, column_type: fn(&FieldType) -> &'static str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let tables: BTreeSet<&str> = registry.resources().iter().map(|def| def.table.as_ref()).chain(SYSTEM).collect();
    for extra in facts.tables.keys().filter(|name| !tables.contains(name.as_str())) {
        found.push(format!("table {extra} belongs to no resource"));
    }
    for def in registry.resources() {
        match facts.tables.get(def.table.as_ref()) {
            Some(table) => compare(registry, def, table, column_type, text, &mut found),
            None => found.push(format!("{}: table {} is missing", def.name, def.table)),
        }
    }
    found
}

fn compare(
    registry: &Registry,
    def: &ResourceDef,
    table: &Table,
    column_type: fn(&FieldType) -> &'static str,
    text: &str,
    found: &mut Vec<String>,
) {
    let mut expected = BTreeMap::new();
    expected.insert("tenant_id".to_owned(), Column { kind: column_type(&FieldType::Id).to_owned(), required: true });
    for field in &def.fields {
        for column in field.columns() {
            let kind = match field.kind {
                FieldType::Money if column.ends_with("_currency") => text,
                FieldType::AnyReference(_) if column.ends_with("_resource") => text,
                _ => column_type(&field.kind),
            };
            expected.insert(column, Column { kind: kind.to_owned(), required: field.required });
        }
        if field.folded {
            expected.insert(field.folded_column(), Column { kind: text.to_owned(), required: field.required });
        }
    }
    if def.takes_custom_fields() {
        let document = FieldType::Text { max: u32::MAX, format: TextFormat::Document };
        expected.insert(document::NAME.to_owned(), Column { kind: column_type(&document).to_owned(), required: false });
    }
    for (name, column) in &expected {
        if table.columns.get(name) != Some(column) {
            found.push(format!("{}.{name}: defined as {column:?}, migrated as {:?}", def.table, table.columns.get(name)));
        }
    }
    for extra in table.columns.keys().filter(|name| !expected.contains_key(*name)) {
        found.push(format!("{}.{extra} is not defined", def.table));
    }
    if table.primary_key != ["tenant_id", "id"] {
        found.push(format!("{}: primary key is {:?}", def.table, table.primary_key));
    }
    let unique: BTreeMap<String, (Vec<String>, bool)> =
        def.unique.iter().map(|unique| (unique.index.to_string(), (unique_columns(def, &unique.fields), true))).collect();
    if unique != table.unique {
        found.push(format!("{}: unique keys are defined as {unique:?}, migrated as {:?}", def.table, table.unique));
    }
    let references: BTreeSet<(String, String)> = def
        .fields
        .iter()
        .filter_map(|field| {
            let target = registry.resource(&field.reference()?.target)?;
            let holder = HELD_BY.iter().find(|(table, column, _)| def.table == *table && field.column == *column);
            Some((holder.map_or_else(|| field.column.to_string(), |(.., holder)| (*holder).to_owned()), target.table.to_string()))
        })
        .collect();
    if references != table.references {
        found.push(format!("{}: references are defined as {references:?}, migrated as {:?}", def.table, table.references));
    }
    let loose = def.fields.iter().filter(|field| field.any_reference().is_some()).map(|field| field.id_column().into_owned());
    for column in references.iter().map(|(column, _)| column.clone()).chain(loose) {
        let served = |index: &Vec<String>| index.first().is_some_and(|first| first == "tenant_id") && index.get(1) == Some(&column);
        if !table.indexes.iter().chain([&table.primary_key]).any(served) {
            found.push(format!("{}: no index begins with (tenant_id, {column})", def.table));
        }
    }
    for source in registry.timeline_sources().filter(|source| source.def.name == def.name) {
        let wanted = ["tenant_id".to_owned(), source.of.id_column().into_owned(), source.at.column.to_string()];
        if !table.indexes.iter().any(|index| index.starts_with(&wanted)) {
            found.push(format!("{}: a timeline is read by {wanted:?}, and no index begins so", def.table));
        }
    }
}

fn unique_columns(def: &ResourceDef, fields: &[clientela_model::Name]) -> Vec<String> {
    let columns = fields.iter().filter_map(|name| def.field(name)).flat_map(FieldDef::unique_columns);
    std::iter::once("tenant_id".to_owned()).chain(columns).collect()
}
