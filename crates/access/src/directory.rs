//! What authentication keeps in memory: keys, users and what they may do, as of one reading.

use crate::oauth::OauthClient;
use crate::policy::{Definitions, Principal, PurposePolicy, Rights, Role, RolePolicy};
use crate::{ApiKeyCredential, CredentialSource, PurposeToken, UserCredential};
use clientela_kernel::{Actor, ActorKind, Audience, AudienceKind, Id, Policy, Purpose, Result, TenantId};
use parking_lot::RwLock;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// How many keys made by keys are followed to the one that somebody made.
const MAXIMUM_MAKERS: usize = 5;

/// Ids are unique within a tenant only: another tenant may choose the same one.
type Key = (TenantId, Id);

/// Policies by principal: none for whoever may do everything.
type Policies = HashMap<(TenantId, Actor), Option<Arc<RolePolicy>>>;

/// Keys, users and rights as of one reading.
pub(crate) struct Directory {
    /// How many changes had been announced when the reading began.
    pub(crate) as_of: u64,
    definitions: Definitions,
    keys: HashMap<[u8; 32], ApiKeyCredential>,
    /// The digests of keys by their records.
    digests: HashMap<Key, [u8; 32]>,
    users: HashMap<Key, UserCredential>,
    tokens: HashMap<[u8; 32], PurposeToken>,
    /// Programs by their `client_id`, which is one for all tenants.
    clients: HashMap<String, Arc<OauthClient>>,
    revoked: HashSet<(TenantId, Uuid)>,
    rights: Rights,
    /// What principals may do, by those who have asked: none where they may do everything.
    policies: RwLock<Policies>,
}

impl Directory {
    /// Reads everything.
    pub(crate) async fn read(source: &dyn CredentialSource, definitions: Definitions, as_of: u64) -> Result<Directory> {
        let keys: HashMap<_, _> = source.api_keys().await?.into_iter().map(|key| (key.digest, key)).collect();
        let digests = keys.values().map(|key| ((key.tenant, key.id), key.digest)).collect();
        let users = source.users().await?.into_iter().map(|user| ((user.tenant, user.id), user)).collect();
        let tokens = source.purpose_tokens().await?.into_iter().map(|token| (token.digest, token)).collect();
        let clients = source.clients().await?.into_iter().map(|client| (client.client_id.clone(), Arc::new(client))).collect();
        let revoked = source.revoked().await?.into_iter().collect();
        let rights = source.rights().await?;
        Ok(Directory { as_of, definitions, keys, digests, users, tokens, clients, revoked, rights, policies: RwLock::default() })
    }

    pub(crate) fn key(&self, digest: &[u8; 32]) -> Option<&ApiKeyCredential> {
        self.keys.get(digest)
    }

    /// A key by its record.
    pub(crate) fn key_of(&self, tenant: TenantId, id: Id) -> Option<&ApiKeyCredential> {
        self.digests.get(&(tenant, id)).and_then(|digest| self.keys.get(digest))
    }

    pub(crate) fn user(&self, tenant: TenantId, id: Id) -> Option<&UserCredential> {
        self.users.get(&(tenant, id))
    }

    pub(crate) fn token(&self, digest: &[u8; 32]) -> Option<&PurposeToken> {
        self.tokens.get(digest)
    }

    /// What a token for one purpose may do; none where whoever made it may sign in no more.
    pub(crate) fn purpose(&self, token: &PurposeToken) -> Option<Arc<dyn Policy>> {
        let maker = maker(&token.created_by).filter(|maker| self.is_there(token.tenant, *maker))?;
        let purpose = Purpose { operation: token.operation.clone(), input: token.input.clone(), maker: self.policy(token.tenant, maker) };
        let (record, fields) = (token.record.clone(), token.fields.clone());
        Some(Arc::new(PurposePolicy::new(self.definitions.clone(), token.tenant, record, fields, purpose)))
    }

    /// Whether a user or a key may still sign in.
    fn is_there(&self, tenant: TenantId, principal: Actor) -> bool {
        match principal.kind {
            ActorKind::User => self.user(tenant, principal.id).is_some_and(|user| user.active),
            ActorKind::ApiKey => self.key_of(tenant, principal.id).is_some_and(|key| !key.revoked),
            ActorKind::Token | ActorKind::System => principal.kind == ActorKind::System,
        }
    }

    /// A program by its `client_id`.
    pub(crate) fn client(&self, client_id: &str) -> Option<&Arc<OauthClient>> {
        self.clients.get(client_id)
    }

