//! What may be done with a record and its fields, by whom, and by which rules.

use crate::Engine;
use crate::reach::Reach;
use clientela_access::{Action, authorize, authorize_operation, check_scope};
use clientela_kernel::{
    Comparison, Context, DeletedMode, Error, ErrorCode, Extent, FieldAccess, FieldGround, Filter, Ground, Id, Layer, MaskedField as _,
    RecordKey, Result, Value,
};
use clientela_model::{FieldDef, ResourceDef, WriteMode, naming, system};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// What is asked of a record's rights.
#[derive(Clone, Debug, Default)]
pub struct AccessRequest {
    /// Whose rights (`usr_…`, `key_…`); the caller's own where there is none. Only administrators ask for others'.
    pub principal: Option<String>,
    /// Of the fields only this one.
    pub field: Option<String>,
}

/// What somebody may do with a record.
#[derive(Clone, Debug)]
pub(crate) struct Reached {
    /// Each action and each operation with one record, by name: whether it is allowed.
    pub(crate) actions: Vec<(String, bool, Vec<Json>)>,
    /// Each field: what may be done with it.
    pub(crate) fields: Vec<(String, FieldAccess, Vec<Json>)>,
}

impl Engine {
    /// What may be done with a record, living or deleted, and by which rules: `{id, resource, principal, actions: [{action, allowed, grounds}], fields:
    /// [{field, access, grounds}]}`. Fields that are hidden from the caller are not there.
    ///
    /// # Errors
    /// `NOT_FOUND` where the caller may not see the record or the field, or there is none, or nobody signs in by the principal; `FORBIDDEN` where the caller is no
    /// administrator and asks for others.
    pub async fn access(&self, context: &Context, def: &Arc<ResourceDef>, id: Id, request: &AccessRequest) -> Result<Json> {
        let grant = authorize(context, def, Action::Read)?;
        let this = Filter::field(system::ID, Comparison::Equal(Value::Id(id.0)));
        let filter = Filter::And([this].into_iter().chain(grant.rows).collect());
        let scope = self.inner.store.scope(context.tenant);
        let record = self.inner.find(context, &scope, def, &filter, DeletedMode::Include, 1).await?.pop();
        let record = record.ok_or_else(|| {
            let text = format!("There is no {} {}, and none that was.", naming::words(&def.name), id.to_text(&def.prefix));
            Error::new(ErrorCode::NotFound, text)
        })?;
        let own = context.actor.to_text();
        let subject = match request.principal.as_deref().filter(|principal| *principal != own) {
            None => context.clone(),
            Some(principal) => self.other(context, principal).await?,
        };
        let shown = |field: &&FieldDef| !field.secret && grant.fields.shows(*field);
        if let Some(name) = &request.field
            && !def.fields.iter().any(|field| field.name == *name && shown(&field))
        {
            let text = format!("field is {name:?}, and {} have no field of this name.", def.plural);
            return Err(Error::new(ErrorCode::NotFound, text));
        }
        let reached = self.reached(&subject, def, id, &record, context.is_administrator()).await?;
        let actions: Vec<Json> = reached
            .actions
            .into_iter()
            .map(|(action, allowed, grounds)| json!({ "action": action, "allowed": allowed, "grounds": grounds }))
            .collect();
        let wanted =
            |name: &str| request.field.as_deref().is_none_or(|wanted| wanted == name) && def.field(name).is_some_and(|field| shown(&field));
        let fields: Vec<Json> = reached
            .fields
            .into_iter()
            .filter(|(name, ..)| wanted(name))
            .map(|(field, access, grounds)| json!({ "field": field, "access": access.name(), "grounds": grounds }))
            .collect();
        Ok(json!({
            "id": id.to_text(&def.prefix),
            "resource": def.name,
            "principal": subject.actor.to_text(),
            "actions": actions,
            "fields": fields,
        }))
    }

    /// Somebody else's authority, for an administrator who asks about it.
    pub(crate) async fn other(&self, context: &Context, principal: &str) -> Result<Context> {
        if !context.is_administrator() {
            let text = "Only administrators ask what others may do. Leave principal out to ask about yourself.";
            return Err(Error::new(ErrorCode::Forbidden, text));
        }
        let principals = self.inner.principals.get().ok_or_else(|| Error::internal("nobody knows the principals"))?;
        let other = principals.in_name_of(context.tenant, principal, context.request_id, context.now).await;
        other.map_err(|error| match error.code() {
            ErrorCode::Forbidden => {
                let text = format!("principal is {principal:?}, and no active user (usr_…) or API key (key_…) of this tenant has this id.");
                Error::new(ErrorCode::NotFound, text)
            }
            _ => error,
        })
    }

