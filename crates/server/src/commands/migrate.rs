//! `clientela migrate`.

use super::{Failure, make_data_directory, print, store_settings};
use crate::assemble;
use crate::config::Config;
use clientela_store::Store;
use serde_json::json;

/// Brings the database up to date, or lists what is applied and what is not.
pub async fn run(config: &Config, status: bool, as_json: bool) -> Result<(), Failure> {
    make_data_directory(config)?;
    let store = Store::open(&store_settings(config)).await?;
    let done = if status { Vec::new() } else { assemble::migrate(&store).await? };
    let schema = assemble::schema(&store).await?;
    store.close().await;
    let mut lines: Vec<String> = schema.applied.iter().map(|name| mark(name, done.contains(name))).collect();
    lines.extend(schema.pending.iter().map(|name| format!("pending  {name}")));
    let answer = json!({"applied": schema.applied, "pending": schema.pending, "new": done});
    print(as_json, &answer, &lines.join("\n"))
}

fn mark(name: &str, new: bool) -> String {
    format!("{}  {name}", if new { "new    " } else { "applied" })
}
