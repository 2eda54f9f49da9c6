//! Which records a right reaches, as a filter.

use super::{Right, Role, RolePolicy};
use clientela_kernel::{Action, Comparison, Context, Depth, Filter, Grant, Name, Policy as _, Quantifier, Result, Value};
use clientela_model::{FieldDef, FieldType, Registry, ResourceDef, system};
use std::sync::Arc;
use uuid::Uuid;

/// How far what records depend on is followed.
const MAXIMUM_BONDS: usize = 4;
/// The resource of shares, and its fields.
const SHARES: &str = "shares";

/// Nothing satisfies this.
fn nothing() -> Filter {
    Filter::Or(Vec::new())
}

impl RolePolicy {
    /// The records that a right of a role reaches; none where that is all of them.
    pub(super) fn rows_of(&self, context: &Context, def: &ResourceDef, role: &Role, right: &Right) -> Result<Option<Filter>> {
        let reach = self.reach(def, right.depth, 0);
        let Some(condition) = &right.condition else { return Ok(reach) };
        // The condition itself is read without limits: it may name what its holder cannot see.
        let read = |tree: &Arc<_>| self.definitions.conditions.read(self.registry(), context, def, tree);
        let condition = match condition.tree.as_ref().map(read) {
            Some(Ok(filter)) => filter,
            // A field that it names may have gone: then it allows nothing, rather than everything.
            Some(Err(error)) => {
                tracing::warn!(%error, role = role.key, resource = %def.name, "a right's condition cannot be read and allows nothing");
                nothing()
            }
            None => nothing(),
        };
        Ok(Some(match reach {
            Some(reach) => Filter::And(vec![reach, condition]),
            None => condition,
        }))
    }

    /// Whose records a depth reaches; none where that is everybody's.
    fn reach(&self, def: &ResourceDef, depth: Depth, level: usize) -> Option<Filter> {
        let users: Vec<Uuid> = match depth {
            Depth::All => return None,
            Depth::None => return Some(nothing()),
            Depth::Own => self.principal.user.into_iter().collect(),
            Depth::Team => self.principal.team.to_vec(),
            Depth::Subtree => self.principal.subtree.to_vec(),
        };
        if let Some(owner) = &def.owner {
            return Some(among(owner.clone(), users.into_iter().map(Value::Id).collect()));
        }
        // People are their own.
        if def.name == "user" {
            return Some(among(system::ID.into(), users.into_iter().map(Value::Id).collect()));
        }
        let registry = self.registry();
        let faces = faces(registry, def);
        if !faces.is_empty() {
            let through = |(face, link): &(&Arc<ResourceDef>, Name)| Some(named_by(face, link, self.reach(face, depth, level + 1)?));
            return Some(Filter::Or(faces.iter().filter_map(through).collect()));
        }
        let typed: Vec<Filter> = def
            .bonds()
            .filter(|_| level < MAXIMUM_BONDS)
            .filter_map(|field| {
                let reference = field.reference().filter(|reference| reference.target != def.name)?;
                let target = registry.resource(&reference.target)?;
                Some(Filter::ToOne { relation: reference.relation.clone(), filter: Box::new(self.reach(target, depth, level + 1)?) })
            })
            .collect();
        if !typed.is_empty() {
            return Some(Filter::Or(typed));
        }
        let mut names = self.principal.names.clone();
        names.extend(users.into_iter().map(|user| clientela_kernel::Id(user).to_text("usr")));
        names.sort();
        names.dedup();
        Some(among(system::CREATED_BY.into(), names.into_iter().map(Value::Text).collect()))
    }

    /// The records that were shared with the principal, for what a share allows.
    pub(super) fn shared(&self, context: &Context, def: &ResourceDef, action: Action) -> Option<Filter> {
        let writes = match action {
            Action::Read | Action::Export => false,
            Action::Update => true,
            _ => return None,
        };
        def.relation(SHARES)?;
        let whom: Vec<Value> = self.named_by_shares().into_iter().map(Value::Record).collect();
        if whom.is_empty() {
            return None;
        }
        let lasts =
            vec![Filter::field("until", Comparison::IsNull), Filter::field("until", Comparison::Greater(Value::Instant(context.now)))];
        // What names nobody is for everybody.
        let whom = Filter::Or(vec![among("recipientId".into(), whom), Filter::field("recipientId", Comparison::IsNull)]);
        let mut all = vec![whom, Filter::Or(lasts)];
        if writes {
            all.push(Filter::field("level", Comparison::Equal(Value::from("WRITE"))));
        }
        Some(Filter::ToMany { relation: SHARES.into(), quantifier: Quantifier::Some, filter: Box::new(Filter::And(all)) })
    }

