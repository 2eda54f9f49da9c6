//! Records of several resources at one place of an answer, below the interface `Node`: of what a search found, of entries of a timeline or of the feed.

use super::Source;
use super::build::Builder;
use super::collect::Collected;
use super::problem::Problem;
use super::query::below;
use crate::array::split_array;
use clientela_engine::{ReadPlan, Root, Selection};
use clientela_kernel::{Context, Name, Result};
use clientela_model::ResourceDef;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// How a record of each resource that may stand there is shown.
pub(super) struct Shapes(Vec<(Arc<ResourceDef>, Selection)>);

/// The records as JSON, by resource and id.
pub(super) type Records = HashMap<(Name, Uuid), Vec<u8>>;

impl Shapes {
    /// What a document selects below a field, of the resources that are wanted there.
    pub(super) fn new(builder: &Builder<'_>, field: &Collected, wanted: impl Fn(&ResourceDef) -> bool) -> Result<Shapes, Problem> {
        let all = builder.types.registry.resources().iter().enumerate().filter(|(_, def)| wanted(def));
        let shape = |(index, def): (usize, &Arc<ResourceDef>)| Ok((Arc::clone(def), builder.selection(def, below(field, index))?));
        all.map(shape).collect::<Result<_, Problem>>().map(Shapes)
    }

    /// The same where records are all of one resource.
    pub(super) fn of_one(builder: &Builder<'_>, field: &Collected, def: &Arc<ResourceDef>) -> Result<Shapes, Problem> {
        Ok(Shapes(vec![(Arc::clone(def), builder.selection(def, &field.children)?)]))
    }

    /// What so many of them may cost: each is of one resource alone, so the dearest counts.
    pub(super) fn cost(&self, source: &dyn Source, limit: u32) -> Result<u64> {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut dearest = 0;
        for (def, selection) in &self.0 {
            let root = Root::Records { ids: vec![Uuid::nil(); most], selection: selection.clone() };
            dearest = dearest.max(source.cost(&ReadPlan { def: Arc::clone(def), root })?);
        }
        Ok(dearest)
    }

    /// Reads records, one read for each resource.
    pub(super) async fn read<'k>(
        &self,
        source: &dyn Source,
        context: &Context,
        keys: impl Iterator<Item = (&'k ResourceDef, Uuid)> + Clone + Send,
    ) -> Result<Records> {
        let mut records = Records::new();
        for (def, selection) in &self.0 {
            let mut ids: Vec<Uuid> = keys.clone().filter(|(of, _)| of.name == def.name).map(|(_, id)| id).collect();
            ids.sort_unstable();
            ids.dedup();
            if ids.is_empty() {
                continue;
            }
            let root = Root::Records { ids: ids.clone(), selection: selection.clone() };
            let mut text = Vec::new();
            source.read(context, &ReadPlan { def: Arc::clone(def), root }, &mut text).await?;
            records.extend(ids.into_iter().zip(split_array(&text)).map(|(id, text)| ((def.name.clone(), id), text.to_vec())));
        }
        Ok(records)
    }
}
