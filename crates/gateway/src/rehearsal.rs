//! A dry run: the write is carried out in a transaction that is taken back. It answers as the write would, and names the changes that
//! the log would have.

use clientela_access::{Action, authorize};
use clientela_engine::{Change, Engine, Held};
use clientela_kernel::{Context, Result};
use serde_json::{Value as Json, json};

/// An engine to write by: the server's own, or one inside a transaction that is taken back.
pub(crate) struct Stage {
    pub(crate) engine: Engine,
    held: Option<Held>,
}

impl Stage {
    /// Begins the transaction, where it is to be a rehearsal.
    pub(crate) async fn open(engine: &Engine, rehearsal: bool) -> Result<Stage> {
        if !rehearsal {
            return Ok(Stage { engine: engine.clone(), held: None });
        }
        let (engine, held) = engine.begin_noting().await?;
        Ok(Stage { engine, held: Some(held) })
    }

    /// Whether nothing is written.
    pub(crate) fn is_rehearsal(&self) -> bool {
        self.held.is_some()
    }

    /// Takes everything back. Answers the changes there would have been; none where this was no rehearsal.
    pub(crate) async fn close(self, context: &Context) -> Result<Option<Json>> {
        let Some(held) = self.held else { return Ok(None) };
        let told = changes(context, &held.changes());
        held.roll_back().await?;
        Ok(Some(told))
    }
}

/// Changes as both APIs tell of them, without what the caller may not read.
pub(crate) fn changes(context: &Context, changes: &[Change]) -> Json {
    let told = |change: &Change| {
        let grant = authorize(context, &change.def, Action::Read).ok()?;
        let seen = change.fields.iter().filter_map(|index| change.def.fields.get(*index)).filter(|field| grant.fields.sees(field));
        let fields: Vec<&str> = seen.filter(|field| !field.secret).map(|field| field.name.as_ref()).collect();
        Some(json!({
            "event": change.event(),
            "id": change.id.to_text(&change.def.prefix),
            "version": change.version,
            "fields": fields,
        }))
    };
    changes.iter().filter_map(told).collect()
}
