//! The contact point: one way to reach a party.

use crate::in_step;
use crate::normal;
use crate::telephone;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, RuleReader, check_format};
use clientela_kernel::{Context, FieldProblem, Id, ProblemCode, Result, Timestamp, Value};
use clientela_macros::{Choice, resource};
use clientela_model::{Choice as _, TextFormat};

/// The ways to reach somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ContactPointKind {
    /// An e-mail address.
    Email,
    /// A telephone number on a line.
    Phone,
    /// A mobile telephone number.
    Mobile,
    /// A fax number.
    Fax,
    /// Mail on paper that is not sent to a street address: a post office box, a pigeonhole, poste restante.
    Postal,
    /// An account on a social network: a handle or the address of the profile.
    Social,
    /// A handle on a messenger or chat.
    Chat,
    /// A web site.
    Web,
    /// A device or browser that takes push messages: its token.
    Push,
    /// An address of certified e-mail.
    CertifiedMail,
}

/// Whether messages arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ContactPointHealth {
    /// Nothing is known against it.
    Ok,
    /// Messages come back for the time being.
    Bouncing,
    /// It does not exist or is somebody else's.
    Invalid,
}

/// One way to reach a party: an e-mail address, a number, a handle. A party has as many as there are; of each kind one
/// is the preferred one. The plain fields of contacts (`email`, `phone`, `mobile`) and accounts (`phone`, `website`) are the
/// values of these: whoever writes the one writes the other, in the same transaction.
#[resource(
    name = "contactPoint",
    prefix = "cpt",
    label = "value",
    unique("contact_point_party_kind_normalized_key", "normalized", "kind", "partyId")
)]
pub struct Model {
    /// Who is reached: the id of a party, a contact or an account.
    #[field(
        refers = "party",
        inverse = "contactPoints",
        inverse_description = "The ways to reach this party.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"con_01h455vb4pex5vsknk084sn02q\""
    )]
    pub party_id: Id,
    /// What kind of address it is. It says what `value` must look like; to change it, delete the point and create another.
    #[field(write = "immutable", example = "\"SOCIAL\"")]
    pub kind: ContactPointKind,
    /// What this one is for, in a word or two.
    #[field(max = 100, example = "\"Of the shop\"")]
    pub label: Option<String>,
    /// The address or number as it was given. E-mail has the form of an e-mail address (at most 254 characters), phone, mobile
    /// and fax that of a telephone number (at most 40), web that of an http or https address (at most 500).
    #[field(max = 1000, folded, example = "\"@bergkaeserei\"")]
    pub value: String,
    /// The value in the form in which two spellings of the same address are equal: e-mail in lower case, hosts as the network
    /// knows them (lower case, IDNA), telephone numbers in E.164 (`+43512555010`, with `;ext=` and an extension), everything else
    /// without blanks around it. A number without a country code is read as one of the country of the contact or account, or of the
    /// tenant where that has none, as it is when the number is written; without any, or where the country has no such
    /// numbers, there is no normal form. A party has each only once.
    #[field(max = 1000, write = "read_only", derived, example = "\"@bergkaeserei\"")]
    pub normalized: Option<String>,
    /// Whether this is the one to use among the party's points of its kind. Setting it clears the mark of the other; left
    /// out, the first point of a kind has it.
    #[field(derived, example = "true")]
    pub preferred: bool,
    /// When the party proved that it can be reached here. Emptied when the address changes, unless you give another.
    #[field()]
    pub verified_at: Option<Timestamp>,
    /// Whether messages arrive. `OK` again when the address changes, unless you say otherwise.
    #[field(default = "\"OK\"")]
    pub health: ContactPointHealth,
    /// What was last reported of it, by `reportContactPointHealth`. Emptied when the address changes.
    #[field(max = 500, write = "read_only", example = "\"550 5.1.1 The mailbox does not exist.\"")]
    pub health_reason: Option<String>,
    /// When that was. Emptied when the address changes.
    #[field(write = "read_only")]
    pub health_reported_at: Option<Timestamp>,
}

