//! Everything about one person, found by the registry: what references say is all there is to know, so a resource of tomorrow is
//! exported and erased without a line here.
//!
//! Beginning with the identity and its faces, a record that names what belongs to the person *belongs* to the person as well where a deletion
//! would take it along, where its reference is required, or where the definition says so ([`Personal::Own`]). Any other record
//! that names the person is somebody else's: it stays, and lets go of the person. What records of several persons share
//! ([`Personal::Shared`]: an interaction by its participants) belongs to the person only where nobody else takes part.
//!
//! [`Personal::Own`]: clientela_model::Personal::Own
//! [`Personal::Shared`]: clientela_model::Personal::Shared

mod erase;
mod export;
mod order;
mod redact;
mod walk;

pub use erase::{ErasedRecords, Traces};

use crate::module::Found;
use crate::operation::Call;
use clientela_access::{Action, authorize};
use clientela_kernel::{Context, Error, ErrorCode, Id, Name, Result};
use clientela_model::ResourceDef;
use std::collections::BTreeMap;

/// Greatest number of records that one person's footprint may have.
pub const MAXIMUM_FOOTPRINT: usize = 100_000;

/// Everything about a person.
pub struct Footprint {
    /// The person's identity: of several records that were merged, that of the last.
    pub identity: Id,
    /// What belongs to the person, deleted records too, the identity first.
    pub own: Vec<Found>,
    /// What is others' and names the person, or is shared with others.
    pub others: Vec<Other>,
}

/// A record that is not the person's alone.
pub struct Other {
    /// The record.
    pub record: Found,
    /// Its references to what belongs to the person, by the position of the field; none where it is only shared.
    pub names: Vec<usize>,
}

impl Footprint {
    /// How many records of each resource belong to the person.
    pub fn owned(&self) -> BTreeMap<Name, i64> {
        let mut counts = BTreeMap::new();
        for record in &self.own {
            *counts.entry(record.def.name.clone()).or_default() += 1;
        }
        counts
    }

    fn resources(&self) -> impl Iterator<Item = &ResourceDef> {
        self.own.iter().chain(self.others.iter().map(|other| &other.record)).map(|record| record.def.as_ref())
    }
}

impl Call<'_> {
    /// Everything about the person with this identity, deleted records too; none where there is no such identity. Where the person's record was merged into another one it is that
    /// one's. `QUERY_TOO_COMPLEX` where there are more than [`MAXIMUM_FOOTPRINT`] records.
    pub async fn footprint(&self, identity: &str, id: Id) -> Result<Option<Footprint>> {
        let scope = self.scope();
        walk::footprint(&self.engine.inner, self.context, &scope, identity, id).await
    }

    /// The footprint as one JSON document, with the history of every record. The caller must be one who may read all of it.
    pub async fn export_footprint(&self, footprint: &Footprint) -> Result<String> {
        for def in footprint.resources() {
            whole(self.context, def, Action::Read)?;
        }
        export::document(&self.scope(), footprint, self.now()).await
    }

    /// Erases what belongs to the person, lets the others let go of it, and forgets what the change log and remembered answers hold. `identifying` names fields whose
    /// values tell who somebody is, besides names and addresses: they are overwritten in what stays. The caller must be one who may
    /// erase, and change, such records.
    pub async fn erase_footprint(&self, footprint: &Footprint, identifying: &[(&str, &str)]) -> Result<ErasedRecords> {
        for record in &footprint.own {
            whole(self.context, &record.def, Action::Erase)?;
        }
        for other in &footprint.others {
            whole(self.context, &other.record.def, Action::Update)?;
        }
        erase::erase(&self.engine.inner, self.context, &self.scope(), footprint, identifying).await
    }
}

/// Refuses whoever may do this with some records or some fields alone: everything about a person is everything.
fn whole(context: &Context, def: &ResourceDef, action: Action) -> Result<()> {
    let grant = authorize(context, def, action)?;
    if grant.rows.is_none() && grant.fields.is_open() {
        return Ok(());
    }
    let text = format!(
        "This concerns all {} of a person, and your roles let you {} only some of them or of their fields. Ask an administrator.",
        def.plural,
        action.name()
    );
    Err(Error::new(ErrorCode::Forbidden, text))
}
