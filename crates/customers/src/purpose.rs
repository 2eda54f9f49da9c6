//! Purposes: what personal data is used for, on what legal basis, and what people are told of it.

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Draft};
use clientela_kernel::{Context, FieldProblem, ProblemCode};
use clientela_macros::{Choice, resource};
use clientela_model::Choice as _;

/// Why the law lets us use personal data (GDPR, article 6, paragraph 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum LegalBasis {
    /// The person has agreed (letter a).
    Consent,
    /// A contract with the person needs it (letter b).
    Contract,
    /// A law obliges us (letter c).
    LegalObligation,
    /// Somebody's life depends on it (letter d).
    VitalInterests,
    /// A task in the public interest needs it (letter e).
    PublicTask,
    /// We have an interest that outweighs the person's; the person may object (letter f).
    LegitimateInterests,
}

/// What we use personal data for: marketing, profiling, disclosure to third parties, service. Consents are given for a
/// purpose, and what people were told of it are its notices.
#[resource(name = "purpose", prefix = "pur", label = "name", common, unique("purpose_key_key", "key"))]
pub struct Model {
    /// A short name that programs know the purpose by; it cannot be changed later.
    #[field(name = "key", max = 60, format = "slug", write = "immutable", example = "\"marketing\"")]
    pub purpose_key: String,
    /// What people call it.
    #[field(max = 200, folded, example = "\"News and offers\"")]
    pub name: String,
    /// What the data is used for, for those who decide whether something falls under it.
    #[field(max = 4000, example = "\"Newsletters, invitations and offers of our own products.\"")]
    pub description: Option<String>,
    /// The legal basis where a consent does not say another. With any but `CONSENT` a party may be contacted that has said
    /// nothing, until it objects.
    #[field(default = "\"CONSENT\"")]
    pub legal_basis: LegalBasis,
    /// Whether a grant counts only once the party has confirmed it from its address.
    #[field(default = "false")]
    pub double_opt_in: bool,
    /// For how many days a grant counts; without an end where empty.
    #[field(min = 1, max = 36500, example = "730")]
    pub consent_days: Option<i64>,
    /// For how many days what is kept for this purpose may be kept after its last use; without a limit where empty.
    #[field(min = 1, max = 36500, example = "1095")]
    pub retention_days: Option<i64>,
    /// Whether the purpose is in use. For one that is not nobody is contacted.
    #[field(default = "true")]
    pub active: bool,
}

/// The rules of purposes.
pub struct PurposeRules;

#[async_trait]
impl Rules for PurposeRules {
    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        let asks = draft.get("doubleOptIn") == &true.into();
        if asks && draft.get("legalBasis").as_text() != Some(LegalBasis::Consent.as_str()) && draft.kind != ChangeKind::Deleted {
            let text = "doubleOptIn is for purposes whose legalBasis is CONSENT: there is nothing to confirm otherwise.";
            problems.push(FieldProblem::new("/doubleOptIn", ProblemCode::Contradiction, text));
        }
    }
}

/// What people are told of a purpose, in one language and one edition.
pub mod notice {
    use clientela_kernel::{Id, Timestamp};
    use clientela_macros::resource;

    /// What people are told of a purpose before they consent: one text in one language. A consent names the notice it was given
    /// on, so a notice never changes; a new wording is a new edition.
    #[resource(
        name = "purposeNotice",
        prefix = "pno",
        label = "title",
        common,
        unique("purpose_notice_purpose_language_edition_key", "purposeId", "language", "edition")
    )]
    pub struct Model {
        /// The purpose.
        #[field(
            refers = "purpose",
            inverse = "notices",
            inverse_description = "What people are told of this purpose, by language and edition.",
            on_delete = "cascade",
            write = "immutable",
            example = "\"pur_01h455vb4pex5vsknk084sn02q\""
        )]
        pub purpose_id: Id,
        /// The language of the text.
        #[field(max = 35, format = "language", write = "immutable", example = "\"de-AT\"")]
        pub language: String,
        /// Counts the wordings in this language.
        #[field(min = 1, max = 100000, write = "immutable", example = "3")]
        pub edition: i64,
        /// Its heading.
        #[field(max = 200, write = "immutable", example = "\"Neuigkeiten und Angebote\"")]
        pub title: String,
        /// What people read.
        #[field(
            max = 20000,
            write = "immutable",
            example = "\"Wir senden Ihnen höchstens einmal im Monat Neuigkeiten. Sie können jederzeit widerrufen.\""
        )]
        pub body: String,
        /// From when on it is shown; at once where empty.
        #[field(example = "\"2026-01-31T08:15:00.000Z\"")]
        pub valid_from: Option<Timestamp>,
    }
}
