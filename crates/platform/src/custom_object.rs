//! The custom object: a resource that a tenant adds.

use crate::DefinitionsChanged;
use crate::custom_field::{Problems, bad_label, labels_of, text};
use crate::rights::only_administrators;
use async_trait::async_trait;
use clientela_engine::module::{Companion, Draft, Found, RuleReader, Wiped};
use clientela_engine::{Engine, Rules};
use clientela_kernel::{Context, Filter, ProblemCode, Result, Value};
use clientela_macros::resource;
use clientela_model::{CustomObject, Registry, naming};
use clientela_store::ChangeKind;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

/// How many objects a tenant may add.
pub const MAXIMUM_OBJECTS: usize = 100;
/// Plurals that addresses end in for another reason.
const RESERVED: [&str; 2] = ["batch", "content"];

/// An object of your own: a resource that you add. Its records are at `/v1/custom/{plural}` and in GraphQL as `customName` and `customNames`, with everything
/// that other resources have, from the next request on. A record has a name, an owner, labels, and the fields that you add to it with `customField`, where
/// its `resource` is `customName`. Only administrators add and change objects. Deleting one hides it and its records everywhere and keeps them: restoring
/// brings them back. Erasing one erases its records, with what is attached to them, and its fields.
#[resource(
    name = "customObject",
    prefix = "cuo",
    label = "label",
    unattachable,
    unique("custom_object_name_key", "name"),
    unique("custom_object_plural_key", "plural")
)]
pub struct Model {
    /// What programs call one of them: camelCase, of letters alone, such as `machine`. The resource is then called `customMachine`.
    #[field(max = 40, write = "immutable", example = "\"machine\"")]
    pub name: String,
    /// What programs call several of them; the regular plural where nothing is said.
    #[field(max = 50, write = "immutable", derived, example = "\"machines\"")]
    pub plural: String,
    /// What people call one of them.
    #[field(max = 120, folded, example = "\"Machine\"")]
    pub label: String,
    /// What people call one of them in other languages: `de=Maschine`.
    #[field(max_items = 50, max = 130, example = "[\"de=Maschine\"]")]
    pub labels: TextSet,
    /// What a record of this kind is.
    #[field(max = 1_000, no_sort, example = "\"A machine of ours that stands at a customer's site.\"")]
    pub description: Option<String>,
    /// What the name of a record is.
    #[field(max = 120, default = "\"What the record is called\"", example = "\"Serial number\"")]
    pub title: String,
    /// The name under which records are kept. It never changes.
    #[field(name = "key", max = 20, derived, write = "read_only", example = "\"k0a1b2c3d4e\"")]
    pub key: String,
}

/// The rules of custom objects.
pub struct CustomObjectRules {
    /// Called when an object has changed.
    pub(crate) definitions_changed: DefinitionsChanged,
}

#[async_trait]
impl Rules for CustomObjectRules {
    fn derive(&self, context: &Context, draft: &mut Draft) {
        if draft.before.is_none() {
            let digest = Sha256::new().chain_update(context.tenant.0).chain_update(draft.id.0).finalize();
            let key: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
            draft.set("key", Value::Text(format!("k{key}")));
        }
        if draft.get("plural").is_null() {
            draft.set("plural", Value::Text(naming::plural(&text(draft, "name"))));
        }
    }

    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let Some(registry) = reader.registry() else { return Ok(()) };
        let mut problems = Problems::default();
        for name in ["name", "plural"] {
            let given = text(draft, name);
            if !is_name(&given) {
                let detail = format!("is {given:?}, but must be a camelCase name of letters alone such as machine, a lower-case one first");
                problems.add(name, ProblemCode::InvalidFormat, detail);
            }
        }
        if RESERVED.contains(&text(draft, "plural").as_str()) {
            problems.add("plural", ProblemCode::NotAllowed, format!("is none of {}", RESERVED.join(", ")));
        }
        bad_label(draft, &mut problems);
        if problems.is_empty() && (draft.before.is_none() || draft.kind == ChangeKind::Restored) {
            let others = reader.find("customObject", Filter::And(Vec::new())).await?;
            let others: Vec<CustomObject> = others.iter().filter(|other| other.id != draft.id).map(object).collect();
            let same = |other: &&CustomObject| other.name == text(draft, "name") || other.plural == text(draft, "plural");
            if others.len() >= MAXIMUM_OBJECTS {
                let detail = format!("is one more than {MAXIMUM_OBJECTS} objects, which is the most. Delete one");
                problems.add("name", ProblemCode::OutOfRange, detail);
            } else if !others.iter().any(|other| same(&other)) && !is_there(registry, draft) {
                // Which of two of the same name was first is the database's to say. What else there is was checked when it was made.
                if let Some(problem) = object_of(|name| draft.get(name).clone()).conflict(&with_new(registry, others)) {
                    problems.add("name", ProblemCode::Taken, format!("cannot be used: {problem}. Take another"));
                }
            }
        }
        problems.result()
    }

    async fn companions(&self, context: &Context, _reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        only_administrators(context, draft)?;
        Ok(Vec::new())
    }

    fn wipes(&self) -> bool {
        true
    }

    async fn wipe(&self, engine: &Engine, context: &Context, record: &Found) -> Result<Wiped> {
        crate::wipe::records(engine, context, record).await
    }

    fn committed(&self, _context: &Context, _draft: &Draft) {
        (self.definitions_changed)();
    }
}

/// Whether a text is a camelCase name of letters alone: it stands in ids, whose beginning takes no digits.
fn is_name(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_lowercase()) && name.bytes().all(|letter| letter.is_ascii_alphabetic())
}

/// A custom object's record as what the registry takes.
pub(crate) fn object(found: &Found) -> CustomObject {
    object_of(|name| found.get(name).clone())
}

fn object_of(get: impl Fn(&str) -> Value) -> CustomObject {
    let text = |name: &str| get(name).as_text().unwrap_or_default().to_owned();
    let label = text("label");
    let description = match get("description").as_text() {
        Some(description) => format!("{label}: {description}"),
        None => format!("{}.", label.trim_end_matches('.')),
    };
    let labels = labels_of(label, &get("labels"));
    CustomObject { name: text("name"), plural: text("plural"), key: text("key"), description, labels, title: text("title") }
}

/// Whether this very object is among the definitions: its record is made a second time, which is refused for that.
fn is_there(registry: &Registry, draft: &Draft) -> bool {
    let known = registry.resource(&object_of(|name| draft.get(name).clone()).full_name());
    known.is_some_and(|def| def.object.as_deref() == draft.get("key").as_text())
}

/// The registry with those of the objects that it does not know yet.
fn with_new(registry: &Registry, objects: Vec<CustomObject>) -> Cow<'_, Registry> {
    let new: Vec<CustomObject> = objects.into_iter().filter(|object| registry.resource(&object.full_name()).is_none()).collect();
    if new.is_empty() {
        return Cow::Borrowed(registry);
    }
    Cow::Owned(registry.with_objects(&new).0)
}

/// The registry with those of these resources that it does not know yet because the transaction which made them goes on.
pub(crate) async fn knowing<'r>(reader: &'r dyn RuleReader, registry: &'r Registry, resources: &[&str]) -> Result<Cow<'r, Registry>> {
    let missing = |name: &&&str| name.starts_with(clientela_model::custom_object::STEM) && registry.resource(name).is_none();
    if !resources.iter().any(|name| missing(&name)) {
        return Ok(Cow::Borrowed(registry));
    }
    let all = reader.find("customObject", Filter::And(Vec::new())).await?;
    Ok(with_new(registry, all.iter().map(object).collect()))
}
