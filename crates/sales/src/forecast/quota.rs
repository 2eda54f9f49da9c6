//! The quota: what somebody is to sell.

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{Draft, RuleReader};
use clientela_engine::period::Period;
use clientela_kernel::{Context, Date, Error, FieldProblem, Filter, Id, ProblemCode, Result, Value};
use clientela_macros::resource;

/// What a user is to sell from one day to another. Two quotas of one user have no day in common.
#[resource(name = "quota", prefix = "qta", owner = "userId", unattachable, unique("quota_user_since_key", "userId", "since"))]
pub struct Model {
    /// Whose it is.
    #[field(
        refers = "user",
        inverse = "quotas",
        inverse_description = "What this user is to sell.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"usr_01h455vb4pex5vsknk084sn02q\""
    )]
    pub user_id: Id,
    /// The first day.
    #[field(example = "\"2026-10-01\"")]
    pub since: Date,
    /// The last day.
    #[field(example = "\"2026-12-31\"")]
    pub until: Date,
    /// How much.
    #[field()]
    pub amount: Money,
}

/// From its first day until its last.
const PERIOD: Period = Period { since: "since", until: "until" };

/// The rules of quotas.
pub struct QuotaRules;

#[async_trait]
impl Rules for QuotaRules {
    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        PERIOD.check(draft, problems);
        if let Value::Money(amount) = draft.get("amount")
            && amount.minor <= 0
        {
            let text = format!("amount must be more than nothing; it was {}.", amount.amount());
            problems.push(FieldProblem::new("/amount/amount", ProblemCode::OutOfRange, text));
        }
    }

    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let theirs = Filter::equal("userId", draft.get("userId").clone());
        match PERIOD.overlapping(reader, draft, vec![theirs]).await? {
            None => Ok(()),
            Some(other) => {
                let text = format!(
                    "since and until have days in common with {}, another quota of this user.",
                    other.id.to_text(&other.def.prefix)
                );
                Err(Error::invalid("/since", ProblemCode::Contradiction, text))
            }
        }
    }
}
