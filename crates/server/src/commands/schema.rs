//! `clientela schema`.

use super::{Failure, house, print};
use crate::assemble::{self, DEFINITIONS_BELL};
use crate::cli::{Api, SchemaCommand, SchemaFile};
use crate::config::Config;
use crate::tenants;
use clientela_engine::OperationRequest;
use clientela_kernel::{Error, ErrorCode};
use serde_json::{Map, Value as Json, json};
use std::fmt::Write as _;
use std::sync::Arc;

/// Prints the schema of an API, or does something with what a tenant adds to it.
pub async fn run(config: &Config, command: &SchemaCommand, as_json: bool) -> Result<(), Failure> {
    match command {
        SchemaCommand::Graphql => api(Api::Graphql, as_json),
        SchemaCommand::Openapi => api(Api::Openapi, as_json),
        SchemaCommand::Asyncapi => api(Api::Asyncapi, as_json),
        SchemaCommand::Snapshot { tenant } => {
            let document = operate(config, "snapshotSchema", Map::new(), false, tenant.as_deref()).await?;
            let text = serde_json::to_string_pretty(&document).map_err(Error::internal)?;
            print(as_json, &document, &text)
        }
        SchemaCommand::Diff { file } => {
            let difference = operate(config, "diffSchema", file.document()?, false, file.tenant.as_deref()).await?;
            print(as_json, &difference, &told(&difference, "would change"))
        }
        SchemaCommand::Apply { file, dry_run } => {
            let applied = operate(config, "applySchema", file.document()?, *dry_run, file.tenant.as_deref()).await?;
            print(as_json, &applied, &told(&applied, if *dry_run { "would change" } else { "changed" }))
        }
    }
}

/// Prints the schema of an API.
fn api(api: Api, as_json: bool) -> Result<(), Failure> {
    let text = text(api)?;
    let answer = match api {
        Api::Graphql => json!({ "sdl": text }),
        Api::Openapi | Api::Asyncapi => serde_json::from_str::<Json>(&text).map_err(Error::internal)?,
    };
    print(as_json, &answer, text.trim_end())
}

/// The schema of an API, as the committed file holds it.
pub fn text(api: Api) -> Result<String, Error> {
    let registry = assemble::registry()?;
    match api {
        Api::Graphql => clientela_gateway::graphql::sdl(&registry),
        Api::Openapi => clientela_gateway::openapi::text(&registry),
        Api::Asyncapi => clientela_gateway::asyncapi::text(&registry),
    }
}

/// Carries out an operation in a tenant, and answers what came of it.
async fn operate(config: &Config, name: &str, body: Map<String, Json>, dry_run: bool, tenant: Option<&str>) -> Result<Json, Failure> {
    let house = house(config).await?;
    let done = async {
        let context = tenants::system_context(&house, tenants::find(&house.store, tenant).await?);
        let engine = house.engine.for_tenant(context.tenant).await?;
        let def = engine.registry().operation(name).ok_or_else(|| Error::internal(format!("no operation is called {name}")))?;
        let def = Arc::clone(def);
        let request = OperationRequest { def: Arc::clone(&def), record: None, body, expected: None, idempotency: None, dry_run };
        let outcome = engine.operate(&context, request).await?;
        let answer = outcome.to_json(engine.registry(), &def)?;
        outcome.finish().await?;
        if def.writes && !dry_run {
            // This process ends before it could ring in the background.
            house.store.ring(DEFINITIONS_BELL).await?;
        }
        Ok::<_, Error>(answer)
    };
    let done = done.await;
    house.store.close().await;
    done.map_err(explained)
}

/// An error whose text names every problem.
pub(super) fn explained(error: Error) -> Failure {
    if error.fields().is_empty() {
        return Failure::Run(error);
    }
    let mut text = error.detail().to_owned();
    for problem in error.fields() {
        // A string takes everything.
        let _ = write!(text, "\n{}: {}", problem.pointer, problem.detail);
    }
    Failure::Run(Error::new(error.code(), text))
}

impl SchemaFile {
    /// The document, as JSON or TOML.
    fn document(&self) -> Result<Map<String, Json>, Failure> {
        let refuse = |text: String| Failure::Run(Error::new(ErrorCode::ValidationFailed, text));
        let name = self.file.display();
        let text = std::fs::read_to_string(&self.file).map_err(|error| refuse(format!("The document {name} cannot be read: {error}.")))?;
        let is_toml = self.file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"));
        let read: Result<Json, String> = match is_toml {
            true => toml::from_str(&text).map_err(|error| error.to_string()),
            false => serde_json::from_str(&text).map_err(|error| error.to_string()),
        };
        let kind = if is_toml { "TOML" } else { "JSON" };
        match read {
            Ok(Json::Object(mut document)) => {
                document.insert("deleteMissing".to_owned(), Json::Bool(self.delete_missing));
                Ok(document)
            }
            Ok(_) => Err(refuse(format!("The document {name} is no object with objects and fields. See: clientela schema snapshot."))),
            Err(error) => Err(refuse(format!("The document {name} is no {kind}: {error}."))),
        }
    }
}

/// What changes, a line each.
fn told(answer: &Json, verb: &str) -> String {
    let changes = answer["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut text = String::new();
    for change in changes {
        let of = |name: &str| change[name].as_str().unwrap_or_default();
        let field = if of("field").is_empty() { String::new() } else { format!(".{}", of("field")) };
        let _ = writeln!(text, "{} {}{field}", of("kind").to_lowercase(), of("resource"));
        for (list, mark) in [("what", "  "), ("breaks", "  breaks: ")] {
            for line in change[list].as_array().map(Vec::as_slice).unwrap_or_default() {
                let _ = writeln!(text, "{mark}{}", line.as_str().unwrap_or_default());
            }
        }
    }
    let _ = write!(text, "{} {verb}.", if changes.is_empty() { "Nothing".to_owned() } else { changes.len().to_string() });
    text
}
