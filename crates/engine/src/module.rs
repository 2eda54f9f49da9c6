//! What a domain crate hands to the server: its resources and their rules.

use crate::Engine;
use crate::audit::AuditNote;
use crate::content::Contents;
pub use crate::input::check_format;
use crate::intake::Intake;
use crate::operation::{Operation, Registered};
use crate::person::Traces;
use async_trait::async_trait;
use clientela_access::{Action, authorize};
use clientela_kernel::{Comparison, Context, Error, ErrorCode, FieldProblem, Filter, Id, ProblemCode, Result, Value};
use clientela_model::{Registry, ResourceDef};
pub use clientela_store::ChangeKind;
use std::collections::HashMap;
use std::sync::Arc;

/// A domain's contribution.
#[derive(Default)]
pub struct Module {
    /// Definitions, in the order they are shown.
    pub resources: Vec<ResourceDef>,
    /// Rules by resource name.
    pub rules: HashMap<&'static str, Arc<dyn Rules>>,
    /// What else can be done with them.
    pub operations: Vec<Registered>,
    /// Where the files of their records are, by resource name.
    pub contents: HashMap<&'static str, Arc<dyn Contents>>,
    /// Who takes messages of other systems.
    pub intake: Option<Arc<dyn Intake>>,
}

impl Module {
    /// Adds a resource.
    #[must_use]
    pub fn resource<R: clientela_model::Resource>(self) -> Self {
        self.define(R::definition())
    }

    /// Adds a resource by its definition.
    #[must_use]
    pub fn define(mut self, def: ResourceDef) -> Self {
        self.resources.push(def);
        self
    }

    /// Adds an operation.
    #[must_use]
    pub fn operation(mut self, operation: impl Operation) -> Self {
        self.operations.push(Registered::new(operation));
        self
    }

    /// Adds where the files of a resource's records are.
    #[must_use]
    pub fn contents(mut self, resource: &'static str, contents: impl Contents + 'static) -> Self {
        self.contents.insert(resource, Arc::new(contents));
        self
    }

    /// Adds who takes messages of other systems.
    #[must_use]
    pub fn intake(self, intake: impl Intake + 'static) -> Self {
        Module { intake: Some(Arc::new(intake)), ..self }
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
///
/// A companion's own rules do not run, so companions never set off further ones: whoever names one gives it whole, derived
/// fields and all. It needs the right the caller would need to ask for it, but for fields that only the server writes; a
/// write whose companions the caller may not ask for is refused.
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
    /// A patch of another record, with its own version and change-log row. It builds on the record as the rules have read it:
    /// where that has moved on since, the whole write starts anew. A record that changes in this write already is left alone.
    Patch {
        /// The resource.
        resource: &'static str,
        /// The record.
        id: Id,
        /// Fields by name.
        values: Vec<(&'static str, Value)>,
    },
    /// A new record, with its own id, version and change-log row. What is not named has its default.
    Create {
        /// The resource.
        resource: &'static str,
        /// Fields by name; derived ones too.
        values: Vec<(&'static str, Value)>,
    },
    /// A soft deletion of another record, with its own version and change-log row, and with what depends on it.
    Delete {
        /// The resource.
        resource: &'static str,
        /// The record.
        id: Id,
    },
}

/// A record that a rule has read.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its resource.
    pub def: Arc<ResourceDef>,
    /// Its id.
    pub id: Id,
    /// Every field, by index.
    pub values: Vec<Value>,
}

impl Found {
    /// A field's value.
    pub fn get(&self, field: &str) -> &Value {
        self.def.field_index(field).and_then(|index| self.values.get(index)).unwrap_or(&Value::Null)
    }
}

/// What rules may read while they decide: records of the same tenant, whatever the caller may see.
#[async_trait]
pub trait RuleReader: Send + Sync {
    /// The living records of a resource that satisfy a filter, at most 1000.
    async fn find(&self, resource: &str, filter: Filter) -> Result<Vec<Found>>;

    /// The definition of a resource, where there is one of this name.
    fn resource(&self, name: &str) -> Option<&Arc<ResourceDef>>;

    /// From now on the write is only carried out if nothing that is audited happens before it: for what a rule decides by looking at many
    /// records, each of which somebody else might be changing. Otherwise the write starts anew.
    async fn hold_still(&self) -> Result<()> {
        Ok(())
    }

    /// Every definition, where the reader knows them all.
    fn registry(&self) -> Option<&Registry> {
        None
    }
}

/// What an erasure has left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wiped {
    /// Names of indexes that nobody wants any more once it is durable.
    pub indexes: Vec<String>,
    /// Tables whose files still hold the bytes.
    pub tables: Vec<String>,
}

/// The rules of a resource: derived fields, checks, and what else must change with it.
#[async_trait]
pub trait Rules: Send + Sync {
    /// Fills in derived fields. Runs before the checks, on every create and update. What comes back comes back as it was.
    fn derive(&self, _context: &Context, _draft: &mut Draft) {}

