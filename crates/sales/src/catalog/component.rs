//! The component of a bundle.

use super::product::ProductKind;
use crate::found::{by_id, first};
use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{ChangeKind, Companion, Draft, RuleReader};
use clientela_kernel::{Comparison, Context, Error, Filter, Id, ProblemCode, Result, Value};
use clientela_macros::resource;
use clientela_model::Choice as _;
use std::collections::BTreeSet;
use uuid::Uuid;

/// How many bundles may lie within one another.
const DEPTH: usize = 20;

/// A product that is part of a bundle. A bundle may hold other bundles, but never itself.
#[resource(
    name = "productComponent",
    prefix = "pco",
    unattachable,
    unique("product_component_bundle_product_key", "bundleId", "productId")
)]
pub struct Model {
    /// The bundle: a product of kind `BUNDLE`.
    #[field(
        refers = "product",
        inverse = "components",
        inverse_description = "What the bundle is made of.",
        on_delete = "cascade",
        write = "immutable",
        example = "\"prd_01h455vb4pex5vsknk084sn02q\""
    )]
    pub bundle_id: Id,
    /// What it holds.
    #[field(
        refers = "product",
        inverse = "bundleComponents",
        inverse_description = "The bundles that hold the product.",
        on_delete = "restrict",
        write = "immutable",
        example = "\"prd_01h455vb4pex5vsknk084sn02q\""
    )]
    pub product_id: Id,
    /// How much of it, in its unit.
    #[field(decimal = 4, min = "0.0001", max = 1_000_000, default = "\"1\"", example = "\"2\"")]
    pub quantity: i64,
}

/// The rules of components.
pub struct ComponentRules;

#[async_trait]
impl Rules for ComponentRules {
    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        if draft.before.is_some() {
            return Ok(());
        }
        let (Some(bundle), Some(product)) = (draft.get("bundleId").as_id(), draft.get("productId").as_id()) else { return Ok(()) };
        // A product that is not there is told of by the reference itself.
        let Some(found) = first(reader, "product", by_id(bundle)).await? else { return Ok(()) };
        if found.get("kind").as_text() != Some(ProductKind::Bundle.as_str()) {
            let text = "bundleId names a product that is no bundle. Set its kind to BUNDLE first.";
            return Err(Error::invalid("/bundleId", ProblemCode::Contradiction, text));
        }
        refuse_circle(reader, bundle, product).await
    }

    async fn companions(&self, _context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        // What comes back may find that another one has closed the way meanwhile.
        if let (ChangeKind::Restored, Some(bundle), Some(product)) =
            (draft.kind, draft.get("bundleId").as_id(), draft.get("productId").as_id())
        {
            refuse_circle(reader, bundle, product).await?;
        }
        Ok(Vec::new())
    }
}

/// Refuses a bundle that would hold itself, directly or through others.
async fn refuse_circle(reader: &dyn RuleReader, bundle: Uuid, product: Uuid) -> Result<()> {
    let refuse = |text: &str| Err(Error::invalid("/productId", ProblemCode::Contradiction, text));
    let (mut front, mut reached) = (vec![product], BTreeSet::from([product]));
    for _ in 0..DEPTH {
        if reached.contains(&bundle) {
            return refuse("productId would close a circle: that product holds this bundle, or is it. Name another.");
        }
        if front.is_empty() {
            return Ok(());
        }
        let below = match front.as_slice() {
            [one] => Filter::equal("bundleId", Value::Id(*one)),
            many => Filter::field("bundleId", Comparison::In(many.iter().map(|id| Value::Id(*id)).collect())),
        };
        let held = reader.find("productComponent", below).await?;
        front = held.iter().filter_map(|component| component.get("productId").as_id()).filter(|id| reached.insert(*id)).collect();
    }
    refuse("productId would put more than 20 bundles within one another. Make it of fewer levels.")
}
