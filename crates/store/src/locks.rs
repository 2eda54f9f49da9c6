//! Locks of records: while somebody else holds one, a record is not changed. The condition stands in the statement that writes, so it costs none of
//! its own and is as late as it can be: a lock that was committed before the statement began is always seen.

use crate::commit::{Bound, Draft};
use crate::write::{RowChange, RowGuard};
use clientela_kernel::{Result, Timestamp};
use clientela_model::{WriteMode, system};

/// The resource whose records are locks.
pub const LOCKS: &str = "recordLock";

/// Whom other people's locks keep from changing a row, and at which moment; none where locks say nothing about the row.
pub(crate) fn minds(row: &RowChange) -> Option<(&str, Timestamp)> {
    let log = row.log.as_ref().filter(|log| log.minds_locks)?;
    let document = row.def.document();
    // What only the server writes, such as when somebody was last seen, is its own affair.
    let asked = |index: usize| {
        let field = row.def.fields.get(index);
        Some(index) == document || field.is_some_and(|field| field.write != WriteMode::ReadOnly || field.name == system::DELETED_AT)
    };
    let changes = match row.guard {
        RowGuard::Version(_) => row.values.iter().any(|(index, _)| asked(*index)),
        RowGuard::Erase(_) => true,
        RowGuard::Insert | RowGuard::Remove | RowGuard::Unguarded => false,
    };
    let lockable = || row.def.relations.iter().any(|relation| relation.target == LOCKS);
    (changes && lockable()).then_some((log.actor.as_str(), log.at))
}

/// What says a row's id, and who changes it and when, in a statement.
pub(crate) struct Places<'p> {
    /// The id.
    pub(crate) id: &'p str,
    /// The actor.
    pub(crate) actor: &'p str,
    /// The moment.
    pub(crate) at: &'p str,
}

impl<B: Bound> Draft<B> {
    /// Appends that nobody else holds a lock of the row.
    pub(crate) fn unlocked(&mut self, row: &RowChange) -> Result<()> {
        let Some((actor, at)) = minds(row) else { return Ok(()) };
        let table = row.def.table.as_ref();
        self.lock_begins(row, &format!("{table}.id"))?;
        self.push(" AND l.until > ");
        let before = self.bound.count();
        self.bound.instant(at)?;
        self.placeholders_since(before);
        self.push(" AND l.created_by <> ");
        let before = self.bound.count();
        self.bound.text(Some(actor))?;
        self.placeholders_since(before);
        self.push(")");
        Ok(())
    }

    /// Appends the same for rows that are written together: what differs stands in these places.
    pub(crate) fn each_unlocked(&mut self, row: &RowChange, places: &Places<'_>) -> Result<()> {
        self.lock_begins(row, places.id)?;
        self.push(" AND l.until > ").push(places.at).push(" AND l.created_by <> ").push(places.actor).push(")");
        Ok(())
    }

    /// The resource's name is its definition's, checked by the registry.
    fn lock_begins(&mut self, row: &RowChange, id: &str) -> Result<()> {
        self.push(" AND NOT EXISTS (SELECT 1 FROM record_lock l WHERE l.tenant_id = ");
        self.push_tenant()?;
        self.push(" AND l.record_id = ").push(id).push(" AND l.record_resource = '").push(&row.def.name);
        self.push("' AND l.deleted_at IS NULL");
        Ok(())
    }
}
