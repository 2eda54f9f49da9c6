//! `erasePerson`.

use super::export::by_resource;
use super::request::{Done, PrivacyRequestKind, write};
use super::{footprint, suppression};
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Id, Result};
use clientela_macros::Shape;
use clientela_model::OperationDef;
use serde_json::json;
use std::collections::BTreeSet;

/// Fields that tell who somebody is, besides names, e-mail addresses and telephone numbers.
const IDENTIFYING: &[(&str, &str)] = &[("contactPoint", "value"), ("contactPoint", "normalized"), ("address", "line1"), ("taxId", "value")];

/// Erases a person.
pub struct ErasePerson;

/// Who.
#[derive(Shape)]
pub struct PersonErasure {
    /// Who is to be forgotten: the id of a party, a contact or an account, deleted ones too.
    #[field(refers = "party", example = "\"con_01h455vb4pex5vsknk084sn02q\"")]
    pub party_id: Id,
    /// Your own number of the request. It stays: name nobody in it.
    #[field(max = 100, example = "\"DSR-2026-17\"")]
    pub reference: Option<String>,
}

/// What was erased where.
#[derive(Shape)]
pub struct ErasedPerson {
    /// The request and its report, as they are kept.
    #[field(record = "privacyRequest")]
    pub privacy_request: Id,
    /// The records, by resource.
    #[field(shape, most = 500)]
    pub counts: Vec<ErasedCount>,
    /// Changes of other records in the log whose content was overwritten.
    #[field(min = 0, max = 1_000_000_000, example = "2")]
    pub overwritten_changes: i64,
    /// Remembered answers of earlier requests that were forgotten. A repetition of such a request is told so.
    #[field(min = 0, max = 1_000_000_000, example = "1")]
    pub forgotten_answers: i64,
    /// Addresses and numbers that are recognized from now on, and not contacted without a new consent.
    #[field(min = 0, max = 1_000_000_000, example = "2")]
    pub suppressed_addresses: i64,
}

/// The records of one resource.
#[derive(Shape)]
pub struct ErasedCount {
    /// The resource.
    #[field(max = 60, example = "\"contactPoint\"")]
    pub resource: String,
    /// Records that are gone, and with them what the change log and the search held of them.
    #[field(min = 0, max = 1_000_000_000, example = "3")]
    pub erased: i64,
    /// Records of others that stay, and no longer tell of the person.
    #[field(min = 0, max = 1_000_000_000, example = "1")]
    pub changed: i64,
}

#[async_trait]
impl Operation for ErasePerson {
    type Input = PersonErasure;
    type Output = ErasedPerson;

    fn definition() -> OperationDef {
        OperationDef::writing::<PersonErasure, ErasedPerson>(
            "erasePerson",
            "privacyRequest",
            "erase-person",
            "Forgets a party for good, and whatever was merged into it: contact points, addresses, consents, decisions, visits to web sites, tasks, \
             notes and files about it, and interactions and meetings in which nobody else took part, in the tables, in the search, in the change \
             log and in remembered answers. What is shared with others stays, without the party's part in it and with its name, \
             addresses and numbers overwritten. The log keeps that the records were there, and no longer what they were. There is no way back: try \
             it with `dryRun` first.",
        )
    }

    async fn run(&self, call: &Call<'_>, asked: PersonErasure) -> Result<ErasedPerson> {
        let person = footprint(call, asked.party_id).await?;
        let suppressed = suppression::hashes(call, &person).await?;
        let report = call.erase_footprint(&person, IDENTIFYING).await?;
        let resources: BTreeSet<_> = report.erased.keys().chain(report.changed.keys()).collect();
        let count = |counts: &std::collections::BTreeMap<_, i64>, resource| counts.get(resource).copied().unwrap_or_default();
        let counts = resources.into_iter().map(|resource| ErasedCount {
            resource: resource.to_string(),
            erased: count(&report.erased, resource),
            changed: count(&report.changed, resource),
        });
        let counts = counts.collect();
        let suppressed_addresses = i64::try_from(suppressed.len()).unwrap_or(i64::MAX);
        let done = Done {
            kind: PrivacyRequestKind::Erase,
            subject: person.identity,
            reference: asked.reference,
            own: report.erased.values().sum(),
            others: report.changed.values().sum(),
            report: json!({
                "own": by_resource(&report.erased),
                "others": by_resource(&report.changed),
                "changes": report.changes,
                "answers": report.answers,
            }),
            suppressed,
        };
        Ok(ErasedPerson {
            privacy_request: write(call, done).await?,
            counts,
            overwritten_changes: report.changes,
            forgotten_answers: report.answers,
            suppressed_addresses,
        })
    }
}
