//! Finding everything about a person.

use super::{Footprint, MAXIMUM_FOOTPRINT, Other};
use crate::engine::Inner;
use crate::module::Found;
use crate::read;
use crate::write::id_of;
use clientela_kernel::{Comparison, Context, DeletedMode, Error, ErrorCode, Filter, Id, Name, RecordKey, Result, Value};
use clientela_model::{FieldDef, FieldType, OnDelete, Personal, ResourceDef, system};
use clientela_store::Scope;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// Keys that one statement looks for.
const KEYS: usize = 500;
/// Records that one statement reads.
const PAGE: u32 = 1_000;
/// How far records that were merged into one another are followed.
const MAXIMUM_SUCCESSORS: usize = 20;

/// A record by resource and id.
pub(super) type Place = (Name, Uuid);

struct Walk<'a> {
    inner: &'a Inner,
    context: &'a Context,
    scope: &'a Scope,
    identity: Arc<ResourceDef>,
    own: Vec<Found>,
    known: HashSet<Place>,
    others: BTreeMap<Place, Other>,
    /// What belongs to the person and has not been looked around yet.
    frontier: Vec<Place>,
}

/// Finds everything; none where there is no such identity.
pub(super) async fn footprint(inner: &Inner, context: &Context, scope: &Scope, identity: &str, id: Id) -> Result<Option<Footprint>> {
    let identity = inner.resource(identity)?;
    let mut walk =
        Walk { inner, context, scope, identity, own: Vec::new(), known: HashSet::new(), others: BTreeMap::new(), frontier: Vec::new() };
    let id = walk.last_successor(id).await?;
    if !walk.take_identity(id.0).await? {
        return Ok(None);
    }
    loop {
        walk.look_around().await?;
        if !walk.take_what_nobody_shares().await? {
            break;
        }
    }
    let Walk { own, known, mut others, .. } = walk;
    others.retain(|place, _| !known.contains(place));
    Ok(Some(Footprint { identity: id, own, others: others.into_values().collect() }))
}

