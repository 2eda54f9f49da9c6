//! Valid records of any resource, made from its definition alone, so that a sweep covers what does not exist yet.

use crate::Client;
use clientela_engine::{Engine, WriteAction, WriteRequest};
use clientela_kernel::{Actor, ActorKind, Context, Date, decimal};
use clientela_model::{FieldDef, FieldType, Holds, OperationDef, Registry, ResourceDef, ShapeDef, ShapeField, TextFormat, WriteMode};
use serde_json::{Map, Value as Json, json};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes records through the REST API of one client. Every record it makes differs from the others where it must.
pub struct Factory {
    client: Client,
    registry: Arc<Registry>,
    engine: Engine,
}

/// Which references of a new record are filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// Those that must have a value; other fields that may be left out are left out.
    Required,
    /// Every field a caller may write.
    Everything,
}

static COUNTER: AtomicU64 = AtomicU64::new(1);

impl Factory {
    /// A factory of this client's records.
    pub fn new(client: &Client, engine: &Engine) -> Self {
        Factory { client: client.clone(), registry: Arc::clone(engine.registry()), engine: engine.clone() }
    }

    /// Makes a record and returns it as REST shows it.
    ///
    /// # Panics
    /// Where the server refuses it: a definition's example is wrong then.
    pub async fn create(&self, def: &ResourceDef, fill: Fill) -> Json {
        if def.digest.is_some() {
            return self.upload().await;
        }
        let body = self.body(def, fill).await;
        let answer = self.client.post(&format!("/v1/{}", def.path), &Json::Object(body.clone())).await;
        assert_eq!(answer.status, made(def), "{} refuses {}: {}", def.name, Json::Object(body), answer.text());
        answer.json()
    }

    /// A file of its own content.
    async fn upload(&self) -> Json {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        self.client.upload(&format!("name=file{number}.txt"), format!("content {number}")).await.expect(201)
    }

    /// The id of some record of a resource: a new one where they can be made, else that of a new record that brings one
    /// along (a face of a mirror), else one that an operation makes, else of one that is there, else of one
    /// that the server itself makes.
    pub async fn any(&self, def: &ResourceDef) -> String {
        if def.creatable {
            return text(&self.create(def, Fill::Required).await, "id");
        }
        if let Some((face, link)) = self.face(def) {
            return text(&self.create(&face, Fill::Required).await, &link);
        }
        if let Some((operation, field)) = self.maker(def) {
            let made = self.operate(&operation).await;
            return text(made.get(&field).unwrap_or_else(|| panic!("{}: {made}", operation.name)), "id");
        }
        if def.digest.is_some() {
            return text(&self.upload().await, "id");
        }
        if def.name == "job" {
            return self.job().await;
        }
        if def.name == "stageApproval" {
            // One that nobody has answered.
            return self.by_server(def).await;
        }
        if def.name == "inboxEvent" {
            return self.inbox_event().await;
        }
        if let Some((operation, field)) = self.maker_along(def) {
            let made = self.operate(&operation).await;
            return text(made.get(&field).unwrap_or_else(|| panic!("{}: {made}", operation.name)), "id");
        }
        let list = self.client.get(&format!("/v1/{}?limit=1", def.path)).await.expect(200);
        match list.pointer("/data/0") {
            Some(record) => text(record, "id"),
            None => self.by_server(def).await,
        }
    }

    /// An operation with a record of another resource that makes records of a resource which only the server keeps.
    fn maker_along(&self, def: &ResourceDef) -> Option<(Arc<OperationDef>, String)> {
        let along = |operation: &&Arc<OperationDef>| operation.writes && operation.is_on_record() && operation.resource != def.name;
        self.registry.operations().iter().filter(|_| def.mirror).filter(along).find_map(|operation| {
            let shows = |field: &&ShapeField| matches!(&field.holds, Holds::Record { resource } if *resource == def.name);
            Some((Arc::clone(operation), operation.output.fields.iter().find(shows)?.name.to_string()))
        })
    }

    /// An event that another system has sent.
    async fn inbox_event(&self) -> String {
        let made = self.client.post("/v1/inbox-sources", &json!({ "name": "Forms", "signature": "BEARER" })).await.expect(201);
        let sender = self.client.with_token(Some(&text(&made, "secret")));
        text(&sender.post(&format!("/v1/inbox/{}", text(&made, "id")), &json!({ "type": "form.sent" })).await.expect(202), "id")
    }

    /// A job that waits for its turn: that of a new export.
    async fn job(&self) -> String {
        let export = self.registry.resource("export").expect("exports exist");
        let export = text(&self.create(export, Fill::Required).await, "id");
        let jobs = self.client.get(&format!("/v1/jobs?filter[exportId][eq]={export}")).await.expect(200);
        text(jobs.pointer("/data/0").expect("an export has a job"), "id")
    }

