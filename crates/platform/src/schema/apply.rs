//! `applySchema`: brings what a tenant adds to be as a document says, all of it or nothing.

use super::difference::{SchemaChange, SchemaChangeKind, SchemaWanted, Step, steps};
use super::document::Stored;
use async_trait::async_trait;
use clientela_engine::{Call, Operation, WriteAction};
use clientela_kernel::{Error, ErrorCode, FieldProblem, ProblemCode, Result};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// What has changed.
#[derive(Shape)]
pub struct SchemaApplied {
    /// Every object and field that has changed; none where all was as the document says.
    #[field(shape, most = 20_000)]
    pub changes: Vec<SchemaChange>,
}

/// Brings it about.
pub struct ApplySchema;

#[async_trait]
impl Operation for ApplySchema {
    type Input = SchemaWanted;
    type Output = SchemaApplied;

    fn definition() -> OperationDef {
        OperationDef::writing::<SchemaWanted, SchemaApplied>(
            "applySchema",
            "customObject",
            "apply-schema",
            "Makes your own objects and fields as this document says, all of it or nothing. Done again it changes nothing. Only administrators may. \
             Objects and fields are known by their names, so a new name is a new field: to rename one, change its record.",
        )
    }

    async fn run(&self, call: &Call<'_>, wanted: SchemaWanted) -> Result<SchemaApplied> {
        if !call.context.is_administrator() {
            return Err(Error::new(ErrorCode::Forbidden, "Only administrators change the schema. Ask one of them."));
        }
        let steps = steps(&Stored::read(call).await?, &wanted);
        let impossible: Vec<FieldProblem> =
            steps.iter().filter(|step| step.change.kind == SchemaChangeKind::Impossible).map(problem).collect();
        if !impossible.is_empty() {
            return Err(Error::validation(impossible));
        }
        let mut changes = Vec::with_capacity(steps.len());
        for step in steps {
            let action = match (step.change.kind, step.id) {
                (SchemaChangeKind::Delete, Some(id)) => WriteAction::Delete { id, expected: None },
                (SchemaChangeKind::Change, Some(id)) => WriteAction::Update { id, body: step.body, expected: None },
                _ => WriteAction::Create { body: step.body },
            };
            call.write(step.record, action).await.map_err(|error| error.within(&step.pointer))?;
            changes.push(step.change);
        }
        Ok(SchemaApplied { changes })
    }
}

fn problem(step: &Step) -> FieldProblem {
    let what = step.change.what.join("; ");
    let detail = format!(
        "This cannot be: {what}. Values are kept in another form. `retypeField` gives a field another type; for the rest delete it and make another one, or take another name."
    );
    FieldProblem::new(step.pointer.clone(), ProblemCode::Immutable, detail)
}
