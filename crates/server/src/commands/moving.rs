//! `clientela move`.

use super::backup::find_own;
use super::{Failure, house, make_data_directory, print};
use crate::archive;
use crate::config::Config;
use clientela_kernel::{Error, TenantId};
use clientela_store::Dialect;
use serde_json::{Value as Json, json};
use std::io::{BufReader, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Instant;

/// Bytes that are read and written together.
const BUFFER: usize = 256 * 1024;

/// Moves everything, or one tenant, from one database into another.
pub async fn run(config: &Config, from: Option<&str>, to: &str, tenant: Option<&str>, as_json: bool) -> Result<(), Failure> {
    let begun = Instant::now();
    let tenant = tenant.map(read_tenant).transpose()?;
    make_data_directory(config)?;
    let at = |url: &str| Config { database_url: Some(url.to_owned()), ..config.clone() };
    let old = house(&from.map_or_else(|| config.clone(), at)).await?;
    // An unnamed file beside the database: it is gone when nobody holds it any more, however that came about.
    let between = tempfile::tempfile_in(&config.data).map_err(unusable)?;
    let mut file = BufWriter::with_capacity(BUFFER, between);
    let written = archive::write(&old.store, tenant, &old.clock.now().to_text(), &mut file).await;
    old.store.close().await;
    let written = written?;
    if let Some(tenant) = tenant.filter(|_| written.of("tenant") == 0) {
        return Err(Failure::Usage(format!(
            "--tenant is {tenant}, and there is no such tenant. clientela tenant list shows those there are."
        )));
    }
    file.flush().map_err(unusable)?;
    let mut between = file.into_inner().map_err(|error| unusable(error.into_error()))?;
    between.seek(SeekFrom::Start(0)).map_err(unusable)?;

    let new = house(&at(to)).await?;
    let moved = archive::load(&new.store, tenant, &mut BufReader::with_capacity(BUFFER, between), Path::new("What was read")).await;
    let moved = match moved {
        Ok(contents) => find_own(&new).await.map(|()| contents),
        failed => failed,
    };
    let dialect = new.store.dialect();
    if moved.is_ok() {
        // A server of the new database learns of those who may sign in there now.
        new.ring().await?;
    }
    new.store.close().await;
    let moved = moved?;
    let database = match dialect {
        Dialect::Sqlite => "SQLite",
        Dialect::Postgres => "PostgreSQL",
    };
    let mut json = moved.json(begun.elapsed());
    json.insert("database".to_owned(), json!(database));
    let text = format!(
        "Moved {} to {database}, {:.1} s. Serve them with the same data directory: it holds the signing keys and the contents of files.",
        moved.text(),
        begun.elapsed().as_secs_f64()
    );
    print(as_json, &Json::Object(json), &text)
}

fn read_tenant(text: &str) -> Result<TenantId, Failure> {
    clientela_kernel::Id::parse(text, "ten").map(|id| TenantId(id.0)).map_err(|_| {
        Failure::Usage(format!("--tenant is \"{text}\"; it must be the id of a tenant, such as ten_01h455vb4pex5vsknk084sn02q."))
    })
}

fn unusable(error: std::io::Error) -> Failure {
    Failure::Run(Error::internal(format!("A file between the databases cannot be written: {error}.")))
}