    /// Fills in fields copied from other records, and refuses what only other records can tell. Runs after `derive`, before
    /// the checks, on every create and update; what must hold of a record that comes back, `companions` refuses.
    async fn look_up(&self, _context: &Context, _reader: &dyn RuleReader, _draft: &mut Draft) -> Result<()> {
        Ok(())
    }

    /// Reports what is wrong with the whole record; single fields are checked by their definitions.
    fn check(&self, _context: &Context, _draft: &Draft, _problems: &mut Vec<FieldProblem>) {}

    /// Names the other records that must change in the same transaction.
    async fn companions(&self, _context: &Context, _reader: &dyn RuleReader, _draft: &Draft) -> Result<Vec<Companion>> {
        Ok(Vec::new())
    }

    /// What the audit says of a change; nothing where it is not its concern.
    fn audit(&self, _draft: &Draft) -> Option<AuditNote> {
        None
    }

    /// Whether something is left to wipe when a record is erased: [`Rules::wipe`] is asked then.
    fn wipes(&self) -> bool {
        false
    }

    /// Removes what only this record explains, such as the values of a field that a tenant had added, inside the transaction in which the record is erased. It has been
    /// checked that the caller may erase such records.
    async fn wipe(&self, _engine: &Engine, _context: &Context, _record: &Found) -> Result<Wiped> {
        Ok(Wiped::default())
    }

    /// Forgets what records of this resource keep of a person whose footprint is being erased, and no reference tells of, inside the transaction of the erasure. Answers the
    /// tables whose files still hold the bytes.
    async fn forget_person(&self, _engine: &Engine, _context: &Context, _traces: &Traces) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Told after the change is durable; of a transaction over many writes, of the last one of each resource.
    fn committed(&self, _context: &Context, _draft: &Draft) {}
}

/// Whether the caller may do something with a living record.
pub async fn permitted(context: &Context, reader: &dyn RuleReader, resource: &str, id: Id, action: Action) -> Result<bool> {
    let def = reader.resource(resource).ok_or_else(|| Error::internal(format!("no resource is called {resource}")))?;
    let this = Filter::field(clientela_model::system::ID, Comparison::Equal(Value::Id(id.0)));
    let mut all = vec![this];
    for action in [Action::Read, action] {
        match authorize(context, def, action) {
            Ok(grant) => all.extend(grant.rows),
            Err(error) if error.code() == ErrorCode::Forbidden => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(!reader.find(resource, Filter::And(all)).await?.is_empty())
}

/// Reads a value in wire form against its field.
///
/// # Errors
/// What is wrong with it.
pub fn check_value(field: &clientela_model::FieldDef, json: &serde_json::Value) -> std::result::Result<Value, FieldProblem> {
    crate::input::read(field, json, &field.pointer())
}

/// Greatest depth of a tree of records (accounts and their parents, users and their managers).
const TREE_DEPTH: usize = 50;

/// Refuses a parent that would close a circle or make the tree deeper than 50 levels. `field` is the draft's reference
/// to its parent, a record of the same resource.
pub async fn refuse_cycle(reader: &dyn RuleReader, draft: &Draft, field: &str) -> Result<()> {
    let mut parent = draft.get(field).as_id();
    if !draft.changed(field) {
        return Ok(());
    }
    for _ in 0..TREE_DEPTH {
        let Some(id) = parent else { return Ok(()) };
        if id == draft.id.0 {
            let text =
                format!("{field} would close a circle: the chain upward from this record leads back to it. Choose one above it or null.");
            return Err(Error::validation(vec![FieldProblem::new(format!("/{field}"), ProblemCode::Contradiction, text)]));
        }
        let found = reader.find(&draft.def.name, Filter::field(clientela_model::system::ID, Comparison::Equal(Value::Id(id)))).await?;
        parent = found.first().and_then(|record| record.get(field).as_id());
    }
    let text = format!("{field} would make the tree deeper than {TREE_DEPTH} levels. Choose one nearer to the top.");
    Err(Error::validation(vec![FieldProblem::new(format!("/{field}"), ProblemCode::OutOfRange, text)]))
}
