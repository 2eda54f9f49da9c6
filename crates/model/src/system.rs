//! The fields every record has.

use crate::{FieldDef, FieldType, TextFormat, WriteMode};

/// Column of the tenant: first in every key, in no API.
pub const TENANT: &str = "tenant_id";
/// Name of the id field.
pub const ID: &str = "id";
/// Name of the version field.
pub const VERSION: &str = "version";
/// Name of the field with the moment of creation.
pub const CREATED_AT: &str = "createdAt";
/// Name of the field with the creator.
pub const CREATED_BY: &str = "createdBy";
/// Name of the field with the moment of the last change.
pub const UPDATED_AT: &str = "updatedAt";
/// Name of the field with the last changer.
pub const UPDATED_BY: &str = "updatedBy";
/// Name of the field with the moment of deletion.
pub const DELETED_AT: &str = "deletedAt";

/// The system fields of a resource with this id example.
pub fn fields(prefix: &str) -> Vec<FieldDef> {
    let actor = || FieldType::Text { max: 40, format: TextFormat::Plain };
    let mut fields = vec![
        FieldDef::new(
            ID,
            "id",
            FieldType::Id,
            "The record's id: a TypeID, the resource's prefix and a UUIDv7. You may choose it yourself when you create the record; the server mints one otherwise.",
            format!("\"{prefix}_01h455vb4pex5vsknk084sn02q\""),
        ),
        FieldDef::new(
            VERSION,
            "version",
            FieldType::Integer { min: 1, max: i64::MAX },
            "Counts the record's changes from 1. Send it as If-Match or expectedVersion to change the record only if nobody else did.",
            "1",
        ),
        FieldDef::new(CREATED_AT, "created_at", FieldType::Instant, "When the record was created.", "\"2026-01-31T08:15:00.000Z\""),
        FieldDef::new(
            CREATED_BY,
            "created_by",
            actor(),
            "Who created the record: the id of a user (usr_), an API key (key_) or the system (sys_).",
            "\"usr_01h455vb4pex5vsknk084sn02q\"",
        ),
        FieldDef::new(UPDATED_AT, "updated_at", FieldType::Instant, "When the record was last changed.", "\"2026-01-31T08:15:00.000Z\""),
        FieldDef::new(
            UPDATED_BY,
            "updated_by",
            actor(),
            "Who last changed the record: the id of a user (usr_), an API key (key_) or the system (sys_).",
            "\"usr_01h455vb4pex5vsknk084sn02q\"",
        ),
        FieldDef::new(DELETED_AT, "deleted_at", FieldType::Instant, "When the record was deleted; null while it lives.", "null"),
    ];
    for field in &mut fields {
        field.write = if field.name == ID { WriteMode::Immutable } else { WriteMode::ReadOnly };
        field.required = field.name != DELETED_AT;
    }
    fields
}
