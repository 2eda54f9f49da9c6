//! What the commands do. Each answers one value, printed for people or as JSON.

pub mod audit;
pub mod backup;
pub mod doctor;
pub mod export;
pub mod import;
pub mod keys;
pub mod migrate;
pub mod moving;
pub mod schema;
pub mod seed;
pub mod serve;
pub mod tenant;
pub mod token;
pub mod user;
pub mod webhook;

use crate::assemble::{self, House, Parts};
use crate::cli::{BackupCommand, Cli, Command, TenantCommand};
use crate::config::{Config, ConfigProblem};
use crate::logging;
use clientela_access::{SigningKeys, TokenRules, signing};
use clientela_engine::files::FileLimits;
use clientela_kernel::{Clock as _, Error, ErrorCode, SystemClock};
use clientela_store::StoreSettings;
use serde_json::{Value as Json, json};
use std::io::Write as _;
use std::sync::Arc;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// A setting or an argument cannot be used: exit code 2.
    Usage(String),
    /// It did not work: exit code 1.
    Run(Error),
}

impl Failure {
    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Usage(_) => 2,
            Failure::Run(_) => 1,
        }
    }

    /// The same with exit code 1, for commands to which 2 means something else.
    fn not_started(self) -> Failure {
        match self {
            Failure::Usage(text) => Failure::Run(Error::new(ErrorCode::InvalidParameter, text)),
            failure => failure,
        }
    }

    /// What went wrong. The reader is the operator, so internals are told.
    pub fn text(&self) -> String {
        match self {
            Failure::Usage(text) => text.clone(),
            Failure::Run(error) => error.internal_text().unwrap_or_else(|| error.detail()).to_owned(),
        }
    }

    /// The same as JSON.
    pub fn json(&self) -> Json {
        let code = match self {
            Failure::Usage(_) => "USAGE",
            Failure::Run(error) => error.code().as_str(),
        };
        json!({"error": {"code": code, "message": self.text()}})
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Run(error)
    }
}

impl From<ConfigProblem> for Failure {
    fn from(problem: ConfigProblem) -> Self {
        Failure::Usage(problem.0)
    }
}

/// Runs a command to its end. Answers the exit code.
pub async fn run(cli: &Cli) -> Result<u8, Failure> {
    let json = cli.common.json;
    let config = Config::load(cli.common.config.as_deref(), &cli.settings()).map_err(Failure::from).and_then(|config| {
        logging::start(&config)?;
        Ok(config)
    });
    match &cli.command {
        // Its exit code 2 has a meaning of its own.
        Command::Import(arguments) => {
            let config = config.map_err(Failure::not_started)?;
            import::run(&config, arguments, json).await.map_err(Failure::not_started)
        }
        Command::Doctor { quick } => doctor::run(config, *quick, json).await,
        Command::Audit { command } => audit::run(&config?, command, json).await,
        command => other(&config?, command, json).await.map(|()| 0),
    }
}

/// The commands that end well or fail.
async fn other(config: &Config, command: &Command, json: bool) -> Result<(), Failure> {
    match command {
        Command::Serve(arguments) => serve::run(config, arguments, json).await,
        Command::Migrate { status } => migrate::run(config, *status, json).await,
        Command::Token(arguments) => token::run(config, arguments, json).await,
        Command::Schema { command } => schema::run(config, command, json).await,
        Command::Export(arguments) => export::run(config, arguments, json).await,
        Command::Backup { command: Some(BackupCommand::Verify { file }), .. } => backup::verify(file, json).await,
        Command::Backup { file: Some(file), .. } => backup::backup(config, file, json).await,
        Command::Backup { .. } => Err(Failure::Usage("Name the file to write.".to_owned())),
        Command::Move { from, to, tenant } => moving::run(config, from.as_deref(), to, tenant.as_deref(), json).await,
        Command::Restore { file } => backup::restore(config, file, json).await,
        Command::Seed { size } => seed::run(config, *size, json).await,
        Command::Tenant { command: TenantCommand::Create { name, email, user_name } } => {
            tenant::create(config, name, email, user_name.as_deref(), json).await
        }
        Command::Tenant { command: TenantCommand::List } => tenant::list(config, json).await,
        Command::Keys { command } => keys::run(config, command, json).await,
        Command::Webhook { command } => webhook::run(config, command, json).await,
        Command::User { command } => user::run(config, command, json).await,
        Command::ApiKey { name, scope, tenant } => user::key(config, name, *scope, tenant.as_deref(), json).await,
        Command::Import(_) | Command::Doctor { .. } | Command::Audit { .. } => Ok(()),
    }
}

/// The database of these settings.
pub(crate) fn store_settings(config: &Config) -> StoreSettings {
    let url = config.database_url.clone().unwrap_or_else(|| format!("sqlite:{}", config.data.join("clientela.db").display()));
    StoreSettings { url, connections: config.connections }
}

/// Makes the data directory, readable by its owner alone.
pub(crate) fn make_data_directory(config: &Config) -> Result<(), Failure> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&config.data).map_err(|error| {
        Failure::Usage(format!("The data directory {} cannot be made: {error}. Choose another with --data DIR.", config.data.display()))
    })
}

/// Puts the server together.
pub(crate) async fn house(config: &Config) -> Result<House, Failure> {
    house_at(config, None).await
}

/// Puts the server together that clients reach at an address.
pub(crate) async fn house_at(config: &Config, url: Option<String>) -> Result<House, Failure> {
    make_data_directory(config)?;
    let parts = Parts {
        store: store_settings(config),
        signing_keys: SigningKeys::load_or_create(&config.data.join(signing::FILE_NAME), SystemClock.now())?,
        token_rules: TokenRules { issuer: config.issuer.clone(), audience: config.audience.clone(), url },
        clock: Arc::new(SystemClock),
        files: config.files.clone().unwrap_or_else(|| config.data.join("files")),
        file_limits: FileLimits { bytes: config.file_bytes, media_types: config.file_types.clone() },
        private_addresses: config.private_addresses,
    };
    let house = assemble::assemble(parts).await?;
    if !house.migrated.is_empty() {
        tracing::info!(migrations = house.migrated.join(", "), "brought the database up to date");
    }
    Ok(house)
}

/// Prints the answer: the JSON value in one line, or the text.
pub(crate) fn print(as_json: bool, json: &Json, text: &str) -> Result<(), Failure> {
    let line = if as_json { json.to_string() } else { text.to_owned() };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| Failure::Run(Error::new(ErrorCode::Internal, format!("Standard output cannot be written: {error}"))))
}