    /// An operation that makes records of a resource nobody can create otherwise, and the field of its output that shows one.
    fn maker(&self, def: &ResourceDef) -> Option<(Arc<OperationDef>, String)> {
        self.registry.operations().iter().filter(|operation| operation.writes && !operation.is_on_record()).find_map(|operation| {
            let shows = |field: &&ShapeField| matches!(&field.holds, Holds::Record { resource } if *resource == def.name);
            Some((Arc::clone(operation), operation.output.fields.iter().find(shows)?.name.to_string()))
        })
    }

    /// Carries out an operation on new records and returns what REST shows of it.
    ///
    /// # Panics
    /// Where the server refuses it: the definition's examples are wrong then.
    pub async fn operate(&self, operation: &OperationDef) -> Json {
        let (path, input) = self.call(operation, Fill::Required).await;
        let answer = self.client.post(&path, &Json::Object(input.clone())).await;
        assert_eq!(answer.status, 200, "{} refuses {}: {}", operation.name, Json::Object(input), answer.text());
        answer.json()
    }

    /// The address of an operation and an input for it, on new records.
    pub async fn call(&self, operation: &OperationDef, fill: Fill) -> (String, Map<String, Json>) {
        let resource = self.registry.resource(&operation.resource).expect("the registry links operations");
        let record = if operation.is_on_record() { Box::pin(self.any(resource)).await } else { String::new() };
        let path = operation.path(&format!("/v1/{}", resource.path)).replace("{id}", &record);
        (path, self.input(&operation.input, fill).await)
    }

    /// An input for an operation; referenced records are made first. What has an example of null is left out.
    pub fn input<'a>(&'a self, shape: &'a ShapeDef, fill: Fill) -> Pin<Box<dyn Future<Output = Map<String, Json>> + Send + 'a>> {
        Box::pin(async move {
            let mut input = Map::new();
            for field in &shape.fields {
                if fill == Fill::Required && !field.required_on_input() {
                    continue;
                }
                let value = match (field.definition(), field.part()) {
                    (Some(definition), _) if definition.example == "null" => continue,
                    (Some(definition), _) => match self.target(definition) {
                        Some(target) => Json::String(self.any(&target).await),
                        None => example(definition),
                    },
                    (_, Some(part)) => Json::Object(self.input(part, fill).await),
                    _ => continue,
                };
                input.insert(field.name.to_string(), if field.is_list() { json!([value]) } else { value });
            }
            input
        })
    }

    /// A record that nobody but the server makes.
    async fn by_server(&self, def: &ResourceDef) -> String {
        let actor = Actor { kind: ActorKind::System, ..self.client.context.actor };
        let context = Context { actor, ..self.client.context.clone() };
        let action = WriteAction::Create { body: self.body(def, Fill::Required).await };
        let linked = Arc::clone(self.registry.resource(&def.name).expect("the resource is of the registry"));
        let made = self.engine.write(&context, WriteRequest { def: linked, action, idempotency: None }).await;
        made.unwrap_or_else(|error| panic!("no {} can be made: {error}", def.name)).id.to_text(&def.prefix)
    }

    /// A creatable resource that is a public face of this one, and the field that links them.
    fn face(&self, def: &ResourceDef) -> Option<(Arc<ResourceDef>, String)> {
        self.registry.resources().iter().filter(|face| face.creatable && face.face.as_ref() == Some(&def.name)).find_map(|face| {
            let link = face.fields.iter().find(|field| field.reference().is_some_and(|reference| reference.target == def.name))?;
            Some((Arc::clone(face), link.name.to_string()))
        })
    }

    /// The resource a reference points to; the first that can be made, where it may be any.
    pub fn target(&self, field: &FieldDef) -> Option<Arc<ResourceDef>> {
        let linked = |name: &str| self.registry.resource(name).expect("the registry links references");
        if let Some(reference) = field.reference() {
            return Some(Arc::clone(linked(&reference.target)));
        }
        let mut targets = field.any_reference()?.targets.iter().map(|target| linked(&target.resource));
        targets.find(|target| target.creatable).cloned()
    }

    /// A value for a field of a new record; the record it refers to is made first.
    async fn filling(&self, def: &ResourceDef, field: &FieldDef) -> Json {
        let Some(target) = self.target(field) else { return value(def, field) };
        if let Some((resource, body)) = asked_of_other(def, field) {
            let other = self.registry.resource(resource).expect("the resource exists").clone();
            let mut made = self.body(&other, Fill::Required).await;
            made.extend(body.as_object().cloned().unwrap_or_default());
            let answer = self.client.post(&format!("/v1/{}", other.path), &Json::Object(made)).await;
            return answer.expect(201).get("id").cloned().unwrap_or_default();
        }
        Json::String(self.any(&target).await)
    }

