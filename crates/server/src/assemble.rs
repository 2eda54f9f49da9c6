//! How the parts become a server. Tests call the same assembly.

use crate::lifecycle::{self, Draining};
use crate::outside::SignInDoor;
use async_trait::async_trait;
use axum::Router;
use clientela_access::oauth::AuthorizationServer;
use clientela_access::{Authenticator, CredentialChanges, Passwords, SigningKeys, TokenRules};
use clientela_engine::files::{Disk, FileLimits};
use clientela_engine::{Engine, Module};
use clientela_gateway::{Figure, GatewayState, Health, Limits};
use clientela_jobs::{Dispatcher, Wake, Webhooks, Worker};
use clientela_kernel::{Clock, Error, ErrorCode, Result, Timestamp};
use clientela_migrations::{Migrator, MigratorTrait as _};
use clientela_model::Registry;
use clientela_outgoing::Outgoing;
use clientela_platform::retype::RetypeInBackground;
use clientela_platform::{CredentialsChanged, DefinitionsChanged, StoredCredentials, StoredDefinitions, StoredSignIns, publish_keys};
use clientela_store::{Dialect, Store, StoreFigures, StoreSettings};
use std::path::PathBuf;
use std::sync::Arc;

/// The bell that tells other nodes of changed credentials.
const CREDENTIALS_BELL: &str = "clientela_credentials";
/// The bell that tells them of what tenants add to the definitions.
pub const DEFINITIONS_BELL: &str = "clientela_definitions";

/// What an assembly needs.
pub struct Parts {
    /// The database.
    pub store: StoreSettings,
    /// The keys that sign access tokens.
    pub signing_keys: SigningKeys,
    /// Who issues them, and for whom.
    pub token_rules: TokenRules,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The directory of the contents of files.
    pub files: PathBuf,
    /// What may be uploaded.
    pub file_limits: FileLimits,
    /// Whether others are asked that are not on the public network.
    pub private_addresses: bool,
}

/// An assembled server, without sockets.
#[derive(Clone)]
pub struct House {
    /// The database.
    pub store: Store,
    /// Reads and writes records.
    pub engine: Engine,
    /// Knows who is behind a request.
    pub authenticator: Authenticator,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The migrations that had to be applied.
    pub migrated: Vec<String>,
    /// Rings where there may be work for the worker.
    pub wake: Wake,
    /// Hashes passwords, and counts attempts at them.
    pub passwords: Passwords,
    /// Announces changes of credentials.
    pub changes: CredentialChanges,
    /// Asks others on the network.
    pub outgoing: Outgoing,
    /// What webhooks go out through, and rings where there may be something to send.
    pub webhooks: Webhooks,
}

/// Every module, in the order resources are shown.
pub fn modules(
    credentials_changed: CredentialsChanged,
    definitions_changed: DefinitionsChanged,
    passwords: &Passwords,
    wake: &Wake,
    webhooks: &Webhooks,
) -> Vec<Module> {
    vec![
        clientela_platform::module(credentials_changed, definitions_changed, passwords),
        clientela_customers::module(),
        clientela_interactions::module(),
        clientela_sales::module(),
        clientela_jobs::module(wake, webhooks),
    ]
}

/// Every resource, without a database.
pub fn registry() -> Result<Arc<Registry>> {
    clientela_engine::registry(&mut modules(
        Arc::new(|| {}),
        Arc::new(|| {}),
        &Passwords::default(),
        &Wake::default(),
        &Webhooks::default(),
    ))
}

/// What migrations a database has and lacks.
pub struct Schema {
    /// Seen by the database, in order.
    pub applied: Vec<String>,
    /// Known to this program, not yet seen by the database, in order.
    pub pending: Vec<String>,
}

/// Compares the database's migrations with this program's.
///
/// # Errors
/// Where the database has seen one that this program does not know: it belongs to a newer version.
pub async fn schema(store: &Store) -> Result<Schema> {
    let known: Vec<String> = Migrator::get_migration_files().iter().map(|step| step.name().to_owned()).collect();
    let applied = store.migrations().await?;
    if let Some(strange) = applied.iter().find(|name| !known.contains(name)) {
        return Err(Error::internal(format!(
            "The database is newer than this program: it has the migration {strange}, which version {} does not know. Use a newer clientela, or another database.",
            env!("CARGO_PKG_VERSION")
        )));
    }
    let pending = known.into_iter().filter(|name| !applied.contains(name)).collect();
    Ok(Schema { applied, pending })
}

