//! The product category.

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{Draft, RuleReader, refuse_cycle};
use clientela_kernel::{Context, Id, Result};
use clientela_macros::resource;

/// A kind of products. Categories form a tree.
#[resource(name = "productCategory", prefix = "pca", label = "name")]
pub struct Model {
    /// What it is called.
    #[field(search = "name", max = 200, folded, example = "\"Dairy products\"")]
    pub name: String,
    /// What belongs to it.
    #[field(search = "text", max = 2_000, no_sort, example = "\"Milk, butter and cheese.\"")]
    pub description: Option<String>,
    /// The category that it belongs to. Never closes in a circle.
    #[field(
        refers = "productCategory",
        inverse = "children",
        inverse_description = "The categories that belong to this one.",
        on_delete = "clear",
        example = "\"pca_01h455vb4pex5vsknk084sn02q\""
    )]
    pub parent_id: Option<Id>,
}

/// The rules of categories.
pub struct CategoryRules;

#[async_trait]
impl Rules for CategoryRules {
    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        refuse_cycle(reader, draft, "parentId").await
    }
}
