//! The duplicate rule: what makes two records look like one party.

use crate::party::PartyKind;
use clientela_engine::module::Found;
use clientela_kernel::{Name, Value};
use clientela_macros::{Choice, resource};
use clientela_model::Choice as _;

/// What happens when a record is made that a rule holds for another one's duplicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum DuplicateAction {
    /// It is made all the same.
    Allow,
    /// It is refused with `DUPLICATE_FOUND`, unless the request says `allowDuplicates`.
    Refuse,
}

/// A rule by which two records are held for the same party. Only records that share one of the rule's keys (`pairBy…`) are compared
/// at all. Each comparison comes to a similarity from 0 to 100; the score is their mean by weight, over those fields that both
/// records have. Whoever reaches the threshold is a candidate; nothing is ever merged by itself.
#[resource(name = "duplicateRule", prefix = "dup", label = "name", unique("duplicate_rule_name_key", "name"))]
pub struct Model {
    /// What the rule is called.
    #[field(max = 100, folded, example = "\"Same person\"")]
    pub name: String,
    /// Which parties it compares: contacts for `PERSON`, accounts of that kind otherwise.
    #[field(default = "\"PERSON\"")]
    pub party_kind: PartyKind,
    /// Whether records that have an e-mail address in common are compared.
    #[field(default = "true", example = "true")]
    pub pair_by_email: bool,
    /// Whether records that have a telephone number in common are compared, mobile or not.
    #[field(default = "true", example = "true")]
    pub pair_by_phone: bool,
    /// Whether records that have a web site in common are compared.
    #[field(default = "true", example = "true")]
    pub pair_by_website: bool,
    /// Whether records that have a tax number in common are compared.
    #[field(default = "true", example = "true")]
    pub pair_by_tax_id: bool,
    /// Whether records are compared whose names begin alike, case and accents aside: with the same first word and two letters of the
    /// second for a person, with the same six letters for everybody else.
    #[field(default = "true", example = "true")]
    pub pair_by_name: bool,
    /// What the name counts: by edit distance, whatever the order of its words, without legal forms.
    #[field(min = 0, max = 100, default = "40", example = "40")]
    pub name_weight: i64,
    /// What the e-mail addresses count: one in common or none.
    #[field(min = 0, max = 100, default = "30", example = "30")]
    pub email_weight: i64,
    /// What the telephone numbers count: one in common or none.
    #[field(min = 0, max = 100, default = "20", example = "20")]
    pub phone_weight: i64,
    /// What the web sites count: one in common or none.
    #[field(min = 0, max = 100, default = "20", example = "20")]
    pub website_weight: i64,
    /// What the tax numbers count: one in common or none.
    #[field(min = 0, max = 100, default = "60", example = "60")]
    pub tax_id_weight: i64,
    /// What the day of birth counts: the same or not.
    #[field(min = 0, max = 100, default = "20", example = "20")]
    pub birth_date_weight: i64,
    /// What the town counts: by edit distance.
    #[field(min = 0, max = 100, default = "10", example = "10")]
    pub city_weight: i64,
    /// The score from which on two records are candidates.
    #[field(min = 1, max = 100, default = "80", example = "80")]
    pub threshold: i64,
    /// What happens when a record is made that reaches it.
    #[field(default = "\"ALLOW\"", example = "\"ALLOW\"")]
    pub at_creation: DuplicateAction,
    /// Whether the rule is in use.
    #[field(default = "true", example = "true")]
    pub active: bool,
}

/// A rule at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) id: clientela_kernel::Id,
    pub(super) kind: String,
    pub(super) email: bool,
    pub(super) phone: bool,
    pub(super) website: bool,
    pub(super) tax_id: bool,
    pub(super) name: bool,
    pub(super) weights: Weights,
    pub(super) threshold: i64,
}

/// What each comparison counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Weights {
    pub(super) name: i64,
    pub(super) email: i64,
    pub(super) phone: i64,
    pub(super) website: i64,
    pub(super) tax_id: i64,
    pub(super) birth_date: i64,
    pub(super) city: i64,
}

impl Rule {
    pub(super) fn of(found: &Found) -> Rule {
        let flag = |field: &str| found.get(field) == &Value::Boolean(true);
        let number = |field: &str| found.get(field).as_integer().unwrap_or(0);
        Rule {
            id: found.id,
            kind: found.get("partyKind").as_text().unwrap_or_default().to_owned(),
            email: flag("pairByEmail"),
            phone: flag("pairByPhone"),
            website: flag("pairByWebsite"),
            tax_id: flag("pairByTaxId"),
            name: flag("pairByName"),
            weights: Weights {
                name: number("nameWeight"),
                email: number("emailWeight"),
                phone: number("phoneWeight"),
                website: number("websiteWeight"),
                tax_id: number("taxIdWeight"),
                birth_date: number("birthDateWeight"),
                city: number("cityWeight"),
            },
            threshold: number("threshold"),
        }
    }
}

/// The rules that a new tenant begins with. None of them refuses anything.
pub fn defaults() -> Vec<Vec<(Name, Value)>> {
    let rule = |name: &str, kind: PartyKind, threshold: i64| {
        vec![
            (Name::from("name"), Value::from(name)),
            (Name::from("partyKind"), kind.as_str().into()),
            (Name::from("threshold"), Value::Integer(threshold)),
        ]
    };
    vec![
        rule("Same person", PartyKind::Person, 80),
        rule("Same organization", PartyKind::Organization, 80),
        rule("Same household", PartyKind::Household, 90),
    ]
}
