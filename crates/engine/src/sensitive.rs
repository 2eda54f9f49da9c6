//! Reads of sensitive fields on their way into the audit: one entry a request, with who, when, from where, which fields of which records. They are noted in memory when the answer is read, so that
//! nobody waits for the audit, and written together a moment later.
//!
//! Nothing is dropped: while more requests wait than [`MOST`], reads of sensitive fields wait until there is room. A server that ends in order writes them first; one that is killed loses what it had
//! noted in its last moment. What reads no value of a sensitive field costs a look at the definitions.

use crate::audit;
use crate::engine::{Engine, Inner};
use crate::read::Sight;
use clientela_kernel::{ActorKind, Context, Error, Result, TenantId, Timestamp};
use clientela_store::{AuditEntry, AuditWrite, Commit, Store, WriteSet};
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use uuid::Uuid;

/// What the audit calls it.
pub const SENSITIVE_READ: &str = "SENSITIVE_READ";
/// How many requests may wait for their entries.
pub const MOST: usize = 10_000;
/// How many records of a resource an entry names; it counts all of them.
pub const NAMED: usize = 100;
/// How many entries are written together.
const TOGETHER: usize = 100;
/// How often that is tried while the chain moves on.
const MAXIMUM_ATTEMPTS: usize = 20;
/// How long reads are gathered: what one request reads is one entry.
const GATHER: Duration = Duration::from_millis(250);
/// How long nothing is tried after the database was away.
const PAUSE: Duration = Duration::from_secs(1);

/// What waits to be written.
#[derive(Default)]
pub(crate) struct SensitiveReads {
    waiting: Mutex<HashMap<(TenantId, Uuid), Noted>>,
    came: Notify,
    went: Notify,
}

/// What a request has read.
#[derive(Clone)]
struct Noted {
    entry: AuditEntry,
    read: BTreeMap<String, Read>,
}

/// What was read of a resource.
#[derive(Clone, Default)]
struct Read {
    fields: BTreeSet<String>,
    records: BTreeSet<String>,
    /// Records beyond those that are named.
    further: u64,
}

impl Noted {
    fn add(&mut self, sight: Sight) {
        let read = self.read.entry(sight.resource).or_default();
        read.fields.extend(sight.fields);
        for record in sight.records {
            if read.records.contains(&record) {
                continue;
            }
            if read.records.len() < NAMED {
                read.records.insert(record);
            } else {
                read.further += 1;
            }
        }
        read.further += sight.unnamed;
    }

    fn entry(&self) -> AuditEntry {
        let read = |(resource, read): (&String, &Read)| {
            let count = u64::try_from(read.records.len()).unwrap_or(u64::MAX).saturating_add(read.further);
            json!({ "resource": resource, "fields": read.fields, "count": count, "records": read.records })
        };
        let all: Vec<Json> = self.read.iter().map(read).collect();
        let only = self.read.iter().next().filter(|_| self.read.len() == 1);
        let record = only.and_then(|(_, read)| read.records.first().filter(|_| read.records.len() == 1 && read.further == 0));
        AuditEntry {
            resource: only.map(|(resource, _)| resource.clone()),
            record: record.cloned(),
            detail: Some(json!({ "read": all }).to_string()),
            ..self.entry.clone()
        }
    }
}

impl SensitiveReads {
    /// Notes what a request has read; waits while too many others do.
    async fn note(&self, context: &Context, now: Timestamp, sights: Vec<Sight>) {
        let key = (context.tenant, context.request_id);
        loop {
            let room = self.went.notified();
            {
                let mut waiting = self.waiting.lock();
                if waiting.len() < MOST || waiting.contains_key(&key) {
                    let noted = waiting
                        .entry(key)
                        .or_insert_with(|| Noted { entry: audit::entry(context, now, SENSITIVE_READ), read: BTreeMap::new() });
                    sights.into_iter().for_each(|sight| noted.add(sight));
                    break;
                }
            }
            room.await;
        }
        self.came.notify_one();
    }