/// Brings the database up to date. Answers the migrations that had to be applied.
pub async fn migrate(store: &Store) -> Result<Vec<String>> {
    if schema(store).await?.pending.is_empty() {
        return Ok(Vec::new());
    }
    let connection = store.migration_connection().await?;
    let applied = clientela_migrations::migrate(&connection).await;
    let closed = connection.close().await;
    let applied = applied.map_err(|error| Error::internal(format!("The database could not be brought up to date: {error}")))?;
    closed.map_err(Error::internal)?;
    Ok(applied)
}

/// Opens the database, brings it up to date and puts everything together.
pub async fn assemble(parts: Parts) -> Result<House> {
    let store = Store::open(&parts.store).await?;
    let migrated = migrate(&store).await?;
    let (changes, definitions) = (CredentialChanges::default(), CredentialChanges::default());
    let announce = changes.clone();
    let (redefined, stale) = (definitions.clone(), changes.clone());
    let definitions_changed = Arc::new(move || {
        redefined.announce();
        // What roles allow was told by the definitions as they were.
        stale.mark();
    });
    let wake = Wake::default();
    let passwords = Passwords::default();
    let outgoing = Outgoing::new(parts.private_addresses).map_err(Error::internal)?;
    let webhooks = Webhooks::new(outgoing.clone());
    let engine = Engine::new(
        modules(Arc::new(move || announce.announce()), definitions_changed, &passwords, &wake, &webhooks),
        store.clone(),
        Arc::clone(&parts.clock),
    )?;
    let engine = engine.with_files(Arc::new(Disk::open(parts.files).await?), parts.file_limits);
    let new_key = publish_keys(&store, parts.signing_keys.publics(), parts.clock.now()).await?;
    let source = Arc::new(StoredCredentials::new(store.clone(), Arc::clone(&parts.clock)));
    let engine = engine.with_tenants(Arc::new(StoredDefinitions), definitions.clone()).noting_sensitive_reads();
    lifecycle::background(engine.clone().keep_sensitive_reads());
    let authenticator = Authenticator::new(parts.signing_keys, parts.token_rules, source, engine.definitions(), changes.clone()).await?;
    engine.connect(Arc::new(authenticator.clone()));
    if store.dialect() == Dialect::Postgres {
        hang_bell(&store, CREDENTIALS_BELL, vec![changes.clone()], &authenticator);
        hang_bell(&store, DEFINITIONS_BELL, vec![definitions, changes.clone()], &authenticator);
        if new_key {
            changes.announce();
        }
    }
    Ok(House { store, engine, authenticator, clock: parts.clock, migrated, wake, passwords, changes, outgoing, webhooks })
}

/// Rings for the other nodes when the first of these changes here; all of them have changed when another node rings, and credentials are
/// read again.
fn hang_bell(store: &Store, channel: &'static str, changes: Vec<CredentialChanges>, authenticator: &Authenticator) {
    let ringing = store.clone();
    let Some(first) = changes.first() else { return };
    first.connect(move || {
        let store = ringing.clone();
        lifecycle::background(async move {
            if let Err(error) = store.ring(channel).await {
                tracing::warn!(%error, "other nodes could not be told of a change; they learn of it when they reconnect");
            }
        });
    });
    let (mut bell, authenticator) = (store.bell(channel), authenticator.clone());
    lifecycle::background(async move {
        while bell.heard().await {
            changes.iter().for_each(CredentialChanges::mark);
            if let Err(error) = authenticator.reload().await {
                tracing::warn!(%error, "changed credentials could not be read; the next request tries again");
            }
        }
    });
}

