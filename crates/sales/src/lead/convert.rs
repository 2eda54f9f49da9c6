//! `convertLead` and the way back.

use super::LeadStatus;
use super::disqualify::{LeadOf, refuse_ended};
use async_trait::async_trait;
use clientela_engine::module::Found;
use clientela_engine::{Call, Operation, WriteAction};
use clientela_kernel::{Comparison, Date, Error, ErrorCode, Filter, Id, Money, Result, Value, fold};
use clientela_macros::{Choice, Shape};
use clientela_model::{Choice as _, OperationDef};

/// Days until a new deal of which nothing is said is expected to be decided.
const DAYS_TO_CLOSE: i32 = 30;

/// A lead becomes an account and an opportunity.
pub struct ConvertLead;

/// That is taken back.
pub struct RevertLeadConversion;

/// What it becomes.
#[derive(Shape)]
pub struct Conversion {
    /// The account. Left out: that of the lead, else that of the contact, else one called like the company, else a new one.
    #[field(refers = "account", example = "null")]
    pub account_id: Option<Id>,
    /// Whether a new account is made although there is one that could be taken.
    #[field(default = "false", example = "false")]
    pub new_account: bool,
    /// Whether an opportunity is made.
    #[field(default = "true", example = "true")]
    pub with_opportunity: bool,
    /// What the opportunity is called; the topic of the lead where left out.
    #[field(max = 200, example = "\"Hard cheese for three restaurants\"")]
    pub name: Option<String>,
    /// The stage in which it begins; the first of the default pipeline where left out.
    #[field(refers = "stage", example = "\"stg_01h455vb4pex5vsknk084sn02q\"")]
    pub stage_id: Option<Id>,
    /// What it is worth; what the lead was estimated at where left out.
    #[field(example = "null")]
    pub amount: Option<Money>,
    /// When it is expected to be decided; in 30 days where left out.
    #[field(example = "null")]
    pub close_date: Option<Date>,
}

/// How the account was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum AccountMatch {
    /// You have named it.
    Named,
    /// The lead names it.
    Lead,
    /// It is the contact's.
    Contact,
    /// It is called like the company.
    Company,
    /// It was made.
    New,
}

/// What became of it.
#[derive(Shape)]
pub struct Converted {
    /// The lead.
    #[field(record = "lead")]
    pub lead: Id,
    /// The person, who is the same as before.
    #[field(record = "contact")]
    pub contact: Id,
    /// The account.
    #[field(record = "account")]
    pub account: Id,
    /// How the account was found.
    #[field(example = "\"COMPANY\"")]
    pub account_match: AccountMatch,
    /// The opportunity, where one was made.
    #[field(record = "opportunity")]
    pub opportunity: Option<Id>,
}

#[async_trait]
impl Operation for ConvertLead {
    type Input = Conversion;
    type Output = Converted;