/// The rules of contact points.
pub struct ContactPointRules;

impl ContactPointKind {
    /// The kind by its name.
    pub(crate) fn named(name: &Value) -> Option<ContactPointKind> {
        const ALL: [ContactPointKind; 10] = [
            ContactPointKind::Email,
            ContactPointKind::Phone,
            ContactPointKind::Mobile,
            ContactPointKind::Fax,
            ContactPointKind::Postal,
            ContactPointKind::Social,
            ContactPointKind::Chat,
            ContactPointKind::Web,
            ContactPointKind::Push,
            ContactPointKind::CertifiedMail,
        ];
        ALL.into_iter().find(|kind| name.as_text() == Some(kind.as_str()))
    }

    /// What a value must look like, and how long it may be.
    const fn form(self) -> (TextFormat, usize) {
        match self {
            ContactPointKind::Email | ContactPointKind::CertifiedMail => (TextFormat::Email, 254),
            ContactPointKind::Phone | ContactPointKind::Mobile | ContactPointKind::Fax => (TextFormat::Phone, 40),
            ContactPointKind::Web => (TextFormat::Url, 500),
            ContactPointKind::Postal | ContactPointKind::Social | ContactPointKind::Chat | ContactPointKind::Push => {
                (TextFormat::Plain, 1_000)
            }
        }
    }
}

/// Whether this write says what the address is.
fn is_given(draft: &Draft) -> bool {
    draft.kind == ChangeKind::Created || draft.changed("value")
}

/// Sets the normal form. What was known about another address says nothing about this one.
fn settle(draft: &mut Draft, normalized: Option<String>) {
    draft.set("normalized", normalized.map_or(Value::Null, Value::Text));
    let is_other = draft.changed("normalized") || draft.get("normalized").is_null();
    if draft.kind == ChangeKind::Updated && is_other {
        if !draft.changed("verifiedAt") {
            draft.set("verifiedAt", Value::Null);
        }
        if !draft.changed("health") {
            draft.set("health", ContactPointHealth::Ok.as_str().into());
        }
        draft.set("healthReason", Value::Null);
        draft.set("healthReportedAt", Value::Null);
    }
}

#[async_trait]
impl Rules for ContactPointRules {
    fn derive(&self, _context: &Context, draft: &mut Draft) {
        let (Some(kind), Some(value)) = (ContactPointKind::named(draft.get("kind")), draft.get("value").as_text()) else {
            return draft.set("normalized", Value::Null);
        };
        if is_given(draft) && !normal::needs_country(kind, value) {
            let normalized = normal::form(kind, value, None);
            settle(draft, normalized);
        }
    }

    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        if let (Some(kind), Some(value)) = (ContactPointKind::named(draft.get("kind")), draft.get("value").as_text())
            && is_given(draft)
            && normal::needs_country(kind, value)
        {
            let country = telephone::home(reader, draft.get("partyId")).await?;
            let normalized = normal::form(kind, value, country.as_deref());
            settle(draft, normalized);
        }
        in_step::prefer_the_first(reader, draft, &["partyId", "kind"]).await
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        let (Some(kind), Some(value)) = (ContactPointKind::named(draft.get("kind")), draft.get("value").as_text()) else { return };
        let (format, most) = kind.form();
        let length = value.chars().count();
        if length > most {
            let text = format!("value has {length} characters; {most} are allowed where kind is {}.", kind.as_str());
            problems.push(FieldProblem::new("/value", ProblemCode::TooLong, text));
        } else if let Err(wanted) = check_format(format, value) {
            let start: String = value.chars().take(60).collect();
            let text = format!("value must be {wanted}, where kind is {}, not {start:?}.", kind.as_str());
            problems.push(FieldProblem::new("/value", ProblemCode::InvalidFormat, text));
        }
    }

    async fn companions(&self, _context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        in_step::follow_point(reader, draft).await
    }
}
