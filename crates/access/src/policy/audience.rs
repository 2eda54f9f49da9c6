//! What concerns somebody from outside the tenant: the layer that no role opens.

use super::RolePolicy;
use super::rows::{among, faces};
use clientela_kernel::{Among, Comparison, Context, Filter, Name, Result, Value};
use clientela_model::{Personal, ReferenceDef, ResourceDef, system};

impl RolePolicy {
    /// Whether the principal comes from outside.
    pub(super) fn is_outside(&self) -> bool {
        self.principal.audience.is_some()
    }

    /// Whether a record of a resource concerns nobody from outside but whoever made it: it neither names nor depends on anything, and has no owner.
    pub(super) fn concerns_makers_alone(&self, def: &ResourceDef) -> bool {
        let records = self.principal.audience.iter().flat_map(|audience| audience.records.iter());
        let known: Vec<&Name> = records.map(|record| &record.resource).collect();
        let names = def.fields.iter().filter_map(|field| field.reference()).any(|reference| known.contains(&&reference.target));
        !(names || def.common || def.owner.is_some() || known.contains(&&def.name) || def.bonds().next().is_some() || self.has_faces(def))
    }

    /// The records of a resource that concern the principal; none where it is one of the tenant's own, or where what the records depend on
    /// decides it.
    ///
    /// What names the principal's account or contact concerns it, and so does what depends on something that does. What neither names nor depends on anything
    /// concerns whom it belongs to.
    pub(super) fn concerned(&self, context: &Context, def: &ResourceDef) -> Result<Option<Filter>> {
        let Some(audience) = &self.principal.audience else { return Ok(None) };
        if def.common || !faces(self.registry(), def).is_empty() {
            return Ok(None);
        }
        let own = |field: &Name| among(field.clone(), self.principal.user.into_iter().map(Value::Id).collect());
        let bonds: Vec<_> = def.bonds().filter(|field| def.owner.as_ref() != Some(&field.name)).collect();
        match &def.owner {
            // Whom a record is for by its nature (a notification, a session).
            Some(owner) if def.field(owner).is_some_and(|field| field.required) => return Ok(Some(own(owner))),
            _ if bonds.iter().any(|field| field.required) => return Ok(None),
            _ => {}
        }
        let mut ways = Vec::new();
        for record in audience.records.iter() {
            if record.resource == def.name {
                ways.push(is(system::ID, record.id));
            }
            let names = |reference: &ReferenceDef| reference.target == record.resource && reference.target != def.name;
            let naming =
                def.fields.iter().filter(|field| field.reference().is_some_and(names) && !bonds.iter().any(|bond| bond.name == field.name));
            ways.extend(naming.map(|field| is(&field.name, record.id)));
        }
        if !ways.is_empty() {
            return Ok(Some(super::one_of(ways)));
        }
        // Of several things that a record may depend on, one must be there: each that is must be readable anyway.
        ways.extend(bonds.iter().map(|field| Filter::field(field.name.clone(), Comparison::IsNull).negate()));
        ways.extend(self.shared_by_others(context, def)?);
        match &def.owner {
            Some(owner) => ways.push(own(owner)),
            None if def.name == "user" => ways.push(own(&system::ID.into())),
            None if ways.is_empty() => {
                let names = self.principal.names.iter().cloned().map(Value::Text).collect();
                ways.push(among(system::CREATED_BY.into(), names));
            }
            None => {}
        }
        Ok(Some(super::one_of(ways)))
    }

    /// The records that several people have a part in (an interaction, a meeting), by those of the parts that name whom the principal may read.
    fn shared_by_others(&self, context: &Context, def: &ResourceDef) -> Result<Vec<Filter>> {
        let mut ways = Vec::new();
        for link in self.registry().resources().iter() {
            let Some(part) = link.fields.iter().find(|field| {
                field.reference().is_some_and(|reference| reference.personal == Personal::Shared && reference.target == def.name)
            }) else {
                continue;
            };
            let identity = |target: &Name| self.registry().resource(target).is_some_and(|def| self.has_faces(def));
            for (field, reference) in link.fields.iter().filter_map(|field| Some((field, field.reference()?))) {
                if !identity(&reference.target) {
                    continue;
                }
                let of = self.by_faces(context, self.def(&reference.target)?)?;
                let filter = Filter::Among { field: field.name.clone(), of };
                let parts = vec![Among { resource: link.name.clone(), field: part.name.clone(), filter }];
                ways.push(Filter::Among { field: system::ID.into(), of: parts });
            }
        }
        Ok(ways)
    }
}

fn is(field: &str, id: uuid::Uuid) -> Filter {
    Filter::field(field.to_owned(), Comparison::Equal(Value::Id(id)))
}
