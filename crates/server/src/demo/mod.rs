//! A made-up tenant to look around in: a wholesaler of organic food in the Alps with its staff, customers and three years
//! of interactions. Every name is invented, every address ends in `.example`. The same seed gives the same ids and the
//! same records; only the dates follow the day it is planted on.

mod consent;
mod customers;
mod deals;
mod dice;
mod ledger;
mod staff;
mod words;
mod work;

use clientela_engine::{Engine, ReadPlan, Root, WriteAction, WriteRequest};
use clientela_kernel::{Context, DeletedMode, ErrorCode, Id, Result, TenantId, Timestamp};
use clientela_platform::founding;
use dice::{Dice, Mint};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many writes are under way at once: enough to fill SQLite's group transactions, too few to crowd out a pool.
const CONCURRENCY: usize = 64;

/// What was planted.
#[derive(Clone, Debug)]
pub struct Seeded {
    /// The staff: id, name and e-mail address of each user, the head of sales first.
    pub users: Vec<(Id, String, String)>,
    /// How many records there are; zero where everything was there before.
    pub records: usize,
    /// The same by resource.
    pub counts: BTreeMap<&'static str, usize>,
}

/// Which tenant is planted, and how often its customers are made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sowing {
    /// Tells tenants apart; 0 is the demonstration's.
    number: u64,
    /// How often.
    copies: u64,
}

impl Sowing {
    /// The demonstration.
    const DEMONSTRATION: Sowing = Sowing { number: 0, copies: 1 };
    /// As many as in the demonstration.
    pub const SMALL: Sowing = Sowing { number: 1, copies: 1 };
    /// Ten times as many.
    pub const MEDIUM: Sowing = Sowing { number: 1_000, copies: 10 };
    /// A hundred times as many.
    pub const LARGE: Sowing = Sowing { number: 2_000, copies: 100 };

    fn tenant(self) -> TenantId {
        TenantId(Mint::numbered(self.number).next().0)
    }
}

/// The demonstration tenant.
pub fn tenant() -> TenantId {
    Sowing::DEMONSTRATION.tenant()
}

/// The authority to plant it.
pub fn context(now: Timestamp) -> Context {
    context_of(Sowing::DEMONSTRATION, now)
}

/// The authority to plant a tenant.
pub fn context_of(sowing: Sowing, now: Timestamp) -> Context {
    let tenant = sowing.tenant();
    Context {
        client: Some("demo".to_owned()),
        zone: chrono_tz::Europe::Vienna,
        allow_duplicates: true,
        ..Context::of_system(tenant, tenant.0, now)
    }
}

/// A record to make.
struct Planting {
    resource: &'static str,
    body: Map<String, Json>,
}

impl Planting {
    fn new(resource: &'static str, body: Json) -> Planting {
        let body = if let Json::Object(body) = body { body } else { Map::new() };
        Planting { resource, body }
    }
}

/// Plants the demonstration tenant through the engine, so that rules and change log hold for it as for any other.
/// Planting again adds only what a broken attempt left out; the tenant itself comes last and marks the end.
pub async fn seed(engine: &Engine, context: &Context) -> Result<Seeded> {
    sow(engine, context, Sowing::DEMONSTRATION).await
}

/// The same for any sowing; the context is the sowing's own.
pub async fn sow(engine: &Engine, context: &Context, sowing: Sowing) -> Result<Seeded> {
    let mut mint = Mint::numbered(sowing.number);
    let mut dice = Dice::numbered(sowing.number);
    let tenant = mint.next();
    let staff = staff::hire(&mut mint);
    let users = staff.iter().map(|user| (user.id, user.name.to_owned(), user.email())).collect();
    let mut seeded = Seeded { users, records: 0, counts: BTreeMap::new() };
    if exists(engine, context, "tenant", tenant).await? {
        return Ok(seeded);
    }
    seeded.plant_all(engine, context, staff::plantings(&staff)).await?;
    for copy in 0..sowing.copies {
        if copy > 0 {
            (mint, dice) = (Mint::numbered(sowing.number + copy), Dice::numbered(sowing.number + copy));
        }
        let (steps, sayings) = make_up(&mut mint, &mut dice, &staff, copy == 0, context.now);
        seeded.plant_all(engine, context, steps).await?;
        for saying in sayings {
            consent::say(engine, context, saying).await?;
            seeded.count("consent", 1);
        }
    }
    crate::tenants::begin(engine, context).await?;
    give_roles(engine, context, &staff).await?;
    seeded.plant_all(engine, context, vec![vec![staff::tenant(tenant)]]).await?;
    Ok(seeded)
}