impl House {
    /// The HTTP surface.
    pub fn routes(&self, limits: Limits, public_url: String, metrics_token: Option<String>, draining: Draining, folder: PathBuf) -> Router {
        let sign_ins = Arc::new(self.sign_ins());
        let authorization = AuthorizationServer::new(
            self.authenticator.clone(),
            sign_ins.clone(),
            self.passwords.clone(),
            public_url.trim_end_matches('/').to_owned(),
        )
        .with_providers(sign_ins, Arc::new(SignInDoor(self.outgoing.clone())));
        clientela_gateway::router(GatewayState {
            authorization: Some(authorization),
            engine: self.engine.clone(),
            authenticator: Arc::new(self.authenticator.clone()),
            health: Arc::new(Readiness { store: self.store.clone(), draining, metrics_token, started: self.clock.now() }),
            clock: Arc::clone(&self.clock),
            limits,
            public_url,
            folder,
        })
    }

    /// Tells other nodes, and servers of the same database, that credentials have changed.
    ///
    /// # Errors
    /// Where the database is away.
    pub async fn ring(&self) -> Result<()> {
        match self.store.dialect() {
            Dialect::Postgres => self.store.ring(CREDENTIALS_BELL).await,
            Dialect::Sqlite => Ok(()),
        }
    }

    /// What is kept of sign-ins.
    pub fn sign_ins(&self) -> StoredSignIns {
        StoredSignIns::new(self.store.clone(), self.engine.clone(), self.changes.clone())
    }

    /// What carries out jobs; `folder` is where files are while they are worked on.
    pub fn worker(&self, folder: PathBuf) -> Worker {
        Worker::new(self.engine.clone(), self.store.clone(), self.authenticator.clone(), folder, self.wake.clone())
            .with_kind(RetypeInBackground)
    }
}

impl House {
    /// What delivers webhooks.
    pub fn dispatcher(&self) -> Dispatcher {
        let (engine, store, authenticator) = (self.engine.clone(), self.store.clone(), self.authenticator.clone());
        Dispatcher::new(engine, store, authenticator, self.outgoing.clone(), self.webhooks.clone())
    }
}

/// Ready while the database answers and the server is not on its way out.
struct Readiness {
    store: Store,
    draining: Draining,
    metrics_token: Option<String>,
    started: Timestamp,
}

impl Readiness {
    fn database(&self) -> &'static str {
        match self.store.dialect() {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgres",
        }
    }
}

#[async_trait]
impl Health for Readiness {
    async fn ready(&self) -> Result<()> {
        if self.draining.is_on() {
            return Err(Error::new(ErrorCode::Overloaded, "The server is shutting down. Use another one, or try again in a moment."));
        }
        self.store.ready().await
    }

    fn is_draining(&self) -> bool {
        self.draining.is_on()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        vec![("version", env!("CARGO_PKG_VERSION").to_owned()), ("database", self.database().to_owned())]
    }

    fn figures(&self) -> Vec<Figure> {
        let StoreFigures { statements, connections, writer_queue } = self.store.figures();
        let figure = |name, help, counter, labels, value| Figure { name, help, counter, labels, value };
        let size = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let state = |state: &str| vec![("state", state.to_owned())];
        let (connected, help) = ("clientela_store_connections", "Database connections that serve requests, by what they do.");
        let build = vec![("version", env!("CARGO_PKG_VERSION").to_owned()), ("database", self.database().to_owned())];
        let mut figures = vec![
            figure("clientela_build_info", "The program and the database it works on.", false, build, 1),
            figure(
                "process_start_time_seconds",
                "When the server was started, in seconds since 1970.",
                false,
                Vec::new(),
                u64::try_from(self.started.0 / 1_000).unwrap_or(0),
            ),
            figure("clientela_store_statements_total", "Statements sent to the database.", true, Vec::new(), statements),
            figure("clientela_store_connections_max", "Connections there may be.", false, Vec::new(), size(connections.most)),
            figure(connected, help, false, state("used"), size(connections.used)),
            figure(connected, help, false, state("idle"), size(connections.idle)),
        ];
        figures.extend(writer_queue.map(|queue| {
            figure("clientela_store_writer_queue", "Writes that wait for SQLite's one writer.", false, Vec::new(), size(queue))
        }));
        figures
    }

    fn metrics_token(&self) -> Option<&str> {
        self.metrics_token.as_deref()
    }
}
