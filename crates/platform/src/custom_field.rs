//! The custom field: a field that a tenant adds to a resource.

use crate::DefinitionsChanged;
use crate::custom_object::knowing;
use crate::rights::only_administrators;
use async_trait::async_trait;
use clientela_engine::module::{Companion, Draft, Found, RuleReader, Wiped, check_format, check_value};
use clientela_engine::{Engine, Rules};
use clientela_kernel::{Comparison, Context, Error, FieldProblem, Filter, Id, Name, ProblemCode, Result, TenantId, Value};
use clientela_macros::{Choice, resource};
use clientela_model::{Labels, ResourceDef, TextFormat, document, naming, registry::is_reserved};
use clientela_store::ChangeKind;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// How many fields a tenant may add to one resource.
pub const MAXIMUM_FIELDS: usize = 100;
/// How many of them may be indexed or unique: each is paid for by every write.
pub const MAXIMUM_INDEXES: usize = 10;
/// The greatest number of a `DECIMAL`, and how many decimals it has.
pub(crate) const GREATEST_DECIMAL: i64 = 1_000_000_000_000;
pub(crate) const DECIMAL_PLACES: u32 = 6;
/// The longest text that an index takes.
const LONGEST_INDEXED: i64 = 255;

/// What a custom field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum CustomFieldType {
    /// A line of text, of at most `maxLength` characters (255 where nothing is said).
    Text,
    /// A text of several lines, of at most `maxLength` characters (10,000 where nothing is said).
    LongText,
    /// An e-mail address.
    Email,
    /// A telephone number as people write it.
    Phone,
    /// An http or https address.
    Url,
    /// A whole number from `minimum` to `maximum`.
    Integer,
    /// An exact decimal number from `minimum` to `maximum`, at most 10^12 either way, with at most six decimals.
    Decimal,
    /// Yes or no.
    Boolean,
    /// A calendar day.
    Date,
    /// A moment.
    Instant,
    /// A length of time.
    Duration,
    /// An amount with its currency.
    Money,
    /// One of `options`.
    Choice,
    /// A set of short texts.
    TextSet,
    /// The id of a record of the resource `target`.
    Reference,
}

/// A field that you add to a resource. It stands under `custom` of its records, on both APIs, from the next request on. Only administrators add and change
/// fields. Another name keeps the values, `retypeField` changes the type. Deleting a field hides it everywhere and keeps its values: restoring brings both back. Erasing it wipes its
/// values, from the records and from their history.
#[resource(
    name = "customField",
    prefix = "cuf",
    label = "name",
    unattachable,
    unique("custom_field_resource_name_key", "resource", "name")
)]
pub struct Model {
    /// The resource whose records have it, such as `contact`, or `customMachine` for an object of your own.
    #[field(max = 60, write = "immutable", example = "\"contact\"")]
    pub resource: String,
    /// What programs call it: camelCase, of letters and digits. It stands at `custom.<name>`. Another name keeps the values.
    #[field(max = 40, example = "\"creditRating\"")]
    pub name: String,
    /// What people call it.
    #[field(max = 120, folded, example = "\"Credit rating\"")]
    pub label: String,
    /// What people call it in other languages: `de=Bonität`.
    #[field(max_items = 50, max = 130, example = "[\"de=Bonität\"]")]
    pub labels: TextSet,
    /// What it says, its unit, where it comes from.
    #[field(max = 1_000, no_sort, example = "\"0 to 100, from the credit bureau, once a year.\"")]
    pub description: Option<String>,
    /// What it holds. `retypeField` changes it.
    #[field(name = "type", write = "immutable", example = "\"INTEGER\"")]
    pub kind: CustomFieldType,
    /// What a `CHOICE` chooses from: names in UPPER_SNAKE, each with a label if you like: `NORTH=The north`. At most 200.
    #[field(max_items = 200, max = 120, example = "[]")]
    pub options: TextSet,
    /// What people call the options in other languages: `de.NORTH=Norden`.
    #[field(max_items = 2_000, max = 200, example = "[]")]
    pub option_labels: TextSet,
    /// What a `REFERENCE` refers to, such as `account`.
    #[field(max = 60, write = "immutable", example = "null")]
    pub target: Option<String>,
    /// What the records that refer to a record are called there, under `custom`; a relation of this name leads back.
    #[field(max = 40, write = "immutable", example = "null")]
    pub inverse: Option<String>,
    /// Whether it must have a value. Records that are there already keep theirs empty until somebody writes the field.
    #[field(default = "false", example = "false")]
    pub required: bool,
    /// Whether no two living records may have the same value. Texts, addresses and whole numbers can be.
    #[field(name = "unique", default = "false", write = "immutable", example = "false")]
    pub is_unique: bool,
    /// Whether an index serves filters on it.
    #[field(default = "false", example = "false")]
    pub indexed: bool,
    /// Whether the full-text search finds records by its words.
    #[field(default = "false", example = "false")]
    pub searched: bool,
    /// Whether it is sensitive: a credential sees and writes it only with the scope `sensitive`.
    #[field(default = "false", example = "false")]
    pub sensitive: bool,
    /// The least number, a whole one.
    #[field(min = -9_007_199_254_740_991, max = 9_007_199_254_740_991, example = "0")]
    pub minimum: Option<i64>,
    /// The greatest number, a whole one.
    #[field(min = -9_007_199_254_740_991, max = 9_007_199_254_740_991, example = "100")]
    pub maximum: Option<i64>,
    /// The greatest number of characters of a text, of each member of a set.
    #[field(min = 1, max = 10_000, example = "null")]
    pub max_length: Option<i64>,
    /// What a new record has where nothing is said: as JSON, such as `"NORTH"`, `5` or `true`.
    #[field(max = 1_000, no_sort, example = "\"5\"")]
    pub default_value: Option<String>,
    /// The name under which values are kept. Only another type changes it.
    #[field(name = "key", max = 20, derived, write = "read_only", example = "\"k0a1b2c3d4e\"")]
    pub key: String,
    /// The names under which values were kept before the type changed.
    #[field(secret, max_items = 1_000, max = 20, write = "read_only", example = "[]")]
    pub retired_keys: TextSet,
}

