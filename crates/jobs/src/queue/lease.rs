//! Who carries a job out: one worker at a time, for as long as it says so again. Whoever takes a lease changes the version that he has
//! read, so of two that try at once one gets it. It is a row of its own, so that saying so again is no change of the job.

use crate::kept::{self, Kept};
use clientela_kernel::{Id, Result, Timestamp, Value};
use clientela_macros::resource;
use clientela_store::{Commit, RowGuard, Scope};

/// How long a lease holds, in milliseconds.
pub(crate) const HELD: i64 = 30_000;

/// A worker's right to a job; its id is the job's.
#[resource(name = "jobLease", prefix = "jle", unattachable, read_only)]
pub struct Model {
    /// The worker.
    #[field(max = 60, example = "\"\"")]
    pub holder: String,
    /// Until when it holds.
    #[field(example = "\"2026-01-31T08:15:00.000Z\"")]
    pub until: Timestamp,
}

/// A lease that was taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    job: Id,
    version: i64,
}

/// Takes the lease of a job where nobody holds it.
pub(crate) async fn take(scope: &Scope, job: Id, holder: &str, now: Timestamp) -> Result<Option<Lease>> {
    let kept = Kept::get()?;
    let found = kept::read(scope, &kept.lease, job).await?;
    let values = values(holder, Timestamp(now.0.saturating_add(HELD)));
    let Some(found) = found else {
        let row = kept::row(&kept.lease, job, 1, now, RowGuard::Insert, values);
        return Ok((kept::commit(scope, vec![row]).await? == Commit::Done).then_some(Lease { job, version: 1 }));
    };
    let version = kept::number(&kept.lease, &found, "version");
    // One that seems to hold for longer than any does was taken by a clock that was wrong.
    let longest = now.0.saturating_add(HELD);
    if kept::instant(&kept.lease, &found, "until").is_some_and(|until| until > now && until.0 <= longest) {
        return Ok(None);
    }
    let row = kept::row(&kept.lease, job, version + 1, now, RowGuard::Version(version), values);
    Ok((kept::commit(scope, vec![row]).await? == Commit::Done).then_some(Lease { job, version: version + 1 }))
}

impl Lease {
    /// Holds it for longer. False where somebody else has it by now.
    pub(crate) async fn renew(&mut self, scope: &Scope, holder: &str, now: Timestamp) -> Result<bool> {
        self.set(scope, holder, now, Timestamp(now.0.saturating_add(HELD))).await
    }

    /// Gives it back, so that the next one need not wait.
    pub(crate) async fn give_back(mut self, scope: &Scope, holder: &str, now: Timestamp) -> Result<bool> {
        self.set(scope, holder, now, Timestamp(0)).await
    }

    /// Removes it: nobody is to carry the job out any more.
    pub(crate) async fn remove(self, scope: &Scope, now: Timestamp) -> Result<()> {
        let kept = Kept::get()?;
        let row = kept::row(&kept.lease, self.job, self.version, now, RowGuard::Erase(self.version), Vec::new());
        kept::commit(scope, vec![row]).await.map(drop)
    }

    async fn set(&mut self, scope: &Scope, holder: &str, now: Timestamp, until: Timestamp) -> Result<bool> {
        let kept = Kept::get()?;
        let guard = RowGuard::Version(self.version);
        let row = kept::row(&kept.lease, self.job, self.version + 1, now, guard, values(holder, until));
        let held = kept::commit(scope, vec![row]).await? == Commit::Done;
        self.version += i64::from(held);
        Ok(held)
    }
}

fn values(holder: &str, until: Timestamp) -> Vec<(&'static str, Value)> {
    vec![("holder", holder.into()), ("until", Value::Instant(until))]
}
