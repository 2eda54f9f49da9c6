//! `importVcard`.

use super::card::{Card, Place};
use super::read::read;
use crate::contact_point::ContactPointKind;
use crate::normal;
use async_trait::async_trait;
use clientela_engine::module::Found;
use clientela_engine::{Call, Operation, WriteAction};
use clientela_kernel::{Comparison, Error, ErrorCode, FieldProblem, Filter, Id, ProblemCode, RecordKey, Result, Value, fold::fold};
use clientela_macros::Shape;
use clientela_model::OperationDef;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

/// The system under which the ids of cards are kept as external ids.
const SYSTEM: &str = "vcard";
/// What our own cards' ids begin with.
const URN: &str = "urn:uuid:";

/// Makes contacts of vCards.
pub struct ImportVcard;

/// The cards.
#[derive(Shape)]
pub struct VcardImport {
    /// One or more vCards, at most 1000, of version 3.0 or 4.0.
    #[field(max = 500_000, example = "\"BEGIN:VCARD\\r\\nVERSION:4.0\\r\\nFN:Anna Gruber\\r\\nN:Gruber;Anna;;;\\r\\nEND:VCARD\\r\\n\"")]
    pub vcard: String,
}

/// What became of them.
#[derive(Shape)]
pub struct ImportedVcards {
    /// The contacts, in the order of their cards.
    #[field(record = "contact", most = 1000)]
    pub contacts: Vec<Id>,
    /// How many were made.
    #[field(min = 0, max = 1000, example = "1")]
    pub created: i64,
    /// How many were there and changed.
    #[field(min = 0, max = 1000, example = "0")]
    pub updated: i64,
}

#[async_trait]
impl Operation for ImportVcard {
    type Input = VcardImport;
    type Output = ImportedVcards;

    fn definition() -> OperationDef {
        OperationDef::writing::<VcardImport, ImportedVcards>(
            "importVcard",
            "contact",
            "import-vcard",
            "Makes contacts of vCards, all or none, with their contact points and addresses; the organization is found among the accounts by \
             its name, or made. A card whose UID came before, or is that of a contact exported from here, changes that contact: what the card \
             says is taken over, what it does not mention stays, and numbers and addresses are added. Cards of version 2.1 are refused, and cards \
             of organizations too.",
        )
    }

    async fn run(&self, call: &Call<'_>, given: VcardImport) -> Result<ImportedVcards> {
        let cards = read(&given.vcard).map_err(|why| refused(format!("The vCard cannot be read. {why}")))?;
        let mut done = ImportedVcards { contacts: Vec::with_capacity(cards.len()), created: 0, updated: 0 };
        for (position, card) in cards.iter().enumerate() {
            let (contact, new) = take(call, card).await.map_err(|error| of_card(position + 1, error))?;
            done.contacts.push(contact);
            if new { done.created += 1 } else { done.updated += 1 }
        }
        Ok(done)
    }
}

fn refused(text: String) -> Error {
    Error::validation(vec![FieldProblem::new("/vcard", ProblemCode::InvalidFormat, text)])
}

/// A refusal of what a card says, told of the card.
fn of_card(number: usize, error: Error) -> Error {
    match error.code() {
        ErrorCode::ValidationFailed | ErrorCode::Duplicate => {
            refused(format!("The vCard cannot be taken over. Card {number}: {}", error.detail()))
        }
        _ => error,
    }
}

/// Makes or changes the contact of a card.
async fn take(call: &Call<'_>, card: &Card) -> Result<(Id, bool)> {
    if card.is_organization {
        return Err(refused("it is the card of an organization. Make an account of it.".to_owned()));
    }
    let known = known(call, card).await?;
    let mut body = Map::new();
    let mut say = |field: &str, value: Option<Json>| {
        if let Some(value) = value {
            body.insert(field.to_owned(), value);
        }
    };
    say("name", Some(json!(card.name)));
    say("firstName", card.first_name.as_ref().map(|text| json!(text)));
    say("lastName", card.last_name.as_ref().map(|text| json!(text)));
    say("title", card.title.as_ref().map(|text| json!(text)));
    say("department", card.department.as_ref().map(|text| json!(text)));
    say("language", card.language.as_ref().map(|text| json!(text)));
    say("birthDate", card.born.map(|day| json!(day.to_text())));
    if !card.tags.is_empty() {
        let mut tags: Vec<String> = match known.as_ref().map(|known| known.get("tags")) {
            Some(Value::TextSet(tags)) => tags.clone(),
            _ => Vec::new(),
        };
        tags.extend(card.tags.iter().cloned());
        tags.sort();
        tags.dedup();
        say("tags", Some(json!(tags)));
    }
    if let Some(organization) = &card.organization {
        let account = account(call, organization).await?;
        say("accountId", Some(json!(account.to_text("acc"))));
    }
    let (contact, new) = match &known {
        Some(known) => {
            call.write("contact", WriteAction::Update { id: known.id, body, expected: None }).await?;
            (known.id, false)
        }
        None => (call.write("contact", WriteAction::Create { body }).await?.id, true),
    };
    if let Some(uid) = card.uid.as_ref().filter(|uid| new && !uid.starts_with(URN)) {
        let key = json!({ "system": SYSTEM, "value": uid, "recordId": contact.to_text("con") });
        create(call, "externalId", key).await?;
    }
    points(call, contact, card).await?;
    for place in &card.places {
        self::place(call, contact, place).await?;
    }
    Ok((contact, new))
}

