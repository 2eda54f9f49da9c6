//! A person's footprint as one JSON document.

use super::Footprint;
use crate::module::Found;
use crate::past::shown;
use clientela_access::FieldMask;
use clientela_kernel::{Result, Timestamp, Value};
use clientela_model::system;
use clientela_store::{Encoder, Scope};
use serde_json::Value as Json;

/// The name of the form, with its version.
const FORM: &str = "clientela.person/1";
/// Changes that one statement reads.
const PAGE: u32 = 1_000;

/// `{"form", "exportedAt", "records": [{"resource", "id", "own", "deleted", "record": {…}, "history": […]}]}`: the records in the wire form of
/// REST, what belongs to the person first, each with its changes, the latest first, as `GET …/history` shows them.
pub(super) async fn document(scope: &Scope, footprint: &Footprint, now: Timestamp) -> Result<String> {
    let mut out = Vec::with_capacity(64 * 1024);
    out.extend_from_slice(b"{\"form\":");
    write(&mut out, &Json::from(FORM));
    out.extend_from_slice(b",\"exportedAt\":");
    write(&mut out, &Json::from(now.to_text()));
    out.extend_from_slice(b",\"records\":[");
    let own = footprint.own.iter().map(|record| (record, true));
    let others = footprint.others.iter().map(|other| (&other.record, false));
    for (position, (record, own)) in own.chain(others).enumerate() {
        if position > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"resource\":");
        write(&mut out, &Json::from(record.def.name.as_ref()));
        out.extend_from_slice(b",\"id\":");
        write(&mut out, &Json::from(record.id.to_text(&record.def.prefix)));
        out.extend_from_slice(if own { b",\"own\":true" } else { b",\"own\":false" });
        let deleted = !record.get(system::DELETED_AT).is_null();
        out.extend_from_slice(if deleted { b",\"deleted\":true" } else { b",\"deleted\":false" });
        out.extend_from_slice(b",\"record\":");
        fields(record, &mut out);
        out.extend_from_slice(b",\"history\":");
        history(scope, record, &mut out).await?;
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    String::from_utf8(out).map_err(clientela_kernel::Error::internal)
}

fn write(out: &mut Vec<u8>, json: &Json) {
    out.extend_from_slice(json.to_string().as_bytes());
}

fn fields(record: &Found, out: &mut Vec<u8>) {
    out.push(b'{');
    for (position, (index, field)) in record.def.visible_fields().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write(out, &Json::from(field.name.as_ref()));
        out.push(b':');
        Encoder::new(&record.def, field).write_value(record.values.get(index).unwrap_or(&Value::Null), out);
    }
    out.push(b'}');
}

async fn history(scope: &Scope, record: &Found, out: &mut Vec<u8>) -> Result<()> {
    out.push(b'[');
    let mut before = None;
    let mut first = true;
    // A mirror has no log of its own.
    let mut more = !record.def.mirror;
    while more {
        let changes = scope.history(&record.def.name, record.id.0, before, PAGE).await?;
        for change in &changes {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            write(out, &shown(&record.def, &FieldMask::default(), change)?);
        }
        before = changes.last().map(|change| (change.version, change.sequence));
        more = changes.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
    }
    out.push(b']');
    Ok(())
}