impl CustomFieldType {
    /// Every type.
    pub const ALL: [CustomFieldType; 15] = [
        CustomFieldType::Text,
        CustomFieldType::LongText,
        CustomFieldType::Email,
        CustomFieldType::Phone,
        CustomFieldType::Url,
        CustomFieldType::Integer,
        CustomFieldType::Decimal,
        CustomFieldType::Boolean,
        CustomFieldType::Date,
        CustomFieldType::Instant,
        CustomFieldType::Duration,
        CustomFieldType::Money,
        CustomFieldType::Choice,
        CustomFieldType::TextSet,
        CustomFieldType::Reference,
    ];
}

/// The rules of custom fields.
pub struct CustomFieldRules {
    /// Called when a field has changed.
    pub(crate) definitions_changed: DefinitionsChanged,
}

#[async_trait]
impl Rules for CustomFieldRules {
    fn derive(&self, context: &Context, draft: &mut Draft) {
        if draft.before.is_none() {
            draft.set("key", Value::Text(key_of(context.tenant, draft.id, 0)));
        }
    }

    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let Some(registry) = reader.registry() else { return Ok(()) };
        let mut problems = Problems::default();
        let (resource, target) = (text(draft, "resource"), text(draft, "target"));
        let registry = &*knowing(reader, registry, &[&resource, &target]).await?;
        let Some(def) = registry.resource(&resource).filter(|def| def.takes_custom_fields()) else {
            let able: Vec<&str> =
                registry.resources().iter().filter(|def| def.takes_custom_fields()).map(|def| def.name.as_ref()).collect();
            let detail = format!("resource is {resource:?}, but fields can be added to {}.", able.join(", "));
            return Err(Error::validation(vec![FieldProblem::new("/resource", ProblemCode::NotAllowed, detail)]));
        };
        names(draft, def, &mut problems);
        for (name, target) in [("inverse", draft.get("target").as_text())] {
            let Some(inverse) = draft.get(name).as_text() else { continue };
            let taken = target.and_then(|target| registry.resource(target)).is_some_and(|target| {
                let own = format!("{}{inverse}", document::PREFIX);
                draft.changed(name) && (target.field(&own).is_some() || target.relation(&own).is_some())
            });
            if !is_identifier(inverse) || taken {
                problems.add(name, ProblemCode::NotAllowed, format!("{inverse:?} is not free, or no camelCase name such as mentees"));
            }
        }
        shape(draft, registry, &mut problems);
        if draft.changed("required") || draft.changed("defaultValue") || draft.before.is_none() {
            default(draft, registry, &mut problems);
        }
        if problems.0.is_empty() && (draft.before.is_none() || draft.kind == ChangeKind::Restored || draft.changed("indexed")) {
            count(reader, draft, &resource, &mut problems).await?;
        }
        problems.result()
    }

    async fn companions(&self, context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        only_administrators(context, draft)?;
        let renamed = draft.before.is_some() && draft.changed("name");
        let (Some(old), true) = (draft.old("name").as_text(), renamed) else { return Ok(Vec::new()) };
        // Rules name a field by its name: what was hidden stays so under the new one.
        let mut companions = Vec::new();
        for ending in ["", "Id"] {
            let named = |name: &str| Value::Text(format!("{}{name}{ending}", document::PREFIX));
            let of_field = vec![
                Filter::field("resource", Comparison::Equal(draft.get("resource").clone())),
                Filter::field("field", Comparison::Equal(named(old))),
            ];
            for rule in reader.find("fieldRule", Filter::And(of_field)).await? {
                let values = vec![("field", named(&text(draft, "name")))];
                companions.push(Companion::Patch { resource: "fieldRule", id: rule.id, values });
            }
        }
        Ok(companions)
    }

    fn wipes(&self) -> bool {
        true
    }

    async fn wipe(&self, engine: &Engine, context: &Context, record: &Found) -> Result<Wiped> {
        crate::wipe::field(engine, context, record).await
    }

    fn committed(&self, _context: &Context, _draft: &Draft) {
        (self.definitions_changed)();
    }
}

