//! What a contact is at an account.

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, RuleReader};
use clientela_kernel::{Comparison, Context, Date, FieldProblem, Filter, Id, ProblemCode, Result, Value};
use clientela_macros::{Choice, resource};
use clientela_model::system;

/// The part a person plays at an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum AccountContactRole {
    /// Decides whether to buy.
    DecisionMaker,
    /// Holds the budget.
    BudgetHolder,
    /// Negotiates and orders.
    Buyer,
    /// Advises those who decide.
    Influencer,
    /// Works with what we deliver.
    User,
    /// Judges it technically.
    TechnicalContact,
    /// Receives and pays the invoices.
    BillingContact,
    /// Stands up for us.
    Champion,
    /// Stands in our way.
    Opponent,
    /// Sits in the management.
    Executive,
    /// Belongs to the household.
    HouseholdMember,
    /// Anything else; `title` says what.
    Other,
}

/// The role a contact has, or had, at an account. One person may have several roles at several accounts; to change the
/// account or the person, delete the role and create another.
#[resource(name = "accountContact", prefix = "acr", unique("account_contact_account_contact_role_key", "accountId", "contactId", "role"))]
pub struct Model {
    /// The account.
    #[field(
        refers = "account",
        inverse = "accountContacts",
        inverse_description = "The roles people have at this account.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub account_id: Id,
    /// The person.
    #[field(
        refers = "contact",
        inverse = "accountRoles",
        inverse_description = "The roles this person has at accounts.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"con_01h455vb4pex5vsknk084sn02q\""
    )]
    pub contact_id: Id,
    /// The part the person plays.
    #[field()]
    pub role: AccountContactRole,
    /// What the person is called in this role.
    #[field(max = 100, example = "\"Chief buyer, dairy\"")]
    pub title: Option<String>,
    /// The first day of the role.
    #[field(example = "\"2024-03-01\"")]
    pub since: Option<Date>,
    /// The last day of the role, not before `since`. Open, where empty.
    #[field(example = "null")]
    pub until: Option<Date>,
    /// Whether this is the account the person mainly belongs to. Setting it makes the account the contact's `accountId`
    /// and clears the mark on the person's other roles.
    // `primary` is a reserved word of SQL.
    #[field(name = "primary", default = "false")]
    pub is_primary: bool,
}

/// The rules of roles.
pub struct AccountContactRules;

#[async_trait]
impl Rules for AccountContactRules {
    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        if let (Value::Date(since), Value::Date(until)) = (draft.get("since"), draft.get("until"))
            && until < since
        {
            let text = format!("until is {}, before since, {}: a role cannot end before it begins.", until.to_text(), since.to_text());
            problems.push(FieldProblem::new("/until", ProblemCode::Contradiction, text));
        }
    }

    async fn companions(&self, _context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        let marked = draft.get("primary") == &Value::Boolean(true);
        if !marked || draft.kind == ChangeKind::Deleted || (draft.kind == ChangeKind::Updated && !draft.changed("primary")) {
            return Ok(Vec::new());
        }
        let (account, contact) = (draft.get("accountId").clone(), draft.get("contactId").clone());
        let mut companions = Vec::new();
        let stale = Filter::And(vec![
            Filter::field(system::ID, Comparison::Equal(contact.clone())),
            Filter::field("accountId", Comparison::Equal(account.clone())).negate(),
        ]);
        for person in reader.find("contact", stale).await? {
            companions.push(Companion::Patch { resource: "contact", id: person.id, values: vec![("accountId", account.clone())] });
        }
        let others = Filter::And(vec![
            Filter::field("contactId", Comparison::Equal(contact)),
            Filter::field("primary", Comparison::Equal(Value::Boolean(true))),
            Filter::field(system::ID, Comparison::Equal(Value::Id(draft.id.0))).negate(),
        ]);
        for other in reader.find("accountContact", others).await? {
            companions.push(Companion::Patch {
                resource: "accountContact",
                id: other.id,
                values: vec![("primary", Value::Boolean(false))],
            });
        }
        Ok(companions)
    }
}
