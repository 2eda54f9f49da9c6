//! The ledger.

use super::{ConsentState, ContactChannel};
use crate::purpose::LegalBasis;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{Draft, Found, RuleReader};
use clientela_kernel::{Comparison, Context, Error, FieldProblem, Filter, Id, ProblemCode, Result, Timestamp, Value};
use clientela_macros::resource;
use clientela_model::system;

/// An entry of the consent ledger: what a party has said about one purpose at one moment. Entries are written by operations
/// (`recordConsent`, `confirmConsent`, `withdrawConsent`) and never changed: what holds is derived from all of them, see
/// `consentStatus`.
#[resource(name = "consent", prefix = "cns", read_only, timeline(of = "partyId", at = "occurredAt", title = "source", sort = "state"))]
pub struct Model {
    /// Whose consent it is.
    #[field(
        refers = "party",
        inverse = "consents",
        inverse_description = "What this party has agreed to, refused and taken back, by purpose.",
        on_delete = "cascade",
        example = "\"con_01h455vb4pex5vsknk084sn02q\""
    )]
    pub party_id: Id,
    /// What for.
    #[field(
        refers = "purpose",
        inverse = "consents",
        inverse_description = "What parties have said about this purpose.",
        example = "\"pur_01h455vb4pex5vsknk084sn02q\""
    )]
    pub purpose_id: Id,
    /// The contact point it is about; about all of them where empty.
    #[field(
        refers = "contactPoint",
        inverse = "consents",
        inverse_description = "What was said about being contacted here.",
        on_delete = "clear",
        example = "\"cpt_01h455vb4pex5vsknk084sn02q\""
    )]
    pub contact_point_id: Option<Id>,
    /// The address or number it is about, as the contact point had it at that time: the entry holds for it even when the
    /// contact point has gone.
    #[field(max = 1000, write = "read_only", example = "\"anna@bergkaese.example\"")]
    pub address: Option<String>,
    /// The channel it is about; about every channel where empty.
    #[field(example = "\"EMAIL\"")]
    pub channel: Option<ContactChannel>,
    /// The organization that may use the data, where that is not us: a partner.
    #[field(
        refers = "account",
        inverse = "consentsAsController",
        inverse_description = "What parties have said about being contacted by this organization.",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub controller_id: Option<Id>,
    /// Why the law lets us.
    #[field()]
    pub legal_basis: LegalBasis,
    /// What was said.
    #[field()]
    pub state: ConsentState,
    /// When it was said; never in the future.
    #[field()]
    pub occurred_at: Timestamp,
    /// Where it was said.
    #[field(max = 200, example = "\"Newsletter form\"")]
    pub source: Option<String>,
    /// What proves it: the words, the address of the caller, the name of a scan.
    #[field(max = 4000, example = "\"Ticked the box on https://bergkaese.example/news, from 192.0.2.7\"")]
    pub evidence: Option<String>,
    /// What the party was told.
    #[field(
        refers = "purposeNotice",
        inverse = "consents",
        inverse_description = "What was said on this notice.",
        example = "\"pno_01h455vb4pex5vsknk084sn02q\""
    )]
    pub notice_id: Option<Id>,
    /// The entry that this one answers: the one it confirms or takes back.
    #[field(
        refers = "consent",
        inverse = "answeredBy",
        inverse_description = "The entries that confirm this one or take it back.",
        on_delete = "clear",
        example = "null"
    )]
    pub answers_id: Option<Id>,
    /// Digest of the token that confirms a pending entry.
    #[field(max = 64, secret, write = "read_only", example = "null")]
    pub token_digest: Option<String>,
}

/// The rules of the ledger.
pub struct ConsentRules;

#[async_trait]
impl Rules for ConsentRules {
    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        if let Some(point) = referred(reader, draft, "contactPointId", "contactPoint").await? {
            if point.get("partyId") != draft.get("partyId") {
                return Err(contradiction(
                    "contactPointId",
                    "contactPointId names an address of another party. Name one of the party's own, or none.",
                ));
            }
            draft.set("address", point.get("normalized").clone());
        }
        if let Some(notice) = referred(reader, draft, "noticeId", "purposeNotice").await?
            && notice.get("purposeId") != draft.get("purposeId")
        {
            return Err(contradiction("noticeId", "noticeId names a notice of another purpose. Name one of this purpose, or none."));
        }
        Ok(())
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        if let (Some(occurred), Some(now)) = (draft.get("occurredAt").as_instant(), draft.get(system::UPDATED_AT).as_instant())
            && occurred > now
            && draft.before.is_none()
        {
            let text = format!(
                "occurredAt is {}, which is in the future: it is {}. Nobody has consented tomorrow.",
                occurred.to_text(),
                now.to_text()
            );
            problems.push(FieldProblem::new("/occurredAt", ProblemCode::OutOfRange, text));
        }
    }
}

/// The living record that a field of the draft names; none where it names none. One that is not there is told by the write.
async fn referred(reader: &dyn RuleReader, draft: &Draft, field: &str, resource: &str) -> Result<Option<Found>> {
    let Some(id) = draft.get(field).as_id() else { return Ok(None) };
    Ok(reader.find(resource, Filter::field(system::ID, Comparison::Equal(Value::Id(id)))).await?.pop())
}

fn contradiction(field: &str, text: &str) -> Error {
    Error::validation(vec![FieldProblem::new(format!("/{field}"), ProblemCode::Contradiction, text)])
}
