//! The rules behind a decision, one by one, for whoever asks why. What they come to is decided in `decide` and nowhere else.

use super::rows::these;
use super::{Right, Role, RolePolicy};
use clientela_kernel::{Action, Context, Depth, Extent, FieldGround, Filter, Ground, Layer, Policy as _, Result};
use clientela_model::ResourceDef;

impl RolePolicy {
    /// Every rule that takes part in the decision about an action or an operation.
    pub(super) fn chain(&self, context: &Context, def: &ResourceDef, action: Action, operation: Option<&str>) -> Result<Vec<Ground>> {
        if self.is_administrator() {
            return Ok(vec![Ground::new(Layer::Administrator, Extent::All)]);
        }
        if action == Action::Read && operation.is_none() && def.mirror && self.has_faces(def) {
            return Ok(vec![Ground::new(Layer::Dependency, extent(self.mirrored(context, def)?.map(|grant| grant.rows)))]);
        }
        let named = operation.filter(|operation| self.roles.iter().any(|role| role.named(&def.name, operation).is_some()));
        let choose = |role: &Role| -> Option<Right> {
            let own = named.and_then(|operation| role.named(&def.name, operation));
            own.or_else(|| role.right(&def.name, action.name())).cloned()
        };
        let mut chain = Vec::new();
        let (mut limited, mut reaches) = (true, false);
        for role in &self.roles {
            let mut ground = Ground { role: Some(role.key.clone()), ..Ground::new(Layer::Role, Extent::None) };
            if let Some(right) = choose(role) {
                ground.extent = match right.depth {
                    Depth::None => Extent::None,
                    _ => extent(Some(self.rows_of(context, def, role, &right)?)),
                };
                reaches |= right.depth > Depth::None;
                limited &= !matches!(ground.extent, Extent::All);
                ground.condition = right.condition.as_ref().map(|condition| condition.text.clone());
                (ground.resource, ground.action, ground.depth) = (right.resource.clone(), right.action.clone(), Some(right.depth));
            }
            chain.push(ground);
        }
        let concerned = self.concerned(context, def)?;
        if let Some(concerned) = concerned.clone() {
            chain.push(Ground::new(Layer::Audience, Extent::Some(concerned)));
        }
        if (limited || concerned.is_some()) && reaches {
            chain.extend(self.shared_by_hand(context, def, action).map(|shared| Ground::new(Layer::Share, Extent::Some(these(shared)))));
            for (rule, shared) in self.shared_by_rules(context, def, action) {
                chain.push(Ground { condition: Some(rule.condition.text.clone()), ..Ground::new(Layer::Share, Extent::Some(shared)) });
            }
        }
        if reaches {
            let bonds = self.bound(context, def, 0)?;
            chain.extend(bonds.into_iter().map(|bond| Ground::new(Layer::Dependency, Extent::Some(bond))));
        }
        Ok(chain)
    }

    /// What the roles that let it read a resource say of its fields.
    pub(super) fn said_of_fields(&self, def: &ResourceDef) -> Vec<FieldGround> {
        let reads =
            |role: &&std::sync::Arc<Role>| role.right(&def.name, Action::Read.name()).is_some_and(|right| right.depth > Depth::None);
        let of = |role: &std::sync::Arc<Role>| {
            let rules = role.fields.get(&def.name);
            let ground = |name: &clientela_kernel::Name| FieldGround {
                role: role.key.clone(),
                field: name.clone(),
                access: rules.and_then(|rules| rules.get(name)).copied(),
            };
            def.fields.iter().map(|field| ground(&field.name)).collect::<Vec<_>>()
        };
        if self.is_administrator() { Vec::new() } else { self.roles.iter().filter(reads).flat_map(of).collect() }
    }
}

/// The records that rows stand for: none where nothing is granted, all where nothing limits it.
fn extent(rows: Option<Option<Filter>>) -> Extent {
    match rows {
        None => Extent::None,
        Some(None) => Extent::All,
        Some(Some(filter)) => Extent::Some(filter),
    }
}
