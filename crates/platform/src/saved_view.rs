//! The saved view: a list that somebody comes back to.

use async_trait::async_trait;
use clientela_engine::module::{ChangeKind, Draft, RuleReader};
use clientela_engine::{Rules, View};
use clientela_kernel::{ActorKind, Context, Error, FieldProblem, ProblemCode, Result, Value};
use clientela_macros::resource;

/// A list that somebody comes back to: which records, in which order, with which columns. A frontend reads it and asks for the list with the same
/// parameters, so whoever uses a view sees what their own rights let them see. A view is its owner's; `savedViewShare` shares it with a user, a team or everybody. Whose views
/// somebody sees besides, roles say.
#[resource(name = "savedView", prefix = "sav", label = "name", owned, unattachable)]
pub struct Model {
    /// What the view is called.
    #[field(max = 200, folded, example = "\"My customers in Austria\"")]
    pub name: String,
    /// What it is for.
    #[field(max = 2000, no_sort, example = "\"For the weekly call on Monday\"")]
    pub description: Option<String>,
    /// The resource whose records it shows, such as `account`.
    #[field(max = 60, write = "immutable", example = "\"account\"")]
    pub resource: String,
    /// Which records: the filter tree as JSON text, as the parameter `filter` of a list takes it; all where empty. It is checked when it is written.
    #[field(max = 20_000, no_filter, no_sort, example = "\"{\\\"country\\\": {\\\"eq\\\": \\\"AT\\\"}}\"")]
    pub filter: Option<String>,
    /// In which order, as the parameter `sort` of a list takes it; the order of the ids where empty.
    #[field(max = 1000, no_filter, no_sort, example = "\"-createdAt,name\"")]
    pub sort: Option<String>,
    /// The columns, with commas between them, also of records reached through to-one relations; every field where empty.
    #[field(max = 5000, no_filter, no_sort, example = "\"name,country\"")]
    pub fields: Option<String>,
}

/// The rules of saved views.
pub struct SavedViewRules;

#[async_trait]
impl Rules for SavedViewRules {
    fn derive(&self, context: &Context, draft: &mut Draft) {
        // A view is its maker's unless it is made for somebody else.
        if draft.kind == ChangeKind::Created && draft.get("ownerId").is_null() && context.actor.kind == ActorKind::User {
            draft.set("ownerId", Value::Id(context.actor.id.0));
        }
    }

    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let written = ["resource", "filter", "sort", "fields"].into_iter().any(|field| draft.changed(field));
        if !written && draft.kind != ChangeKind::Restored {
            return Ok(());
        }
        let registry = reader.registry().ok_or_else(|| Error::internal("no definitions to check a view with"))?;
        let text = |field: &str| draft.get(field).as_text();
        let resource = text("resource").unwrap_or_default();
        let view = View { resource, filter: text("filter"), sort: text("sort"), fields: text("fields") };
        match view.check(registry, context) {
            Ok(def) if def.name == *resource => Ok(()),
            Ok(def) => Err(refused("resource", format!("The view names its resource by its path. Write {:?}.", def.name.as_ref()))),
            Err((part, error)) => Err(refused(part, error.detail().to_owned())),
        }
    }
}

fn refused(field: &str, text: String) -> Error {
    Error::validation(vec![FieldProblem::new(format!("/{field}"), ProblemCode::NotAllowed, text)])
}
