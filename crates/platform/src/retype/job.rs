//! A change of type as a job.

use super::plan::Plan;
use super::retyping;
use async_trait::async_trait;
use clientela_engine::{Call, Engine};
use clientela_jobs::{Ending, JobKind, Order, Running};
use clientela_kernel::{Comparison, Context, Error, ErrorCode, Filter, Result, Value};
use clientela_model::system;

/// The most records that are rewritten; more than that may be there by now than when it was asked for.
const MOST: usize = 22_000;

/// Gives a field another type in the background: in one transaction, so that until its end nobody sees anything of it, and there is nothing to take back where it is called off.
pub struct RetypeInBackground;

#[async_trait]
impl JobKind for RetypeInBackground {
    fn name(&self) -> &'static str {
        retyping::KIND
    }

    fn order(&self) -> Order {
        Order::OfTenant
    }

    async fn run(&self, running: &Running, context: &Context) -> Result<Ending> {
        let engine = running.engine().for_tenant(context.tenant).await?;
        let (inside, held) = engine.begin().await?;
        let done = carry_out(&inside, context, running).await;
        // Called off meanwhile, or somebody else's: whatever came of it is not to be there.
        let stopped = running.stop().is_some();
        match done {
            Ok(true) if !stopped => held.commit().await.map(|()| Ending::Done(Vec::new())),
            Ok(_) => held.roll_back().await.map(|()| Ending::Left),
            Err(error) => {
                held.roll_back().await?;
                broken(error)
            }
        }
    }
}

/// Does it. False where there is nothing to do it with any more, or it was stopped.
async fn carry_out(engine: &Engine, context: &Context, running: &Running) -> Result<bool> {
    let call = Call::inside(engine, context);
    let of_job = Filter::field("jobId", Comparison::Equal(Value::Id(running.id().0)));
    let Some(asked) = call.find("retyping", of_job).await?.pop() else { return Ok(false) };
    if !asked.get("converted").is_null() {
        // An attempt before this one did it, and could not say so any more.
        return Ok(true);
    }
    let given = retyping::wanted(&asked)?;
    let field = asked.get("customFieldId").as_id().unwrap_or_default();
    let Some(field) = call.find("customField", Filter::field(system::ID, Comparison::Equal(Value::Id(field)))).await?.pop() else {
        return Err(Error::new(ErrorCode::NotFound, "The field was deleted meanwhile."));
    };
    let plan = Plan::new(&call, &field, &given).await?;
    let redefined = engine.redefined(plan.registry.clone());
    let over = call.over(&redefined);
    let found = plan.look(&over, MOST).await?;
    found.refuse(&given)?;
    if running.stop().is_some() {
        return Ok(false);
    }
    plan.carry_out(&call, &over, &field, &given, &found).await?;
    let counts = [("holding", found.holding), ("converted", found.converted), ("cleared", found.failing)];
    call.set_by_server("retyping", asked.id, counts.map(|(name, count)| (name, Value::Integer(count))).to_vec()).await?;
    Ok(true)
}

/// What passes by itself is tried again; what is refused says so, with the first of the values that do not fit.
fn broken(error: Error) -> Result<Ending> {
    if error.is_collision() || matches!(error.code(), ErrorCode::DatabaseUnavailable | ErrorCode::Overloaded | ErrorCode::StorageFull) {
        return Err(error);
    }
    let Some(problem) = error.fields().first() else { return Ok(Ending::Broken(Vec::new(), error)) };
    let text = format!("{} {}", error.detail(), problem.detail);
    Ok(Ending::Broken(Vec::new(), Error::new(error.code(), text)))
}
