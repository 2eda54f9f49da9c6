//! `checkSuppression`.

use super::suppression;
use crate::contact_point::ContactPointKind;
use crate::normal;
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Filter, Result, Timestamp};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Tells whether addresses belonged to somebody who was erased.
pub struct CheckSuppression;

/// What is to be looked up.
#[derive(Shape)]
pub struct SuppressionCheck {
    /// The addresses and numbers.
    #[field(shape, most = 1000)]
    pub addresses: Vec<CheckedAddress>,
}

/// An address or a number.
#[derive(Shape)]
pub struct CheckedAddress {
    /// What kind of address it is.
    #[field(example = "\"EMAIL\"")]
    pub kind: ContactPointKind,
    /// The address or number. A telephone number without a country code is read as one of the tenant's country.
    #[field(max = 1000, example = "\"anna.gruber@bergkaeserei.example\"")]
    pub value: String,
}

/// What was found.
#[derive(Shape)]
pub struct CheckedSuppression {
    /// One for each address, in their order.
    #[field(shape, most = 1000)]
    pub results: Vec<SuppressionResult>,
}

/// Whether one address belonged to somebody who was erased.
#[derive(Shape)]
pub struct SuppressionResult {
    /// Whether it did.
    #[field(example = "false")]
    pub suppressed: bool,
    /// When that person was erased, at last.
    #[field()]
    pub since: Option<Timestamp>,
}

#[async_trait]
impl Operation for CheckSuppression {
    type Input = SuppressionCheck;
    type Output = CheckedSuppression;

    fn definition() -> OperationDef {
        OperationDef::reading::<SuppressionCheck, CheckedSuppression>(
            "checkSuppression",
            "privacyRequest",
            "check-suppression",
            "Tells of addresses and numbers whether they belonged to somebody who was erased: ask before an import, which would bring such persons \
             back. The server knows only hashes of them. `decideContact` asks by itself.",
        )
    }

    async fn run(&self, call: &Call<'_>, check: SuppressionCheck) -> Result<CheckedSuppression> {
        let key = suppression::key(call).await?;
        let tenant = call.find("tenant", Filter::And(Vec::new())).await?;
        let country = tenant.first().and_then(|tenant| tenant.get("country").as_text());
        let mut results = Vec::with_capacity(check.addresses.len());
        for address in check.addresses {
            let normalized = normal::form(address.kind, &address.value, country);
            let since = match (&key, normalized) {
                (Some(key), Some(normalized)) => suppression::suppressed_since(call, key.hash(address.kind, &normalized)).await?,
                _ => None,
            };
            results.push(SuppressionResult { suppressed: since.is_some(), since });
        }
        Ok(CheckedSuppression { results })
    }
}
