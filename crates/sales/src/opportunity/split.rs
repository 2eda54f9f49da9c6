//! The split: whose success a deal is, and how much of it.

use super::moves::Moved;
use async_trait::async_trait;
use clientela_engine::{Call, Operation, WriteAction};
use clientela_kernel::decimal::{self, rounded};
use clientela_kernel::{Error, Filter, Id, Money, ProblemCode, Result, Value};
use clientela_macros::{Choice, Shape, resource};
use clientela_model::{Choice as _, OperationDef};
use std::collections::BTreeSet;

/// Decimal places of a share in percent.
const PLACES: u32 = 2;
/// The whole, in hundredths of a percent.
const WHOLE: i64 = 10_000;

/// What is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum SplitKind {
    /// The revenue itself: the shares are 100 percent together.
    Revenue,
    /// Recognition of help: as many shares of any size as there are helpers.
    Overlay,
}

/// What share of a deal is somebody's success. `splitOpportunity` sets all of a kind at once. The amounts of the shares of revenue are together exactly the amount of the deal.
#[resource(
    name = "opportunitySplit",
    prefix = "osp",
    read_only,
    unattachable,
    unique("opportunity_split_key", "opportunityId", "kind", "userId")
)]
pub struct Model {
    /// The deal.
    #[field(
        refers = "opportunity",
        inverse = "splits",
        inverse_description = "Whose success this deal is.",
        on_delete = "cascade",
        example = "\"opp_01h455vb4pex5vsknk084sn02q\""
    )]
    pub opportunity_id: Id,
    /// Whose.
    #[field(
        refers = "user",
        inverse = "opportunitySplits",
        inverse_description = "What shares of deals are this user's success.",
        on_delete = "cascade",
        example = "\"usr_01h455vb4pex5vsknk084sn02q\""
    )]
    pub user_id: Id,
    /// What is divided.
    #[field()]
    pub kind: SplitKind,
    /// The share in percent.
    #[field(decimal = 2, min = 0, max = 100, example = "\"60\"")]
    pub percent: i64,
    /// The share of the deal's amount; empty while that has none.
    #[field(example = "null")]
    pub amount: Option<Money>,
}

/// Says whose success a deal is.
pub struct SplitOpportunity;

/// All shares of a kind.
#[derive(Shape)]
pub struct Splitting {
    /// What is divided.
    #[field(default = "\"REVENUE\"", example = "\"OVERLAY\"")]
    pub kind: SplitKind,
    /// The shares; they take the place of those that there are of this kind. None takes all away.
    #[field(shape, most = 50)]
    pub shares: Vec<SplitShare>,
}

/// A share.
#[derive(Clone, Shape)]
pub struct SplitShare {
    /// Whose.
    #[field(refers = "user", example = "\"usr_01h455vb4pex5vsknk084sn02q\"")]
    pub user_id: Id,
    /// How much, in percent.
    #[field(decimal = 2, min = 0, max = 100, example = "\"60\"")]
    pub percent: i64,
}

#[async_trait]
impl Operation for SplitOpportunity {
    type Input = Splitting;
    type Output = Moved;

