//! What may be done with a record, and why, in the shape that a document selects.

use super::coerce::Variables;
use super::collect::Collected;
use super::past::write;
use super::problem::Problem;
use super::{Run, Source};
use clientela_engine::AccessRequest;
use clientela_kernel::{Context, ErrorCode, Id};
use clientela_model::ResourceDef;
use serde_json::Value as Json;
use std::sync::Arc;
use uuid::Uuid;

/// The rights to a record, as they are asked for.
pub(super) struct AccessStep {
    def: Arc<ResourceDef>,
    id: Id,
    request: AccessRequest,
}

impl AccessStep {
    /// Reads the arguments; none where no resource has such ids.
    pub(super) fn new(
        run: &Run<'_>,
        field: &Collected,
        variables: &Variables,
        record: Option<(&Arc<ResourceDef>, Uuid)>,
    ) -> Result<Option<AccessStep>, Problem> {
        let types = run.preparer.types.as_ref();
        let given = |name: &str| -> Result<Option<String>, Problem> {
            Ok(field.given(types, name, variables)?.as_deref().and_then(Json::as_str).map(str::to_owned))
        };
        let request = AccessRequest { principal: given("principal")?, field: given("field")? };
        Ok(record.map(|(def, id)| AccessStep { def: Arc::clone(def), id: Id(id), request }))
    }

    /// Appends the answer; null where there is no such record.
    pub(super) async fn write(&self, source: &dyn Source, context: &Context, field: &Collected, out: &mut Vec<u8>) -> Result<(), Problem> {
        match source.access(context, &self.def, self.id, &self.request).await {
            Ok(access) => write(&field.children, &access, out),
            Err(error) if error.code() == ErrorCode::NotFound => {
                out.extend_from_slice(b"null");
                Ok(())
            }
            Err(error) => Err(Problem::field(error, field.position)),
        }
    }
}
