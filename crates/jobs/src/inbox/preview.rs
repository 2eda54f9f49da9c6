//! `previewInboxEvent`.

use super::content;
use super::event::InboxEventStatus;
use super::source::{SOURCE, checked};
use async_trait::async_trait;
use clientela_engine::import::{MessageContent, MessageProblem, Refused};
use clientela_engine::{Call, Operation};
use clientela_kernel::{Context, Error, Id, Result, Value};
use clientela_macros::Shape;
use clientela_model::OperationDef;
use clientela_store::ChangeKind;

/// Changes and problems that are shown.
const SHOWN: usize = 100;

/// Shows what a mapping would do with an event.
pub struct PreviewInboxEvent;

/// A header of a message.
#[derive(Shape)]
pub struct InboxHeader {
    /// Its name; small and large letters are the same.
    #[field(max = 100, example = "\"x-topic\"")]
    pub name: String,
    /// Its value.
    #[field(max = 4000, example = "\"orders/create\"")]
    pub value: String,
}

/// A sample of an event.
#[derive(Shape)]
pub struct InboxSample {
    /// The body, in the format of the source.
    #[field(max = 300_000, example = "\"{\\\"type\\\":\\\"customer.saved\\\"}\"")]
    pub body: String,
    /// Headers that the mapping looks at.
    #[field(shape, most = 60)]
    pub headers: Vec<InboxHeader>,
    /// The mapping to try; that of the source where it is left out.
    #[field(max = 100_000, example = "null")]
    pub mapping: Option<String>,
}

/// A record that would change.
#[derive(Shape)]
pub struct InboxChange {
    /// Its resource.
    #[field(max = 100, example = "\"account\"")]
    pub resource: String,
    /// What would happen to it: `CREATED`, `UPDATED`, `DELETED`, `RESTORED` or `ERASED`.
    #[field(max = 20, example = "\"UPDATED\"")]
    pub kind: String,
    /// Its id; empty of one that would be created.
    #[field(max = 100, example = "\"acc_01h455vb4pex5vsknk084sn02q\"")]
    pub record: Option<String>,
    /// The fields that would change, of one that is there.
    #[field(most = 1000, max = 200, example = "\"name\"")]
    pub fields: Vec<String>,
}

/// Something that would be refused.
#[derive(Shape)]
pub struct InboxProblem {
    /// A stable code.
    #[field(max = 60, example = "\"REFERENCE_NOT_FOUND\"")]
    pub code: String,
    /// What is wrong and what is allowed.
    #[field(max = 4000, example = "\"ownerId names the user whose email is \\\"x@y.example\\\", and there is none.\"")]
    pub text: String,
    /// The place in the body, as a JSON Pointer.
    #[field(max = 1000, example = "\"/order/owner\"")]
    pub pointer: Option<String>,
    /// The step of the mapping, as a JSON Pointer.
    #[field(max = 200, example = "\"/rules/0/do/1\"")]
    pub step: Option<String>,
}

/// What would come of it.
#[derive(Shape)]
pub struct InboxPreview {
    /// How the event would end.
    pub status: InboxEventStatus,
    /// The rules that are for it, by their positions, from 0.
    #[field(min = 0, max = 1000, most = 100, example = "0")]
    pub rules: Vec<i64>,
    /// What would change, at most 100 records.
    #[field(shape, most = 100)]
    pub changes: Vec<InboxChange>,
    /// What would be refused.
    #[field(shape, most = 100)]
    pub problems: Vec<InboxProblem>,
}

#[async_trait]
impl Operation for PreviewInboxEvent {
    type Input = InboxSample;
    type Output = InboxPreview;

    fn definition() -> OperationDef {
        OperationDef::reading::<InboxSample, InboxPreview>(
            "previewInboxEvent",
            SOURCE,
            "preview",
            "Shows what a mapping would do with an event, by your own rights: everything is tried and taken back. No event is kept.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, given: InboxSample) -> Result<InboxPreview> {
        let source = call.target()?;
        let mut preview = InboxPreview { status: InboxEventStatus::Ignored, rules: Vec::new(), changes: Vec::new(), problems: Vec::new() };
        let text = given.mapping.as_deref().or(source.get("mapping").as_text());
        let Some(text) = text else { return Ok(preview) };
        let plan = checked(text, call.engine().registry(), "/mapping")?;
        let body = match content::document(given.body.as_bytes(), content::is_form(source.get("format"))) {
            Ok(body) => body,
            Err(text) => {
                preview.status = InboxEventStatus::Failed;
                preview.problems.push(InboxProblem { code: "MALFORMED_BODY".to_owned(), text, pointer: None, step: None });
                return Ok(preview);
            }
        };
        let headers = given.headers.into_iter().map(|header| (header.name.to_ascii_lowercase(), header.value)).collect();
        let content = MessageContent { body, headers };
        preview.rules = plan.rules_for(&content).into_iter().filter_map(|rule| i64::try_from(rule).ok()).collect();
        if preview.rules.is_empty() {
            return Ok(preview);
        }
        let context = Context { allow_duplicates: source.get("allowDuplicates") == &Value::Boolean(true), ..call.context.clone() };
        let (inside, held) = call.engine().begin_noting().await?;
        let outcome = plan.carry_out(&inside, &context, &content).await;
        let changes = held.changes();
        held.roll_back().await?;
        match outcome {
            Ok(_) => {
                preview.status = InboxEventStatus::Processed;
                preview.changes =
                    changes.into_iter().filter(|change| !change.def.mirror).take(SHOWN).map(|change| shown(&change)).collect();
            }
            Err(Refused::Problems(problems)) => {
                preview.status = InboxEventStatus::Failed;
                preview.problems = problems.into_iter().take(SHOWN).map(told).collect();
            }
            Err(Refused::Stopped(error)) => return Err(stopped(error)),
        }
        Ok(preview)
    }
}

fn shown(change: &clientela_engine::Change) -> InboxChange {
    let names = change.fields.iter().filter_map(|index| change.def.fields.get(*index));
    InboxChange {
        resource: change.def.name.to_string(),
        kind: change.kind.as_str().to_owned(),
        record: (change.kind != ChangeKind::Created).then(|| Id(change.id.0).to_text(&change.def.prefix)),
        fields: names.filter(|field| !field.secret).map(|field| field.name.to_string()).collect(),
    }
}

fn told(problem: MessageProblem) -> InboxProblem {
    let MessageProblem { code, text, pointer, step } = problem;
    let cut = |text: String, most: usize| text.chars().take(most).collect();
    InboxProblem { code, text: cut(text, 4_000), pointer: pointer.map(|pointer| cut(pointer, 1_000)), step: Some(step) }
}

/// A trial that met others is tried again by whoever asks.
fn stopped(error: Error) -> Error {
    if error.is_collision() { Error::unavailable("the trial met other writes head-on") } else { error }
}
