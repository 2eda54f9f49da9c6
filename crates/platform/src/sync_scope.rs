//! The sync scope: what devices hold a copy of.

use async_trait::async_trait;
use clientela_engine::module::{ChangeKind, Draft, RuleReader};
use clientela_engine::{Rules, feed};
use clientela_kernel::{Context, Error, Result};
use clientela_macros::resource;

/// What devices hold a copy of: by resource, which records. A device names the scope when it pulls (`POST /v1/sync`, `scope` of `GET /v1/changes`), and gets of it what its user may see. When the scope
/// changes, devices hear of it as of any other change: what has come into scope is sent (`ACCESS_GAINED`), what has gone out of it is named, to be dropped (`LEFT`).
#[resource(name = "syncScope", prefix = "syn", label = "name", unattachable)]
pub struct Model {
    /// What the scope is called.
    #[field(max = 200, folded, example = "\"Field sales\"")]
    pub name: String,
    /// Whom it is for.
    #[field(max = 2000, no_sort, example = "\"Phones of those who visit customers\"")]
    pub description: Option<String>,
    /// Which records: a JSON object as text whose members are resources, each with the filter tree that lists take; an empty tree stands for all of them. `me`, `myTeam` and `myAccount` are whoever syncs, so
    /// that one scope serves everybody. It is checked when it is written.
    #[field(
        max = 50_000,
        no_filter,
        no_sort,
        example = "\"{\\\"account\\\": {\\\"ownerId\\\": {\\\"eq\\\": \\\"me\\\"}}, \\\"contact\\\": {}}\""
    )]
    pub content: String,
}

/// The rules of sync scopes.
pub struct SyncScopeRules;

#[async_trait]
impl Rules for SyncScopeRules {
    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        if !draft.changed("content") && draft.kind != ChangeKind::Restored {
            return Ok(());
        }
        let registry = reader.registry().ok_or_else(|| Error::internal("no definitions to check a scope with"))?;
        let text = draft.get("content").as_text().unwrap_or_default().to_owned();
        feed::check_content(registry, context, &text)
    }
}
