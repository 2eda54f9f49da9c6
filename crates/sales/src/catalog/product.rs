//! The product.

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{Draft, RuleReader};
use clientela_kernel::{Context, Error, FieldProblem, Filter, Id, ProblemCode, Result, Value};
use clientela_macros::{Choice, resource};
use clientela_model::Choice as _;

use crate::found::first;

/// What a product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ProductKind {
    /// Something that is delivered.
    Good,
    /// Something that is done.
    Service,
    /// Several products sold as one: its `components`. It has a price of its own.
    Bundle,
}

/// Something that is sold: a good, a service, or several of these as one. What it costs to buy it is `priceProducts`' answer.
#[resource(name = "product", prefix = "prd", label = "name", tagged, unique("product_sku_key", "sku"))]
pub struct Model {
    /// What it is called.
    #[field(search = "name", max = 200, folded, example = "\"Mountain cheese, 12 months\"")]
    pub name: String,
    /// The number that it is ordered by (stock keeping unit). No two living products have the same.
    #[field(search = "detail", max = 60, folded, example = "\"CH-1200\"")]
    pub sku: String,
    /// What it is, as a quote may say it.
    #[field(search = "text", max = 10_000, no_sort, example = "\"Raw milk cheese of six alpine dairies, in wheels.\"")]
    pub description: Option<String>,
    /// The category that it belongs to.
    #[field(
        refers = "productCategory",
        inverse = "products",
        inverse_description = "The products of this category.",
        on_delete = "clear",
        example = "\"pca_01h455vb4pex5vsknk084sn02q\""
    )]
    pub category_id: Option<Id>,
    /// What it is. A product with components stays a `BUNDLE`.
    #[field(default = "\"GOOD\"", example = "\"GOOD\"")]
    pub kind: ProductKind,
    /// What quantities of it count: pieces, kilograms, hours.
    #[field(max = 40, default = "\"piece\"", example = "\"kg\"")]
    pub unit: String,
    /// Whether it is sold at present: what is not has no price.
    #[field(default = "true", example = "true")]
    pub active: bool,
    /// What one unit costs us.
    #[field(example = "{\"amount\":\"9.40\",\"currency\":\"EUR\"}")]
    pub cost: Option<Money>,
    /// Which tax rates hold for it: those of the same tax class.
    #[field(max = 40, default = "\"STANDARD\"", example = "\"REDUCED\"")]
    pub tax_class: String,
    /// The family that reports and forecasts count it in.
    #[field(max = 100, folded, example = "\"Hard cheese\"")]
    pub family: Option<String>,
}

/// The rules of products.
pub struct ProductRules;

#[async_trait]
impl Rules for ProductRules {
    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let bundle = draft.get("kind").as_text() == Some(ProductKind::Bundle.as_str());
        if bundle || draft.before.is_none() || !draft.changed("kind") {
            return Ok(());
        }
        match first(reader, "productComponent", Filter::equal("bundleId", Value::Id(draft.id.0))).await? {
            None => Ok(()),
            Some(_) => Err(Error::invalid(
                "/kind",
                ProblemCode::Contradiction,
                "kind must stay BUNDLE while the product has components. Delete them first.",
            )),
        }
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        crate::price::refuse_negative(draft, "cost", problems);
    }
}
