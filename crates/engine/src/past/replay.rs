//! A record as it was, made from its creation on.

use clientela_kernel::{Timestamp, Value};
use clientela_model::{ResourceDef, system};
use clientela_store::{Change, Encoder};
use serde_json::{Map, Value as Json};

/// The fields of a record at a moment, by index of its definition, from its changes in the order they were made. None where
/// it was not born yet, or where what the log held of it is erased. Of several versions the last that was made by then counts.
pub(super) fn state(def: &ResourceDef, changes: &[Change], at: Timestamp) -> Option<Vec<Value>> {
    let last = changes.iter().rposition(|change| change.at <= at)?;
    let mut record: Option<Vec<Value>> = None;
    for change in changes.iter().take(last + 1) {
        let after = change.after.as_deref().and_then(|text| serde_json::from_str::<Map<String, Json>>(text).ok());
        record = match (after, change.kind.as_str()) {
            // An erased life leaves rows without what they held.
            (None, _) | (_, "ERASED") => None,
            (Some(after), "CREATED") => {
                let mut born = vec![Value::Null; def.fields.len()];
                set(def, &mut born, system::ID, Value::Id(change.record.0));
                set(def, &mut born, system::CREATED_AT, Value::Instant(change.at));
                set(def, &mut born, system::CREATED_BY, Value::from(change.actor.as_str()));
                Some(applied(def, born, &after, change))
            }
            (Some(after), _) => record.map(|record| applied(def, record, &after, change)),
        };
    }
    record
}

fn applied(def: &ResourceDef, mut record: Vec<Value>, after: &Map<String, Json>, change: &Change) -> Vec<Value> {
    for (name, json) in after {
        // A field that the definition has no more is not shown.
        if let Some(value) = def.field(name).and_then(|field| Encoder::new(def, field).parse(json)) {
            set(def, &mut record, name, value);
        }
    }
    set(def, &mut record, system::VERSION, Value::Integer(change.version));
    set(def, &mut record, system::UPDATED_AT, Value::Instant(change.at));
    set(def, &mut record, system::UPDATED_BY, Value::from(change.actor.as_str()));
    record
}

fn set(def: &ResourceDef, record: &mut [Value], name: &str, value: Value) {
    if let Some(slot) = def.field_index(name).and_then(|index| record.get_mut(index)) {
        *slot = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use clientela_kernel::Id;
    use uuid::Uuid;

    fn change(version: i64, at: i64, kind: &str, after: Option<&str>) -> Change {
        Change {
            sequence: version,
            resource: "animal".to_owned(),
            record: Id(Uuid::from_u128(1)),
            version,
            at: Timestamp(at),
            actor: format!("usr_{version}"),
            client: None,
            request: Uuid::nil(),
            kind: kind.to_owned(),
            before: None,
            after: after.map(str::to_owned),
        }
    }

    #[test]
    fn each_moment_has_its_state() {
        let registry = fixture::registry();
        let def = registry.resource("animal").unwrap();
        let log = [
            change(1, 100, "CREATED", Some(r#"{"name":"Rex","weight":3,"gone":1}"#)),
            change(2, 200, "UPDATED", Some(r#"{"weight":null}"#)),
            // The clock of another node went after.
            change(3, 190, "UPDATED", Some(r#"{"weight":5}"#)),
        ];
        let field = |at: i64, name: &str| state(def, &log, Timestamp(at)).map(|record| record[def.field_index(name).unwrap()].clone());
        assert_eq!(field(99, "name"), None);
        assert_eq!(field(100, "weight"), Some(Value::Integer(3)));
        assert_eq!(field(150, "updatedBy"), Some(Value::from("usr_1")));
        assert_eq!(field(195, "weight"), Some(Value::Integer(5)), "the last version that was made by then");
        assert_eq!(field(900, "version"), Some(Value::Integer(3)));
        assert_eq!(field(900, "createdAt"), Some(Value::Instant(Timestamp(100))));
        assert_eq!(field(900, "name"), Some(Value::from("Rex")));
    }

    #[test]
    fn an_erased_life_is_gone_and_a_new_one_is_seen() {
        let registry = fixture::registry();
        let def = registry.resource("animal").unwrap();
        let erased = [change(1, 100, "CREATED", None), change(2, 200, "ERASED", None)];
        assert_eq!(state(def, &erased, Timestamp(150)), None);
        let again = [change(1, 100, "CREATED", None), change(1, 300, "CREATED", Some("{}")), change(2, 200, "ERASED", None)];
        assert_eq!(state(def, &again, Timestamp(250)), None);
    }
}