    /// What a subject may do with a record as it is. `whole` shows conditions as they are written, which may name what the subject cannot see.
    pub(crate) async fn reached(
        &self,
        subject: &Context,
        def: &Arc<ResourceDef>,
        id: Id,
        record: &[Value],
        whole: bool,
    ) -> Result<Reached> {
        let scope = self.inner.store.scope(subject.tenant);
        let looking =
            Looking { engine: self, subject, def, id, record, reach: Reach { inner: &self.inner, context: subject, scope: &scope }, whole };
        let (reads, reading) = looking.action(Action::Read, None, true).await?;
        let mut actions = vec![(Action::Read.name().to_owned(), reads, reading)];
        let kept = |action: &Action| match action {
            Action::Create | Action::Read => false,
            Action::Update => def.updatable,
            Action::Delete | Action::Restore | Action::Erase => def.deletable,
            Action::Assign => {
                def.owner.as_ref().and_then(|owner| def.field(owner)).is_some_and(|field| !field.required) || def.name == "role"
            }
            Action::Share => def.relation("shares").is_some(),
            Action::Export => true,
        };
        for action in Action::ALL.into_iter().filter(kept) {
            let (allowed, grounds) = looking.action(action, None, reads).await?;
            actions.push((action.name().to_owned(), allowed, grounds));
        }
        for operation in
            self.inner.registry.operations().iter().filter(|operation| operation.resource == def.name && operation.is_on_record())
        {
            let action = if operation.writes { Action::Update } else { Action::Read };
            let (allowed, grounds) = match operation.for_oneself {
                true => (reads && check_scope(subject, def, action).is_ok(), vec![scope_ground(subject, def, action)]),
                false => looking.action(action, Some(&operation.name), reads).await?,
            };
            actions.push((operation.name.to_string(), allowed, grounds));
        }
        let updates = actions.iter().any(|(name, allowed, _)| name == Action::Update.name() && *allowed);
        Ok(Reached { fields: looking.fields(reads, updates)?, actions })
    }
}

/// One look at a record for a subject.
struct Looking<'a> {
    engine: &'a Engine,
    subject: &'a Context,
    def: &'a Arc<ResourceDef>,
    id: Id,
    record: &'a [Value],
    reach: Reach<'a>,
    whole: bool,
}

