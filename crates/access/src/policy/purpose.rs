//! What a token for one purpose allows: to look at one record, or to do one thing with it, as far as whoever made the token may do so.

use super::Definitions;
use clientela_kernel::{
    Action, Audience, AudienceKind, Comparison, Context, Error, Extent, FieldMask, Filter, Grant, Ground, Layer, Name, Policy, Purpose,
    RecordKey, Result, TenantId, Value,
};
use clientela_model::{ResourceDef, system};
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

/// The policy of a token.
pub(crate) struct PurposePolicy {
    definitions: Definitions,
    tenant: TenantId,
    record: RecordKey,
    /// The fields that it shows; all that its maker sees where there are none.
    fields: Option<HashSet<String>>,
    purpose: Purpose,
    audience: Audience,
}

impl PurposePolicy {
    pub(crate) fn new(
        definitions: Definitions,
        tenant: TenantId,
        record: RecordKey,
        fields: Option<HashSet<String>>,
        purpose: Purpose,
    ) -> Self {
        let audience = Audience { kind: AudienceKind::Token, records: Arc::from([record.clone()]) };
        PurposePolicy { definitions, tenant, record, fields, purpose, audience }
    }

    fn def(&self, resource: &str) -> Option<Arc<ResourceDef>> {
        let own = (self.definitions.own)(self.tenant);
        own.as_ref().unwrap_or(&self.definitions.registry).resource(resource).cloned()
    }

    /// The same for this record alone, with the fields that the token shows.
    fn narrowed(&self, def: &ResourceDef, grant: Grant) -> Grant {
        let this = Filter::field(system::ID, Comparison::Equal(Value::Id(self.record.id)));
        let rows = Some(match grant.rows {
            Some(rows) => Filter::And(vec![this, rows]),
            None => this,
        });
        Grant { rows, fields: self.shown(def, &grant.fields) }
    }

    /// The request as its maker's: `me` and `myAccount` in conditions speak of the maker.
    fn of_maker(&self, context: &Context) -> Context {
        Context { policy: self.purpose.maker.clone(), ..context.clone() }
    }

    fn shown(&self, def: &ResourceDef, mask: &FieldMask) -> FieldMask {
        let kept = |name: &Name| [system::ID, system::VERSION].contains(&name.as_ref());
        // Who works for the tenant is nothing that a token tells.
        let staff = |name: &Name| [system::CREATED_BY, system::UPDATED_BY].contains(&name.as_ref());
        let hidden = |name: &&Name| match &self.fields {
            Some(fields) => !fields.contains(name.as_ref()),
            None => staff(name),
        };
        mask.hiding(def.fields.iter().map(|field| &field.name).filter(|name| !kept(name)).filter(hidden))
    }
}

impl Policy for PurposePolicy {
    fn grant(&self, context: &Context, resource: &str, action: Action) -> Result<Option<Grant>> {
        if action != Action::Read || resource != self.record.resource {
            return Ok(None);
        }
        let def = self.def(resource).ok_or_else(|| Error::internal(format!("no resource is called {resource}")))?;
        let grant = match &self.purpose.maker {
            Some(maker) => maker.grant(&self.of_maker(context), resource, action)?,
            None => Some(Grant::default()),
        };
        Ok(grant.map(|grant| self.narrowed(&def, grant)))
    }

    fn operation(&self, context: &Context, resource: &str, action: Action, operation: &str) -> Result<Option<Grant>> {
        if self.purpose.operation.as_deref() != Some(operation) || resource != self.record.resource {
            return Ok(None);
        }
        let def = self.def(resource).ok_or_else(|| Error::internal(format!("no resource is called {resource}")))?;
        let grant = match &self.purpose.maker {
            Some(maker) => maker.operation(&self.of_maker(context), resource, action, operation)?,
            None => Some(Grant::default()),
        };
        Ok(grant.map(|grant| self.narrowed(&def, grant)))
    }

    fn is_administrator(&self) -> bool {
        false
    }

    fn assigns_to(&self, _resource: &str, _user: Uuid) -> bool {
        false
    }

    fn user(&self) -> Option<Uuid> {
        None
    }

    fn teams(&self) -> &[Uuid] {
        &[]
    }

    fn audience(&self) -> Option<&Audience> {
        Some(&self.audience)
    }

    fn purpose(&self) -> Option<&Purpose> {
        Some(&self.purpose)
    }

    fn grounds(&self, context: &Context, resource: &str, action: Action, operation: Option<&str>) -> Result<Vec<Ground>> {
        let grant = match operation {
            Some(operation) => self.operation(context, resource, action, operation)?,
            None => self.grant(context, resource, action)?,
        };
        let extent = grant.and_then(|grant| grant.rows).map_or(Extent::None, Extent::Some);
        Ok(vec![Ground::new(Layer::Audience, extent)])
    }
}

impl fmt::Debug for PurposePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PurposePolicy").field("record", &self.record).field("operation", &self.purpose.operation).finish_non_exhaustive()
    }
}