impl Walk<'_> {
    /// The identity into whose record the one of this identity was merged, by however many steps.
    async fn last_successor(&self, mut id: Id) -> Result<Id> {
        for _ in 0..MAXIMUM_SUCCESSORS {
            let mut next = None;
            for face in self.inner.registry.resources().iter().filter(|face| face.face.as_ref() == Some(&self.identity.name)) {
                let Some((index, _)) = face.successor() else { continue };
                let record = self.inner.current(self.context, self.scope, face, id, DeletedMode::Include).await?;
                next = next.or_else(|| record.and_then(|record| record.get(index).and_then(Value::as_id)));
            }
            match next {
                Some(next) => id = Id(next),
                None => break,
            }
        }
        Ok(id)
    }

    async fn take_identity(&mut self, id: Uuid) -> Result<bool> {
        let def = Arc::clone(&self.identity);
        if self.known.contains(&(def.name.clone(), id)) {
            return Ok(true);
        }
        let record = self.inner.current(self.context, self.scope, &def, Id(id), DeletedMode::Include).await?;
        match record {
            Some(values) => self.take(Found { def, id: Id(id), values }).map(|()| true),
            None => Ok(false),
        }
    }

    /// Adds a record to what belongs to the person.
    fn take(&mut self, record: Found) -> Result<()> {
        let place = (record.def.name.clone(), record.id.0);
        if !self.known.insert(place.clone()) {
            return Ok(());
        }
        self.frontier.push(place);
        self.own.push(record);
        self.check_size()
    }

    fn check_size(&self) -> Result<()> {
        if self.own.len() + self.others.len() <= MAXIMUM_FOOTPRINT {
            return Ok(());
        }
        let text = format!(
            "More than {MAXIMUM_FOOTPRINT} records are about this person, which is more than one operation takes. Delete or erase what is \
             not needed first, events on web sites for one."
        );
        Err(Error::new(ErrorCode::QueryTooComplex, text))
    }

    /// Looks around what belongs to the person, step by step, until nothing new is found.
    async fn look_around(&mut self) -> Result<()> {
        while !self.frontier.is_empty() {
            let mut around: BTreeMap<Name, Vec<Uuid>> = BTreeMap::new();
            for (resource, id) in std::mem::take(&mut self.frontier) {
                around.entry(resource).or_default().push(id);
            }
            for def in self.inner.registry.resources().iter().filter(|def| !def.mirror) {
                for (index, field) in def.fields.iter().enumerate() {
                    for (resource, ids) in &around {
                        let Some(belongs) = belongs(field, resource) else { continue };
                        let is_any = field.any_reference().is_some();
                        let key = |id: &Uuid| match is_any {
                            true => Value::Record(RecordKey { resource: resource.clone(), id: *id }),
                            false => Value::Id(*id),
                        };
                        for keys in ids.chunks(KEYS) {
                            let filter = Filter::field(field.name.clone(), Comparison::In(keys.iter().map(key).collect()));
                            self.found(def, index, belongs, &filter).await?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes in every record of a resource that satisfies a filter.
    async fn found(&mut self, def: &Arc<ResourceDef>, index: usize, belongs: bool, filter: &Filter) -> Result<()> {
        let mut beyond = None;
        loop {
            let records =
                read::stretch(&self.inner.registry, self.context, self.scope, def, filter, DeletedMode::Include, beyond, PAGE).await?;
            let full = records.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
            beyond = records.last().and_then(|record| id_of(def, record)).map(|id| id.0);
            for values in records {
                let Some(id) = id_of(def, &values) else { continue };
                let record = Found { def: Arc::clone(def), id, values };
                if belongs {
                    let identity = self.identity_of(&record);
                    self.take_named(&record).await?;
                    self.take(record)?;
                    if let Some(identity) = identity {
                        self.take_identity(identity).await?;
                    }
                } else {
                    let other = self.others.entry((def.name.clone(), id.0)).or_insert(Other { record, names: Vec::new() });
                    other.names.push(index);
                    self.check_size()?;
                }
            }
            if !full {
                return Ok(());
            }
        }
    }

    /// Takes what a record says that belongs to whom it belongs to.
    async fn take_named(&mut self, record: &Found) -> Result<()> {
        for (field, value) in record.def.fields.iter().zip(&record.values) {
            let Some(reference) = field.reference().filter(|reference| reference.personal == Personal::Named) else { continue };
            let Some(id) = value.as_id() else { continue };
            let def = self.inner.resource(&reference.target)?;
            if let Some(values) = self.inner.current(self.context, self.scope, &def, Id(id), DeletedMode::Include).await? {
                self.take(Found { def, id: Id(id), values })?;
            }
        }
        Ok(())
    }

    /// The identity of a face that is its own.
    fn identity_of(&self, record: &Found) -> Option<Uuid> {
        record.def.face.as_ref().filter(|identity| **identity == self.identity.name)?;
        let link =
            record.def.fields.iter().find(|field| field.reference().is_some_and(|reference| reference.target == self.identity.name))?;
        record.get(&link.name).as_id().filter(|id| *id == record.id.0)
    }

    /// Takes what the person's records share with nobody else's, and notes the rest as others'. Answers whether anything was taken.
    async fn take_what_nobody_shares(&mut self) -> Result<bool> {
        let mut shared: BTreeSet<(Name, usize, Name, Uuid)> = BTreeSet::new();
        for link in &self.own {
            for (index, field) in link.def.fields.iter().enumerate() {
                let Some(reference) = field.reference().filter(|reference| reference.personal == Personal::Shared) else { continue };
                let Some(id) = link.values.get(index).and_then(Value::as_id) else { continue };
                let place = (reference.target.clone(), id);
                if !self.known.contains(&place) && !self.others.contains_key(&place) {
                    shared.insert((link.def.name.clone(), index, place.0, place.1));
                }
            }
        }
        let mut taken = false;
        for (link, index, resource, id) in shared {
            let (link, def) = (self.inner.resource(&link)?, self.inner.resource(&resource)?);
            let Some(field) = link.fields.get(index) else { continue };
            let Some(values) = self.inner.current(self.context, self.scope, &def, Id(id), DeletedMode::Include).await? else { continue };
            let record = Found { def, id: Id(id), values };
            let filter = Filter::field(field.name.clone(), Comparison::Equal(Value::Id(id)));
            let mut beyond = None;
            let mut rest = Vec::new();
            loop {
                let links =
                    read::stretch(&self.inner.registry, self.context, self.scope, &link, &filter, DeletedMode::Include, beyond, PAGE)
                        .await?;
                let full = links.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
                beyond = links.last().and_then(|record| id_of(&link, record)).map(|id| id.0);
                let found = links.into_iter().filter_map(|values| {
                    let id = id_of(&link, &values)?;
                    (!self.known.contains(&(link.name.clone(), id.0))).then_some(Found { def: Arc::clone(&link), id, values })
                });
                rest.extend(found);
                if !full {
                    break;
                }
            }
            if rest.iter().any(|link| self.is_somebody_elses(link)) {
                for record in rest.into_iter().chain([record]) {
                    self.others.entry((record.def.name.clone(), record.id.0)).or_insert(Other { record, names: Vec::new() });
                }
                self.check_size()?;
            } else {
                self.take(record)?;
                taken = true;
            }
        }
        Ok(taken)
    }

    /// Whether a living link names some identity.
    fn is_somebody_elses(&self, link: &Found) -> bool {
        let names = |(field, value): (&FieldDef, &Value)| {
            let target = field.reference().map(|reference| &reference.target);
            let identity = target.is_some_and(|target| {
                *target == self.identity.name
                    || self.inner.registry.resource(target).is_some_and(|def| def.face.as_ref() == Some(&self.identity.name))
            });
            identity && !value.is_null()
        };
        link.get(system::DELETED_AT).is_null() && link.def.fields.iter().zip(&link.values).any(names)
    }
}

/// Whether a record belongs to the person when this field of it names a record of this resource that does; none where the field
/// cannot name one.
fn belongs(field: &FieldDef, resource: &str) -> Option<bool> {
    match &field.kind {
        FieldType::Reference(reference) if reference.target == resource => {
            Some(field.required || reference.on_delete == OnDelete::Cascade || reference.personal == Personal::Own)
        }
        FieldType::AnyReference(reference) if reference.target(resource).is_some() => {
            Some(field.required || reference.on_delete == OnDelete::Cascade)
        }
        _ => None,
    }
}