    fn definition() -> OperationDef {
        OperationDef::writing::<Conversion, Converted>(
            "convertLead",
            "lead",
            "convert",
            "Turns a lead into an account and an opportunity, in one transaction. Nothing is copied: the contact stays who it is, and the lead names what it became. With `dryRun` it shows what would be taken and made. A lead \
             is converted once (`INVALID_STATE`).",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: Conversion) -> Result<Converted> {
        let lead = call.held().await?;
        refuse_ended(lead, "converted")?;
        let contact = named(lead, "contactId").ok_or_else(|| Error::internal("a lead without a contact"))?;
        let person = call.record("contact", contact).await?.ok_or_else(|| Error::internal("a lead without its contact"))?;
        let (account, account_match) = account(call, lead, &person, &given).await?;
        if person.get("accountId").is_null() {
            call.set("contact", contact, vec![("accountId", Value::Id(account.0))], None).await?;
        }
        let opportunity = if given.with_opportunity { Some(opportunity(call, lead, account, contact, given).await?) } else { None };
        let values = vec![
            ("status", LeadStatus::Qualified.as_str().into()),
            ("accountId", Value::Id(account.0)),
            ("opportunityId", opportunity.map_or(Value::Null, |opportunity| Value::Id(opportunity.0))),
            ("convertedAt", Value::Instant(call.now())),
            ("madeAccount", Value::Boolean(account_match == AccountMatch::New)),
        ];
        call.set("lead", lead.id, values, None).await?;
        Ok(Converted { lead: lead.id, contact, account, account_match, opportunity })
    }
}

fn named(record: &Found, field: &str) -> Option<Id> {
    record.get(field).as_id().map(Id)
}

/// The account that a lead becomes one of.
async fn account(call: &Call<'_>, lead: &Found, person: &Found, given: &Conversion) -> Result<(Id, AccountMatch)> {
    if let Some(account) = given.account_id {
        return Ok((call.referenced("accountId", "account", account).await?.id, AccountMatch::Named));
    }
    let company = lead.get("company").as_text();
    if !given.new_account {
        if let Some(account) = named(lead, "accountId") {
            return Ok((account, AccountMatch::Lead));
        }
        if let Some(account) = named(person, "accountId") {
            return Ok((account, AccountMatch::Contact));
        }
        if let Some(company) = company {
            let same = Filter::field("name", Comparison::Same(fold::fold(company)));
            if let Some(found) = call.visible("account", same, None, 1).await?.into_iter().next() {
                return Ok((found.id, AccountMatch::Company));
            }
        }
    }
    let owner = ("ownerId", lead.get("ownerId").clone());
    // Who asks for nobody else buys in their own right.
    let values = match company {
        Some(company) => vec![("name", Value::from(company)), owner],
        None => vec![("kind", "PERSON".into()), ("contactId", Value::Id(person.id.0)), ("name", person.get("name").clone()), owner],
    };
    Ok((call.create("account", values).await?.id, AccountMatch::New))
}

async fn opportunity(call: &Call<'_>, lead: &Found, account: Id, contact: Id, given: Conversion) -> Result<Id> {
    let amount = given.amount.map_or_else(|| lead.get("estimatedAmount").clone(), Value::Money);
    let values = vec![
        ("name", given.name.map_or_else(|| lead.get("topic").clone(), Value::Text)),
        ("accountId", Value::Id(account.0)),
        ("contactId", Value::Id(contact.0)),
        ("stageId", given.stage_id.map_or(Value::Null, |stage| Value::Id(stage.0))),
        ("amount", amount),
        ("closeDate", Value::Date(given.close_date.unwrap_or(Date(call.context.today().0 + DAYS_TO_CLOSE)))),
        ("source", lead.get("source").clone()),
        ("ownerId", lead.get("ownerId").clone()),
    ];
    Ok(call.create("opportunity", values).await?.id)
}

/// Nothing has to be said.
#[derive(Shape)]
pub struct Reversal {
    /// Whether the lead is only kept in touch with from now on: it is `NURTURING` then, and otherwise `WORKING`.
    #[field(default = "false", example = "false")]
    pub nurture: bool,
}

#[async_trait]
impl Operation for RevertLeadConversion {
    type Input = Reversal;
    type Output = LeadOf;

    fn definition() -> OperationDef {
        OperationDef::writing::<Reversal, LeadOf>(
            "revertLeadConversion",
            "lead",
            "revert-conversion",
            "Takes a conversion back: deletes the opportunity, and the account where the conversion made it. It is refused (`INVALID_STATE`) once either has changed since, or somebody else's record depends on it.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: Reversal) -> Result<LeadOf> {
        let lead = call.held().await?;
        if lead.get("convertedAt").is_null() {
            return Err(Error::new(ErrorCode::InvalidState, "The lead was not converted: there is nothing to take back."));
        }
        let status = if given.nurture { LeadStatus::Nurturing } else { LeadStatus::Working };
        let (account, made) = (named(lead, "accountId"), lead.get("madeAccount").as_boolean() == Some(true));
        let mut values = vec![
            ("status", status.as_str().into()),
            ("opportunityId", Value::Null),
            ("convertedAt", Value::Null),
            ("madeAccount", Value::Boolean(false)),
        ];
        if made {
            values.push(("accountId", Value::Null));
        }
        let opportunity = named(lead, "opportunityId");
        call.set("lead", lead.id, values, None).await?;
        if let Some(opportunity) = opportunity {
            untouched(call, "opportunity", opportunity).await?;
            call.write("opportunity", WriteAction::Delete { id: opportunity, expected: None }).await?;
        }
        if let Some(account) = account.filter(|_| made) {
            let contact = named(lead, "contactId").ok_or_else(|| Error::internal("a lead without a contact"))?;
            let others = call.find("opportunity", Filter::equal("accountId", Value::Id(account.0))).await?;
            if !others.is_empty() {
                return Err(depends("The account has another opportunity."));
            }
            untouched(call, "account", account).await?;
            let person = call.record("contact", contact).await?;
            if person.is_some_and(|person| named(&person, "accountId") == Some(account)) {
                call.set("contact", contact, vec![("accountId", Value::Null)], None).await?;
            }
            call.write("account", WriteAction::Delete { id: account, expected: None }).await?;
        }
        Ok(LeadOf { lead: lead.id })
    }
}

/// Refuses a record that somebody has gone on with.
async fn untouched(call: &Call<'_>, resource: &str, id: Id) -> Result<()> {
    let Some(found) = call.record(resource, id).await? else {
        return Err(depends(&format!("The {resource} is deleted.")));
    };
    if found.get("version").as_integer() != Some(1) {
        return Err(depends(&format!("The {resource} has changed since.")));
    }
    Ok(())
}

fn depends(why: &str) -> Error {
    Error::new(ErrorCode::InvalidState, format!("{why} The conversion cannot be taken back any more."))
}
