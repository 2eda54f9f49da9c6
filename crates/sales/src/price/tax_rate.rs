//! The tax rate.

use super::VALID;
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, RuleReader};
use clientela_kernel::{Comparison, Context, Date, Error, FieldProblem, Filter, ProblemCode, Result, Value};
use clientela_macros::resource;

/// What a country, or a region of it, takes of a class of products for a time. At one time there is one rate of each.
#[resource(
    name = "taxRate",
    prefix = "txr",
    label = "name",
    unattachable,
    unique("tax_rate_country_region_class_from_key", "country", "region", "taxClass", "validFrom"),
    unique("tax_rate_open_key", "openKey")
)]
pub struct Model {
    /// What a quote calls it.
    #[field(max = 100, folded, example = "\"VAT 20 %\"")]
    pub name: String,
    /// ISO 3166-1 alpha-2 code of the country.
    #[field(format = "country", max = 2, example = "\"AT\"")]
    pub country: String,
    /// The region of the country that has a rate of its own; everywhere else in it where empty.
    #[field(max = 100, example = "null")]
    pub region: Option<String>,
    /// Which products it is for: those of the same tax class.
    #[field(max = 40, default = "\"STANDARD\"", example = "\"STANDARD\"")]
    pub tax_class: String,
    /// How much of the net amount it is.
    #[field(decimal = 4, min = 0, max = 100, example = "\"20\"")]
    pub percent: i64,
    /// The first day on which it holds; since ever where empty.
    #[field(example = "\"2016-01-01\"")]
    pub valid_from: Option<Date>,
    /// The last day on which it holds; for ever where empty.
    #[field(example = "null")]
    pub valid_until: Option<Date>,
    /// What must be unique among rates without an end: two writers at once cannot both have it.
    #[field(max = 200, secret, write = "read_only", derived, example = "null")]
    pub open_key: Option<String>,
}

/// The rules of tax rates.
pub struct TaxRateRules;

#[async_trait]
impl Rules for TaxRateRules {
    fn derive(&self, _context: &Context, draft: &mut Draft) {
        let part = |field: &str| draft.get(field).as_text().unwrap_or_default().to_owned();
        let key = format!("{}:{}:{}", part("country"), part("taxClass"), part("region"));
        draft.set("openKey", if draft.get("validUntil").is_null() { Value::Text(key) } else { Value::Null });
    }

    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        refuse_overlap(reader, draft).await
    }

    async fn companions(&self, _context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        if draft.kind == ChangeKind::Restored {
            refuse_overlap(reader, draft).await?;
        }
        Ok(Vec::new())
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        VALID.check(draft, problems);
    }
}

/// Refuses a second rate for the same at the same time.
async fn refuse_overlap(reader: &dyn RuleReader, draft: &Draft) -> Result<()> {
    let region = match draft.get("region") {
        Value::Null => Filter::field("region", Comparison::IsNull),
        region => Filter::equal("region", region.clone()),
    };
    let like = ["country", "taxClass"].map(|field| Filter::equal(field, draft.get(field).clone()));
    match VALID.overlapping(reader, draft, like.into_iter().chain([region]).collect()).await? {
        None => Ok(()),
        Some(other) => {
            let text = format!(
                "taxClass has a rate there {} already, {}. End that time before this one begins, or change it.",
                VALID.words(&other),
                other.id.to_text(&other.def.prefix)
            );
            Err(Error::invalid("/taxClass", ProblemCode::Contradiction, text))
        }
    }
}
