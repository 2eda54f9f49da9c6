//! Imports and exports as jobs: records that say what is to be done and how far it has come, the mappings that imports use, and the
//! [`Worker`] that carries the jobs out.

pub mod cancel;
mod content;
pub mod export_job;
pub mod import_job;
pub mod import_mapping;
pub mod import_problem;
mod kept;
mod lease;
mod parts;
mod state;
mod worker;

pub use state::{FileFormat, JobState, Wake};
pub use worker::Worker;

use clientela_engine::Module;

/// The resources of this crate, their rules and operations. `wake` is what the worker of this process waits for.
pub fn module(wake: &Wake) -> Module {
    Module::default()
        .resource::<import_mapping::Model>()
        .resource::<import_job::Model>()
        .resource::<import_problem::Model>()
        .resource::<export_job::Model>()
        .rules("importMapping", import_mapping::ImportMappingRules)
        .rules("import", import_job::ImportRules { wake: wake.clone() })
        .rules("export", export_job::ExportRules { wake: wake.clone() })
        .operation(cancel::CancelImport)
        .operation(cancel::CancelExport)
        .contents("import", content::Imported)
        .contents("export", content::Exported)
}
