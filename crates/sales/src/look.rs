//! What rules and operations look up alike.

use crate::found::{by_id, first};
use async_trait::async_trait;
use clientela_engine::Call;
use clientela_engine::module::{Found, RuleReader};
use clientela_kernel::currency::Currency;
use clientela_kernel::{Context, Error, Filter, Result};

/// Somebody who finds living records, at most 1000 at once.
#[async_trait]
pub(crate) trait Look: Send + Sync {
    /// Those that satisfy a filter.
    async fn find(&self, resource: &str, filter: Filter) -> Result<Vec<Found>>;

    /// The tenant, which nobody needs a right for: what prices count in is no secret to whoever may ask for them.
    async fn tenant(&self, context: &Context) -> Result<Option<Found>>;
}

#[async_trait]
impl Look for Call<'_> {
    async fn find(&self, resource: &str, filter: Filter) -> Result<Vec<Found>> {
        Call::find(self, resource, filter).await
    }

    async fn tenant(&self, context: &Context) -> Result<Option<Found>> {
        self.engine().find_one(&context.unlimited(), "tenant", by_id(context.tenant.0)).await
    }
}

/// What a rule looks up.
pub(crate) struct ByRule<'r>(pub(crate) &'r dyn RuleReader);

#[async_trait]
impl Look for ByRule<'_> {
    async fn find(&self, resource: &str, filter: Filter) -> Result<Vec<Found>> {
        self.0.find(resource, filter).await
    }

    async fn tenant(&self, context: &Context) -> Result<Option<Found>> {
        first(self.0, "tenant", by_id(context.tenant.0)).await
    }
}

/// What a tenant keeps its books in where nothing was said: the default of that field.
const USUAL: &str = "EUR";

/// The currency that the tenant keeps its books in. While a demonstration is being planted its tenant, which comes last, is not there yet.
pub(crate) async fn base_currency(look: &dyn Look, context: &Context) -> Result<Currency> {
    let tenant = look.tenant(context).await?;
    let code = tenant.as_ref().map_or(Some(USUAL), |tenant| tenant.get("currency").as_text());
    code.and_then(Currency::parse).ok_or_else(|| Error::internal("the tenant has no currency"))
}
