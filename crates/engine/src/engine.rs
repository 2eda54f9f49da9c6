//! The engine's face: read by plan, write, render.

use crate::plan::{ReadPlan, Selection};
use crate::write::{WriteOutcome, WriteRequest};
use clientela_kernel::{Context, Error, Filter, ListArguments, Result, SortKey};
use clientela_model::{Registry, ResourceDef};
use serde_json::Value as Json;
use std::sync::Arc;

/// What a read found, beside the JSON it wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadAnswer {
    /// False where a single record does not exist or may not be seen.
    pub found: bool,
    /// Version of a single record, for its ETag; read only when the plan's selection holds the version field.
    pub version: Option<i64>,
    /// Cursor to continue with `after`; absent where nothing follows.
    pub next_cursor: Option<String>,
    /// Cursor to go back with `before`; absent where nothing comes before.
    pub previous_cursor: Option<String>,
}

/// Reads and writes records of every resource. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    registry: Arc<Registry>,
}

impl Engine {
    /// Every resource.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Runs a plan and appends its JSON to `out`. Answers whether there was anything (a record plan whose record does
    /// not exist, is deleted or may not be seen writes nothing and answers not found).
    pub async fn read(&self, context: &Context, plan: &ReadPlan, out: &mut Vec<u8>) -> Result<ReadAnswer> {
        let _ = (context, plan, out);
        Err(Error::internal("not built"))
    }

    /// The cost of a plan: one for each record it may read, plus one for each level. Refuses plans over the limits with
    /// `QUERY_TOO_COMPLEX`. `read` does it too; callers use it to show the figure.
    pub fn cost(&self, plan: &ReadPlan) -> Result<u64> {
        let _ = plan;
        Err(Error::internal("not built"))
    }

    /// Carries out a write in a task of the server's own, so that a caller who hangs up changes nothing about it.
    pub async fn write(&self, context: &Context, request: WriteRequest) -> Result<WriteOutcome> {
        let _ = (context, request);
        Err(Error::internal("not built"))
    }

    /// Appends the written record's JSON object in the shape of the selection: from memory where that is enough, by a
    /// read otherwise. Answers false where the caller may not (or no longer) see it.
    pub async fn render(&self, context: &Context, outcome: &WriteOutcome, selection: &Selection, out: &mut Vec<u8>) -> Result<bool> {
        let _ = (context, outcome, selection, out);
        Err(Error::internal("not built"))
    }

    /// Reads the JSON filter tree (`{"name": {"contains": "gmb"}, "account": {"industry": {"eq": "RETAIL"}}}`), checked
    /// against the definition and the caller's field rights. `INVALID_FILTER` names the place.
    pub fn parse_filter(&self, context: &Context, def: &ResourceDef, json: &Json) -> Result<Filter> {
        let _ = (context, def, json);
        Err(Error::internal("not built"))
    }

    /// Checks an order given as paths (`[(["account", "name"], descending)]`). `INVALID_SORT` names what is wrong.
    pub fn parse_sort(&self, context: &Context, def: &ResourceDef, keys: &[(Vec<String>, bool)]) -> Result<Vec<SortKey>> {
        let _ = (context, def, keys);
        Err(Error::internal("not built"))
    }

    /// Reads a cursor that a list of this filter, order and deletion mode gave. `INVALID_CURSOR` otherwise.
    pub fn parse_cursor(&self, def: &ResourceDef, list: &ListArguments, text: &str) -> Result<clientela_kernel::Cursor> {
        let _ = (def, list, text);
        Err(Error::internal("not built"))
    }
}