    /// Only what depends on records that may be read: one condition for each thing it depends on of which not all may be.
    pub(super) fn bound(&self, context: &Context, def: &ResourceDef, level: usize) -> Result<Vec<Filter>> {
        let mut all = Vec::new();
        for field in def.bonds().filter(|field| def.owner.as_ref() != Some(&field.name)) {
            let bond = match &field.kind {
                FieldType::Reference(reference) if reference.target == def.name => None,
                FieldType::Reference(reference) => match self.readable(context, &reference.target)? {
                    Readable::All => None,
                    Readable::Some(rows) => Some(Filter::ToOne { relation: reference.relation.clone(), filter: Box::new(rows) }),
                    Readable::None => Some(nothing()),
                },
                _ => self.attached(context, field, level)?,
            };
            let Some(bond) = bond else { continue };
            all.push(if field.required { bond } else { Filter::Or(vec![Filter::field(field.name.clone(), Comparison::IsNull), bond]) });
        }
        Ok(all)
    }

    /// The condition of a reference to any record; none where every record may be read. Of what hangs on something that hangs on
    /// something itself, one step is followed, and beyond it nothing may be read.
    fn attached(&self, context: &Context, field: &FieldDef, level: usize) -> Result<Option<Filter>> {
        let Some(reference) = field.any_reference() else { return Ok(None) };
        let (mut open, mut limited, mut closed) = (Vec::new(), Vec::new(), false);
        for target in reference.targets.iter() {
            let def = self.def(&target.resource)?;
            let readable = match (attaches(def), level) {
                (false, _) => self.readable(context, &target.resource)?,
                (true, 0) => {
                    Readable::of(self.decide(context, def, Action::Read, |role| role.right(&def.name, Action::Read.name()), level + 1)?)
                }
                (true, _) => Readable::None,
            };
            match readable {
                Readable::All => open.push(Filter::field(field.name.clone(), Comparison::OfResource(target.resource.clone()))),
                Readable::Some(rows) => {
                    closed = true;
                    limited.push(Filter::ToRecord { field: field.name.clone(), resource: target.resource.clone(), filter: Box::new(rows) });
                }
                Readable::None => closed = true,
            }
        }
        open.extend(limited);
        Ok(closed.then_some(Filter::Or(open)))
    }

    fn readable(&self, context: &Context, resource: &str) -> Result<Readable> {
        self.grant(context, resource, Action::Read).map(Readable::of)
    }

    /// Whether others are the public faces of this resource.
    pub(super) fn has_faces(&self, def: &ResourceDef) -> bool {
        !faces(self.registry(), def).is_empty()
    }

    /// What may be read of an identity: where one of its faces may be.
    pub(super) fn mirrored(&self, context: &Context, def: &ResourceDef) -> Result<Option<Grant>> {
        let (mut through, mut limited) = (Vec::new(), false);
        for (face, link) in faces(self.registry(), def) {
            let filter = match self.readable(context, &face.name)? {
                Readable::All => Filter::And(Vec::new()),
                Readable::Some(rows) => {
                    limited = true;
                    rows
                }
                Readable::None => {
                    limited = true;
                    continue;
                }
            };
            through.push(named_by(face, &link, filter));
        }
        if through.is_empty() {
            return Ok(None);
        }
        Ok(Some(Grant { rows: limited.then_some(Filter::Or(through)), ..Grant::default() }))
    }
}

/// What of a resource may be read.
enum Readable {
    All,
    Some(Filter),
    None,
}

impl Readable {
    fn of(grant: Option<Grant>) -> Readable {
        match grant {
            None => Readable::None,
            Some(Grant { rows: None, .. }) => Readable::All,
            Some(Grant { rows: Some(rows), .. }) => Readable::Some(rows),
        }
    }
}

/// The public faces of an identity, with their references to it.
fn faces<'r>(registry: &'r Registry, def: &ResourceDef) -> Vec<(&'r Arc<ResourceDef>, Name)> {
    let face = |other: &'r Arc<ResourceDef>| {
        let link = other.face_link().filter(|_| other.face.as_ref() == Some(&def.name))?;
        Some((other, link.name.clone()))
    };
    registry.resources().iter().filter_map(face).collect()
}

fn named_by(face: &ResourceDef, link: &Name, filter: Filter) -> Filter {
    Filter::NamedBy { resource: face.name.clone(), field: link.clone(), filter: Box::new(filter) }
}

/// Whether its records hang on records of any resource.
fn attaches(def: &ResourceDef) -> bool {
    def.bonds().any(|field| field.any_reference().is_some())
}

/// A field that holds one of these.
fn among(field: Name, mut values: Vec<Value>) -> Filter {
    match values.len() {
        0 => nothing(),
        1 => Filter::field(field, Comparison::Equal(values.swap_remove(0))),
        _ => Filter::field(field, Comparison::In(values)),
    }
}
