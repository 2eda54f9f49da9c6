//! The command line.

pub mod webhook;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use webhook::WebhookCommand;

/// A headless CRM: one binary, REST and GraphQL, SQLite or PostgreSQL.
#[derive(Debug, Parser)]
#[command(name = "clientela", version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Settings of every command.
    #[command(flatten)]
    pub common: Common,
}

/// Settings of every command.
#[derive(Args, Debug)]
pub struct Common {
    /// Answer with one JSON object on standard output.
    #[arg(long, global = true)]
    pub json: bool,
    /// Configuration file [default: ./clientela.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Directory of the signing keys and of the SQLite database [default: ./clientela_data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<String>,
    /// sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME [default: a SQLite file in the data directory]
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Greatest number of database connections
    #[arg(long, global = true, value_name = "N")]
    pub connections: Option<String>,
    /// Which log lines to write, such as info or clientela=debug
    #[arg(long, global = true, value_name = "FILTER")]
    pub log: Option<String>,
    /// text or json [default: text]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve both APIs. Brings the database up to date first.
    Serve(Serve),
    /// Bring the database up to date.
    Migrate {
        /// Only list what is applied and what is not.
        #[arg(long)]
        status: bool,
    },
    /// Print an access token for a user.
    Token(Token),
    /// Print the schema of an API, or do something with what a tenant adds to it.
    Schema {
        /// What to do.
        #[command(subcommand)]
        command: SchemaCommand,
    },
    /// Read a CSV, NDJSON or XLSX file into records. Exit codes: 0 all was right, 1 it could not start or broke off, 2 something was refused.
    Import(Import),
    /// Write the records of a resource to a CSV, NDJSON or XLSX file, by the order of their ids.
    Export(Export),
    /// Write everything the database holds to a file, as of one moment, also while a server works on it. Signing keys are not in it.
    #[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
    Backup {
        /// The file, which is there whole or not at all
        #[arg(value_name = "FILE", required = true)]
        file: Option<PathBuf>,
        /// What to do with a backup that is there.
        #[command(subcommand)]
        command: Option<BackupCommand>,
    },
    /// Load a backup into an empty database, of either kind: all of it or nothing.
    Restore {
        /// The file that backup wrote
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Move everything from one database into another, empty one, of either kind, or one tenant into a database that lacks it: all of it or nothing. The old database
    /// stays as it is; end its servers first.
    Move {
        /// The database that it is in: sqlite:PATH or postgres://… [default: the database of the settings]
        #[arg(long, value_name = "URL")]
        from: Option<String>,
        /// The database that it is to be in
        #[arg(long, value_name = "URL")]
        to: String,
        /// Only this tenant, by its id
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
    },
    /// Make a tenant with made-up customers, to try things on.
    Seed {
        /// How much: s as in the demonstration, m ten times, l a hundred times
        #[arg(long, value_enum, default_value = "s")]
        size: Size,
    },
    /// Look whether everything is as it should be: configuration, database, disk, records. Exit code 1 where something is wrong.
    Doctor {
        /// Leave out what reads every record
        #[arg(long)]
        quick: bool,
    },
    /// Webhooks: try them, send again what was sent, check signatures.
    Webhook {
        /// What to do.
        #[command(subcommand)]
        command: WebhookCommand,
    },
    /// The audit: who signed in, who changed rights, who took records out.
    Audit {
        /// What to do.
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// The keys that sign access tokens.
    Keys {
        /// What to do.
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Tenants.
    Tenant {
        /// What to do.
        #[command(subcommand)]
        command: TenantCommand,
    },
    /// The people who work with a tenant's records.
    User {
        /// What to do.
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Make an API key for a program, and print its secret, this once.
    ApiKey {
        /// What uses the key
        #[arg(long)]
        name: String,
        /// What the key allows
        #[arg(long, value_enum, default_value = "read_write")]
        scope: Scope,
        /// The tenant; may be left out where there is only one
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
    },
}

/// Settings of `serve`.
#[derive(Args, Debug)]
pub struct Serve {
    /// Fill a demonstration tenant with made-up customers and print tokens for it
    #[arg(long)]
    pub demo: bool,
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,
    /// Port to listen on; 0 picks a free one [default: 8080]
    #[arg(long)]
    pub port: Option<String>,
    /// The address clients use, where a proxy stands in front
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Greatest number of open client connections [default: 10000]
    #[arg(long, value_name = "N")]
    pub max_clients: Option<String>,
}

/// Settings of `token`.
#[derive(Args, Debug)]
pub struct Token {
    /// Whose token: an e-mail address or a user id; may be left out where there is only one active user
    #[arg(long, value_name = "EMAIL|ID")]
    pub user: Option<String>,
    /// The tenant; needed only where the user is not found in one alone
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    /// What the token allows
    #[arg(long, value_enum, default_value = "read_write")]
    pub scope: Scope,
    /// How long it is valid, as an ISO 8601 duration of at most P366D
    #[arg(long, default_value = "PT1H", value_name = "DURATION")]
    pub expires: String,
}

/// Settings of `import`.
#[derive(Args, Debug)]
pub struct Import {
    /// The file; its delimiter and encoding are told from it, unless the mapping names them
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How its rows become records (TOML; see examples/import)
    #[arg(long, value_name = "FILE", required_unless_present = "mapping_name")]
    pub mapping: Option<PathBuf>,
    /// The name of a mapping that the tenant has saved (importMapping), instead of a file
    #[arg(long, value_name = "NAME", conflicts_with = "mapping")]
    pub mapping_name: Option<String>,
    /// Write nothing, and find the same errors. On SQLite it keeps other writers waiting
    #[arg(long)]
    pub dry_run: bool,
    /// Write everything in one transaction, or nothing where anything is refused. On SQLite it keeps other writers waiting
    #[arg(long, conflicts_with = "dry_run")]
    pub atomic: bool,
    /// Make new records even where a duplicate rule that refuses holds them for others
    #[arg(long)]
    pub allow_duplicates: bool,
    /// The tenant; may be left out where there is only one
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    /// Write every error to this file, a JSON object a line
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Tell of progress on standard error, also where that is no terminal
    #[arg(long)]
    pub progress: bool,
}

/// Settings of `export`.
#[derive(Args, Debug)]
pub struct Export {
    /// The resource, such as account or contact-points
    #[arg(value_name = "RESOURCE")]
    pub resource: String,
    /// Columns, also of related records: name,account.name [default: every field of the record]
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub fields: Vec<String>,
    /// Which records: the filter tree as JSON, such as {"country": {"eq": "AT"}}
    #[arg(long, value_name = "JSON")]
    pub filter: Option<String>,
    /// Deleted records too
    #[arg(long)]
    pub deleted: bool,
    /// How the records are written [default: by the ending of the file's name, else csv]
    #[arg(long, value_enum)]
    pub format: Option<ExportFormat>,
    /// The file, which is there whole or not at all [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write to this file the mapping by which import reads the records back
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// The tenant; may be left out where there is only one
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
}

impl Export {
    /// How the records are written.
    pub fn format(&self) -> ExportFormat {
        let ending = self.output.as_ref().and_then(|path| path.extension()).map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        self.format.unwrap_or(match ending.as_deref() {
            Some("xlsx") => ExportFormat::Xlsx,
            Some("parquet") => ExportFormat::Parquet,
            Some("ndjson" | "jsonl") => ExportFormat::Ndjson,
            _ => ExportFormat::Csv,
        })
    }
}

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Comma-separated values in UTF-8. An apostrophe keeps a text that looks like a formula from being one.
    Csv,
    /// A JSON object a line, as REST writes it.
    Ndjson,
    /// A spreadsheet of the kind that Excel writes. Texts are told to be texts.
    Xlsx,
    /// A Parquet file, in which every column has a type of its own.
    Parquet,
}

/// How many records `seed` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Size {
    /// As many as in the demonstration.
    S,
    /// Ten times as many.
    M,
    /// A hundred times as many.
    L,
}

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Scope {
    /// Reading.
    Read,
    /// Reading and writing.
    ReadWrite,
}

/// What to do with the schema.
#[derive(Debug, Subcommand)]
pub enum SchemaCommand {
    /// Print the GraphQL schema. Needs no database.
    Graphql,
    /// Print the REST API's OpenAPI document. Needs no database.
    Openapi,
    /// Print the AsyncAPI document of the events that webhooks tell. Needs no database.
    Asyncapi,
    /// Print a tenant's own objects and fields as one document.
    Snapshot {
        /// The tenant; the only one where left out
        #[arg(long, value_name = "TENANT")]
        tenant: Option<String>,
    },
    /// Say what `apply` would change, and what of it breaks.
    Diff {
        /// What to compare with.
        #[command(flatten)]
        file: SchemaFile,
    },
    /// Make a tenant's own objects and fields as a document says, all of it or nothing. A server that works on the same SQLite file
    /// learns of it when it starts anew; ask it itself then (`POST /v1/custom-objects/apply-schema`).
    Apply {
        /// What to apply.
        #[command(flatten)]
        file: SchemaFile,
        /// Change nothing, and find the same errors
        #[arg(long)]
        dry_run: bool,
    },
}

/// A document of a tenant's own objects and fields.
#[derive(Args, Debug)]
pub struct SchemaFile {
    /// The document, as snapshot prints it: JSON, or TOML where its name ends so
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The tenant; the only one where left out
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<String>,
    /// Delete objects and fields that the document does not name; their values are kept
    #[arg(long)]
    pub delete_missing: bool,
}

/// The contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// The GraphQL schema, in the schema definition language.
    Graphql,
    /// The REST API's OpenAPI 3.1 document.
    Openapi,
    /// The AsyncAPI 3.0 document of the events.
    Asyncapi,
}

/// What to do with users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// List the users of a tenant.
    List {
        /// The tenant; may be left out where there is only one
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
    },
    /// Make a user, who may sign in from then on.
    Create {
        /// The person's full name
        #[arg(long)]
        name: String,
        /// The address the person signs in with
        #[arg(long)]
        email: String,
        /// The person's job title
        #[arg(long)]
        title: Option<String>,
        /// The key of the role that the person holds: administrator, member, reader, or one of your own
        #[arg(long, value_name = "KEY", default_value = "member")]
        role: String,
        /// The tenant; may be left out where there is only one
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
    },
    /// Set a user's password, read from the first line of standard input.
    SetPassword {
        /// Whose
        #[arg(value_name = "EMAIL|ID")]
        user: String,
        /// The tenant; may be left out where there is only one
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
    },
    /// Let a user sign in no more. Records keep their owner and their history.
    Deactivate {
        /// Who
        #[arg(value_name = "EMAIL|ID")]
        user: String,
        /// The tenant; may be left out where there is only one
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
    },
    /// Let a user sign in again.
    Activate {
        /// Who
        #[arg(value_name = "EMAIL|ID")]
        user: String,
        /// The tenant; may be left out where there is only one
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
    },
}