    /// A body that creates a record; referenced records are made first.
    pub fn body<'a>(&'a self, def: &'a ResourceDef, fill: Fill) -> Pin<Box<dyn Future<Output = Map<String, Json>> + Send + 'a>> {
        Box::pin(async move {
            let mut body = Map::new();
            for field in writable(def) {
                // An example of null says that the field stays empty in a record of the common kind.
                let wanted = fill == Fill::Everything || field.required_on_create() || asked_by_rule(def, field);
                if !wanted || field.example == "null" || said_by_another(def, field) {
                    continue;
                }
                body.insert(field.name.to_string(), self.filling(def, field).await);
            }
            if fill == Fill::Required && body.is_empty() {
                // Nothing is required by itself, but a rule may ask for one of several: the label is the natural one.
                let label = def.field(&def.label).or_else(|| writable(def).find(|field| !refers(field)));
                if let Some(field) = label {
                    body.insert(field.name.to_string(), value(def, field));
                }
            }
            body
        })
    }
}

/// The status of a new record on REST.
pub fn made(def: &ResourceDef) -> u16 {
    if def.content.is_some() { 202 } else { 201 }
}

/// Whether a rule asks for the field, or for one of several of which it is one.
fn asked_by_rule(def: &ResourceDef, field: &FieldDef) -> bool {
    matches!(
        (def.name.as_ref(), field.name.as_ref()),
        ("customerEvent", "visitorId")
            | ("import", "mappingText")
            | ("relationshipType", "inverseName")
            | ("accountUser", "accountId")
            | ("opportunity", "stageId")
            | ("quoteLine", "description" | "unitPrice" | "taxPercent")
            | ("opportunityLineItem", "description" | "unitPrice")
            | ("taxRate", "taxClass")
    )
}

/// Whether another field that is filled says what would stand in this one.
fn said_by_another(def: &ResourceDef, field: &FieldDef) -> bool {
    matches!((def.name.as_ref(), field.name.as_ref()), ("opportunity", "pipelineId"))
}

/// What a rule asks of the record that a field refers to, beyond what definitions say: the resource to make it of, and what it
/// must be like.
fn asked_of_other(def: &ResourceDef, field: &FieldDef) -> Option<(&'static str, Json)> {
    match (def.name.as_ref(), field.name.as_ref()) {
        ("householdMember", "accountId") => Some(("account", json!({ "kind": "HOUSEHOLD" }))),
        ("accountUser", "userId") => Some(("user", json!({ "audience": "PORTAL" }))),
        ("householdMember", "partyId") => Some(("contact", json!({}))),
        ("productComponent", "bundleId") => Some(("product", json!({ "kind": "BUNDLE" }))),
        _ => None,
    }
}

/// Everybody's fields that a caller may set when a record is made, but for its id.
pub fn writable(def: &ResourceDef) -> impl Iterator<Item = &FieldDef> {
    def.own_fields().map(|(_, field)| field).filter(|field| field.write != WriteMode::ReadOnly && !matches!(field.kind, FieldType::Id))
}

/// The fields a caller may change.
pub fn changeable(def: &ResourceDef) -> impl Iterator<Item = &FieldDef> {
    writable(def).filter(|field| field.write == WriteMode::Writable)
}

/// Whether a field names another record.
pub fn refers(field: &FieldDef) -> bool {
    field.reference().is_some() || field.any_reference().is_some()
}

/// A valid value of a field that is not a reference: its example, made unique where a key asks for it.
///
/// # Panics
/// Where the example is not JSON.
pub fn value(def: &ResourceDef, field: &FieldDef) -> Json {
    if is_identifier(def, field) {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        if def.name == "customObject" {
            let letters: String = number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect();
            return json!(if field.name == "name" { format!("thing{letters}") } else { format!("many{letters}") });
        }
        // Sweeps have looked at the records of this resource before they come to custom fields.
        return if field.name == "name" { json!(format!("field{number}")) } else { json!("team") };
    }
    let example: Json =
        serde_json::from_str(&field.example).unwrap_or_else(|_| panic!("{}.{}: the example is not JSON", def.name, field.name));
    // Beside a reference that must be there a value is unique already: a new record has new records around it.
    let refers = |name: &clientela_kernel::Name| def.field(name).is_some_and(|field| field.required && field.reference().is_some());
    let alone = def.unique.iter().any(|unique| unique.fields.contains(&field.name) && !unique.fields.iter().any(refers));
    if alone { distinct(field, &example) } else { example }
}

/// Whether a field takes names of programs alone, which its type does not say.
pub fn is_identifier(def: &ResourceDef, field: &FieldDef) -> bool {
    match def.name.as_ref() {
        "customField" => matches!(field.name.as_ref(), "name" | "resource"),
        "customObject" => matches!(field.name.as_ref(), "name" | "plural"),
        _ => false,
    }
}

