//! `clientela schema`.

use super::{Failure, print};
use crate::assemble;
use crate::cli::Api;
use serde_json::{Value as Json, json};

/// Prints the schema of an API.
pub fn run(api: Api, as_json: bool) -> Result<(), Failure> {
    let text = text(api)?;
    let answer = match api {
        Api::Graphql => json!({ "sdl": text }),
        Api::Openapi => serde_json::from_str::<Json>(&text).map_err(clientela_kernel::Error::internal)?,
    };
    print(as_json, &answer, text.trim_end())
}

/// The schema of an API, as the committed file holds it.
pub fn text(api: Api) -> Result<String, clientela_kernel::Error> {
    let registry = assemble::registry()?;
    match api {
        Api::Graphql => clientela_gateway::graphql::sdl(&registry),
        Api::Openapi => clientela_gateway::openapi::text(&registry),
    }
}
