//! What a deletion takes along, and what a restoration brings back: the references' `onDelete`.

use super::change::{Gathering, MAXIMUM_COMPANIONS};
use crate::module::Draft;
use clientela_kernel::{Comparison, DeletedMode, Error, ErrorCode, Filter, Id, RecordKey, Result, Value};
use clientela_model::{FieldDef, OnDelete, RelationKind, ResourceDef, system};
use clientela_store::{ChangeKind, LOCKS};
use futures_util::future::BoxFuture;
use std::sync::Arc;

impl Gathering<'_> {
    /// Deletes a record with what depends on it.
    pub(crate) fn delete<'s>(&'s mut self, draft: Draft) -> BoxFuture<'s, Result<()>> {
        self.take_along(draft, true)
    }

    /// Deletes a record with what depends on it; `asked` says whether the record's own rules are.
    pub(crate) fn take_along<'s>(&'s mut self, draft: Draft, asked: bool) -> BoxFuture<'s, Result<()>> {
        Box::pin(async move {
            let (def, id) = (Arc::clone(&draft.def), draft.id);
            let dependents = self.dependents(&draft, DeletedMode::Exclude).await?;
            if asked {
                self.add(draft).await?;
            } else {
                self.place(draft);
            }
            for Dependent { def: other, foreign, on_delete, records } in dependents {
                for before in records {
                    let Some(other_id) = id_of(&other, &before) else { continue };
                    match on_delete {
                        OnDelete::Restrict if self.lets_go(&other, other_id, &foreign) => {}
                        OnDelete::Restrict => return Err(restricted(&def, id, &other, other_id)),
                        _ if self.holds(&other, other_id.0) => {}
                        OnDelete::Cascade => {
                            self.unless_locked(&other, &before).await?;
                            let (inner, context, now) = (self.inner, self.context, self.now);
                            let draft = inner.stamped(context, now, &other, other_id, ChangeKind::Deleted, Some(before.clone()), before);
                            self.delete(draft).await?;
                        }
                        OnDelete::Clear => self.clear(&other, other_id, &foreign, before).await?,
                    }
                    if self.rows.len() > usize::try_from(MAXIMUM_COMPANIONS).unwrap_or(usize::MAX) {
                        let text =
                            format!("More than {MAXIMUM_COMPANIONS} records depend on this {}. Delete or re-point them first.", def.name);
                        return Err(Error::new(ErrorCode::Referenced, text));
                    }
                }
            }
            Ok(())
        })
    }

    /// Whether the same write deletes a record, or takes this reference out of it.
    fn lets_go(&self, def: &ResourceDef, id: Id, foreign: &str) -> bool {
        let mut held = self.drafts.iter().filter(|draft| draft.def.name == def.name && draft.id == id);
        held.any(|draft| draft.kind == ChangeKind::Deleted || draft.get(foreign) != draft.old(foreign))
    }

    /// Brings a record back, with what its deletion took along.
    pub(crate) fn restore<'s>(&'s mut self, draft: Draft) -> BoxFuture<'s, Result<()>> {
        Box::pin(async move {
            let deleted_at = draft.old(system::DELETED_AT).clone();
            let dependents = self.dependents(&draft, DeletedMode::Only).await?;
            self.add(draft).await?;
            for Dependent { def: other, on_delete, records, .. } in dependents {
                for before in records.into_iter().filter(|_| on_delete == OnDelete::Cascade) {
                    let same_deletion = other.field_index(system::DELETED_AT).and_then(|index| before.get(index)) == Some(&deleted_at);
                    let Some(other_id) = id_of(&other, &before).filter(|id| same_deletion && !self.holds(&other, id.0)) else { continue };
                    let (inner, context, now) = (self.inner, self.context, self.now);
                    let draft = inner.stamped(context, now, &other, other_id, ChangeKind::Restored, Some(before.clone()), before);
                    self.restore(draft).await?;
                }
            }
            Ok(())
        })
    }

    /// Refuses to take along somebody else's lock: it keeps the record it is of.
    pub(super) async fn unless_locked(&self, def: &ResourceDef, record: &[Value]) -> Result<()> {
        if def.name != LOCKS {
            return Ok(());
        }
        match super::locks::refused_along(self.inner, self.context, self.scope, def, record).await? {
            Some(locked) => Err(locked),
            None => Ok(()),
        }
    }

    async fn clear(&mut self, other: &Arc<ResourceDef>, id: Id, foreign: &str, before: Vec<Value>) -> Result<()> {
        let mut after = before.clone();
        if let Some(slot) = other.field_index(foreign).and_then(|index| after.get_mut(index)) {
            *slot = Value::Null;
        }
        let draft = self.inner.stamped(self.context, self.now, other, id, ChangeKind::Updated, Some(before), after);
        self.add(draft).await
    }

    /// The records whose references point here, by relation.
    async fn dependents(&self, draft: &Draft, deleted: DeletedMode) -> Result<Vec<Dependent>> {
        let mut found = Vec::new();
        for relation in &draft.def.relations {
            let RelationKind::ToMany { local, foreign, on_delete } = &relation.kind else { continue };
            let Some(value) = draft.get(local).as_id() else { continue };
            // A face that stands for another record's identity (a person's account) does not take that identity along.
            if value != draft.id.0 {
                continue;
            }
            let def = self.inner.resource(&relation.target)?;
            let key = match def.field(foreign).and_then(FieldDef::any_reference) {
                Some(_) => Value::Record(RecordKey { resource: draft.def.name.clone(), id: value }),
                None => Value::Id(value),
            };
            let filter = Filter::field(foreign.clone(), Comparison::Equal(key));
            let records = self.inner.find(self.context, self.scope, &def, &filter, deleted, MAXIMUM_COMPANIONS + 1).await?;
            if !records.is_empty() {
                found.push(Dependent { def, foreign: foreign.clone().into_owned(), on_delete: *on_delete, records });
            }
        }
        Ok(found)
    }
}

/// Records of one resource that refer to a record by one field.
struct Dependent {
    def: Arc<ResourceDef>,
    foreign: String,
    on_delete: OnDelete,
    records: Vec<Vec<Value>>,
}

pub(crate) fn id_of(def: &ResourceDef, record: &[Value]) -> Option<Id> {
    def.field_index(system::ID).and_then(|index| record.get(index)).and_then(Value::as_id).map(Id)
}

fn restricted(def: &ResourceDef, id: Id, other: &ResourceDef, other_id: Id) -> Error {
    let (id, other_id) = (id.to_text(&def.prefix), other_id.to_text(&other.prefix));
    let text =
        format!("{} {id} cannot be deleted while {} {other_id} refers to it. Delete or re-point that record first.", def.name, other.name);
    Error::new(ErrorCode::Referenced, text).with_existing_id(other_id)
}