async fn create(call: &Call<'_>, resource: &str, body: Json) -> Result<Id> {
    let body = match body {
        Json::Object(body) => body,
        _ => Map::new(),
    };
    Ok(call.write(resource, WriteAction::Create { body }).await?.id)
}

/// The contact that a card's id names.
async fn known(call: &Call<'_>, card: &Card) -> Result<Option<Found>> {
    let Some(uid) = &card.uid else { return Ok(None) };
    if let Some(id) = uid.strip_prefix(URN).and_then(|text| Uuid::parse_str(text).ok()) {
        return call.record("contact", Id(id)).await;
    }
    let key = Filter::And(vec![
        Filter::field("system", Comparison::Equal(SYSTEM.into())),
        Filter::field("value", Comparison::Equal(uid.as_str().into())),
        Filter::field("recordId", Comparison::OfResource("contact".into())),
    ]);
    match call.find("externalId", key).await?.first().map(|key| key.get("recordId").clone()) {
        Some(Value::Record(RecordKey { id, .. })) => call.record("contact", Id(id)).await,
        _ => Ok(None),
    }
}

/// The account of this name: the oldest where there are several, a new one where there is none.
async fn account(call: &Call<'_>, name: &str) -> Result<Id> {
    let named = Filter::And(vec![
        Filter::field("name", Comparison::Same(fold(name))),
        Filter::field("kind", Comparison::Equal("ORGANIZATION".into())),
    ]);
    let found = call.find("account", named).await?;
    match found.iter().map(|account| account.id).min() {
        Some(account) => Ok(account),
        None => create(call, "account", json!({ "name": name })).await,
    }
}

/// Adds the contact points that the contact does not have.
async fn points(call: &Call<'_>, contact: Id, card: &Card) -> Result<()> {
    let own = Filter::field("partyId", Comparison::Equal(Value::Id(contact.0)));
    let mut there: Vec<(String, String)> = Vec::new();
    let spelled = |kind: &str, value: &str| (kind.to_owned(), value.to_owned());
    for point in call.find("contactPoint", own).await? {
        let kind = point.get("kind").as_text().unwrap_or_default();
        for field in ["value", "normalized"] {
            there.extend(point.get(field).as_text().map(|text| spelled(kind, text)));
        }
    }
    for point in &card.points {
        let kind = clientela_model::Choice::as_str(&point.kind);
        let normalized = normal::form(point.kind, &point.value, None);
        let known = |text: &str| there.iter().any(|(other, value)| other == kind && value == text);
        if known(&point.value) || normalized.as_deref().is_some_and(known) {
            continue;
        }
        let mut body = json!({ "partyId": contact.to_text("con"), "kind": kind, "value": point.value });
        if let Some(body) = body.as_object_mut().filter(|_| point.preferred && point.kind != ContactPointKind::Social) {
            body.insert("preferred".to_owned(), json!(true));
        }
        create(call, "contactPoint", body).await?;
        there.push(spelled(kind, &point.value));
        there.extend(normalized.map(|text| spelled(kind, &text)));
    }
    Ok(())
}

/// Adds an address that the contact does not have.
async fn place(call: &Call<'_>, contact: Id, place: &Place) -> Result<()> {
    let same = Filter::And(vec![
        Filter::field("partyId", Comparison::Equal(Value::Id(contact.0))),
        Filter::field("line1", Comparison::Same(fold(&place.line1))),
    ]);
    let is_there = call.find("address", same).await?.iter().any(|known| {
        let is = |field: &str, text: &Option<String>| text.is_none() || known.get(field).as_text() == text.as_deref();
        is("postalCode", &place.postal_code) && is("city", &place.city)
    });
    if is_there {
        return Ok(());
    }
    let mut body = json!({
        "partyId": contact.to_text("con"),
        "line1": place.line1,
        "line2": place.line2,
        "city": place.city,
        "region": place.region,
        "postalCode": place.postal_code,
        "country": place.country,
    });
    if let Some(body) = body.as_object_mut().filter(|_| place.preferred) {
        body.insert("preferred".to_owned(), json!(true));
    }
    create(call, "address", body).await.map(drop)
}
