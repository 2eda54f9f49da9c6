//! The change-log row of a change: what was and what is, by field.

use clientela_kernel::{ActorKind, Context, Timestamp, Value};
use clientela_model::{FieldDef, ResourceDef, WriteMode, system};
use clientela_store::{ChangeKind, Encoder, LogEntry};

/// Whether the log keeps a field: all but secrets and the bookkeeping that the log row itself carries.
fn logged(field: &FieldDef) -> bool {
    let bookkeeping = matches!(
        field.name.as_ref(),
        system::ID | system::VERSION | system::CREATED_AT | system::CREATED_BY | system::UPDATED_AT | system::UPDATED_BY
    );
    !field.secret && !bookkeeping
}

/// Indexes of the fields in which two states differ.
pub(crate) fn differing(def: &ResourceDef, before: &[Value], after: &[Value]) -> Vec<usize> {
    let bookkeeping = |field: &FieldDef| field.write == WriteMode::ReadOnly && !logged(field) && !field.secret;
    def.fields
        .iter()
        .enumerate()
        .filter(|(index, field)| !bookkeeping(field) && field.name != system::ID && before.get(*index) != after.get(*index))
        .map(|(index, _)| index)
        .collect()
}

/// The log row of a change from one state to another.
pub(crate) fn entry(
    context: &Context,
    def: &ResourceDef,
    kind: ChangeKind,
    at: Timestamp,
    before: Option<&[Value]>,
    after: &[Value],
) -> LogEntry {
    let version = def.field_index(system::VERSION).and_then(|index| after.get(index)).and_then(Value::as_integer).unwrap_or(1);
    let row = LogEntry {
        version,
        at,
        actor: context.actor.to_text(),
        client: context.client.clone(),
        request: context.request_id,
        kind,
        minds_locks: context.actor.kind != ActorKind::System,
        before: None,
        after: None,
    };
    if kind == ChangeKind::Erased {
        return row;
    }
    let changed: Vec<usize> = match before {
        Some(before) => differing(def, before, after),
        None => (0..def.fields.len()).filter(|index| after.get(*index).is_some_and(|value| !value.is_null())).collect(),
    };
    LogEntry { before: before.map(|before| object(def, &changed, before)), after: Some(object(def, &changed, after)), ..row }
}

/// A canonical JSON object (keys sorted) of these fields.
fn object(def: &ResourceDef, indexes: &[usize], values: &[Value]) -> String {
    let mut fields: Vec<(&FieldDef, usize)> =
        indexes.iter().filter_map(|index| def.fields.get(*index).map(|field| (field, *index))).filter(|(field, _)| logged(field)).collect();
    fields.sort_by(|left, right| left.0.name.cmp(&right.0.name));
    let mut out = Vec::with_capacity(256);
    out.push(b'{');
    for (position, (field, index)) in fields.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(field.name.as_bytes());
        out.extend_from_slice(b"\":");
        Encoder::new(def, field).write_value(values.get(*index).unwrap_or(&Value::Null), &mut out);
    }
    out.push(b'}');
    String::from_utf8(out).unwrap_or_default()
}