/// A field's example.
///
/// # Panics
/// Where it is not JSON.
pub fn example(field: &FieldDef) -> Json {
    serde_json::from_str(&field.example).unwrap_or_else(|_| panic!("{}: the example is not JSON", field.name))
}

/// Another valid value of a field that is not a reference; a later call gives yet another where the type has enough.
pub fn other_value(field: &FieldDef, current: &Json) -> Option<Json> {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let small = i64::try_from(number % 1_000).unwrap_or(0);
    let value = match &field.kind {
        FieldType::Text { .. } => distinct(field, &serde_json::from_str(&field.example).ok()?),
        FieldType::Integer { min, max } => json!(min.saturating_add(small).min(*max)),
        FieldType::Decimal { places, min, max } => json!(decimal::text(min.saturating_add(small).min(*max), *places)),
        FieldType::Boolean => json!(!current.as_bool().unwrap_or(false)),
        FieldType::Date => json!(format!("20{:02}-03-{:02}", number % 90 + 10, number % 28 + 1)),
        FieldType::Instant => json!(format!("20{:02}-03-{:02}T10:00:00.000Z", number % 60 + 30, number % 28 + 1)),
        FieldType::Duration => json!(format!("PT{}M", number % 59 + 1)),
        FieldType::Money => json!({ "amount": format!("{number}.25"), "currency": "EUR" }),
        FieldType::TextSet { .. } => json!([format!("label{number}")]),
        FieldType::Choice(choice) => json!(choice.options.iter().find(|option| current.as_str() != Some(option.name.as_ref()))?.name),
        FieldType::Id | FieldType::Reference(_) | FieldType::AnyReference(_) => return None,
    };
    (value != *current).then_some(value)
}

/// A patch that changes a record as it stands, of one field; `None` where callers may change nothing.
pub fn patch(def: &ResourceDef, record: &Json) -> Option<Json> {
    let plain = |field: &&FieldDef| matches!(field.kind, FieldType::Text { format: TextFormat::Plain, .. }) && !is_identifier(def, field);
    let fields = changeable(def).filter(plain).chain(changeable(def).filter(|field| !plain(field)));
    fields.into_iter().find_map(|field| {
        let current = record.get(field.name.as_ref()).unwrap_or(&Json::Null);
        Some(json!({ field.name.as_ref(): other_value(field, current)? }))
    })
}

fn distinct(field: &FieldDef, example: &Json) -> Json {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    if matches!(field.kind, FieldType::Date) {
        return json!(Date(10_000 + i32::try_from(number % 10_000).unwrap_or(0)).to_text());
    }
    let FieldType::Text { max, format } = &field.kind else { return example.clone() };
    let text = example.as_str().unwrap_or_default();
    match format {
        TextFormat::Email => json!(format!("person{number}@customer.example")),
        TextFormat::Url => json!(format!("https://customer{number}.example/")),
        TextFormat::Domain => json!(format!("customer{number}.example")),
        TextFormat::Phone => json!(format!("+43 1 {number:07}")),
        TextFormat::Plain => {
            let room = usize::try_from(*max).unwrap_or(usize::MAX).saturating_sub(20);
            json!(format!("{} {number}", text.chars().take(room).collect::<String>()))
        }
        TextFormat::Slug => json!(format!("system{number}")),
        TextFormat::Country => choose(&["AT", "DE", "IT", "FR", "ES"], number),
        TextFormat::Currency => choose(&["EUR", "USD", "CHF", "JPY", "GBP"], number),
        TextFormat::Language => choose(&["en", "de", "it", "fr", "es"], number),
        TextFormat::Recurrence => choose(&["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=MO", "FREQ=MONTHLY", "FREQ=YEARLY"], number),
        TextFormat::FilterTree => json!(json!({ "name": { "ne": format!("{number}") } }).to_string()),
        TextFormat::Document => json!("{}"),
        TextFormat::FileName => json!(format!("file {number}.pdf")),
        TextFormat::Time => json!(format!("{:02}:{:02}", number % 24, number % 60)),
        TextFormat::TimeZone => choose(&["Europe/Vienna", "Europe/Rome", "UTC", "Asia/Tokyo", "America/New_York"], number),
    }
}

fn choose(options: &[&str], number: u64) -> Json {
    let index = usize::try_from(number).unwrap_or(0) % options.len();
    json!(options.get(index))
}

/// A text member of a record.
///
/// # Panics
/// Where it is missing.
pub fn text(record: &Json, key: &str) -> String {
    record.get(key).and_then(Json::as_str).unwrap_or_else(|| panic!("{key} is missing in {record}")).to_owned()
}
