//! Carrying schedules out. What a schedule asks for is made in the transaction that says when it comes next, over the version that was read: of two servers one does it.

use super::definition::{self, ScheduleState, TAKEN_OVER, next};
use crate::content::set;
use crate::worker::Worker;
use clientela_engine::module::Found;
use clientela_engine::{Engine, WriteAction, WriteRequest};
use clientela_kernel::{Comparison, Context, Error, ErrorCode, Filter, Id, Name, Result, Timestamp, Value};
use clientela_model::system;
use clientela_store::{Dialect, SystemTask};
use sea_orm::{ColumnTrait as _, Condition};
use std::sync::Arc;

/// Schedules that are looked at together.
const TOGETHER: u64 = 100;

impl Worker {
    /// Carries out the schedules whose time has come. Answers how many.
    pub async fn run_schedules(&self) -> Result<usize> {
        let now = self.now();
        // A moment bound by sea-orm is a text on SQLite, where moments are numbers.
        let due = match self.store.dialect() {
            Dialect::Sqlite => definition::Column::NextRunAt.lte(now.0),
            Dialect::Postgres => definition::Column::NextRunAt.lte(now),
        };
        let active = definition::Column::State.eq(ScheduleState::Active);
        let condition = Condition::all().add(active).add(due).add(definition::Column::DeletedAt.is_null());
        let found =
            self.store.system(SystemTask::Jobs).first::<definition::Entity>(condition, definition::Column::NextRunAt, TOGETHER).await?;
        let mut ran = 0;
        for due in found {
            let context = self.own(due.tenant_id);
            let engine = self.engine.for_tenant(due.tenant_id).await?;
            let this = Filter::field(system::ID, Comparison::Equal(Value::Id(due.id.0)));
            let Some(schedule) = engine.found(&context, engine.registry().resource("schedule").ok_or_else(missing)?, &this).await?.pop()
            else {
                continue;
            };
            // It may have been carried out since it was looked for.
            if schedule.get("nextRunAt").as_instant().is_none_or(|at| at > now) {
                continue;
            }
            match self.carry(&engine, &context, &schedule, now).await {
                Ok(()) => ran += 1,
                // Somebody else was faster, or the transactions met.
                Err(error) if error.code() == ErrorCode::VersionConflict || error.is_collision() => {}
                Err(error) if matches!(error.code(), ErrorCode::DatabaseUnavailable | ErrorCode::Overloaded | ErrorCode::StorageFull) => {
                    return Err(error);
                }
                Err(error) => {
                    let text = error.internal_text().filter(|_| error.code() != ErrorCode::Internal).unwrap_or(error.detail());
                    tracing::warn!(%error, "a schedule could not be carried out; it is tried again when its time comes next");
                    let failed =
                        [("failureCode", error.code().as_str().into()), ("failure", text.chars().take(4_000).collect::<String>().into())];
                    match advance(&engine, &context, &schedule, now, failed.to_vec()).await {
                        Err(error) if error.code() != ErrorCode::VersionConflict => return Err(error),
                        _ => {}
                    }
                }
            }
        }
        Ok(ran)
    }

    /// Makes the export that a schedule asks for.
    async fn carry(&self, engine: &Engine, own: &Context, schedule: &Found, now: Timestamp) -> Result<()> {
        let maker = schedule.get(system::CREATED_BY).as_text().unwrap_or_default();
        let context = self.in_name_of(own.tenant, maker, schedule.get("makerScopes").as_text()).await?;
        let (inside, held) = engine.begin().await?;
        match made(&inside, &context, own, schedule, now).await {
            Ok(()) => held.commit().await,
            Err(error) => {
                held.roll_back().await?;
                Err(error)
            }
        }
    }
}

/// Makes the export, and says when the schedule comes next.
async fn made(inside: &Engine, context: &Context, own: &Context, schedule: &Found, now: Timestamp) -> Result<()> {
    let values: Vec<(Name, Value)> = TAKEN_OVER.iter().map(|field| ((*field).into(), schedule.get(field).clone())).collect();
    let def = Arc::clone(inside.registry().resource("export").ok_or_else(missing)?);
    let export = inside.write(context, WriteRequest { def, action: WriteAction::Make { values }, idempotency: None }).await?.id;
    let told = vec![("lastExportId", id(export)), ("failureCode", Value::Null), ("failure", Value::Null)];
    advance(inside, own, schedule, now, told).await
}

/// Says when a schedule comes next: not before now, so that what was missed is done once.
async fn advance(engine: &Engine, own: &Context, schedule: &Found, now: Timestamp, told: Vec<(&'static str, Value)>) -> Result<()> {
    let next = next(schedule.get("cron"), schedule.get("timeZone"), now);
    let mut values = vec![("lastRunAt", Value::Instant(now)), ("nextRunAt", next.map_or(Value::Null, Value::Instant))];
    values.extend(told);
    set(engine, own, &schedule.def, schedule.id, values, schedule.get(system::VERSION).as_integer()).await.map(drop)
}

fn id(id: Id) -> Value {
    Value::Id(id.0)
}

fn missing() -> Error {
    Error::internal("a resource went missing")
}
