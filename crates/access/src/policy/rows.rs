//! Which records a right reaches, as a filter.

use super::{Condition, Right, Role, RolePolicy, SharingRule};
use clientela_kernel::{Action, Among, Comparison, Context, Depth, Filter, Grant, Name, Policy as _, Result, Value};
use clientela_model::{FieldDef, FieldType, ReferenceDef, Registry, RelationKind, ResourceDef, system};
use std::sync::Arc;
use uuid::Uuid;

/// How far what records depend on is followed.
const MAXIMUM_BONDS: usize = 4;
/// The relation that leads to whom a record is shared with.
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
        let condition = self.satisfying(context, def, condition, &role.key);
        Ok(Some(match reach {
            Some(reach) => Filter::And(vec![reach, condition]),
            None => condition,
        }))
    }

    /// The records that satisfy a condition. It is read without limits: it may name what those whom it is for cannot see.
    fn satisfying(&self, context: &Context, def: &ResourceDef, condition: &Condition, of: &str) -> Filter {
        let read = |tree: &Arc<_>| self.definitions.conditions.read(self.registry(), context, def, tree);
        match condition.tree.as_ref().map(read) {
            Some(Ok(filter)) => filter,
            // A field that it names may have gone: then it allows nothing, rather than everything.
            Some(Err(error)) => {
                tracing::warn!(%error, of, resource = %def.name, "a condition of rights cannot be read and allows nothing");
                nothing()
            }
            None => nothing(),
        }
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

    /// The records that are shared with the principal, by hand or by a rule.
    pub(super) fn shared(&self, context: &Context, def: &ResourceDef, action: Action) -> Vec<Filter> {
        let by_rules = self.shared_by_rules(context, def, action).map(|(_, shared)| shared);
        self.shared_by_hand(context, def, action).map(these).into_iter().chain(by_rules).collect()
    }

    /// Within a limit, or shared. What concerns somebody from outside are few records, however many there are: they are looked for first.
    pub(super) fn or_shared(&self, context: &Context, def: &ResourceDef, action: Action, limit: Filter) -> Filter {
        let Some(by_hand) = self.shared_by_hand(context, def, action).filter(|_| self.is_outside()) else {
            return super::one_of([limit].into_iter().chain(self.shared(context, def, action)).collect());
        };
        let by_rules = self.shared_by_rules(context, def, action).map(|(_, shared)| shared);
        let own = |filter| Among { resource: def.name.clone(), field: system::ID.into(), filter };
        Filter::Among { field: system::ID.into(), of: [limit].into_iter().chain(by_rules).map(own).chain([by_hand]).collect() }
    }

    /// What rules share with the principal of a resource, for what a share allows.
    pub(super) fn shared_by_rules<'s>(
        &'s self,
        context: &'s Context,
        def: &'s ResourceDef,
        action: Action,
    ) -> impl Iterator<Item = (&'s Arc<SharingRule>, Filter)> + 's {
        let holds = move |rule: &&Arc<SharingRule>| {
            rule.resource == def.name
                && rule.until.is_none_or(|until| until > context.now)
                && shares(action).is_some_and(|writes| rule.writes || !writes)
        };
        self.sharing.iter().filter(holds).map(move |rule| (rule, self.satisfying(context, def, &rule.condition, "a sharing rule")))
    }

    /// The records that were shared with the principal one by one, for what a share allows.
    pub(super) fn shared_by_hand(&self, context: &Context, def: &ResourceDef, action: Action) -> Option<Among> {
        let writes = shares(action)?;
        let relation = def.relation(SHARES)?;
        let RelationKind::ToMany { foreign, .. } = &relation.kind else { return None };
        let whom: Vec<Value> = self.principal.recipients().into_iter().map(Value::Record).collect();
        if whom.is_empty() {
            return None;
        }
        let lasts =
            vec![Filter::field("until", Comparison::IsNull), Filter::field("until", Comparison::Greater(Value::Instant(context.now)))];
        let named = among("recipientId".into(), whom);
        // What names nobody is for everybody of the tenant's own.
        let whom = match self.is_outside() {
            true => named,
            false => Filter::Or(vec![named, Filter::field("recipientId", Comparison::IsNull)]),
        };
        let mut all = vec![whom, Filter::Or(lasts)];
        if writes {
            all.push(Filter::field("level", Comparison::Equal(Value::from("WRITE"))));
        }
        let of_any = self.registry().resource(&relation.target)?.field(foreign)?.any_reference().is_some();
        all.extend(of_any.then(|| Filter::field(foreign.clone(), Comparison::OfResource(def.name.clone()))));
        Some(Among { resource: relation.target.clone(), field: foreign.clone(), filter: Filter::And(all) })
    }

    /// Only what depends on records that may be read: one condition for each thing it depends on of which not all may be.
    pub(super) fn bound(&self, context: &Context, def: &ResourceDef, level: usize) -> Result<Vec<Filter>> {
        let mut all = Vec::new();
        for field in def.bonds().filter(|field| def.owner.as_ref() != Some(&field.name)) {
            let bond = match &field.kind {
                FieldType::Reference(reference) if reference.target == def.name => None,
                FieldType::Reference(reference) => match self.readable(context, &reference.target)? {
                    Readable::All => None,
                    Readable::Some(rows) => Some(self.naming(context, field, reference, rows)?),
                    Readable::None => Some(nothing()),
                },
                _ => self.attached(context, field, level)?,
            };
            let Some(bond) = bond else { continue };
            all.push(if field.required { bond } else { Filter::Or(vec![Filter::field(field.name.clone(), Comparison::IsNull), bond]) });
        }
        Ok(all)
    }

    /// The condition that a reference names what may be read. What somebody from outside may read are few records: they are looked for first.
    fn naming(&self, context: &Context, field: &FieldDef, reference: &ReferenceDef, rows: Filter) -> Result<Filter> {
        if !self.is_outside() {
            return Ok(Filter::ToOne { relation: reference.relation.clone(), filter: Box::new(rows) });
        }
        let target = self.def(&reference.target)?;
        let of = match self.has_faces(target) {
            true => self.by_faces(context, target)?,
            false => vec![Among { resource: reference.target.clone(), field: system::ID.into(), filter: rows }],
        };
        Ok(Filter::Among { field: field.name.clone(), of })
    }

    /// The identities of a resource that may be read, by their faces.
    pub(super) fn by_faces(&self, context: &Context, def: &ResourceDef) -> Result<Vec<Among>> {
        let mut of = Vec::new();
        for (face, link) in faces(self.registry(), def) {
            if let Some(filter) = self.rows_read(context, &face.name)? {
                of.push(Among { resource: face.name.clone(), field: link, filter });
            }
        }
        Ok(of)
    }

    /// The condition of a reference to any record; none where every record may be read. Of what hangs on something that hangs on
    /// something itself, one step is followed, and beyond it nothing may be read.
    fn attached(&self, context: &Context, field: &FieldDef, level: usize) -> Result<Option<Filter>> {
        let Some(reference) = field.any_reference() else { return Ok(None) };
        let (mut open, mut limited, mut few, mut closed) = (Vec::new(), Vec::new(), Vec::new(), false);
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
                Readable::Some(_) if self.is_outside() && self.concerns_makers_alone(def) => closed = true,
                Readable::Some(rows) if self.is_outside() => {
                    closed = true;
                    few.push(Among { resource: target.resource.clone(), field: system::ID.into(), filter: rows });
                }
                Readable::Some(rows) => {
                    closed = true;
                    limited.push(Filter::ToRecord { field: field.name.clone(), resource: target.resource.clone(), filter: Box::new(rows) });
                }
                Readable::None => closed = true,
            }
        }
        open.extend(limited);
        if !few.is_empty() {
            open.push(Filter::Among { field: field.name.clone(), of: few });
        }
        Ok(closed.then_some(Filter::Or(open)))
    }

    fn readable(&self, context: &Context, resource: &str) -> Result<Readable> {
        self.grant(context, resource, Action::Read).map(Readable::of)
    }

    /// The rows of a resource that may be read: all where that is any; none where none may be.
    pub(super) fn rows_read(&self, context: &Context, resource: &str) -> Result<Option<Filter>> {
        Ok(match self.readable(context, resource)? {
            Readable::All => Some(Filter::And(Vec::new())),
            Readable::Some(rows) => Some(rows),
            Readable::None => None,
        })
    }

    /// Whether others are the public faces of this resource.
    pub(super) fn has_faces(&self, def: &ResourceDef) -> bool {
        !faces(self.registry(), def).is_empty()
    }

    /// What may be read of an identity: where one of its faces may be.
    pub(super) fn mirrored(&self, context: &Context, def: &ResourceDef) -> Result<Option<Grant>> {
        if self.is_outside() {
            let of = self.by_faces(context, def)?;
            let rows = Some(Filter::Among { field: system::ID.into(), of: of.clone() });
            return Ok((!of.is_empty()).then(|| Grant { rows, ..Grant::default() }));
        }
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
pub(super) fn faces<'r>(registry: &'r Registry, def: &ResourceDef) -> Vec<(&'r Arc<ResourceDef>, Name)> {
    let face = |other: &'r Arc<ResourceDef>| {
        let link = other.face_link().filter(|_| other.face.as_ref() == Some(&def.name))?;
        Some((other, link.name.clone()))
    };
    registry.resources().iter().filter_map(face).collect()
}

fn named_by(face: &ResourceDef, link: &Name, filter: Filter) -> Filter {
    Filter::NamedBy { resource: face.name.clone(), field: link.clone(), filter: Box::new(filter) }
}

/// The records that are these.
pub(super) fn these(among: Among) -> Filter {
    Filter::Among { field: system::ID.into(), of: vec![among] }
}

/// Whether a share must allow changes to allow an action; none of those that no share allows.
fn shares(action: Action) -> Option<bool> {
    match action {
        Action::Read | Action::Export => Some(false),
        Action::Update => Some(true),
        _ => None,
    }
}

/// Whether its records hang on records of any resource.
fn attaches(def: &ResourceDef) -> bool {
    def.bonds().any(|field| field.any_reference().is_some())
}

/// A field that holds one of these.
pub(super) fn among(field: Name, mut values: Vec<Value>) -> Filter {
    match values.len() {
        0 => nothing(),
        1 => Filter::field(field, Comparison::Equal(values.swap_remove(0))),
        _ => Filter::field(field, Comparison::In(values)),
    }
}
