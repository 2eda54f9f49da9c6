//! Records that are made along with another one: a tree of new records becomes operations in the order in which they can be carried out.

use super::{BatchEntry, Step, Target, wire};
use clientela_kernel::{Error, FieldProblem, Id, ProblemCode, Result, Timestamp};
use clientela_model::{Registry, RelationDef, RelationKind, ResourceDef, WriteMode};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// Levels of records within one another.
pub const MAXIMUM_LEVELS: usize = 5;
/// Records that one mutation makes or ties together.
pub const MAXIMUM_NESTED: usize = 500;

/// A relation by which records can be made along with another one.
pub struct Nest<'r> {
    /// The relation.
    pub relation: &'r RelationDef,
    /// What is at its end.
    pub target: &'r Arc<ResourceDef>,
    /// Whether there are many at its end.
    pub many: bool,
    /// Whether existing records can be tied.
    pub connects: bool,
    /// The reference field: ours, or theirs.
    field: &'r str,
}

/// The relations of a resource by which records can be made along with one of it.
pub fn nests<'r>(registry: &'r Registry, def: &'r ResourceDef) -> Vec<Nest<'r>> {
    let nest = |relation: &'r RelationDef| {
        let target = registry.target(relation).filter(|target| target.creatable)?;
        let hidden =
            |def: &ResourceDef, field: &str| def.field(field).is_none_or(|field| field.write == WriteMode::ReadOnly || field.secret);
        match &relation.kind {
            RelationKind::ToOne { field } if !hidden(def, field) => Some(Nest { relation, target, many: false, connects: true, field }),
            RelationKind::ToMany { foreign, .. } if !hidden(target, foreign) => {
                let connects = target.updatable && target.field(foreign).is_some_and(|field| field.write == WriteMode::Writable);
                Some(Nest { relation, target, many: true, connects, field: foreign })
            }
            _ => None,
        }
    };
    def.relations
        .iter()
        .filter(|relation| !relation.is_custom())
        .filter_map(nest)
        .filter(|nest| def.field(&nest.relation.name).is_none())
        .collect()
}

/// A tree of new records as operations.
#[derive(Clone, Debug)]
pub struct Unfolded {
    /// What to do, in order.
    pub operations: Vec<Result<BatchEntry>>,
    /// Which of them makes the record at the root.
    pub root: usize,
}

/// Unfolds what makes a record. None where nothing is made along with it.
pub(crate) fn unfold(registry: &Registry, def: &Arc<ResourceDef>, body: &Map<String, Json>, now: Timestamp) -> Result<Option<Unfolded>> {
    let nested = nests(registry, def).iter().any(|nest| body.get(nest.relation.name.as_ref()).is_some_and(|given| !given.is_null()));
    if !nested {
        return Ok(None);
    }
    let mut unfolding = Unfolding { registry, now, operations: Vec::new() };
    let root = unfolding.record(def, body.clone(), "", 1)?;
    Ok(Some(Unfolded { root, operations: unfolding.operations.into_iter().map(Ok).collect() }))
}

struct Unfolding<'r> {
    registry: &'r Registry,
    now: Timestamp,
    operations: Vec<BatchEntry>,
}

impl Unfolding<'_> {
    /// Adds a new record with what hangs on it. Answers its place.
    fn record(&mut self, def: &Arc<ResourceDef>, mut body: Map<String, Json>, pointer: &str, level: usize) -> Result<usize> {
        if level > MAXIMUM_LEVELS {
            let text = format!(
                "Records are made more than {MAXIMUM_LEVELS} levels within one another. Make the deeper ones in a mutation of their own."
            );
            return Err(refused(pointer, text));
        }
        let registry = self.registry;
        let mut below = Vec::new();
        for nest in nests(registry, def) {
            let name = nest.relation.name.as_ref();
            let Some(Json::Object(given)) = body.remove(name) else { continue };
            let at = format!("{pointer}/{name}");
            if nest.many {
                below.push((nest, given, at));
                continue;
            }
            let reference = match (given.get("create"), given.get("connect")) {
                (Some(Json::Object(new)), _) => {
                    let made = self.record(nest.target, new.clone(), &format!("{at}/create"), level + 1)?;
                    json!({ "ref": made.to_string() })
                }
                (_, Some(id)) => id.clone(),
                _ => continue,
            };
            if body.get(nest.field).is_some_and(|own| !own.is_null()) {
                let text = format!("{name} and {} say the same thing. Give one of them.", nest.field);
                return Err(Error::validation(vec![FieldProblem::new(at, ProblemCode::Contradiction, text)]));
            }
            body.insert(nest.field.to_owned(), reference);
        }
        let place = self.add(pointer, def, Step::Create { body })?;
        let own = json!({ "ref": place.to_string() });
        for (nest, given, at) in below {
            let listed = |member: &str| given.get(member).and_then(Json::as_array).cloned().unwrap_or_default();
            for (number, new) in listed("create").into_iter().enumerate() {
                let at = format!("{at}/create/{number}");
                let Json::Object(mut new) = new else { continue };
                if new.get(nest.field).is_some_and(|given| !given.is_null()) {
                    let text = format!("{} is the record it is made along with. Leave it out.", nest.field);
                    return Err(Error::validation(vec![FieldProblem::new(
                        format!("{at}/{}", nest.field),
                        ProblemCode::Contradiction,
                        text,
                    )]));
                }
                new.insert(nest.field.to_owned(), own.clone());
                self.record(nest.target, new, &at, level + 1)?;
            }
            for (number, id) in listed("connect").into_iter().enumerate() {
                let at = format!("{at}/connect/{number}");
                let text = id.as_str().unwrap_or_default();
                let id = Id::parse(text, &nest.target.prefix).map_err(|_| {
                    let text = format!(
                        "{text:?} is no id of {}, which have the form {}_01h455vb4pex5vsknk084sn02q.",
                        nest.target.plural, nest.target.prefix
                    );
                    Error::validation(vec![FieldProblem::new(at.clone(), ProblemCode::InvalidFormat, text)])
                })?;
                let body = Map::from_iter([(nest.field.to_owned(), own.clone())]);
                self.add(&at, nest.target, Step::Update { id: Target::Id(id), body, expected: None })?;
            }
        }
        Ok(place)
    }

    fn add(&mut self, pointer: &str, def: &Arc<ResourceDef>, step: Step) -> Result<usize> {
        let place = self.operations.len();
        if place >= MAXIMUM_NESTED {
            let text = format!("More than {MAXIMUM_NESTED} records are made or tied together. Use several mutations.");
            return Err(refused(pointer, text));
        }
        let mut operation = BatchEntry { pointer: pointer.to_owned(), name: Some(place.to_string()), def: Arc::clone(def), step };
        wire::mint(&mut operation, self.now);
        self.operations.push(operation);
        Ok(place)
    }
}

fn refused(pointer: &str, text: String) -> Error {
    Error::validation(vec![FieldProblem::new(pointer, ProblemCode::OutOfRange, text)])
}