/// Customers and what goes on with them, in steps of which each refers to earlier ones alone, and what people have said. A little of everything else is enough once.
fn make_up(
    mint: &mut Mint,
    dice: &mut Dice,
    staff: &[staff::User],
    whole: bool,
    now: Timestamp,
) -> (Vec<Vec<Planting>>, Vec<consent::Saying>) {
    let customers = customers::acquire(mint, dice, staff, now);
    let ledger = ledger::keep(mint, dice, staff, &customers, now);
    let (mut more, mut sayings) = (Vec::new(), Vec::new());
    if whole {
        more = work::go_on(mint, dice, staff, &customers, now);
        let (allowed, said) = consent::allow(mint, dice, &customers, now);
        more.extend(allowed);
        more.extend(deals::sell(mint, dice, staff, &customers, now));
        sayings = said;
    }
    let mut steps = customers.plantings;
    steps.extend(ledger.into_iter().chain(more));
    (steps, sayings)
}

/// The first of the staff is the administrator, the others work with customers.
async fn give_roles(engine: &Engine, context: &Context, staff: &[staff::User]) -> Result<()> {
    let Some((first, others)) = staff.split_first() else { return Ok(()) };
    founding::begin(engine, context, first.id).await?;
    for user in others {
        founding::assign(engine, context, user.id, founding::MEMBER).await?;
    }
    Ok(())
}

impl Seeded {
    fn count(&mut self, resource: &'static str, records: usize) {
        self.records += records;
        *self.counts.entry(resource).or_default() += records;
    }

    /// Plants step after step: each refers to earlier ones alone.
    async fn plant_all(&mut self, engine: &Engine, context: &Context, steps: Vec<Vec<Planting>>) -> Result<()> {
        for step in steps {
            for planting in &step {
                self.count(planting.resource, 1);
            }
            stream::iter(step.into_iter().map(|planting| plant(engine, context, planting)))
                .buffer_unordered(CONCURRENCY)
                .try_for_each(|()| std::future::ready(Ok(())))
                .await?;
        }
        Ok(())
    }
}

