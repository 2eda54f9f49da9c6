//! The tax of a line.

use crate::price::VALID;
use clientela_engine::module::{Found, RuleReader};
use clientela_kernel::{Date, Filter, Result};

/// The class of what says none.
const STANDARD: &str = "STANDARD";

/// The percentage that holds for a product in the country and region of a quote; none where no rate is known.
pub(crate) async fn percent(reader: &dyn RuleReader, quote: &Found, product: Option<&Found>, on: Date) -> Result<Option<i64>> {
    let Some(country) = quote.get("taxCountry").as_text() else { return Ok(None) };
    let class = product.and_then(|product| product.get("taxClass").as_text()).unwrap_or(STANDARD);
    let rates = reader
        .find("taxRate", Filter::And(vec![Filter::equal("country", country.into()), Filter::equal("taxClass", class.into())]))
        .await?;
    let valid = || rates.iter().filter(|rate| VALID.covers(rate, on));
    let region = quote.get("taxRegion");
    let of_region = valid().find(|rate| !region.is_null() && rate.get("region") == region);
    let rate = of_region.or_else(|| valid().find(|rate| rate.get("region").is_null()));
    Ok(rate.and_then(|rate| rate.get("percent").as_integer()))
}
