//! Who belongs to a household.

use crate::PERIOD;
use crate::account::AccountKind;
use crate::party::PartyKind;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{Draft, RuleReader};
use clientela_kernel::{Comparison, Context, Date, Error, FieldProblem, Filter, Id, ProblemCode, Result, Value};
use clientela_macros::{Choice, resource};
use clientela_model::{Choice as _, system};

/// The place somebody has in a household.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum HouseholdRole {
    /// Speaks for the household.
    Head,
    /// Wife, husband or partner of the head.
    Partner,
    /// Son or daughter, of whatever age.
    Child,
    /// Father or mother of the head or the partner.
    Parent,
    /// Another relative.
    Relative,
    /// Shares the home and is no relative.
    Other,
}

/// A person's time in a household, which is an account of kind `HOUSEHOLD`. One person may be in two households at a time (a
/// child of separated parents), but only once in each. A household has no will of its own: consents and contact points are its
/// members'.
#[resource(name = "householdMember", prefix = "hhm", unique("household_member_account_party_since_key", "accountId", "partyId", "since"))]
pub struct Model {
    /// The household: an account of kind `HOUSEHOLD`.
    #[field(
        refers = "account",
        inverse = "householdMembers",
        inverse_description = "The people who belong, or belonged, to this household.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub account_id: Id,
    /// The person: the id of a contact, or of the party behind one.
    #[field(
        refers = "party",
        inverse = "householdMemberships",
        inverse_description = "The households this person belongs, or belonged, to.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"con_01h455vb4pex5vsknk084sn02q\""
    )]
    pub party_id: Id,
    /// The place the person has there.
    #[field(default = "\"OTHER\"")]
    pub role: HouseholdRole,
    /// The first day. Since ever, as far as is known, where empty.
    #[field(example = "\"2024-03-01\"")]
    pub since: Option<Date>,
    /// The last day, not before `since`. Still a member, where empty.
    #[field(example = "null")]
    pub until: Option<Date>,
}

/// The rules of memberships.
pub struct HouseholdMemberRules;

/// Whether a record is of another kind than this one; one that is not there is told of elsewhere.
async fn is_not(reader: &dyn RuleReader, resource: &str, id: &Value, kind: &str) -> Result<bool> {
    let found = reader.find(resource, Filter::field(system::ID, Comparison::Equal(id.clone()))).await?;
    Ok(found.first().is_some_and(|record| record.get("kind").as_text() != Some(kind)))
}

#[async_trait]
impl Rules for HouseholdMemberRules {
    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let (account, party) = (draft.get("accountId").clone(), draft.get("partyId").clone());
        let mut problems = Vec::new();
        if is_not(reader, "account", &account, AccountKind::Household.as_str()).await? {
            let text =
                "accountId names an account that is no household. Name one of kind HOUSEHOLD; people at a company are its accountContacts.";
            problems.push(FieldProblem::new("/accountId", ProblemCode::Contradiction, text));
        }
        if is_not(reader, "party", &party, PartyKind::Person.as_str()).await? {
            let text = "partyId names an organization or a household, and only people belong to a household. Name a contact.";
            problems.push(FieldProblem::new("/partyId", ProblemCode::Contradiction, text));
        }
        let like = vec![Filter::equal("accountId", account), Filter::equal("partyId", party)];
        if let Some(other) = PERIOD.overlapping(reader, draft, like).await? {
            let text = format!(
                "The person belongs to this household {} already. End that time before this one begins, or change it.",
                PERIOD.words(&other)
            );
            problems.push(FieldProblem::new("/since", ProblemCode::Contradiction, text));
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::validation(problems)) }
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        PERIOD.check(draft, problems);
    }
}