/// What to do with the audit.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Look whether any entry was changed or taken away since it was added. Exit code 1, with the first that does not hold, where one was.
    Verify {
        /// The tenant; all where left out
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
        /// The last entry that an earlier verification printed, kept elsewhere: tells also of a chain that was written anew
        #[arg(long, value_name = "NUMBER:HASH")]
        anchor: Option<String>,
    },
}

/// What to do with a backup.
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Read a backup from its head to its end, without a database, and say whether it could be restored and what it holds: digest, rows, every value by its type, every
    /// reference. Exit code 1 where something is wrong with it.
    Verify {
        /// The file that backup wrote
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// What to do with the keys that sign access tokens.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Put a new key in the place of the one that signs. A running server takes it up within a second or two; tokens of the old one hold
    /// until they expire.
    Rotate {
        /// Only where the key is older than that, as an ISO 8601 duration: for a daily job
        #[arg(long, value_name = "DURATION")]
        older_than: Option<String>,
        /// Tokens of the old key are refused from now on: for a key that somebody else may have
        #[arg(long)]
        revoke: bool,
    },
}

/// What to do with tenants.
#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// List the tenants.
    List,
    /// Make a tenant with one user, and print a token for that user.
    Create {
        /// What the organization calls itself
        #[arg(long)]
        name: String,
        /// The user's e-mail address
        #[arg(long)]
        email: String,
        /// The user's name [default: the e-mail address]
        #[arg(long)]
        user_name: Option<String>,
    },
}

impl Cli {
    /// The flags that were given, by configuration key.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let common = &self.common;
        let mut given = vec![
            ("data", &common.data),
            ("database_url", &common.database_url),
            ("connections", &common.connections),
            ("log", &common.log),
            ("log_format", &common.log_format),
        ];
        if let Command::Serve(serve) = &self.command {
            given.extend([
                ("host", &serve.host),
                ("port", &serve.port),
                ("public_url", &serve.public_url),
                ("max_clients", &serve.max_clients),
            ]);
        }
        given.into_iter().filter_map(|(key, text)| text.clone().map(|text| (key, text))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use clap::CommandFactory as _;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_become_settings_that_exist() {
        let line = "clientela serve --demo --host ::1 --port 0 --public-url https://x --max-clients 5 --data d --database-url sqlite:x \
                    --connections 3 --log debug --log-format json --json";
        let cli = Cli::try_parse_from(line.split_whitespace()).unwrap();
        let settings = cli.settings();
        assert_eq!(settings.len(), 9);
        assert!(settings.iter().all(|(key, _)| Config::KEYS.contains(key)));
        assert!(cli.common.json);
    }
}
