//! The contact: a person we know.

use crate::party::PartyKind;
use crate::{identity, in_step};
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, RuleReader};
use clientela_kernel::{Comparison, Context, Date, FieldProblem, Filter, Id, ProblemCode, Result, Value};
use clientela_macros::resource;

/// A person we know: somebody at an account, or a customer in their own right.
#[resource(name = "contact", prefix = "con", label = "name", face = "party", owned, tagged, checks_duplicates)]
pub struct Model {
    /// Given names.
    #[field(max = 100, folded, example = "\"Anna\"")]
    pub first_name: Option<String>,
    /// Family name. A contact has at least one of first name, last name and name.
    #[field(max = 100, folded, example = "\"Gruber\"")]
    pub last_name: Option<String>,
    /// The full name as it is shown and written. Made of first and last name where you give none, and again when those
    /// change, unless you have given another.
    #[field(search = "name", derived, max = 200, folded, example = "\"Anna Gruber\"")]
    pub name: String,
    /// The e-mail address the person prefers: the value of the preferred contact point of kind `EMAIL`. Writing it writes that
    /// point; emptying it deletes it.
    #[field(search = "detail", format = "email", max = 254, folded, example = "\"anna.gruber@bergkaeserei.example\"")]
    pub email: Option<String>,
    /// The telephone number the person prefers: the value of the preferred contact point of kind `PHONE`.
    #[field(search = "detail", format = "phone", max = 40, example = "\"+43 512 555 0101\"")]
    pub phone: Option<String>,
    /// The mobile telephone number the person prefers: the value of the preferred contact point of kind `MOBILE`.
    #[field(search = "detail", format = "phone", max = 40, example = "\"+43 660 555 0101\"")]
    pub mobile: Option<String>,
    /// The job title.
    #[field(search = "detail", max = 100, folded, example = "\"Head of purchasing\"")]
    pub title: Option<String>,
    /// The department the person works in.
    #[field(search = "detail", max = 100, folded, example = "\"Purchasing\"")]
    pub department: Option<String>,
    /// The day the person was born. Sensitive: a credential sees and writes it only with the scope `sensitive`.
    #[field(sensitive, example = "\"1984-05-17\"")]
    pub birth_date: Option<Date>,
    /// BCP 47 tag of the language the person is written to in.
    #[field(format = "language", max = 35, example = "\"de-AT\"")]
    pub language: Option<String>,
    /// IANA name of the zone the person lives in.
    #[field(format = "time_zone", max = 64, example = "\"Europe/Vienna\"")]
    pub time_zone: Option<String>,
    /// The town: that of the preferred address, where there is one.
    #[field(search = "detail", max = 100, folded, example = "\"Innsbruck\"")]
    pub city: Option<String>,
    /// ISO 3166-1 alpha-2 code of the country: that of the preferred address, where there is one.
    #[field(format = "country", max = 2, example = "\"AT\"")]
    pub country: Option<String>,
    /// Where we know the person from: a fair, the web site, a recommendation.
    #[field(max = 100, folded, example = "\"Trade fair Vienna\"")]
    pub source: Option<String>,
    /// The account the person mainly belongs to. Their roles at this and other accounts are in `accountRoles`.
    #[field(
        refers = "account",
        inverse = "contacts",
        inverse_description = "The people who mainly belong to this account.",
        on_delete = "clear",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub account_id: Option<Id>,
    /// The identity behind the contact: the party of the same id.
    #[field(refers = "party", same_id, write = "read_only", derived, example = "\"pty_01h455vb4pex5vsknk084sn02q\"")]
    pub party_id: Id,
    /// The contact this one was merged into, by `mergeParties`: whoever asks for this one is sent there.
    #[field(
        refers = "contact",
        inverse = "mergedRecords",
        inverse_description = "The contacts that were merged into this one. They are deleted; ask with `deleted`.",
        on_delete = "clear",
        personal = "own",
        write = "read_only",
        example = "null"
    )]
    pub merged_into_id: Option<Id>,
}

/// The rules of contacts.
pub struct ContactRules;

/// First and last name as one.
fn joined(first: &Value, last: &Value) -> String {
    let parts: Vec<&str> = [first, last].into_iter().filter_map(Value::as_text).map(str::trim).filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

fn blank(value: &Value) -> bool {
    value.as_text().is_none_or(|text| text.trim().is_empty())
}

#[async_trait]
impl Rules for ContactRules {
    fn derive(&self, _context: &Context, draft: &mut Draft) {
        draft.set("partyId", Value::Id(draft.id.0));
        let was_made =
            draft.before.is_some() && draft.old("name").as_text() == Some(&joined(draft.old("firstName"), draft.old("lastName")));
        if blank(draft.get("name")) || (was_made && !draft.changed("name")) {
            let made = joined(draft.get("firstName"), draft.get("lastName"));
            draft.set("name", if made.is_empty() { Value::Null } else { made.into() });
        }
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        if blank(draft.get("name")) {
            problems.push(FieldProblem::new(
                "/name",
                ProblemCode::Required,
                "The contact has no name: give at least one of firstName, lastName and name.",
            ));
        }
    }

    async fn companions(&self, _context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        let mut companions = vec![identity::mirror(draft, PartyKind::Person)];
        companions.extend(in_step::follow_face(reader, draft).await?);
        if draft.kind != ChangeKind::Updated || !draft.changed("accountId") {
            return Ok(companions);
        }
        // A role marked as primary at another account no longer is.
        let elsewhere = Filter::And(vec![
            Filter::field("contactId", Comparison::Equal(Value::Id(draft.id.0))),
            Filter::field("primary", Comparison::Equal(Value::Boolean(true))),
            Filter::field("accountId", Comparison::Equal(draft.get("accountId").clone())).negate(),
        ]);
        for role in reader.find("accountContact", elsewhere).await? {
            companions.push(Companion::Patch { resource: "accountContact", id: role.id, values: vec![("primary", Value::Boolean(false))] });
        }
        Ok(companions)
    }
}
