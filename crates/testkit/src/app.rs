//! The whole server in process, but for sockets, configuration and the signing of tokens.

use crate::authentication::{Authentication, Ready};
use crate::outside::Outside;
use crate::postgres::Cluster;
use crate::{Client, Factory};
use axum::Router;
use clientela_access::oauth::AuthorizationServer;
use clientela_access::{Authenticator, CredentialChanges, Passwords, SigningKeys, TokenIssue, TokenRules};
use clientela_engine::files::{Disk, FileLimits};
use clientela_engine::{Engine, Module, WriteAction, WriteRequest};
use clientela_gateway::{GatewayState, Limits};
use clientela_jobs::{Dispatcher, Wake, Webhooks, Worker};
use clientela_kernel::{Actor, ActorKind, Clock, Context, FixedClock, Id, Scopes, TenantId, Timestamp};
use clientela_model::Registry;
use clientela_outgoing::Outgoing;
use clientela_store::{Dialect, Store, StoreSettings};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement};
use serde_json::{Value as Json, json};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// When every test begins.
const START: Timestamp = Timestamp(1_772_000_000_000);

/// The address of the server under test.
pub const URL: &str = "http://127.0.0.1:8080";

/// The greatest size of a file: small, so that tests reach it.
pub const FILE_BYTES: u64 = 3 << 20;

/// A server with two tenants, `alpha` and `beta`, each with one user who may do everything.
pub struct TestApp {
    /// The engine below the APIs.
    pub engine: Engine,
    /// The store below the engine.
    pub store: Store,
    /// Every resource.
    pub registry: Arc<Registry>,
    /// The clock of engine and gateway; it stands still until a test turns it.
    pub clock: Arc<FixedClock>,
    /// A user of the first tenant.
    pub alpha: Client,
    /// A user of the second tenant.
    pub beta: Client,
    /// A user of the first tenant whose credential may only read.
    pub reader: Client,
    /// Whom the server reaches over the network.
    pub outside: Arc<Outside>,
    /// Carries out jobs when a test asks it to.
    pub worker: Arc<Worker>,
    /// Delivers webhooks when a test asks it to; it may send to addresses of this machine.
    pub dispatcher: Arc<Dispatcher>,
    /// The address of the database.
    pub database_url: String,
    /// The folder of a SQLite database, removed when dropped. Shared, since a test may take the app apart.
    folder: Option<Arc<TempDir>>,
    /// The folder of the contents of files, removed when dropped.
    pub contents: Arc<TempDir>,
    /// Tells who is behind a credential.
    authenticator: Authenticator,
    router: Router,
    /// A connection past the store, made when first needed.
    reading: Arc<OnceCell<DatabaseConnection>>,
}

/// Brings a schema into a migrated database.
pub type Migrate = fn(Store) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a server is made of beyond the built-in resources.
#[derive(Clone, Default)]
pub struct Recipe {
    /// Makes further modules.
    pub modules: Option<fn() -> Vec<Module>>,
    /// Brings the schema of those modules into a migrated database.
    pub migrate: Option<Migrate>,
}

/// Runs a test on SQLite and on PostgreSQL, each with a fresh server.
pub async fn both<F, Answer>(test: F)
where
    F: Fn(TestApp) -> Answer,
    Answer: Future<Output = ()>,
{
    both_with(Recipe::default(), test).await;
}

/// Runs a test on both databases, with further resources.
pub async fn both_with<F, Answer>(recipe: Recipe, test: F)
where
    F: Fn(TestApp) -> Answer,
    Answer: Future<Output = ()>,
{
    run(TestApp::sqlite(&recipe).await, &test).await;
    match Cluster::shared() {
        Ok(cluster) => run(TestApp::postgres(cluster, &recipe).await, &test).await,
        Err(skipped) => note(&skipped.to_string()),
    }
}

async fn run<F, Answer>(app: TestApp, test: &F)
where
    F: Fn(TestApp) -> Answer,
    Answer: Future<Output = ()>,
{
    let (store, _folder, _contents) = (app.store.clone(), app.folder.clone(), app.contents.clone());
    test(app).await;
    store.close().await;
}

#[expect(clippy::print_stderr, reason = "a test that passes over a database says so")]
fn note(text: &str) {
    eprintln!("{text}");
}

impl TestApp {
    /// A server on a fresh SQLite file.
    pub async fn sqlite(recipe: &Recipe) -> TestApp {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let url = format!("sqlite:{}", folder.path().join("clientela.db").display());
        TestApp::new(url, Some(folder), recipe).await
    }

    /// A server on a fresh database of a PostgreSQL cluster.
    pub async fn postgres(cluster: &Cluster, recipe: &Recipe) -> TestApp {
        TestApp::new(cluster.fresh_database(), None, recipe).await
    }

