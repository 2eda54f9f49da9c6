//! `exportVcard`.

use super::VcardVersion;
use super::card::{Card, Place, Point};
use super::write::write;
use crate::contact_point::ContactPointKind;
use async_trait::async_trait;
use clientela_engine::module::Found;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Comparison, Error, FieldProblem, Filter, Id, ProblemCode, Result, Value};
use clientela_macros::Shape;
use clientela_model::{OperationDef, system};
use std::collections::HashMap;
use uuid::Uuid;

/// Writes parties as vCards.
pub struct ExportVcard;

/// Whom to write.
#[derive(Shape)]
pub struct VcardRequest {
    /// Whom: the id of a party, a contact or an account.
    #[field(refers = "party", example = "\"con_01h455vb4pex5vsknk084sn02q\"")]
    pub party_id: Id,
    /// Further parties.
    #[field(refers = "party", most = 99, example = "\"con_01h455vb4pex5vsknk084sn02r\"")]
    pub further_party_ids: Vec<Id>,
    /// The version of vCard.
    #[field(default = "\"V4\"", example = "\"V4\"")]
    pub version: VcardVersion,
}

/// The text.
#[derive(Shape)]
pub struct VcardText {
    /// The cards, one after the other, in the order in which the parties were named: lines end in CR and LF. Its media type is `text/vcard`.
    #[field(max = 10_000_000, example = "\"BEGIN:VCARD\\r\\nVERSION:4.0\\r\\nFN:Anna Gruber\\r\\nEND:VCARD\\r\\n\"")]
    pub vcard: String,
}

#[async_trait]
impl Operation for ExportVcard {
    type Input = VcardRequest;
    type Output = VcardText;

    fn definition() -> OperationDef {
        OperationDef::reading::<VcardRequest, VcardText>(
            "exportVcard",
            "party",
            "export-vcard",
            "Writes parties as vCards (RFC 6350, or RFC 2426 for older address books): name, organization and department, title, e-mail addresses, \
             telephone numbers, web sites, social profiles, addresses, birthday, language and tags. What is chat, push or certified mail \
             has no word in a vCard and is left out.",
        )
    }

    async fn run(&self, call: &Call<'_>, asked: VcardRequest) -> Result<VcardText> {
        let mut problems = Vec::new();
        let mut faces = Vec::with_capacity(asked.further_party_ids.len() + 1);
        let further = asked.further_party_ids.iter().enumerate().map(|(position, party)| (format!("/furtherPartyIds/{position}"), *party));
        for (pointer, party) in std::iter::once(("/partyId".to_owned(), asked.party_id)).chain(further) {
            match face(call, party).await? {
                Some(face) => faces.push(face),
                None => {
                    let text = "This names no party, contact or account that there is. It may be deleted.";
                    problems.push(FieldProblem::new(pointer, ProblemCode::ReferenceNotFound, text));
                }
            }
        }
        if !problems.is_empty() {
            return Err(Error::validation(problems));
        }
        let own = Filter::field("partyId", Comparison::In(faces.iter().map(|face| Value::Id(face.id.0)).collect()));
        let points = by_party(call.find("contactPoint", own.clone()).await?);
        let places = by_party(call.find("address", own).await?);
        let mut vcard = String::new();
        for face in &faces {
            let of = |all: &HashMap<Uuid, Vec<Found>>| all.get(&face.id.0).cloned().unwrap_or_default();
            let organization = match face.get("accountId").as_id() {
                Some(account) => call.record("account", Id(account)).await?,
                None => None,
            };
            write(&card(face, organization.as_ref(), &of(&points), &of(&places)), asked.version, &mut vcard);
        }
        Ok(VcardText { vcard })
    }
}

/// The contact or account of a party.
async fn face(call: &Call<'_>, party: Id) -> Result<Option<Found>> {
    match call.record("contact", party).await? {
        Some(contact) => Ok(Some(contact)),
        None => call.record("account", party).await,
    }
}

/// Records by their party, the preferred ones first.
fn by_party(mut records: Vec<Found>) -> HashMap<Uuid, Vec<Found>> {
    records.sort_by_key(|record| (record.get("preferred") != &Value::Boolean(true), record.id));
    let mut parties: HashMap<Uuid, Vec<Found>> = HashMap::new();
    for record in records {
        if let Some(party) = record.get("partyId").as_id() {
            parties.entry(party).or_default().push(record);
        }
    }
    parties
}

fn card(face: &Found, organization: Option<&Found>, points: &[Found], places: &[Found]) -> Card {
    let is_organization = face.def.name == "account";
    let text = |record: &Found, field: &str| record.get(field).as_text().map(str::to_owned);
    let preferred = |record: &Found| record.get("preferred") == &Value::Boolean(true);
    let point = |point: &Found| {
        let kind = ContactPointKind::named(point.get("kind"))?;
        Some(Point { kind, value: text(point, "value")?, preferred: preferred(point) })
    };
    let place = |place: &Found| {
        Some(Place {
            line1: text(place, "line1")?,
            line2: text(place, "line2"),
            city: text(place, "city"),
            region: text(place, "region"),
            postal_code: text(place, "postalCode"),
            country: text(place, "country"),
            preferred: preferred(place),
        })
    };
    let name = text(face, "name").unwrap_or_default();
    Card {
        uid: Some(format!("urn:uuid:{}", face.id.0)),
        is_organization,
        organization: if is_organization { Some(name.clone()) } else { organization.and_then(|account| text(account, "name")) },
        name,
        first_name: text(face, "firstName"),
        last_name: text(face, "lastName"),
        department: text(face, "department"),
        title: text(face, "title"),
        born: match face.get("birthDate") {
            Value::Date(day) => Some(*day),
            _ => None,
        },
        language: text(face, "language"),
        tags: match face.get("tags") {
            Value::TextSet(tags) => tags.clone(),
            _ => Vec::new(),
        },
        points: points.iter().filter_map(point).collect(),
        places: places.iter().filter_map(place).collect(),
        revised: face.get(system::UPDATED_AT).as_instant(),
    }
}
