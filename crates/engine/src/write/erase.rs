//! Removing a record for good, with what depends on it: the references' `onDelete`, whether there is a way back along them or not.

use super::change::{Gathering, MAXIMUM_COMPANIONS};
use super::dependents::id_of;
use crate::module::Draft;
use clientela_kernel::{Comparison, DeletedMode, Error, ErrorCode, Filter, Id, Name, RecordKey, Result, Value};
use clientela_model::{FieldDef, FieldType, OnDelete, ResourceDef, system};
use clientela_store::ChangeKind;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// A record by resource and id.
type Place = (Name, Uuid);

/// A record that is not erased, and what it says of those that are.
struct Referrer {
    def: Arc<ResourceDef>,
    id: Id,
    before: Vec<Value>,
    /// The reference, what it asks for, and the record it names.
    by: Vec<(Name, OnDelete, Place)>,
}

impl Gathering<'_> {
    /// Erases a record with everything that goes with it. What must stay refuses, what can be emptied is.
    pub(crate) async fn erase(&mut self, draft: Draft) -> Result<()> {
        let (def, id) = (Arc::clone(&draft.def), draft.id);
        let mut others: BTreeMap<Place, Referrer> = BTreeMap::new();
        let mut erased: Vec<Draft> = vec![draft];
        let mut at = 0;
        // Everything that goes is known before anything is said about the rest.
        while let Some(draft) = erased.get(at).cloned() {
            at += 1;
            for (other, field, on_delete, records) in self.referrers(&draft).await? {
                for before in records {
                    let Some(other_id) = id_of(&other, &before) else { continue };
                    if erased.iter().any(|draft| draft.def.name == other.name && draft.id == other_id) {
                        continue;
                    }
                    if on_delete == OnDelete::Cascade {
                        self.unless_locked(&other, &before).await?;
                        erased.push(self.inner.stamped(
                            self.context,
                            self.now,
                            &other,
                            other_id,
                            ChangeKind::Erased,
                            Some(before.clone()),
                            before,
                        ));
                    } else {
                        let place = (other.name.clone(), other_id.0);
                        let empty = || Referrer { def: Arc::clone(&other), id: other_id, before, by: Vec::new() };
                        let named = (field.name.clone(), on_delete, (draft.def.name.clone(), draft.id.0));
                        others.entry(place).or_insert_with(empty).by.push(named);
                    }
                }
            }
            if erased.len() + others.len() > usize::try_from(MAXIMUM_COMPANIONS).unwrap_or(usize::MAX) {
                let text =
                    format!("More than {MAXIMUM_COMPANIONS} records depend on this {}. Delete, erase or re-point them first.", def.name);
                return Err(Error::new(ErrorCode::Referenced, text));
            }
        }
        others.retain(|(resource, id), _| !erased.iter().any(|draft| draft.def.name == *resource && draft.id.0 == *id));
        if let Some((other, _)) = others.values().find_map(|other| Some((other, other.by.iter().find(|by| by.1 == OnDelete::Restrict)?))) {
            return Err(restricted(&def, id, other));
        }
        for draft in erased {
            self.add(draft).await?;
        }
        self.order_erased();
        for other in others.into_values() {
            if !self.holds(&other.def, other.id.0) {
                self.empty(other).await?;
            }
        }
        Ok(())
    }

    async fn empty(&mut self, other: Referrer) -> Result<()> {
        let mut after = other.before.clone();
        for (field, ..) in &other.by {
            if let Some(slot) = other.def.field_index(field).and_then(|index| after.get_mut(index)) {
                *slot = Value::Null;
            }
        }
        let draft = self.inner.stamped(self.context, self.now, &other.def, other.id, ChangeKind::Updated, Some(other.before), after);
        self.add(draft).await
    }

    /// The records, deleted ones too, whose references name this one, by field.
    pub(super) async fn referrers(&self, draft: &Draft) -> Result<Vec<(Arc<ResourceDef>, FieldDef, OnDelete, Vec<Vec<Value>>)>> {
        let (def, id) = (&draft.def, draft.id.0);
        // A record that is its own identity takes the identity along, and with it what refers to that.
        let identity = def.face.as_ref().filter(|identity| {
            let link = def.fields.iter().find(|field| field.reference().is_some_and(|reference| reference.target == **identity));
            link.is_some_and(|link| draft.get(&link.name).as_id() == Some(id))
        });
        let mut found = Vec::new();
        for other in self.inner.registry.resources().iter().filter(|other| !other.mirror) {
            for field in &other.fields {
                let (on_delete, key) = match &field.kind {
                    FieldType::Reference(reference) if reference.target == def.name || Some(&reference.target) == identity => {
                        (reference.on_delete, Value::Id(id))
                    }
                    FieldType::AnyReference(reference) if reference.target(&def.name).is_some() => {
                        (reference.on_delete, Value::Record(RecordKey { resource: def.name.clone(), id }))
                    }
                    _ => continue,
                };
                // A face goes with the identity it is its own of, and has no way to let go of another's.
                let itself = Filter::field(system::ID, Comparison::Equal(Value::Id(id))).negate();
                let named = Filter::field(field.name.clone(), Comparison::Equal(key));
                let filter = if other.name == def.name { Filter::And(vec![named, itself]) } else { named };
                let records =
                    self.inner.find(self.context, self.scope, other, &filter, DeletedMode::Include, MAXIMUM_COMPANIONS + 1).await?;
                if !records.is_empty() {
                    found.push((Arc::clone(other), field.clone(), on_delete, records));
                }
            }
        }
        Ok(found)
    }

    /// Puts what refers before what it refers to: a database that checks each statement lets nothing go that is still named.
    fn order_erased(&mut self) {
        let principal = self.rows.get(self.principal).map(|row| (row.def.name.clone(), row.id));
        let mut named: HashMap<Place, usize> = HashMap::new();
        let targets = |draft: &Draft| -> Vec<Place> {
            let reference = |(field, value): (&FieldDef, &Value)| match (&field.kind, value) {
                (FieldType::Reference(reference), Value::Id(id)) => Some((reference.target.clone(), *id)),
                _ => None,
            };
            draft
                .def
                .fields
                .iter()
                .zip(&draft.after)
                .filter_map(reference)
                .filter(|place| *place != (draft.def.name.clone(), draft.id.0))
                .collect()
        };
        for place in self.drafts.iter().flat_map(targets) {
            *named.entry(place).or_default() += 1;
        }
        let mut waiting: Vec<&Draft> = self.drafts.iter().collect();
        let mut ranks: HashMap<Place, usize> = HashMap::new();
        while !waiting.is_empty() {
            let (free, held): (Vec<&Draft>, Vec<&Draft>) =
                waiting.iter().copied().partition(|draft| named.get(&(draft.def.name.clone(), draft.id.0)).is_none_or(|count| *count == 0));
            // A circle cannot be put in order; the database then says that something is still named.
            let stuck = free.is_empty();
            for draft in if stuck { &held } else { &free } {
                ranks.insert((draft.def.name.clone(), draft.id.0), ranks.len());
                for place in targets(draft) {
                    if let Some(count) = named.get_mut(&place) {
                        *count = count.saturating_sub(1);
                    }
                }
            }
            waiting = if stuck { Vec::new() } else { held };
        }
        self.rows.sort_by_key(|row| ranks.get(&(row.def.name.clone(), row.id.0)).copied().unwrap_or(usize::MAX));
        self.principal = self.rows.iter().position(|row| Some((row.def.name.clone(), row.id)) == principal).unwrap_or(0);
    }
}

fn restricted(def: &ResourceDef, id: Id, other: &Referrer) -> Error {
    let (id, other_id) = (id.to_text(&def.prefix), other.id.to_text(&other.def.prefix));
    let deleted = other.def.field_index(system::DELETED_AT).and_then(|index| other.before.get(index)).is_some_and(|at| !at.is_null());
    let (state, way) = if deleted { ("the deleted ", "Erase") } else { ("", "Erase, delete or re-point") };
    let text =
        format!("{} {id} cannot be erased while {state}{} {other_id} refers to it. {way} that record first.", def.name, other.def.name);
    Error::new(ErrorCode::Referenced, text).with_existing_id(other_id)
}