/// The name under which the values of a field are kept, by how often its type has changed.
fn key_of(tenant: TenantId, field: Id, changes: usize) -> String {
    let mut digest = Sha256::new().chain_update(tenant.0).chain_update(field.0);
    if changes > 0 {
        digest = digest.chain_update(changes.to_string());
    }
    let key: String = digest.finalize().iter().take(5).map(|byte| format!("{byte:02x}")).collect();
    format!("k{key}")
}

/// The names under which values were kept before.
fn retired(field: &Found) -> &[String] {
    if let Value::TextSet(keys) = field.get("retiredKeys") { keys } else { &[] }
}

/// The name under which the values of a field are kept when its type changes once more.
pub(crate) fn retype_key(tenant: TenantId, field: &Found) -> String {
    key_of(tenant, field.id, retired(field).len() + 1)
}

/// Every index that a field has or had.
pub(crate) fn retired_indexes(field: &Found) -> Vec<String> {
    let keys = retired(field).iter().map(String::as_str).chain(field.get("key").as_text());
    keys.flat_map(|key| ["index", "key"].map(|ending| format!("custom_{key}_{ending}"))).collect()
}

/// What is wrong with a definition.
#[derive(Default)]
pub(crate) struct Problems(Vec<FieldProblem>);

impl Problems {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn result(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::validation(self.0)) }
    }

    pub(crate) fn add(&mut self, field: &str, code: ProblemCode, text: String) {
        self.0.push(FieldProblem::new(format!("/{field}"), code, format!("{field} {text}.")));
    }
}

pub(crate) fn text(draft: &Draft, field: &str) -> String {
    draft.get(field).as_text().unwrap_or_default().to_owned()
}

fn flag(draft: &Draft, field: &str) -> bool {
    draft.get(field).as_boolean().unwrap_or(false)
}

/// Whether a text is a camelCase name: a lower-case letter, then letters and digits.
fn is_identifier(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_lowercase()) && name.bytes().all(|letter| letter.is_ascii_alphanumeric())
}

/// The name is one, and nothing else is called so.
fn names(draft: &Draft, def: &ResourceDef, problems: &mut Problems) {
    let name = text(draft, "name");
    if !is_identifier(&name) {
        let detail =
            format!("is {name:?}, but must be a camelCase name of letters and digits such as creditRating, a lower-case letter first");
        problems.add("name", ProblemCode::InvalidFormat, detail);
    } else if def.field(&name).is_some() || def.relation(&name).is_some() || is_reserved(&name) {
        let detail = format!("is {name:?}, which every {} has already. Take another", naming::words(&def.name));
        problems.add("name", ProblemCode::Taken, detail);
    } else if draft.changed("name") && def.relation(&format!("{}{name}", document::PREFIX)).is_some() {
        problems.add("name", ProblemCode::Taken, format!("is {name:?}, and a relation of yours is called so. Take another"));
    }
    bad_label(draft, problems);
}

/// Each of the labels names its language, and no two the same.
pub(crate) fn bad_label(draft: &Draft, problems: &mut Problems) {
    let Value::TextSet(labels) = draft.get("labels") else { return };
    let mut seen = BTreeSet::new();
    let mut fits = |label: &String| {
        label.split_once('=').is_some_and(|(language, label)| {
            check_format(TextFormat::Language, language).is_ok() && !label.trim().is_empty() && seen.insert(language.to_ascii_lowercase())
        })
    };
    if let Some(wrong) = labels.iter().find(|label| !fits(label)) {
        let text =
            format!("holds {wrong:?}, but each is another language by its BCP 47 tag and a label, such as de=Gebiet or de-AT=Gebiet");
        problems.add("labels", ProblemCode::InvalidFormat, text);
    }
}

