//! `captureLead`: a lead from what a form or a list says.

use super::{assign, score};
use async_trait::async_trait;
use clientela_engine::module::Found;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Comparison, Error, FieldProblem, Filter, Id, Money, ProblemCode, Result, Value, fold};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Makes a lead and, where need be, the person.
pub struct CaptureLead;

/// Who it is, and what about.
#[derive(Shape)]
pub struct Captured {
    /// The person's given name.
    #[field(max = 100, example = "\"Anna\"")]
    pub first_name: Option<String>,
    /// The person's family name. Where a new contact is made there must be a name: of first name, last name and e-mail address one at least.
    #[field(max = 100, example = "\"Gruber\"")]
    pub last_name: Option<String>,
    /// The person's e-mail address: a contact that has it is taken, the one with the earliest id where there are several.
    #[field(format = "email", max = 254, example = "\"anna.gruber@gasthof-adler.example\"")]
    pub email: Option<String>,
    /// The person's telephone number, for a new contact.
    #[field(format = "phone", max = 40, example = "\"+43 512 555 0199\"")]
    pub phone: Option<String>,
    /// The company for which the person asks, in the person's words.
    #[field(max = 200, example = "\"Gasthof Adler\"")]
    pub company: Option<String>,
    /// The country of a new contact, by ISO 3166-1 alpha-2.
    #[field(format = "country", max = 2, example = "\"AT\"")]
    pub country: Option<String>,
    /// What it is about, in a line; the company or the name where left out.
    #[field(max = 200, example = "\"Wants hard cheese for three restaurants\"")]
    pub topic: Option<String>,
    /// What else was said.
    #[field(max = 20000, example = "\"Call after Easter, please.\"")]
    pub description: Option<String>,
    /// Where it came from.
    #[field(max = 100, example = "\"Web form\"")]
    pub source: Option<String>,
    /// What it may be worth.
    #[field(example = "null")]
    pub estimated_amount: Option<Money>,
    /// Whether the assignment rules give it to somebody.
    #[field(default = "true", example = "true")]
    pub assign: bool,
}

/// The lead.
#[derive(Shape)]
pub struct CapturedLead {
    /// The lead, with its points and its owner.
    #[field(record = "lead")]
    pub lead: Id,
    /// The person.
    #[field(record = "contact")]
    pub contact: Id,
    /// Whether the person was made.
    #[field(example = "true")]
    pub new_contact: bool,
}

#[async_trait]
impl Operation for CaptureLead {
    type Input = Captured;
    type Output = CapturedLead;

    fn definition() -> OperationDef {
        OperationDef::writing::<Captured, CapturedLead>(
            "captureLead",
            "lead",
            "capture",
            "Makes a lead of what a form or a list says: takes the contact who has the e-mail address, or makes one, counts the points and gives it to somebody by the rules. What is known of a contact is not changed.",
        )
    }

    async fn run(&self, call: &Call<'_>, given: Captured) -> Result<CapturedLead> {
        let (contact, new_contact) = match known(call, given.email.as_deref()).await? {
            Some(contact) => (contact, false),
            None => (person(call, &given).await?, true),
        };
        let text = |text: Option<String>| text.map_or(Value::Null, Value::Text);
        let topic = given.topic.or_else(|| given.company.clone()).or_else(|| contact.get("name").as_text().map(str::to_owned));
        let values = vec![
            ("topic", text(topic)),
            ("contactId", Value::Id(contact.id.0)),
            ("company", text(given.company)),
            ("accountId", contact.get("accountId").clone()),
            ("source", text(given.source)),
            ("description", text(given.description)),
            ("estimatedAmount", given.estimated_amount.map_or(Value::Null, Value::Money)),
            ("ownerId", Value::Null),
        ];
        let lead = call.create("lead", values).await?.id;
        let found = call.record("lead", lead).await?.ok_or_else(|| Error::internal("a lead that was just made is not there"))?;
        score::count(call, &found).await?;
        if given.assign {
            assign::assign(call, &found).await?;
        }
        Ok(CapturedLead { lead, contact: contact.id, new_contact })
    }
}

/// The contact who has an address.
async fn known(call: &Call<'_>, email: Option<&str>) -> Result<Option<Found>> {
    let Some(email) = email else { return Ok(None) };
    let same = Filter::field("email", Comparison::Same(fold::fold(email)));
    let found = call.visible("contact", same, None, 1).await?;
    Ok(found.into_iter().next())
}

async fn person(call: &Call<'_>, given: &Captured) -> Result<Found> {
    if given.first_name.is_none() && given.last_name.is_none() && given.email.is_none() {
        let text = "lastName is missing, and so are firstName and email: at least one of them says who it is.";
        return Err(Error::validation(vec![FieldProblem::new("/lastName", ProblemCode::Required, text)]));
    }
    let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::Text);
    // Somebody of whom there is an address alone is called by it.
    let nameless = given.first_name.is_none() && given.last_name.is_none();
    let values = vec![
        ("firstName", text(&given.first_name)),
        ("lastName", if nameless { text(&given.email) } else { text(&given.last_name) }),
        ("email", text(&given.email)),
        ("phone", text(&given.phone)),
        ("country", text(&given.country)),
        ("source", text(&given.source)),
    ];
    let made = call.create("contact", values).await?.id;
    let found = call.find("contact", Filter::equal("id", Value::Id(made.0))).await?.pop();
    found.ok_or_else(|| Error::internal("a contact that was just made is not there"))
}