    /// Writes what waits.
    async fn write(&self, store: &Store) -> Result<()> {
        let mut of_tenants: HashMap<TenantId, Vec<(Uuid, Noted)>> = HashMap::new();
        for ((tenant, request), noted) in std::mem::take(&mut *self.waiting.lock()) {
            of_tenants.entry(tenant).or_default().push((request, noted));
        }
        self.went.notify_waiters();
        let mut failed = None;
        for (tenant, mut all) in of_tenants {
            all.sort_by_key(|(_, noted)| noted.entry.id.0);
            while !all.is_empty() {
                let rest = all.split_off(all.len().min(TOGETHER));
                let these = std::mem::replace(&mut all, rest);
                if failed.is_none()
                    && let Err(error) = append(store, tenant, &these).await
                {
                    failed = Some(error);
                }
                if failed.is_some() {
                    // Kept for the next time, with what has come meanwhile.
                    let mut waiting = self.waiting.lock();
                    for (request, noted) in these {
                        waiting.entry((tenant, request)).or_insert(noted);
                    }
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }
}

async fn append(store: &Store, tenant: TenantId, noted: &[(Uuid, Noted)]) -> Result<()> {
    let entries: Vec<AuditEntry> = noted.iter().map(|(_, noted)| noted.entry()).collect();
    for _ in 0..MAXIMUM_ATTEMPTS {
        let audit = Some(AuditWrite { entries: entries.clone(), as_of: None });
        let set = WriteSet { tenant, rows: Vec::new(), idempotency: None, audit };
        if store.scope(tenant).commit(set).await? == Commit::Done {
            return Ok(());
        }
    }
    Err(Error::unavailable("the audit kept moving on"))
}

impl Engine {
    /// The same engine, which notes reads of sensitive fields. Somebody must write them: [`Engine::keep_sensitive_reads`].
    #[must_use]
    pub fn noting_sensitive_reads(self) -> Engine {
        Engine { inner: Arc::new(Inner { sensitive: Some(Arc::default()), ..Inner::clone(&self.inner) }) }
    }

    /// Writes the reads of sensitive fields that have been noted by now.
    ///
    /// # Errors
    /// Where the database is away: they wait on.
    pub async fn write_sensitive_reads(&self) -> Result<()> {
        match &self.inner.sensitive {
            Some(sensitive) => sensitive.write(&self.inner.store).await,
            None => Ok(()),
        }
    }

    /// Writes reads of sensitive fields as they come, for as long as the server lives.
    pub async fn keep_sensitive_reads(self) {
        let Some(sensitive) = self.inner.sensitive.clone() else { return };
        loop {
            sensitive.came.notified().await;
            tokio::time::sleep(GATHER).await;
            while let Err(error) = sensitive.write(&self.inner.store).await {
                tracing::warn!(%error, "reads of sensitive fields could not be written into the audit; they wait, and it is tried again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Notes what an answer shows of sensitive fields. What the server itself reads is nobody's reading.
    pub(crate) async fn saw(&self, context: &Context, sights: Vec<Sight>) {
        if sights.is_empty() || context.actor.kind == ActorKind::System {
            return;
        }
        if let Some(sensitive) = &self.inner.sensitive {
            sensitive.note(context, self.inner.clock.now(), sights).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids;

    fn sight(records: &[&str], unnamed: u64) -> Sight {
        let text = |text: &str| text.to_owned();
        Sight {
            resource: text("contact"),
            fields: vec![text("birthDate")],
            records: records.iter().map(|record| text(record)).collect(),
            unnamed,
        }
    }

    #[test]
    fn an_entry_counts_all_and_names_some() {
        let entry = AuditEntry {
            id: ids::mint(Timestamp(0)),
            at: Timestamp(0),
            actor: "usr_x".to_owned(),
            kind: SENSITIVE_READ.to_owned(),
            change: None,
            resource: None,
            record: None,
            client: None,
            address: None,
            request: Uuid::nil(),
            detail: None,
        };
        let mut noted = Noted { entry, read: BTreeMap::new() };
        noted.add(sight(&["con_a"], 0));
        assert_eq!(noted.entry().record.as_deref(), Some("con_a"));
        let many: Vec<String> = (0..150).map(|number| format!("con_{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        noted.add(sight(&many, 3));
        let entry = noted.entry();
        let detail: Json = serde_json::from_str(entry.detail.as_deref().unwrap()).unwrap();
        assert_eq!((entry.record, &detail["read"][0]["count"]), (None, &json!(154)));
        assert_eq!(detail["read"][0]["records"].as_array().map(Vec::len), Some(NAMED));
    }
}
