//! The price book.

use super::VALID;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::Draft;
use clientela_kernel::{Context, Date, FieldProblem, Id, ProblemCode, Value};
use clientela_macros::resource;

/// A list of prices in one currency. It holds for everybody, for one account, or for a segment of customers. Which prices apply is told by `priceProducts`.
#[resource(
    name = "priceBook",
    prefix = "pbk",
    label = "name",
    unattachable,
    unique("price_book_name_key", "name"),
    unique("price_book_default_key", "defaultKey")
)]
pub struct Model {
    /// What it is called.
    #[field(max = 200, folded, example = "\"List prices 2026\"")]
    pub name: String,
    /// What it is for.
    #[field(max = 2_000, no_sort, example = "\"Without freight.\"")]
    pub description: Option<String>,
    /// ISO 4217 code of the currency of all its prices.
    #[field(format = "currency", max = 3, write = "immutable", example = "\"EUR\"")]
    pub currency: String,
    /// The first day on which its prices hold; since ever where empty.
    #[field(example = "\"2026-01-01\"")]
    pub valid_from: Option<Date>,
    /// The last day on which its prices hold; for ever where empty.
    #[field(example = "null")]
    pub valid_until: Option<Date>,
    /// Whether its prices hold at present.
    #[field(default = "true", example = "true")]
    pub active: bool,
    /// Whether it is the one for everybody who has no nearer one. There is at most one of each currency.
    #[field(default = "false", example = "false")]
    pub is_default: bool,
    /// The account whose prices these are.
    #[field(
        refers = "account",
        inverse = "priceBooks",
        inverse_description = "The price books of this account alone.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub account_id: Option<Id>,
    /// The segment of customers whose prices these are, as `priceProducts` and quotes name it.
    #[field(max = 100, write = "immutable", example = "null")]
    pub segment: Option<String>,
    /// What must be unique among defaults: two writers at once cannot both have it.
    #[field(max = 3, secret, write = "read_only", derived, example = "null")]
    pub default_key: Option<String>,
}

/// The rules of price books.
pub struct BookRules;

#[async_trait]
impl Rules for BookRules {
    fn derive(&self, _context: &Context, draft: &mut Draft) {
        let default = draft.get("isDefault").as_boolean() == Some(true);
        let key = if default { draft.get("currency").clone() } else { Value::Null };
        draft.set("defaultKey", key);
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        VALID.check(draft, problems);
        let (account, segment) = (!draft.get("accountId").is_null(), !draft.get("segment").is_null());
        if account && segment {
            let text = "segment cannot stand beside accountId: a price book is for one account, for a segment, or for everybody.";
            problems.push(FieldProblem::new("/segment", ProblemCode::Contradiction, text));
        }
        if (account || segment) && draft.get("isDefault").as_boolean() == Some(true) {
            let text = "isDefault is for a price book for everybody, and this one is for an account or a segment. Leave it out.";
            problems.push(FieldProblem::new("/isDefault", ProblemCode::Contradiction, text));
        }
    }
}
