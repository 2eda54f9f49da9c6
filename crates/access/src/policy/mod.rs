//! What the roles and shares of a principal allow, compiled into row filters and field masks.

mod audience;
mod grounds;
mod purpose;
mod rights;
mod role;
mod rows;

pub(crate) use purpose::PurposePolicy;
pub use rights::{Rights, SharingRule, Team};
pub use role::{Condition, Right, Role};

use clientela_kernel::{
    Action, Audience, Context, Depth, FieldAccess, FieldGround, FieldMask, Filter, Grant, Ground, Name, Policy, RecordKey, Result,
    TenantId, Timestamp,
};
use clientela_model::{Registry, ResourceDef};
use parking_lot::RwLock;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use uuid::Uuid;

/// Reads conditions of rights: filter trees, in which `me` and `myTeam` stand for who asks.
pub trait ConditionReader: Send + Sync {
    /// The filter that a tree stands for.
    ///
    /// # Errors
    /// Where it does not fit the definition.
    fn read(&self, registry: &Registry, context: &Context, def: &ResourceDef, tree: &Json) -> Result<Filter>;
}

/// What every policy is made with.
#[derive(Clone)]
pub struct Definitions {
    /// Every resource.
    pub registry: Arc<Registry>,
    /// Reads conditions.
    pub conditions: Arc<dyn ConditionReader>,
    /// The registry of a tenant that adds to the definitions.
    pub own: OwnRegistry,
}

/// The registry of a tenant, where it is known to have one of its own.
pub type OwnRegistry = Arc<dyn Fn(TenantId) -> Option<Arc<Registry>> + Send + Sync>;

/// Who a principal is to rights.
#[derive(Clone, Debug, Default)]
pub struct Principal {
    /// The wire ids by which it is named as a creator: its own.
    pub names: Vec<String>,
    /// The user whose records are its own; none of a program that stands for itself.
    pub user: Option<Uuid>,
    /// Its user's teams.
    pub teams: Vec<Uuid>,
    /// The users of these teams, itself included.
    pub team: Arc<[Uuid]>,
    /// The users of these teams and the teams below, itself included.
    pub subtree: Arc<[Uuid]>,
    /// Whom it belongs to, where it comes from outside the tenant.
    pub audience: Option<Audience>,
}

impl Principal {
    /// Whom a share must name to be this one's.
    fn recipients(&self) -> Vec<RecordKey> {
        let named = |resource: &'static str, id| RecordKey { resource: resource.into(), id };
        let audience = self.audience.iter().flat_map(|audience| audience.records.iter().cloned());
        let teams = self.teams.iter().map(|team| named("team", *team));
        self.user.map(|user| named("user", user)).into_iter().chain(teams).chain(audience).collect()
    }
}

/// A principal's roles at work.
pub struct RolePolicy {
    definitions: Definitions,
    tenant: TenantId,
    /// The tenant's resources, as they were when somebody first asked: a change of them makes new policies.
    registry: OnceLock<Arc<Registry>>,
    roles: Vec<Arc<Role>>,
    principal: Principal,
    /// What rules share with the principal.
    sharing: Vec<Arc<SharingRule>>,
    /// Grants that depend on nothing but the roles, by resource and action or operation.
    known: RwLock<Grants>,
    /// Grants that depend on the moment, of the request that asked last: one asks for the same many times.
    recent: RwLock<(Option<(Uuid, Timestamp)>, Grants)>,
}

