//! The saved mapping: how the rows of a foreign file become records.

use async_trait::async_trait;
use clientela_engine::Rules;
use clientela_engine::import::{Mapping, Plan};
use clientela_engine::module::{ChangeKind, Draft, RuleReader};
use clientela_kernel::{Context, Error, FieldProblem, ProblemCode, Result, Value};
use clientela_macros::resource;
use clientela_model::Registry;
use std::collections::BTreeSet;

/// How the rows of a foreign file become records, kept under a name for imports to use.
#[resource(name = "importMapping", prefix = "imm", label = "name", unattachable, unique("import_mapping_name_key", "name"))]
pub struct Model {
    /// What the mapping is called. No two are called the same; case does not count.
    #[field(max = 100, folded, example = "\"Customers of the old system\"")]
    pub name: String,
    /// What it is for.
    #[field(max = 2000, no_sort, example = "\"Weekly delivery of the branch in Linz\"")]
    pub description: Option<String>,
    /// The mapping in TOML, as `clientela import --mapping` reads it: how to read the file, and for each record that a row gives its
    /// resource, its key and its fields. It is checked against the resources when it is written.
    #[field(
        max = 100_000,
        no_filter,
        no_sort,
        example = "\"[[record]]\\nresource = \\\"account\\\"\\nkey = { system = \\\"erp\\\", column = \\\"number\\\" }\\nfields.name = \\\"name\\\"\\n\""
    )]
    pub text: String,
    /// The resources that its records are of.
    #[field(write = "read_only", derived, example = "[\"account\"]")]
    pub resources: TextSet,
}

/// The rules of saved mappings.
pub struct ImportMappingRules;

#[async_trait]
impl Rules for ImportMappingRules {
    fn derive(&self, _context: &Context, draft: &mut Draft) {
        if draft.get("resources").is_null() {
            draft.set("resources", Value::TextSet(Vec::new()));
        }
    }

    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        if draft.kind != ChangeKind::Restored && !draft.changed("text") {
            return Ok(());
        }
        let Some(text) = draft.get("text").as_text() else { return Ok(()) };
        let (mapping, _) = checked(text, reader.registry(), "/text")?;
        let resources: BTreeSet<String> = mapping.record.into_iter().map(|record| record.resource).collect();
        draft.set("resources", Value::TextSet(resources.into_iter().collect()));
        Ok(())
    }
}

/// Reads a mapping and checks it against the resources; what is wrong is told of the field at `pointer`.
pub(crate) fn checked(text: &str, registry: Option<&Registry>, pointer: &str) -> Result<(Mapping, Plan)> {
    let registry = registry.ok_or_else(|| Error::internal("no definitions to check a mapping with"))?;
    let read = Mapping::parse(text).and_then(|mapping| Plan::new(&mapping, registry).map(|plan| (mapping, plan)));
    read.map_err(|refusal| {
        let detail = format!("The mapping cannot be used: {refusal}");
        Error::validation(vec![FieldProblem::new(pointer, ProblemCode::InvalidFormat, detail)])
    })
}
