//! `clientela export`.

use super::{Failure, house, print};
use crate::cli::{Export, ExportFormat};
use crate::config::Config;
use crate::partial::Partial;
use crate::tenants;
use clientela_engine::AuditEvent;
use clientela_engine::export::{self, ExportPlan, ExportRequest, Format};
use clientela_kernel::{DeletedMode, Error, ErrorCode};
use serde_json::json;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// How often progress is told.
const PROGRESS: Duration = Duration::from_secs(1);

/// Exports the records of a resource.
pub async fn run(config: &Config, arguments: &Export, as_json: bool) -> Result<(), Failure> {
    let begun = Instant::now();
    let Some(path) = &arguments.output else {
        if as_json {
            return Err(Failure::Usage("--json answers on standard output: name a file for the records with --output FILE.".to_owned()));
        }
        write(config, arguments, &mut BufWriter::new(io::stdout())).await?;
        return Ok(());
    };
    let mut file = Partial::create(path).map_err(|error| unwritable(path, &error))?;
    let (resource, written) = write(config, arguments, file.writer()).await?;
    file.finish().map_err(|error| unwritable(path, &error))?;
    let took = begun.elapsed();
    let answer = json!({"resource": resource, "records": written, "file": path, "milliseconds": u64::try_from(took.as_millis()).unwrap_or(u64::MAX)});
    print(as_json, &answer, &format!("{}: {written} records of {resource}, {:.1} s", path.display(), took.as_secs_f64()))
}

/// Writes the records and, where it is asked for, the mapping. Answers the resource and how many records there were.
async fn write(config: &Config, arguments: &Export, out: &mut (dyn Write + Send)) -> Result<(String, u64), Failure> {
    let filter = arguments.filter.as_deref().map(serde_json::from_str).transpose();
    let filter = filter
        .map_err(|error| Failure::Usage(format!("--filter is no JSON: {error}. It looks like {{\"name\": {{\"contains\": \"gmb\"}}}}.")))?;
    let request = ExportRequest {
        resource: arguments.resource.clone(),
        fields: arguments.fields.clone(),
        filter,
        deleted: if arguments.deleted { DeletedMode::Include } else { DeletedMode::Exclude },
        format: match arguments.format() {
            ExportFormat::Csv => Format::Csv,
            ExportFormat::Ndjson => Format::Ndjson,
            ExportFormat::Xlsx => Format::Xlsx,
            ExportFormat::Parquet => Format::Parquet,
        },
        guarded: true,
    };
    let house = house(config).await?;
    let context = tenants::system_context(&house, tenants::find(&house.store, arguments.tenant.as_deref()).await?);
    let engine = house.engine.for_tenant(context.tenant).await?;
    let plan = ExportPlan::new(engine.registry(), &context, &request)?;
    if let Some(path) = &arguments.mapping {
        let text = plan.mapping().ok_or_else(|| {
            Failure::Usage(
                "--mapping needs what can be read back: records that may be written, with their id, and no fields of related records."
                    .to_owned(),
            )
        })?;
        std::fs::write(path, text).map_err(|error| unwritable(path, &error))?;
    }
    let resource = plan.resource().plural.to_string();
    let detail = json!({ "fields": arguments.fields, "filter": arguments.filter, "withDeleted": arguments.deleted });
    let event = AuditEvent { kind: "EXPORTED", resource: Some(plan.resource().name.to_string()), record: None, detail: Some(detail) };
    house.engine.audit(&context, event).await?;
    let shows = arguments.output.is_some() && io::stderr().is_terminal();
    let mut told = Instant::now();
    let mut progress = |written: u64| {
        if shows && told.elapsed() >= PROGRESS {
            told = Instant::now();
            // Nobody may be looking.
            let _ = writeln!(io::stderr(), "{written} records");
        }
    };
    let written = export::run(&engine, &context, plan, out, &config.data, &mut progress).await;
    house.store.close().await;
    Ok((resource, written?))
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::Run(Error::new(ErrorCode::ValidationFailed, format!("The file {} cannot be written: {error}.", path.display())))
}
