//! The external id: how another system knows one of our records.

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::module::{Draft, RuleReader};
use clientela_kernel::{Context, Error, FieldProblem, ProblemCode, Result};
use clientela_macros::resource;

/// The key by which another system knows a record. `GET` and `PUT /v1/accounts/by/erp/4711` find and write the record by it.
#[resource(
    name = "externalId",
    prefix = "ext",
    label = "value",
    unattachable,
    external_keys("system", "value", "recordId"),
    unique("external_id_system_resource_value_key", "system", "recordId", "value")
)]
pub struct Model {
    /// The other system, by a short name of your choice in lower case, such as `erp`. It cannot be a name of one of the record's fields.
    #[field(format = "slug", max = 60, example = "\"erp\"")]
    pub system: String,
    /// The record's key there, case-sensitive. One system has it once among the records of a type.
    #[field(max = 255, example = "\"4711\"")]
    pub value: String,
    /// The record, of any type: the prefix of the id tells which.
    #[field(
        refers_any,
        write = "immutable",
        inverse = "externalIds",
        inverse_description = "The keys by which other systems know this record.",
        on_delete = "cascade",
        example = "\"acc_01h455vb4pex5vsknk084sn02q\""
    )]
    pub record_id: AnyId,
}

/// The rules of external ids.
pub struct ExternalIdRules;

#[async_trait]
impl Rules for ExternalIdRules {
    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let (Some(system), Some(record)) = (draft.get("system").as_text(), draft.get("recordId").as_record()) else { return Ok(()) };
        let taken = reader.resource(&record.resource).is_some_and(|def| def.field(system).is_some());
        if !taken {
            return Ok(());
        }
        // `/by/email/…` must mean one thing.
        let text =
            format!("system is {system:?}, which is the name of a field of {}. Choose another name for the system.", record.resource);
        Err(Error::validation(vec![FieldProblem::new("/system", ProblemCode::NotAllowed, text)]))
    }
}