    async fn new(url: String, folder: Option<TempDir>, recipe: &Recipe) -> TestApp {
        // What only the log says belongs into the output of the test that fails. A second call finds it done.
        let _ = tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::WARN).with_test_writer().try_init();
        let store = Store::open(&StoreSettings::new(url.clone())).await.expect("the database opens");
        let connection = store.migration_connection().await.expect("migrations connect");
        clientela_migrations::migrate(&connection).await.expect("migrations run");
        drop(connection);
        if let Some(migrate) = recipe.migrate {
            migrate(store.clone()).await;
        }
        let clock = Arc::new(FixedClock::new(START));
        let (changes, definitions) = (CredentialChanges::default(), CredentialChanges::default());
        let announce = changes.clone();
        let (redefined, stale) = (definitions.clone(), changes.clone());
        let definitions_changed = Arc::new(move || {
            redefined.announce();
            stale.mark();
        });
        let wake = Wake::default();
        let passwords = Passwords::default();
        let door = Outgoing::new(true).expect("the certificates of this machine can be read");
        let webhooks = Webhooks::new(door.clone());
        let mut modules = vec![
            clientela_platform::module(Arc::new(move || announce.announce()), definitions_changed, &passwords),
            clientela_customers::module(),
            clientela_interactions::module(),
            clientela_sales::module(),
            clientela_jobs::module(&wake, &webhooks),
        ];
        modules.extend(recipe.modules.map(|modules| modules()).unwrap_or_default());
        let engine = Engine::new(modules, store.clone(), clock.clone()).expect("the definitions fit together");
        let contents = Arc::new(TempDir::new().expect("a temporary folder can be made"));
        let disk = Disk::open(contents.path()).await.expect("a folder for contents can be opened");
        let limits = FileLimits { bytes: FILE_BYTES, ..FileLimits::default() };
        // Nobody keeps them here: a test that wants to see them writes them.
        let engine = engine.with_files(Arc::new(disk), limits).noting_sensitive_reads();
        let engine = engine.with_tenants(Arc::new(clientela_platform::StoredDefinitions), definitions);
        let registry = Arc::clone(engine.registry());