/// Each label of an option names a language and one of the options, and no two the same.
fn bad_option_label(draft: &Draft, options: &[String], problems: &mut Problems) {
    let Value::TextSet(labels) = draft.get("optionLabels") else { return };
    let mut seen = BTreeSet::new();
    let named = |value: &str| options.iter().any(|option| option.split('=').next() == Some(value));
    for label in labels {
        let parts = option_label(label);
        let fits = parts.is_some_and(|(language, value, label)| {
            check_format(TextFormat::Language, language).is_ok()
                && named(value)
                && !label.trim().is_empty()
                && seen.insert((language.to_ascii_lowercase(), value))
        });
        if !fits {
            let text = format!(
                "holds {label:?}, but each is a language by its BCP 47 tag, one of the options and another label of it, such as de.NORTH=Norden"
            );
            problems.add("optionLabels", ProblemCode::InvalidFormat, text);
        }
    }
}

/// `de.NORTH=Norden` as its three parts.
fn option_label(text: &str) -> Option<(&str, &str, &str)> {
    let (left, label) = text.split_once('=')?;
    let (language, value) = left.split_once('.')?;
    Some((language, value, label))
}

/// What people call something, from the label and those by language.
pub(crate) fn labels_of(label: String, by_language: &Value) -> Labels {
    let others = if let Value::TextSet(labels) = by_language { labels.as_slice() } else { &[] };
    let others = others
        .iter()
        .filter_map(|label| label.split_once('='))
        .map(|(tag, label)| (Name::from(tag.to_owned()), Name::from(label.to_owned())));
    Labels { label: label.into(), others: others.collect() }
}

/// What people call an option.
pub(crate) fn labels_of_option(value: &str, label: &str, by_language: &Value) -> Labels {
    let all = if let Value::TextSet(labels) = by_language { labels.as_slice() } else { &[] };
    let others = all.iter().filter_map(|text| option_label(text)).filter(|(_, of, _)| *of == value);
    let others = others.map(|(language, _, label)| (Name::from(language.to_owned()), Name::from(label.to_owned()))).collect();
    Labels { label: Name::from(label.to_owned()), others }
}