    /// Whether a session or a token was revoked.
    pub(crate) fn is_revoked(&self, tenant: TenantId, id: Option<Uuid>) -> bool {
        id.is_some_and(|id| self.revoked.contains(&(tenant, id)))
    }

    /// What a principal may do; none where that is everything.
    pub(crate) fn policy(&self, tenant: TenantId, actor: Actor) -> Option<Arc<dyn Policy>> {
        let key = (tenant, actor);
        if let Some(known) = self.policies.read().get(&key) {
            return shown(known.clone());
        }
        let policy = self.compile(tenant, actor, None).map(Arc::new);
        self.policies.write().insert(key, policy.clone());
        shown(policy)
    }

    /// What a principal could do if it held a role: in place of the one with the same key that it holds, or beside what it holds.
    pub(crate) fn trial(&self, tenant: TenantId, actor: Actor, role: Role) -> Option<Arc<dyn Policy>> {
        shown(self.compile(tenant, actor, Some(role)).map(Arc::new))
    }

    fn compile(&self, tenant: TenantId, actor: Actor, tried: Option<Role>) -> Option<RolePolicy> {
        let (mut principal, mut holder) = (Principal { names: vec![actor.to_text()], ..Principal::default() }, actor);
        for _ in 0..MAXIMUM_MAKERS {
            if holder.kind != ActorKind::ApiKey || self.rights.holds_any(tenant, holder) {
                break;
            }
            // A key without a role of its own acts in the name of whoever made it.
            holder = match self.key_of(tenant, holder.id).and_then(|key| maker(&key.created_by)) {
                Some(maker) if maker.kind == ActorKind::System => return None,
                Some(maker) => maker,
                None => break,
            };
            principal.names.push(holder.to_text());
        }
        let mut roles = self.rights.roles_of(tenant, holder);
        if holder.kind == ActorKind::User {
            if holder.id != actor.id && !self.user(tenant, holder.id).is_some_and(|user| user.active) {
                roles.clear();
            }
            principal.user = Some(holder.id.0);
            self.place(tenant, holder.id.0, &mut principal);
        }
        principal.audience = self.audience(tenant, actor);
        if let Some(tried) = tried {
            roles.retain(|role| role.key != tried.key);
            roles.push(Arc::new(tried));
        }
        let policy = RolePolicy::new(self.definitions.clone(), tenant, roles, principal, &self.rights);
        (!policy.is_administrator()).then_some(policy)
    }

    /// Whom a principal belongs to, where that is somebody from outside. What they make belongs to whom they do, whatever roles it holds itself.
    fn audience(&self, tenant: TenantId, actor: Actor) -> Option<Audience> {
        let mut holder = actor;
        for _ in 0..=MAXIMUM_MAKERS {
            match holder.kind {
                ActorKind::User => return self.user(tenant, holder.id).and_then(|user| user.audience.clone()),
                ActorKind::System => return None,
                ActorKind::ApiKey | ActorKind::Token => {
                    let Some(maker) = self.key_of(tenant, holder.id).and_then(|key| maker(&key.created_by)) else { break };
                    holder = maker;
                }
            }
        }
        // Nobody knows where it comes from: then nothing concerns it.
        Some(Audience { kind: AudienceKind::Token, records: Arc::from([]) })
    }

    /// Finds the teams of a user, and who else is in them.
    fn place(&self, tenant: TenantId, user: Uuid, principal: &mut Principal) {
        let members = |teams: &[Uuid]| -> Arc<[Uuid]> {
            let mut users: Vec<Uuid> = self.rights.members(tenant, teams).chain([user]).collect();
            users.sort_unstable();
            users.dedup();
            users.into()
        };
        principal.teams = self.rights.teams_of(tenant, user);
        principal.team = members(&principal.teams);
        principal.subtree = members(&self.rights.below(tenant, &principal.teams));
    }
}

/// The principal that a wire id names.
fn maker(id: &str) -> Option<Actor> {
    let kinds = [("usr", ActorKind::User), ("key", ActorKind::ApiKey), ("sys", ActorKind::System)];
    kinds.into_iter().find_map(|(prefix, kind)| Id::parse(id, prefix).ok().map(|id| Actor { kind, id }))
}

fn shown(policy: Option<Arc<RolePolicy>>) -> Option<Arc<dyn Policy>> {
    Some(policy?)
}
