//! The account: whom we do business with.

use crate::party::PartyKind;
use crate::{identity, in_step};
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{Companion, Draft, RuleReader, refuse_cycle};
use clientela_kernel::{Context, FieldProblem, Id, ProblemCode, Result, Value};
use clientela_macros::{Choice, resource};
use clientela_model::Choice as _;

/// What stands behind an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum AccountKind {
    /// A company, an authority, an association.
    Organization,
    /// People who live and buy together.
    Household,
    /// One person who buys for themselves: a contact in the role of a customer.
    Person,
}

/// The line of business of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Industry {
    /// Farming, forestry, fishing.
    Agriculture,
    /// Making of food and drink.
    Food,
    /// Making of anything else.
    Manufacturing,
    /// Buildings and civil engineering.
    Construction,
    /// Electricity, gas, water, waste.
    Utilities,
    /// Trade with other businesses.
    Wholesale,
    /// Trade with consumers.
    Retail,
    /// Hotels, restaurants, catering.
    Hospitality,
    /// Carriage of goods and people, storage.
    Logistics,
    /// Newspapers, broadcasting, publishing.
    Media,
    /// Software, computing, telecommunications.
    Technology,
    /// Banks and other finance.
    Finance,
    /// Insurers and their agents.
    Insurance,
    /// Trade in and letting of land and buildings.
    RealEstate,
    /// Law, audit, consulting, engineering and other services to businesses.
    ProfessionalServices,
    /// Schools, universities, training.
    Education,
    /// Hospitals, practices, care, medicines.
    Healthcare,
    /// Authorities and public bodies.
    PublicSector,
    /// Associations, foundations, charities.
    Nonprofit,
    /// Anything else.
    Other,
}

/// How far the relationship has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Lifecycle {
    /// Might become a customer; nothing is known yet.
    Suspect,
    /// Chosen to be won.
    Target,
    /// In talks with us.
    Prospect,
    /// Buys from us.
    Customer,
    /// Bought from us once and no longer does.
    Former,
}

