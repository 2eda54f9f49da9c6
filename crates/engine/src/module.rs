//! What a domain crate hands to the server: its resources and their rules.

use async_trait::async_trait;
use clientela_kernel::{Context, FieldProblem, Filter, Id, Result, Value};
use clientela_model::ResourceDef;
use clientela_store::ChangeKind;
use std::collections::HashMap;
use std::sync::Arc;

/// A domain's contribution.
#[derive(Default)]
pub struct Module {
    /// Definitions, in the order they are shown.
    pub resources: Vec<ResourceDef>,
    /// Rules by resource name.
    pub rules: HashMap<&'static str, Arc<dyn Rules>>,
}

impl Module {
    /// Adds a resource.
    #[must_use]
    pub fn resource<R: clientela_model::Resource>(mut self) -> Self {
        self.resources.push(R::definition());
        self
    }

    /// Adds the rules of a resource.
    #[must_use]
    pub fn rules(mut self, resource: &'static str, rules: impl Rules + 'static) -> Self {
        self.rules.insert(resource, Arc::new(rules));
        self
    }
}

/// A record on its way into the database.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The resource.
    pub def: Arc<ResourceDef>,
    /// The record.
    pub id: Id,
    /// What is being done.
    pub kind: ChangeKind,
    /// Every field before, by index; absent at creation.
    pub before: Option<Vec<Value>>,
    /// Every field after, by index.
    pub after: Vec<Value>,
    /// A value to show this once in the answer (see `ResourceDef::reveals`).
    pub revealed: Option<String>,
}

impl Draft {
    /// A field's value after the change.
    pub fn get(&self, field: &str) -> &Value {
        self.def.field_index(field).and_then(|index| self.after.get(index)).unwrap_or(&Value::Null)
    }

    /// A field's value before the change; null at creation.
    pub fn old(&self, field: &str) -> &Value {
        self.before.as_ref().and_then(|before| self.def.field_index(field).and_then(|index| before.get(index))).unwrap_or(&Value::Null)
    }

    /// Sets a field.
    pub fn set(&mut self, field: &str, value: Value) {
        if let Some(slot) = self.def.field_index(field).and_then(|index| self.after.get_mut(index)) {
            *slot = value;
        }
    }

    /// Whether the change touches a field; at creation, whether it has a value.
    pub fn changed(&self, field: &str) -> bool {
        self.get(field) != self.old(field)
    }
}

/// Another record that changes in the same transaction.
#[derive(Clone, Debug)]
pub enum Companion {
    /// A mirror row: made or overwritten with these fields; version and system fields follow the draft's record.
    Mirror {
        /// The mirror's resource.
        resource: &'static str,
        /// Its id.
        id: Id,
        /// Its fields by name.
        values: Vec<(&'static str, Value)>,
    },
    /// A patch of another record, with its own version and change-log row; its own rules do not run.
    Patch {
        /// The resource.
        resource: &'static str,
        /// The record.
        id: Id,
        /// Fields by name.
        values: Vec<(&'static str, Value)>,
    },
}

/// What rules may read while they decide: records of the same tenant, whatever the caller may see.
#[async_trait]
pub trait RuleReader: Send + Sync {
    /// The living records of a resource that satisfy a filter (at most 1000), every field by index.
    async fn find(&self, resource: &str, filter: Filter) -> Result<Vec<Vec<Value>>>;
}

/// The rules of a resource: derived fields, checks, and what else must change with it.
#[async_trait]
pub trait Rules: Send + Sync {
    /// Fills in derived fields. Runs before the checks, on every create, update and restore.
    fn derive(&self, _context: &Context, _draft: &mut Draft) {}

    /// Reports what is wrong with the whole record; single fields are checked by their definitions.
    fn check(&self, _context: &Context, _draft: &Draft, _problems: &mut Vec<FieldProblem>) {}

    /// Names the other records that must change in the same transaction.
    async fn companions(&self, _context: &Context, _reader: &dyn RuleReader, _draft: &Draft) -> Result<Vec<Companion>> {
        Ok(Vec::new())
    }

    /// Told after the change is durable.
    fn committed(&self, _context: &Context, _draft: &Draft) {}
}