/// Grants by resource and action.
type Grants = HashMap<(Name, &'static str), Option<Grant>>;

impl RolePolicy {
    /// The policy of a principal who holds these roles.
    pub fn new(definitions: Definitions, tenant: TenantId, roles: Vec<Arc<Role>>, principal: Principal, rights: &Rights) -> RolePolicy {
        let sharing = rights.shared_with(tenant, &principal.recipients());
        RolePolicy {
            definitions,
            tenant,
            registry: OnceLock::new(),
            roles,
            principal,
            sharing,
            known: RwLock::default(),
            recent: RwLock::default(),
        }
    }

    fn registry(&self) -> &Arc<Registry> {
        self.registry.get_or_init(|| (self.definitions.own)(self.tenant).unwrap_or_else(|| Arc::clone(&self.definitions.registry)))
    }

    fn def(&self, resource: &str) -> Result<&Arc<ResourceDef>> {
        self.registry().known(resource)
    }

    /// What may be done by the right that `choose` finds in each role.
    fn decide<'r>(
        &'r self,
        context: &Context,
        def: &ResourceDef,
        action: Action,
        choose: impl Fn(&'r Role) -> Option<&'r Right>,
        level: usize,
    ) -> Result<Option<Grant>> {
        let chosen: Vec<(&Role, &Right)> = self
            .roles
            .iter()
            .filter_map(|role| Some((role.as_ref(), choose(role)?)))
            .filter(|(_, right)| right.depth > Depth::None)
            .collect();
        if chosen.is_empty() {
            return Ok(None);
        }
        let fields = self.mask(context, def, action, chosen.iter().map(|(role, _)| *role))?;
        let mut reached = Vec::with_capacity(chosen.len());
        for (role, right) in &chosen {
            match self.rows_of(context, def, role, right)? {
                Some(filter) => reached.push(filter),
                None => {
                    reached.clear();
                    break;
                }
            }
        }
        let mut all = Vec::new();
        let reached = (!reached.is_empty()).then(|| one_of(reached));
        // Whatever roles say: somebody from outside reaches only what concerns them. A share goes beyond both.
        let concerned = self.concerned(context, def)?;
        if let Some(limit) = both(reached, concerned) {
            all.push(self.or_shared(context, def, action, limit));
        }
        all.extend(self.bound(context, def, level)?);
        let rows = match all.len() {
            0 => None,
            1 => all.pop(),
            _ => Some(Filter::And(all)),
        };
        Ok(Some(Grant { rows, fields }))
    }

    /// The widest access that any of these roles gives to each field. A copy of a field of another record is as open as that one.
    fn mask<'r>(&self, context: &Context, def: &ResourceDef, action: Action, roles: impl Iterator<Item = &'r Role>) -> Result<FieldMask> {
        let mut rules = widest(def, roles);
        for field in &def.fields {
            let Some(copy) = &field.copy_of else { continue };
            let Some(target) = def.relation(&copy.relation).map(|relation| &relation.target) else { continue };
            let original = self.grant(context, target, Action::Read)?.map_or(FieldAccess::Hidden, |grant| grant.fields.access(&copy.field));
            if original < FieldAccess::Read {
                let access = rules.entry(field.name.clone()).or_insert(FieldAccess::Write);
                *access = original.min(*access);
            }
        }
        if action.reads() {
            // Only what hides matters to whoever reads.
            rules.retain(|_, access| *access < FieldAccess::Read);
        }
        Ok(FieldMask::new(rules))
    }

    /// Whether a grant is the same at any moment: conditions know the day, and shares come to their end.
    fn lasting(&self, grant: Option<&Grant>) -> bool {
        grant.is_none_or(|grant| grant.rows.is_none())
            || (self.principal.user.is_none()
                && self.sharing.is_empty()
                && self.roles.iter().flat_map(|role| &role.rights).all(|right| right.condition.is_none()))
    }
}

impl Policy for RolePolicy {
    fn grant(&self, context: &Context, resource: &str, action: Action) -> Result<Option<Grant>> {
        if self.is_administrator() {
            return Ok(Some(Grant::default()));
        }
        let key = (Name::Owned(resource.to_owned()), action.name());
        if let Some(known) = self.known.read().get(&key) {
            return Ok(known.clone());
        }
        let request = Some((context.request_id, context.now));
        if let (of, recent) = &*self.recent.read()
            && *of == request
            && let Some(known) = recent.get(&key)
        {
            return Ok(known.clone());
        }
        let def = self.def(resource)?;
        if def.administrators_only {
            return Ok(None);
        }
        let grant = if action == Action::Read && def.mirror && self.has_faces(def) {
            self.mirrored(context, def)?
        } else {
            self.decide(context, def, action, |role| role.right(resource, action.name()), 0)?
        };
        if self.lasting(grant.as_ref()) {
            self.known.write().insert(key, grant.clone());
        } else {
            let mut recent = self.recent.write();
            if recent.0 != request {
                *recent = (request, HashMap::new());
            }
            recent.1.insert(key, grant.clone());
        }
        Ok(grant)
    }