/// What is said of values fits what the field holds.
fn shape(draft: &Draft, registry: &clientela_model::Registry, problems: &mut Problems) {
    let kind = text(draft, "type");
    let is = |kinds: &[&str]| kinds.contains(&kind.as_str());
    let options = if let Value::TextSet(options) = draft.get("options") { options.as_slice() } else { &[] };
    if is(&["CHOICE"]) {
        let mut seen = BTreeSet::new();
        for option in options {
            let (value, _) = option.split_once('=').unwrap_or((option, ""));
            let upper = value.starts_with(|letter: char| letter.is_ascii_uppercase())
                && value.bytes().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == b'_');
            if !upper || value.len() > 60 || !seen.insert(value) {
                let detail = format!(
                    "holds {option:?}; each is another name in UPPER_SNAKE of at most 60 letters, with a label if you like: NORTH=The north"
                );
                problems.add("options", ProblemCode::InvalidFormat, detail);
            }
        }
        if options.is_empty() {
            problems.add("options", ProblemCode::Required, "must name at least one, since the type is CHOICE".to_owned());
        }
    } else if !options.is_empty() {
        problems.add("options", ProblemCode::Contradiction, format!("belong to the type CHOICE, not to {kind}"));
    }
    bad_option_label(draft, options, problems);
    match (is(&["REFERENCE"]), draft.get("target").as_text()) {
        (true, Some(target)) if registry.resource(target).is_some_and(|def| !def.mirror) => {}
        (true, Some(target)) => problems.add(
            "target",
            ProblemCode::NotAllowed,
            format!("is {target:?}, and no resource is called so. Take a name such as account"),
        ),
        (true, None) => problems.add("target", ProblemCode::Required, "must name a resource, since the type is REFERENCE".to_owned()),
        (false, Some(_)) => problems.add("target", ProblemCode::Contradiction, format!("belongs to the type REFERENCE, not to {kind}")),
        (false, None) => {}
    }
    if !is(&["REFERENCE"]) && draft.get("inverse").as_text().is_some() {
        problems.add("inverse", ProblemCode::Contradiction, format!("belongs to the type REFERENCE, not to {kind}"));
    }
    for bound in ["minimum", "maximum"] {
        let Some(number) = draft.get(bound).as_integer() else { continue };
        if !is(&["INTEGER", "DECIMAL"]) {
            problems.add(bound, ProblemCode::Contradiction, format!("belongs to the types INTEGER and DECIMAL, not to {kind}"));
        } else if is(&["DECIMAL"]) && number.saturating_abs() > GREATEST_DECIMAL {
            let detail = format!("is {number}, but of a DECIMAL lies from -{GREATEST_DECIMAL} to {GREATEST_DECIMAL}");
            problems.add(bound, ProblemCode::OutOfRange, detail);
        }
    }
    if let (Some(least), Some(greatest)) = (draft.get("minimum").as_integer(), draft.get("maximum").as_integer())
        && least > greatest
    {
        problems.add("maximum", ProblemCode::Contradiction, format!("is {greatest}, which is less than minimum, {least}"));
    }
    let length = draft.get("maxLength").as_integer();
    if length.is_some() && !is(&["TEXT", "LONG_TEXT", "TEXT_SET"]) {
        problems.add("maxLength", ProblemCode::Contradiction, format!("belongs to texts and sets of texts, not to {kind}"));
    }
    if length.is_some_and(|length| length > LONGEST_INDEXED) && is(&["TEXT", "TEXT_SET"]) {
        problems.add("maxLength", ProblemCode::OutOfRange, format!("is at most {LONGEST_INDEXED} for {kind}. Longer texts are LONG_TEXT"));
    }
    if flag(draft, "unique") && !is(&["TEXT", "EMAIL", "PHONE", "URL", "INTEGER"]) {
        problems.add("unique", ProblemCode::Contradiction, format!("is for texts, addresses and whole numbers, not for {kind}"));
    }
    if flag(draft, "indexed") && is(&["LONG_TEXT", "MONEY", "TEXT_SET"]) {
        problems.add("indexed", ProblemCode::Contradiction, format!("is not for {kind}"));
    }
    if flag(draft, "searched") {
        let def = registry.resource(&text(draft, "resource"));
        if !is(&["TEXT", "LONG_TEXT", "EMAIL", "PHONE", "URL"]) || def.is_some_and(|def| !def.is_searched()) {
            problems.add(
                "searched",
                ProblemCode::Contradiction,
                format!("is for texts of resources that the search looks at, not for {kind}"),
            );
        }
    }
}

/// The default is a value of the field.
fn default(draft: &Draft, registry: &clientela_model::Registry, problems: &mut Problems) {
    let Some(given) = draft.get("defaultValue").as_text() else { return };
    if !problems.0.is_empty() {
        return;
    }
    let Some(addition) = crate::stored_definitions::addition(registry, draft.def.as_ref(), &draft.after) else { return };
    let value = serde_json::from_str(given).map_err(|_| "is no JSON; a text stands in quotes".to_owned());
    let checked = value.and_then(|json| {
        check_value(&addition.field, &json).map_err(|problem| format!("cannot be used: {}", problem.detail.trim_end_matches('.')))
    });
    match checked {
        Ok(Value::Null) => problems.add("defaultValue", ProblemCode::NotAllowed, "says nothing. Leave it out".to_owned()),
        Ok(_) if flag(draft, "unique") => {
            problems.add("defaultValue", ProblemCode::Contradiction, "cannot be of every new record where values are unique".to_owned())
        }
        Ok(_) => {}
        Err(text) => problems.add("defaultValue", ProblemCode::InvalidFormat, text),
    }
}

/// There are not too many.
async fn count(reader: &dyn RuleReader, draft: &Draft, resource: &str, problems: &mut Problems) -> Result<()> {
    let others = reader.find("customField", Filter::field("resource", Comparison::Equal(Value::from(resource)))).await?;
    let others: Vec<_> = others.iter().filter(|other| other.id != draft.id).collect();
    if others.len() >= MAXIMUM_FIELDS {
        problems.add(
            "resource",
            ProblemCode::OutOfRange,
            format!("has {MAXIMUM_FIELDS} fields of your own already, which is the most. Delete one"),
        );
    }
    let marked = |get: &dyn Fn(&str) -> bool| get("indexed") || get("unique");
    let indexed = others.iter().filter(|other| marked(&|name| other.get(name).as_boolean().unwrap_or(false))).count();
    if marked(&|name| flag(draft, name)) && indexed >= MAXIMUM_INDEXES {
        problems.add(
            "indexed",
            ProblemCode::OutOfRange,
            format!("or unique are {MAXIMUM_INDEXES} fields of {resource} already, which is the most"),
        );
    }
    Ok(())
}