async fn plant(engine: &Engine, context: &Context, planting: Planting) -> Result<()> {
    let Planting { resource, body } = planting;
    let def = engine.registry().known(resource).cloned()?;
    let request = WriteRequest { def, action: WriteAction::Create { body }, idempotency: None };
    match engine.write(context, request).await {
        Ok(_) => Ok(()),
        // An earlier attempt got this far.
        Err(error) if matches!(error.code(), ErrorCode::IdTaken | ErrorCode::Duplicate) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn exists(engine: &Engine, context: &Context, resource: &str, id: Id) -> Result<bool> {
    let Some(def) = engine.registry().resource(resource) else { return Ok(false) };
    let root = Root::Record { id: id.0, deleted: DeletedMode::Include, selection: Arc::default() };
    let plan = ReadPlan { def: Arc::clone(def), root };
    engine.read(context, &plan, &mut Vec::new()).await.map(|answer| answer.found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clientela_engine::{Connection, ConnectionItem, PageInfoItem};
    use clientela_kernel::{FixedClock, ListArguments};
    use clientela_store::{Store, StoreSettings};

    async fn engine(folder: &tempfile::TempDir, now: Timestamp) -> Engine {
        let store = Store::open(&StoreSettings::new(format!("sqlite:{}", folder.path().join("demo.db").display()))).await.unwrap();
        clientela_migrations::migrate(&store.migration_connection().await.unwrap()).await.unwrap();
        let modules = vec![
            clientela_platform::module(Arc::new(|| {}), Arc::new(|| {}), &Default::default()),
            clientela_customers::module(),
            clientela_interactions::module(),
            clientela_sales::module(),
            clientela_jobs::module(&Default::default(), &Default::default()),
        ];
        Engine::new(modules, store, Arc::new(FixedClock::new(now))).unwrap()
    }

    async fn count(engine: &Engine, context: &Context, resource: &str, filter: Json) -> u64 {
        let def = engine.registry().resource(resource).unwrap();
        let filter = Some(engine.parse_filter(context, def, &filter).unwrap());
        let items = vec![PageInfoItem::Total("total".into())];
        let connection = Connection { items: vec![ConnectionItem::PageInfo { key: "page".into(), items }] };
        let root = Root::List(ListArguments { filter, ..ListArguments::first(1) }, connection);
        let mut out = Vec::new();
        engine.read(context, &ReadPlan { def: Arc::clone(def), root }, &mut out).await.unwrap();
        let json: Json = serde_json::from_slice(&out).unwrap();
        json["page"]["total"].as_u64().unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_tenant_is_planted_once_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::parse("2026-05-04T10:30:00Z").unwrap();
        let engine = engine(&folder, now).await;
        let context = context(now);
        let seeded = seed(&engine, &context).await.unwrap();
        assert_eq!(seeded.users.len(), 5);
        assert_eq!(seeded.users[4].2, "elif.yilmaz@alpine-foods.example");
        let all = serde_json::json!({});
        let mut total = 0;
        for (resource, expected) in [
            ("tenant", 1),
            ("user", 5),
            ("account", 40),
            ("contact", 120),
            ("accountContact", 122),
            ("address", 50),
            ("interaction", 450),
            ("note", 19),
            ("task", 6),
            ("meeting", 3),
            ("meetingAttendee", 6),
            ("taxId", 6),
            ("householdMember", 12),
            ("tag", 6),
            ("relationshipType", 3),
            ("relationship", 10),
            ("follower", 6),
            ("visitor", 3),
            ("customerEvent", 15),
            ("purpose", 3),
            ("purposeNotice", 3),
            ("communicationPreference", 30),
            ("pipeline", 2),
            ("stage", 10),
            ("lostReason", 4),
            ("competitor", 3),
            ("opportunity", 160),
        ] {
            let found = count(&engine, &context, resource, all.clone()).await;
            assert_eq!(found, expected, "{resource}");
            total += found;
        }
        // Every interaction has somebody in it, most of them an account and a person.
        let participants = count(&engine, &context, "interactionParticipant", all.clone()).await;
        assert!(participants > 500, "{participants}");
        // A point for each plain field (an e-mail address and a telephone number of every person, a number and a web site of every
        // organization), and those that were planted by themselves.
        let plain = 2 * 120 + 2 * 34;
        let points = count(&engine, &context, "contactPoint", all.clone()).await - plain;
        assert!(points > 10, "{points}");
        let consents = count(&engine, &context, "consent", all.clone()).await;
        assert!(consents > 100, "{consents}");
        assert_eq!(total + participants + points + consents, u64::try_from(seeded.records).unwrap(), "nothing was passed over as taken");
        // A party for each contact and each account that is not a person's.
        assert_eq!(count(&engine, &context, "party", all.clone()).await, 120 + 38);
        let group = serde_json::json!({"children": {"some": {"name": {"contains": "hotel"}}}});
        assert_eq!(count(&engine, &context, "account", group).await, 1);
        let silent = serde_json::json!({"participants": {"none": {}}});
        assert_eq!(count(&engine, &context, "interaction", silent).await, 0);
        let future = serde_json::json!({"occurredAt": {"gt": now.to_text()}});
        assert_eq!(count(&engine, &context, "interaction", future).await, 0);
        assert_eq!(seed(&engine, &context).await.unwrap().records, 0);
        assert_eq!(count(&engine, &context, "contact", all).await, 120);
    }

    #[test]
    fn ids_do_not_follow_the_day_of_planting() {
        let ids = |now: &str| {
            let (mut mint, mut dice) = (Mint::numbered(0), Dice::numbered(0));
            let staff = staff::hire(&mut mint);
            let (steps, _) = make_up(&mut mint, &mut dice, &staff, true, Timestamp::parse(now).unwrap());
            steps.into_iter().flatten().map(|planting| (planting.resource, planting.body["id"].clone())).collect::<Vec<_>>()
        };
        let planted = ids("2026-05-04T03:00:00Z");
        assert!(planted.len() > 1_000);
        for day in ["2026-05-05T03:00:00Z", "2026-11-23T12:00:00Z", "2026-11-24T12:00:00Z", "2027-02-28T23:59:59Z"] {
            assert_eq!(ids(day), planted, "{day}");
        }
    }
}