/// An organization, household or person we do business with.
#[resource(name = "account", prefix = "acc", label = "name", face = "party", owned, tagged, checks_duplicates)]
pub struct Model {
    /// What stands behind the account. A person's account also names the contact who that person is (`contactId`).
    #[field(write = "immutable", default = "\"ORGANIZATION\"")]
    pub kind: AccountKind,
    /// The name everybody uses.
    #[field(search = "name", max = 200, folded, example = "\"Bergkäserei Tirol\"")]
    pub name: String,
    /// The name in the commercial register, with its legal form.
    #[field(search = "name", max = 200, folded, example = "\"Bergkäserei Tirol GmbH\"")]
    pub legal_name: Option<String>,
    /// Internet domains of the account's e-mail addresses and web sites, in lower case.
    #[field(example = "[\"bergkaeserei.example\"]")]
    pub domains: TextSet,
    /// The line of business.
    #[field()]
    pub industry: Option<Industry>,
    /// How many people work there.
    #[field(min = 0, max = 10_000_000, example = "120")]
    pub employees: Option<i64>,
    /// Sales of a year, of the whole account and with everybody, not only with us.
    #[field()]
    pub annual_revenue: Option<Money>,
    /// The account this one belongs to: the group of a company, the head office of a branch. Never closes in a circle.
    #[field(
        refers = "account",
        inverse = "children",
        inverse_description = "The accounts that belong to this one.",
        on_delete = "clear",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub parent_id: Option<Id>,
    /// The contact who is this customer: required where `kind` is `PERSON`, empty otherwise.
    #[field(
        refers = "contact",
        inverse = "personalAccounts",
        inverse_description = "The accounts this person has as a customer in their own right.",
        on_delete = "restrict",
        personal = "own",
        write = "immutable",
        example = "null"
    )]
    pub contact_id: Option<Id>,
    /// The identity behind the account: its own for an organization or household, the contact's for a person.
    #[field(refers = "party", write = "read_only", derived, example = "\"pty_01h455vb4pex5vsknk084sn02q\"")]
    pub party_id: Id,
    /// How far the relationship has come.
    #[field(default = "\"PROSPECT\"")]
    pub lifecycle: Lifecycle,
    /// ISO 4217 code of the currency the account is quoted and invoiced in. The tenant's where empty.
    #[field(format = "currency", max = 3, example = "\"EUR\"")]
    pub currency: Option<String>,
    /// BCP 47 tag of the language the account is written to in. The tenant's where empty.
    #[field(format = "language", max = 35, example = "\"de-AT\"")]
    pub language: Option<String>,
    /// ISO 3166-1 alpha-2 code of the country the account is seated in: that of the preferred address, where there is one.
    #[field(format = "country", max = 2, example = "\"AT\"")]
    pub country: Option<String>,
    /// The town the account is seated in: that of the preferred address, where there is one.
    #[field(search = "detail", max = 100, folded, example = "\"Innsbruck\"")]
    pub city: Option<String>,
    /// The main telephone number: the value of the preferred contact point of kind `PHONE`. Writing it writes that point; emptying it
    /// deletes it. A person's account has the person's.
    #[field(search = "detail", format = "phone", max = 40, example = "\"+43 512 555 0100\"")]
    pub phone: Option<String>,
    /// The address of the web site: the value of the preferred contact point of kind `WEB`.
    #[field(search = "detail", format = "url", max = 500, example = "\"https://bergkaeserei.example\"")]
    pub website: Option<String>,
    /// How much the account may owe us at one time.
    #[field(example = "{\"amount\":\"25000.00\",\"currency\":\"EUR\"}")]
    pub credit_limit: Option<Money>,
    /// Within how many days after the invoice the account pays, as agreed.
    #[field(min = 0, max = 365, example = "30")]
    pub payment_terms_days: Option<i64>,
    /// Whatever else one should know.
    #[field(
        search = "text",
        max = 10_000,
        no_sort,
        example = "\"Organic cheese from six alpine dairies; buys starter cultures twice a year.\""
    )]
    pub description: Option<String>,
    /// The account this one was merged into, by `mergeParties`: whoever asks for this one is sent there.
    #[field(
        refers = "account",
        inverse = "mergedRecords",
        inverse_description = "The accounts that were merged into this one. They are deleted; ask with `deleted`.",
        on_delete = "clear",
        personal = "own",
        write = "read_only",
        example = "null"
    )]
    pub merged_into_id: Option<Id>,
}

/// The rules of accounts.
pub struct AccountRules;

fn is_person(draft: &Draft) -> bool {
    draft.get("kind").as_text() == Some(AccountKind::Person.as_str())
}

#[async_trait]
impl Rules for AccountRules {
    fn derive(&self, _context: &Context, draft: &mut Draft) {
        let party = if is_person(draft) { draft.get("contactId").clone() } else { Value::Id(draft.id.0) };
        draft.set("partyId", party);
        if let Value::TextSet(domains) = draft.get("domains") {
            let mut folded: Vec<String> = domains.iter().map(|domain| domain.to_lowercase()).collect();
            folded.sort_unstable();
            folded.dedup();
            draft.set("domains", Value::TextSet(folded));
        }
    }

    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        refuse_cycle(reader, draft, "parentId").await?;
        in_step::take_over(reader, draft).await
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        match (is_person(draft), draft.get("contactId").is_null()) {
            (true, true) => problems.push(FieldProblem::new(
                "/contactId",
                ProblemCode::Required,
                "contactId is missing: an account of kind PERSON names the contact who is the customer. Create the contact first.",
            )),
            (false, false) => problems.push(FieldProblem::new(
                "/contactId",
                ProblemCode::Contradiction,
                "contactId is only for accounts of kind PERSON. Leave it out, or set kind to PERSON; \
                 people who work at an account are its accountContacts.",
            )),
            _ => {}
        }
    }

    async fn companions(&self, _context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        let mut companions = match draft.get("kind").as_text() {
            Some(kind) if kind == AccountKind::Organization.as_str() => vec![identity::mirror(draft, PartyKind::Organization)],
            Some(kind) if kind == AccountKind::Household.as_str() => vec![identity::mirror(draft, PartyKind::Household)],
            // The person's party is the contact's.
            _ => Vec::new(),
        };
        companions.extend(in_step::follow_face(reader, draft).await?);
        Ok(companions)
    }
}