    fn operation(&self, context: &Context, resource: &str, action: Action, operation: &str) -> Result<Option<Grant>> {
        if self.is_administrator() || !self.roles.iter().any(|role| role.named(resource, operation).is_some()) {
            return self.grant(context, resource, action);
        }
        let def = self.def(resource)?;
        if def.administrators_only {
            return Ok(None);
        }
        self.decide(context, def, action, |role| role.named(resource, operation).or_else(|| role.right(resource, action.name())), 0)
    }

    fn is_administrator(&self) -> bool {
        self.principal.audience.is_none() && self.roles.iter().any(|role| role.administrator)
    }

    fn audience(&self) -> Option<&Audience> {
        self.principal.audience.as_ref()
    }

    fn assigns_to(&self, resource: &str, user: Uuid) -> bool {
        let depth = self.roles.iter().filter_map(|role| role.right(resource, Action::Assign.name())).map(|right| right.depth).max();
        self.is_administrator()
            || match depth.unwrap_or(Depth::None) {
                Depth::None => false,
                Depth::Own => self.principal.user == Some(user),
                Depth::Team => self.principal.team.contains(&user),
                Depth::Subtree => self.principal.subtree.contains(&user),
                Depth::All => true,
            }
    }

    fn user(&self) -> Option<Uuid> {
        self.principal.user
    }

    fn teams(&self) -> &[Uuid] {
        &self.principal.teams
    }

    fn grounds(&self, context: &Context, resource: &str, action: Action, operation: Option<&str>) -> Result<Vec<Ground>> {
        let def = self.def(resource)?;
        if def.administrators_only && !self.is_administrator() {
            return Ok(Vec::new());
        }
        self.chain(context, def, action, operation)
    }

    fn field_grounds(&self, resource: &str) -> Vec<FieldGround> {
        self.def(resource).map(|def| self.said_of_fields(def)).unwrap_or_default()
    }

    fn recipients(&self) -> Vec<RecordKey> {
        self.principal.recipients()
    }
}

impl fmt::Debug for RolePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roles: Vec<&str> = self.roles.iter().map(|role| role.key.as_str()).collect();
        f.debug_struct("RolePolicy").field("roles", &roles).field("user", &self.principal.user).finish_non_exhaustive()
    }
}

/// What satisfies at least one of these.
fn one_of(mut filters: Vec<Filter>) -> Filter {
    if filters.len() == 1 { filters.swap_remove(0) } else { Filter::Or(filters) }
}

/// What satisfies both; none where nothing is asked.
fn both(one: Option<Filter>, other: Option<Filter>) -> Option<Filter> {
    match (one, other) {
        (Some(one), Some(other)) => Some(Filter::And(vec![one, other])),
        (one, other) => one.or(other),
    }
}

/// The widest access that any of these roles gives to each field; fields that one of them does not name are open.
fn widest<'r>(def: &ResourceDef, roles: impl Iterator<Item = &'r Role>) -> HashMap<Name, FieldAccess> {
    let mut rules: Option<HashMap<Name, FieldAccess>> = None;
    for role in roles {
        let own = role.fields.get(&def.name);
        rules = Some(match (rules, own) {
            (_, None) => return HashMap::new(),
            (None, Some(own)) => own.clone(),
            (Some(so_far), Some(own)) => {
                so_far.into_iter().filter_map(|(field, access)| own.get(&field).map(|other| (field, access.max(*other)))).collect()
            }
        });
    }
    rules.unwrap_or_default()
}
