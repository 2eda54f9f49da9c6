//! `exportPerson`.

use super::footprint;
use super::request::{Done, PrivacyRequestKind, write};
use async_trait::async_trait;
use clientela_engine::{AuditEvent, Call, Operation};
use clientela_kernel::{Id, Name, Result};
use clientela_macros::Shape;
use clientela_model::OperationDef;
use serde_json::json;
use std::collections::BTreeMap;

/// Exports everything about a person.
pub struct ExportPerson;

/// Whose data.
#[derive(Shape)]
pub struct PersonExport {
    /// Whose data: the id of a party, a contact or an account, deleted ones too.
    #[field(refers = "party", example = "\"con_01h455vb4pex5vsknk084sn02q\"")]
    pub party_id: Id,
    /// Your own number of the request. It stays when the person is erased: name nobody in it.
    #[field(max = 100, example = "\"DSR-2026-17\"")]
    pub reference: Option<String>,
}

/// Everything about the person.
#[derive(Shape)]
pub struct ExportedPerson {
    /// The request as it is kept.
    #[field(record = "privacyRequest")]
    pub privacy_request: Id,
    /// Everything, as one JSON document: `form` is `clientela.person/1`, `records` lists every record with its resource, its id, whether it is
    /// the person's `own` or one of others that names the person or is shared, whether it is `deleted`, the `record` as REST shows it, and its
    /// `history`, the latest change first, as `GET …/history` shows it. A repetition of the request does not show it again.
    #[field(document = r#"{"type":"object","required":["form","exportedAt","records"],"properties":{
        "form":{"type":"string","description":"The form of the document, with its version."},
        "exportedAt":{"type":"string","format":"date-time","description":"When it was made."},
        "records":{"type":"array","description":"Every record, what belongs to the person first.","items":{"type":"object",
            "required":["resource","id","own","deleted","record","history"],"properties":{
            "resource":{"type":"string","description":"The resource."},
            "id":{"type":"string","description":"The record."},
            "own":{"type":"boolean","description":"Whether it belongs to the person, and not to others as well."},
            "deleted":{"type":"boolean","description":"Whether it is deleted."},
            "record":{"type":"object","description":"The record, as REST shows it."},
            "history":{"type":"array","description":"Its changes, the latest first.","items":{"type":"object"}}}}}}}"#)]
    pub document: Option<String>,
}

#[async_trait]
impl Operation for ExportPerson {
    type Input = PersonExport;
    type Output = ExportedPerson;

    fn definition() -> OperationDef {
        OperationDef::writing::<PersonExport, ExportedPerson>(
            "exportPerson",
            "privacyRequest",
            "export-person",
            "Exports everything about a party in one document: every record of every resource that belongs to it or names it, deleted ones too, \
             each with its history, and records that were merged into it. That it was done is kept as a privacy request; the document is not.",
        )
    }

    async fn run(&self, call: &Call<'_>, asked: PersonExport) -> Result<ExportedPerson> {
        let person = footprint(call, asked.party_id).await?;
        let document = call.export_footprint(&person).await?;
        let event = AuditEvent {
            kind: "EXPORTED",
            resource: Some("party".to_owned()),
            record: Some(person.identity.to_text("pty")),
            detail: Some(json!({ "operation": "exportPerson" })),
        };
        call.engine().audit(call.context, event).await?;
        let mut others: BTreeMap<Name, i64> = BTreeMap::new();
        for other in &person.others {
            *others.entry(other.record.def.name.clone()).or_default() += 1;
        }
        let own = person.owned();
        let done = Done {
            kind: PrivacyRequestKind::Export,
            subject: person.identity,
            reference: asked.reference,
            own: own.values().sum(),
            others: others.values().sum(),
            report: json!({ "own": by_resource(&own), "others": by_resource(&others) }),
            suppressed: Vec::new(),
        };
        Ok(ExportedPerson { privacy_request: write(call, done).await?, document: Some(document) })
    }
}

/// Counts as a JSON object.
pub(super) fn by_resource(counts: &BTreeMap<Name, i64>) -> serde_json::Value {
    counts.iter().map(|(resource, count)| (resource.to_string(), serde_json::Value::from(*count))).collect()
}
