//! The quota: what somebody is to sell.

use crate::found::{equal, refused};
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{Draft, RuleReader};
use clientela_kernel::{Comparison, Context, Date, FieldProblem, Filter, Id, ProblemCode, Result, Value};
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

/// The rules of quotas.
pub struct QuotaRules;

#[async_trait]
impl Rules for QuotaRules {
    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        if let (Value::Date(since), Value::Date(until)) = (draft.get("since"), draft.get("until"))
            && until < since
        {
            let text = format!("until is {}, before since, {}: nothing ends before it begins.", until.to_text(), since.to_text());
            problems.push(FieldProblem::new("/until", ProblemCode::Contradiction, text));
        }
        if let Value::Money(amount) = draft.get("amount")
            && amount.minor <= 0
        {
            let text = format!("amount must be more than nothing; it was {}.", amount.amount());
            problems.push(FieldProblem::new("/amount/amount", ProblemCode::OutOfRange, text));
        }
    }

    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let same_time = Filter::And(vec![
            equal("userId", draft.get("userId").clone()),
            Filter::field("since", Comparison::LessOrEqual(draft.get("until").clone())),
            Filter::field("until", Comparison::GreaterOrEqual(draft.get("since").clone())),
        ]);
        let others = reader.find("quota", same_time).await?;
        match others.iter().find(|other| other.id != draft.id) {
            None => Ok(()),
            Some(other) => {
                let text = format!(
                    "since and until have days in common with {}, another quota of this user.",
                    other.id.to_text(&other.def.prefix)
                );
                Err(refused("/since", ProblemCode::Contradiction, text))
            }
        }
    }
}