        let alpha = found(&engine, "alpha").await;
        let beta = found(&engine, "beta").await;
        let reader = Context { scopes: Scopes::READ, ..alpha.clone() };
        let rules = TokenRules { url: Some(URL.to_owned()), ..TokenRules::default() };
        let keys = SigningKeys::generate().expect("keys can be made");
        let source = Arc::new(clientela_platform::StoredCredentials::new(store.clone(), clock.clone()));
        let authenticator =
            Authenticator::new(keys, rules, source, engine.definitions(), changes.clone()).await.expect("credentials can be read");
        engine.connect(Arc::new(authenticator.clone()));
        let sign_ins = Arc::new(clientela_platform::StoredSignIns::new(store.clone(), engine.clone(), changes));
        let authorization = AuthorizationServer::new(authenticator.clone(), sign_ins.clone(), passwords, URL.to_owned());
        let outside = Arc::new(Outside::default());
        let authorization = authorization.with_providers(sign_ins, outside.clone());
        let router = clientela_gateway::router(GatewayState {
            authorization: Some(authorization),
            engine: engine.clone(),
            authenticator: Arc::new(Authentication(authenticator.clone())),
            health: Arc::new(Ready(store.clone())),
            clock: clock.clone(),
            limits: Limits::default(),
            public_url: URL.to_owned(),
            folder: std::env::temp_dir(),
        });
        let client = |context: Context| {
            let token = authenticator.issue(&TokenIssue {
                tenant: context.tenant,
                user: context.actor.id,
                client: "testkit".to_owned(),
                session: None,
                actor: None,
                issuer: None,
                scopes: context.scopes.clone(),
                issued_at: START,
                expires_at: Timestamp(START.0 + 86_400_000),
            });
            Client::new(router.clone(), Some(token.expect("a token can be signed")), context)
        };
        let worker = Worker::new(engine.clone(), store.clone(), authenticator.clone(), std::env::temp_dir(), wake)
            .with_kind(clientela_platform::retype::RetypeInBackground);
        let dispatcher = Dispatcher::new(engine.clone(), store.clone(), authenticator.clone(), door, webhooks);
        TestApp {
            outside,
            worker: Arc::new(worker),
            dispatcher: Arc::new(dispatcher),
            alpha: client(alpha),
            beta: client(beta),
            reader: client(reader),
            engine,
            store,
            registry,
            clock,
            database_url: url,
            folder: folder.map(Arc::new),
            contents,
            authenticator,
            router,
            reading: Arc::default(),
        }
    }

    /// A user of the first tenant signs in, by the id on the wire.
    ///
    /// # Panics
    /// Where there is no such user.
    pub async fn sign_in(&self, user: &str) -> Client {
        let tenant = self.alpha.context.tenant;
        let context = self.authenticator.in_name_of(tenant, user, Uuid::nil(), START).await.expect("the user may sign in");
        let token = self.authenticator.issue(&TokenIssue {
            tenant,
            user: context.actor.id,
            client: "testkit".to_owned(),
            session: None,
            actor: None,
            issuer: None,
            scopes: Scopes::ALL,
            issued_at: START,
            expires_at: Timestamp(START.0 + 86_400_000),
        });
        Client::new(self.router.clone(), Some(token.expect("a token can be signed")), context)
    }

    /// Makes records of any resource as this client.
    pub fn factory(&self, client: &Client) -> Factory {
        Factory::new(client, &self.engine)
    }

    /// Waits until the feed shows everything that was written: on PostgreSQL it holds back what is younger than the oldest open transaction of the cluster.
    ///
    /// # Panics
    /// Where the database cannot be read.
    pub async fn settled(&self) {
        if self.store.dialect() != Dialect::Postgres {
            return;
        }
        let connection =
            self.reading.get_or_init(|| async { self.store.migration_connection().await.expect("a further connection") }).await;
        let held_back = "SELECT 1 FROM change_log WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()) LIMIT 1";
        let statement = Statement::from_string(DbBackend::Postgres, held_back);
        while connection.query_one_raw(statement.clone()).await.expect("the log can be read").is_some() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    /// The change log of a record of whatever tenant, by tenant and version: tenant, kind, version, actor, before, after. Read
    /// below the feed, which on PostgreSQL holds back what is younger than the oldest open transaction of the cluster.
    ///
    /// # Panics
    /// Where the id is none, or the database cannot be read.
    pub async fn log(&self, id: &str) -> Vec<Json> {
        let def = Id::prefix_of(id).and_then(|prefix| self.registry.by_prefix(prefix)).unwrap_or_else(|| panic!("{id} is no id"));
        let record = Id::parse(id, &def.prefix).unwrap_or_else(|problem| panic!("{id} is no id: {problem:?}")).0;
        let connection =
            self.reading.get_or_init(|| async { self.store.migration_connection().await.expect("a further connection") }).await;
        let postgres = self.store.dialect() == Dialect::Postgres;
        let (as_text, first, second) = if postgres { ("::text", "$1", "$2") } else { ("", "?", "?") };
        let text = format!(
            "SELECT tenant_id, kind, version, actor, before{as_text} AS before_text, after{as_text} AS after_text FROM change_log \
             WHERE resource = {first} AND record_id = {second} ORDER BY tenant_id, version, seq"
        );
        let values = [def.name.clone().into_owned().into(), record.into()];
        let rows = connection.query_all_raw(Statement::from_sql_and_values(connection.get_database_backend(), text, values)).await;
        let row = |row: QueryResult| -> Result<Json, DbErr> {
            let side = |column: &str| -> Result<Json, DbErr> {
                let text: Option<String> = row.try_get("", column)?;
                Ok(text.map_or(Json::Null, |text| serde_json::from_str(&text).expect("the log holds JSON")))
            };
            Ok(json!({
                "tenant": TenantId(row.try_get("", "tenant_id")?).to_string(),
                "kind": row.try_get::<String>("", "kind")?,
                "version": row.try_get::<i64>("", "version")?,
                "actor": row.try_get::<String>("", "actor")?,
                "before": side("before_text")?,
                "after": side("after_text")?,
            }))
        };
        rows.and_then(|rows| rows.into_iter().map(row).collect()).expect("the change log can be read")
    }
}

/// Makes a tenant and its user, as the server's own command does.
async fn found(engine: &Engine, name: &str) -> Context {
    let id = clientela_engine::ids::mint(START);
    let system = Context {
        tenant: TenantId(id.0),
        actor: Actor { kind: ActorKind::System, id },
        client: Some("testkit".to_owned()),
        scopes: Scopes::ALL,
        policy: None,
        request_id: Uuid::nil(),
        now: START,
        zone: chrono_tz::UTC,
        allow_duplicates: false,
        address: None,
    };
    create(engine, &system, "tenant", json!({ "id": id.to_text("ten"), "name": format!("Tenant {name}") })).await;
    let user = json!({ "name": format!("Admin of {name}"), "email": format!("admin@{name}.example") });
    let user = create(engine, &system, "user", user).await;
    clientela_platform::founding::begin(engine, &system, user).await.expect("a tenant can begin");
    Context { actor: Actor { kind: ActorKind::User, id: user }, ..system }
}

async fn create(engine: &Engine, context: &Context, resource: &str, body: Json) -> Id {
    let def = engine.registry().resource(resource).unwrap_or_else(|| panic!("there is no resource {resource}"));
    let body = body.as_object().cloned().unwrap_or_default();
    let request = WriteRequest { def: Arc::clone(def), action: WriteAction::Create { body }, idempotency: None };
    engine.write(context, request).await.unwrap_or_else(|error| panic!("no {resource} can be made: {error}")).id
}

impl std::fmt::Debug for TestApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestApp").field("database_url", &self.database_url).field("now", &self.clock.now()).finish_non_exhaustive()
    }
}
