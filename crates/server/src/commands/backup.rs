//! `clientela backup`, `clientela backup verify` and `clientela restore`.

use super::{Failure, house, print};
use crate::archive::{self, Contents};
use crate::assemble::House;
use crate::config::Config;
use crate::partial::Partial;
use crate::tenants;
use clientela_kernel::{Error, ErrorCode};
use serde_json::{Value as Json, json};
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::time::Instant;

/// Writes everything the database holds to a file, also while a server works on it.
pub async fn backup(config: &Config, path: &Path, as_json: bool) -> Result<(), Failure> {
    let begun = Instant::now();
    let house = house(config).await?;
    let mut file = Partial::create(path).map_err(|error| unusable(path, "written", &error))?;
    let written = archive::write(&house.store, None, &house.clock.now().to_text(), file.writer()).await;
    house.store.close().await;
    let contents = written?;
    file.finish().map_err(|error| unusable(path, "written", &error))?;
    answer("Backed up", &contents, path, begun, as_json)?;
    if !as_json {
        let files = config.data.join("files");
        #[expect(clippy::print_stderr, reason = "what a person should know stands beside the answer")]
        {
            eprintln!("The contents of files are not in it: copy the folder {} as well.", files.display());
        }
    }
    Ok(())
}

/// Loads a file into an empty database.
pub async fn restore(config: &Config, path: &Path, as_json: bool) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut file = open(path)?;
    let house = house(config).await?;
    let restored = archive::load(&house.store, None, &mut file, path).await;
    let restored = match restored {
        Ok(contents) => find_own(&house).await.map(|()| contents),
        failed => failed,
    };
    house.store.close().await;
    answer("Restored", &restored?, path, begun, as_json)
}

/// Looks whether a file could be restored.
pub async fn verify(path: &Path, as_json: bool) -> Result<(), Failure> {
    let begun = Instant::now();
    let checked = archive::check(path, || open(path)).await?;
    let more = json!({ "whole": true, "version": checked.version, "at": checked.at, "tenants": checked.contents.of("tenant") });
    let done = format!("Whole, made by version {} at {}, {} tenants:", checked.version, checked.at, checked.contents.of("tenant"));
    told(&done, &checked.contents, path, begun, more, as_json)
}

fn open(path: &Path) -> Result<BufReader<File>, Error> {
    let file = File::open(path).map_err(|error| unusable(path, "read", &error))?;
    Ok(BufReader::with_capacity(256 * 1024, file))
}

/// What tenants have added to the definitions is known only once all of it is there: its documents for the search are made then.
pub(super) async fn find_own(house: &House) -> Result<(), Error> {
    for tenant in tenants::list(&house.store).await? {
        let engine = house.engine.for_tenant(tenant.tenant_id).await?;
        engine.rebuild_own_documents(&tenants::system_context(house, tenant.tenant_id)).await?;
    }
    Ok(())
}

fn answer(done: &str, contents: &Contents, path: &Path, begun: Instant, as_json: bool) -> Result<(), Failure> {
    told(done, contents, path, begun, json!({}), as_json)
}

fn told(done: &str, contents: &Contents, path: &Path, begun: Instant, more: Json, as_json: bool) -> Result<(), Failure> {
    let mut json = contents.json(begun.elapsed());
    json.insert("file".to_owned(), json!(path));
    json.extend(more.as_object().cloned().unwrap_or_default());
    let text = format!("{done} {}, {}, {:.1} s", contents.text(), path.display(), begun.elapsed().as_secs_f64());
    print(as_json, &Json::Object(json), &text)
}

fn unusable(path: &Path, what: &str, error: &io::Error) -> Error {
    Error::new(ErrorCode::ValidationFailed, format!("The file {} cannot be {what}: {error}.", path.display()))
}