impl Looking<'_> {
    /// Whether an action is allowed, by the same decision that a request meets, and the rules behind it.
    async fn action(&self, action: Action, operation: Option<&str>, readable: bool) -> Result<(bool, Vec<Json>)> {
        let grant = match operation {
            Some(operation) => authorize_operation(self.subject, self.def, action, operation),
            None => authorize(self.subject, self.def, action),
        };
        let allowed = match grant {
            Ok(grant) => match &grant.rows {
                None => true,
                Some(rows) => self.reach.holds(self.def, self.record, rows).await?,
            },
            Err(error) if error.code() == ErrorCode::Forbidden => false,
            Err(error) => return Err(error),
        };
        let mut grounds = vec![scope_ground(self.subject, self.def, action)];
        let chain = match &self.subject.policy {
            None => vec![Ground::new(Layer::Administrator, Extent::All)],
            Some(policy) => policy.grounds(self.subject, &self.def.name, action, operation)?,
        };
        for ground in chain {
            let allows = match &ground.extent {
                Extent::None => false,
                Extent::All => true,
                Extent::Some(rows) => self.reach.holds(self.def, self.record, rows).await?,
            };
            let shares =
                if ground.layer == Layer::Share && ground.condition.is_none() && allows { self.shares().await? } else { Vec::new() };
            grounds.push(self.shown(&ground, allows, &shares));
        }
        Ok((allowed && readable, grounds))
    }

    /// The shares of the record that are the subject's, ended ones left out.
    async fn shares(&self) -> Result<Vec<String>> {
        let whom = self.subject.policy.iter().flat_map(|policy| policy.recipients()).map(Value::Record).collect();
        let record = Value::Record(RecordKey { resource: self.def.name.clone(), id: self.id.0 });
        let lasts =
            vec![Filter::field("until", Comparison::IsNull), Filter::field("until", Comparison::Greater(Value::Instant(self.subject.now)))];
        let filter = Filter::And(vec![
            Filter::field("recordId", Comparison::Equal(record)),
            Filter::field("recipientId", Comparison::In(whom)),
            Filter::Or(lasts),
        ]);
        let shares = self.engine.inner.resource("share")?;
        let found = self.engine.inner.find(self.subject, self.reach.scope, &shares, &filter, DeletedMode::Exclude, 100).await?;
        let id = |values: &Vec<Value>| shares.field_index(system::ID).and_then(|index| values.get(index)).and_then(Value::as_id);
        Ok(found.iter().filter_map(id).map(|id| Id(id).to_text(&shares.prefix)).collect())
    }

    fn shown(&self, ground: &Ground, allows: bool, shares: &[String]) -> Json {
        let any = |name: &Option<clientela_kernel::Name>| name.as_deref().unwrap_or("*").to_owned();
        let (role, plural) = (ground.role.as_deref().unwrap_or_default(), &self.def.plural);
        let text = match (ground.layer, ground.depth) {
            (Layer::Administrator, _) => "Holds a role that may do everything, or acts for somebody who does.".to_owned(),
            (Layer::Role, None) => format!("The role {role} says nothing about this, and so does not allow it."),
            (Layer::Role, Some(depth)) => format!(
                "The role {role} says of {} with {}: {}{}.",
                any(&ground.action),
                any(&ground.resource),
                depth.name(),
                if ground.condition.is_some() { ", under a condition" } else { "" }
            ),
            (Layer::Share, _) if ground.condition.is_some() => "A rule shares what satisfies a condition.".to_owned(),
            // What has shares of a kind of its own (a saved view) names none here.
            (Layer::Share, _) if allows && shares.is_empty() => "It is shared.".to_owned(),
            (Layer::Share, _) if allows => format!("Shared by {}.", shares.join(", ")),
            (Layer::Share, _) => "No share of it allows this.".to_owned(),
            (Layer::Dependency, _) => "What it depends on, or is a face of, must be readable as well.".to_owned(),
            (Layer::Audience, _) => format!("Portal and partner users reach only {plural} that concern their own account."),
            _ => String::new(),
        };
        let written = ground.layer == Layer::Role && ground.depth.is_some();
        json!({
            "layer": ground.layer.name(),
            "allows": allows,
            "text": text,
            "role": ground.role,
            "resource": written.then(|| any(&ground.resource)),
            "action": written.then(|| any(&ground.action)),
            "depth": ground.depth.map(|depth| depth.name()),
            "condition": ground.condition.as_ref().filter(|_| self.whole),
            "shareIds": shares,
        })
    }

    fn fields(&self, reads: bool, updates: bool) -> Result<Vec<(String, FieldAccess, Vec<Json>)>> {
        let mask = |action| match authorize(self.subject, self.def, action) {
            Ok(grant) => Ok(Some(grant.fields)),
            Err(error) if error.code() == ErrorCode::Forbidden => Ok(None),
            Err(error) => Err(error),
        };
        let (reading, writing) = (mask(Action::Read)?.filter(|_| reads), mask(Action::Update)?.filter(|_| updates));
        let rules = self.subject.policy.as_ref().map(|policy| policy.field_grounds(&self.def.name)).unwrap_or_default();
        let access = |field: &FieldDef| {
            let read = reading.as_ref().map_or(FieldAccess::Hidden, |mask| mask.access(&field.name).min(FieldAccess::Read));
            let open = read == FieldAccess::Read && field.write == WriteMode::Writable;
            if open && writing.as_ref().is_some_and(|mask| mask.writes(&field)) { FieldAccess::Write } else { read }
        };
        let visible = self.def.fields.iter().filter(|field| !field.is_secret());
        Ok(visible.map(|field| (field.name.to_string(), access(field), self.field_grounds(field, &rules))).collect())
    }

    fn field_grounds(&self, field: &FieldDef, rules: &[FieldGround]) -> Vec<Json> {
        let mut grounds = Vec::new();
        let mut add = |layer: Layer, allows: bool, text: String, role: Option<&str>| {
            grounds.push(json!({
                "layer": layer.name(), "allows": allows, "text": text, "role": role, "resource": null, "action": null, "depth": null, "condition": null,
                "shareIds": [],
            }));
        };
        if self.subject.is_administrator() {
            add(Layer::Administrator, true, "Holds a role that may do everything, or acts for somebody who does.".to_owned(), None);
        }
        for rule in rules.iter().filter(|rule| rule.field == field.name) {
            let text = match rule.access {
                Some(access) => format!("The role {} says of it: {}.", rule.role, access.name()),
                None => format!("The role {} says nothing of it, and leaves it open.", rule.role),
            };
            add(Layer::FieldRule, rule.access.is_none_or(|access| access >= FieldAccess::Read), text, Some(&rule.role));
        }
        if let Some(copy) = &field.copy_of {
            let text = format!("It copies {} of its {}, and is at most as open as that one.", copy.field, copy.relation);
            add(Layer::Copy, true, text, None);
        }
        match field.write {
            WriteMode::Writable => {}
            WriteMode::Immutable => add(Layer::Definition, false, "It is set when the record is made, and never changed.".to_owned(), None),
            WriteMode::ReadOnly => add(Layer::Definition, false, "It is kept by the server, and never written.".to_owned(), None),
        }
        grounds
    }
}

/// What the credential says of an action.
fn scope_ground(subject: &Context, def: &ResourceDef, action: Action) -> Json {
    let (allows, text) = match check_scope(subject, def, action) {
        Ok(()) => (true, format!("The credential's scopes allow {} with {}.", action.name(), def.plural)),
        Err(error) => (false, error.detail().to_owned()),
    };
    json!({
        "layer": Layer::Scope.name(), "allows": allows, "text": text, "role": null, "resource": null, "action": null, "depth": null, "condition": null,
        "shareIds": [],
    })
}
