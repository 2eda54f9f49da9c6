//! Removing files whose time is over.

use super::{Worker, moved};
use crate::content::drop_file;
use crate::queue::About;
use crate::state::JobState;
use crate::{export_job, import_job};
use clientela_kernel::{Result, Timestamp, Value};
use clientela_model::{Choice as _, system};
use clientela_store::SystemTask;
use sea_orm::{ColumnTrait as _, Condition};

/// How many are looked at.
const CANDIDATES: u64 = 100;

impl Worker {
    /// Removes the files of jobs whose time is over, calls imports off that wait for content no longer, and removes old events and deliveries.
    pub async fn upkeep(&self) -> Result<()> {
        self.drop_old().await?;
        use {export_job as e, import_job as i};
        let (now, system) = (self.now(), self.store.system(SystemTask::Jobs));
        let imports = Condition::all()
            .add(i::Column::DeletedAt.is_null())
            .add(Condition::any().add(i::Column::State.eq(JobState::Waiting)).add(over(i::Column::State, i::Column::ContentKey)));
        // A moment bound by sea-orm is a text on SQLite, where moments are numbers: the first to end are compared here.
        let found = system.first::<i::Entity>(imports, i::Column::ExpiresAt, CANDIDATES).await?;
        for job in found.into_iter().filter(|job| job.expires_at < now) {
            self.expire(About { resource: "import", tenant: job.tenant_id, id: job.id }, now).await?;
        }
        let exports = Condition::all().add(e::Column::DeletedAt.is_null()).add(over(e::Column::State, e::Column::ContentKey));
        let found = system.first::<e::Entity>(exports, e::Column::ExpiresAt, CANDIDATES).await?;
        for job in found.into_iter().filter(|job| job.expires_at < now) {
            self.expire(About { resource: "export", tenant: job.tenant_id, id: job.id }, now).await?;
        }
        Ok(())
    }

    async fn expire(&self, job: About, now: Timestamp) -> Result<()> {
        let Some(record) = self.record(job).await? else { return Ok(()) };
        drop_file(&self.store.scope(job.tenant), &record, now).await?;
        let mut values = vec![("contentKey", Value::Null)];
        if record.get("state").as_text() == Some(JobState::Waiting.as_str()) {
            let text = "No content came in time. Make another import.";
            values.extend([("state", JobState::Cancelled.as_str().into()), ("finishedAt", Value::Instant(now)), ("failure", text.into())]);
        }
        match self.note(job, values, record.get(system::VERSION).as_integer()).await {
            Err(error) if !moved(&error) => Err(error),
            _ => Ok(()),
        }
    }
}

/// Jobs that have ended and have a file.
fn over<C: sea_orm::ColumnTrait>(state: C, content: C) -> Condition {
    let ended = [JobState::Succeeded, JobState::Failed, JobState::Cancelled];
    Condition::all().add(state.is_in(ended)).add(content.is_not_null())
}
