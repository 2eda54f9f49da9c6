//! What a saved view shows, checked as the lists it is made for would be.

use crate::filter::FilterReader;
use crate::{export, order};
use clientela_kernel::{Context, Error, ErrorCode, Result};
use clientela_model::{Registry, ResourceDef};
use serde_json::Value as Json;
use std::sync::Arc;

/// A view as it is written down: each part is spelled as the parameter of a list with the same name.
#[derive(Clone, Copy, Debug)]
pub struct View<'v> {
    /// The resource: its name.
    pub resource: &'v str,
    /// The filter tree, as JSON text.
    pub filter: Option<&'v str>,
    /// Keys with commas between them, `-` before those that go downward.
    pub sort: Option<&'v str>,
    /// Paths of fields with commas between them.
    pub fields: Option<&'v str>,
}

impl View<'_> {
    /// Checks every part against the definitions and the caller's rights. Answers the resource.
    ///
    /// # Errors
    /// The name of the part that is wrong, and what `NOT_FOUND`, `INVALID_FILTER`, `INVALID_SORT` or `INVALID_PARAMETER` says of it.
    pub fn check(&self, registry: &Registry, context: &Context) -> std::result::Result<Arc<ResourceDef>, (&'static str, Error)> {
        let def = export::find(registry, self.resource).map_err(|error| ("resource", error))?;
        if let Some(text) = self.filter {
            filter(registry, context, def, text).map_err(|error| ("filter", error))?;
        }
        order::read(registry, context, def, &keys(self.sort)).map_err(|error| ("sort", error))?;
        let fields: Vec<String> = parts(self.fields).map(str::to_owned).collect();
        export::check_columns(registry, context, def, &fields).map_err(|error| ("fields", error))?;
        Ok(Arc::clone(def))
    }
}

fn filter(registry: &Registry, context: &Context, def: &ResourceDef, text: &str) -> Result<()> {
    let tree: Json = serde_json::from_str(text).map_err(|error| {
        let example = r#"{"country": {"eq": "AT"}}"#;
        Error::new(ErrorCode::InvalidFilter, format!("The filter is no JSON: {error}. A filter looks like {example}."))
    })?;
    FilterReader::new(registry, context).read(def, &tree).map(drop)
}

fn keys(sort: Option<&str>) -> Vec<(Vec<String>, bool)> {
    let path = |key: &str| key.split('.').map(str::to_owned).collect();
    parts(sort).map(|key| key.strip_prefix('-').map_or_else(|| (path(key), false), |key| (path(key), true))).collect()
}

fn parts(list: Option<&str>) -> impl Iterator<Item = &str> {
    list.unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn wrong(filter: Option<&str>, sort: Option<&str>, fields: Option<&str>) -> Option<&'static str> {
        let (registry, context) = (fixture::registry(), fixture::context());
        let view = View { resource: "animal", filter, sort, fields };
        view.check(&registry, &context).err().map(|(part, _)| part)
    }

    #[test]
    fn each_part_is_checked() {
        assert_eq!(wrong(Some(r#"{"weight": {"gt": 3}}"#), Some("-weight, keeper.name"), Some("id,keeper.name")), None);
        assert_eq!(wrong(None, None, None), None);
        assert_eq!(wrong(Some("{"), None, None), Some("filter"));
        assert_eq!(wrong(Some(r#"{"wings": {"gt": 3}}"#), None, None), Some("filter"));
        assert_eq!(wrong(None, Some("-wings"), None), Some("sort"));
        assert_eq!(wrong(None, Some("name,-name"), None), Some("sort"));
        assert_eq!(wrong(None, None, Some("name,name")), Some("fields"));
        assert_eq!(wrong(None, None, Some("keeper.wings")), Some("fields"));
        let (registry, context) = (fixture::registry(), fixture::context());
        let view = View { resource: "unicorn", filter: None, sort: None, fields: None };
        assert_eq!(view.check(&registry, &context).err().map(|(part, _)| part), Some("resource"));
    }
}