    fn definition() -> OperationDef {
        OperationDef::writing::<Splitting, Moved>(
            "splitOpportunity",
            "opportunity",
            "split",
            "Says whose success an opportunity is: all shares of a kind at once. Shares of revenue must be exactly 100 percent together.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: Splitting) -> Result<Moved> {
        let opportunity = call.held().await?;
        let sum: i64 = given.shares.iter().map(|share| share.percent).sum();
        if given.kind == SplitKind::Revenue && !given.shares.is_empty() && sum != WHOLE {
            let text = format!("The shares are {} percent together. Shares of revenue must be exactly 100.", decimal::text(sum, PLACES));
            return Err(Error::invalid("/shares", ProblemCode::Contradiction, text));
        }
        let mut seen = BTreeSet::new();
        for (place, share) in given.shares.iter().enumerate() {
            call.referenced(&format!("shares/{place}/userId"), "user", share.user_id).await?;
            if !seen.insert(share.user_id.0) {
                let text = "userId has a share already. Give each user one.";
                return Err(Error::invalid(format!("/shares/{place}/userId"), ProblemCode::Contradiction, text));
            }
        }
        let old = call.find("opportunitySplit", Filter::equal("opportunityId", Value::Id(opportunity.id.0))).await?;
        let mut old: Vec<_> = old.into_iter().filter(|split| split.get("kind").as_text() == Some(given.kind.as_str())).collect();
        let amounts = amounts(opportunity.get("amount"), &given.shares.iter().map(|share| share.percent).collect::<Vec<_>>());
        for (share, amount) in given.shares.iter().zip(amounts) {
            let values = vec![("percent", Value::Integer(share.percent)), ("amount", amount)];
            match old.iter().position(|split| split.get("userId").as_id() == Some(share.user_id.0)) {
                Some(place) => {
                    let split = old.swap_remove(place);
                    call.set("opportunitySplit", split.id, values, None).await?;
                }
                None => {
                    let of = [
                        ("opportunityId", Value::Id(opportunity.id.0)),
                        ("userId", Value::Id(share.user_id.0)),
                        ("kind", given.kind.as_str().into()),
                    ];
                    call.create("opportunitySplit", of.into_iter().chain(values).collect()).await?;
                }
            }
        }
        for split in old {
            call.write("opportunitySplit", WriteAction::Discard { id: split.id }).await?;
        }
        Ok(Moved { opportunity: opportunity.id })
    }
}

/// What shares of an amount are: rounded, and what rounding leaves over goes to the shares that lost most by it, so that shares of the whole are the whole.
pub(super) fn amounts(amount: &Value, percents: &[i64]) -> Vec<Value> {
    let Value::Money(amount) = amount else { return vec![Value::Null; percents.len()] };
    let whole = i128::from(WHOLE);
    let exact: Vec<i128> = percents.iter().map(|percent| i128::from(amount.minor) * i128::from(*percent)).collect();
    let mut minors: Vec<i128> = exact.iter().map(|exact| exact.div_euclid(whole)).collect();
    let wanted = rounded(exact.iter().sum(), whole);
    let mut order: Vec<usize> = (0..exact.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(exact.get(*place).map_or(0, |exact| exact.rem_euclid(whole))));
    let left = usize::try_from(wanted - minors.iter().sum::<i128>()).unwrap_or_default();
    for place in order.into_iter().take(left) {
        if let Some(minor) = minors.get_mut(place) {
            *minor += 1;
        }
    }
    let money = |minor: i128| i64::try_from(minor).map_or(Value::Null, |minor| Value::Money(Money { minor, currency: amount.currency }));
    minors.into_iter().map(money).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clientela_kernel::currency::Currency;
    use proptest::prelude::*;

    fn minor(value: &Value) -> i64 {
        if let Value::Money(money) = value { money.minor } else { panic!("{value:?}") }
    }

    proptest! {
        #[test]
        fn shares_of_the_whole_are_the_whole(amount in -1_000_000_000_000i64..1_000_000_000_000, cuts in prop::collection::vec(0..=WHOLE, 0..20)) {
            let mut cuts = cuts;
            cuts.extend([0, WHOLE]);
            cuts.sort_unstable();
            let percents: Vec<i64> = cuts.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let money = Value::Money(Money { minor: amount, currency: Currency::parse("EUR").unwrap() });
            let found = amounts(&money, &percents);
            prop_assert_eq!(found.iter().map(minor).sum::<i64>(), amount);
            for (value, percent) in found.iter().zip(&percents) {
                let off = i128::from(minor(value)) * i128::from(WHOLE) - i128::from(amount) * i128::from(*percent);
                prop_assert!(off.abs() < i128::from(WHOLE), "no share is off by a cent");
            }
        }
    }
}
