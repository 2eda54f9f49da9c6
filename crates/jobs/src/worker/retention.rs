//! Removing events that came in, and deliveries of webhooks, when their time is over.

use super::Worker;
use crate::inbox::event::{self as inbox, InboxEventStatus};
use crate::mirror;
use crate::webhook::delivery::{self, WebhookDeliveryState};
use clientela_engine::Engine;
use clientela_engine::module::Found;
use clientela_kernel::{Comparison, Context, Filter, Id, Result, TenantId, Timestamp, Value};
use clientela_model::{Choice as _, ResourceDef};
use clientela_store::{Dialect, SystemTask};
use sea_orm::{ColumnTrait as _, Condition};
use std::sync::Arc;

/// Rows that are looked at together.
const PAGE: u32 = 200;
/// Pages that one upkeep looks at, for each tenant.
const PAGES: usize = 50;
/// In milliseconds.
const DAY: u64 = 86_400_000;
/// Tenants that are looked up together.
const TENANTS: u64 = 1_000;

/// How far a tenant's old deliveries were looked at: what is found again each time is the last of its record, so that looking is begun anew once a day.
#[derive(Clone, Copy)]
pub(super) enum Thinned {
    Beyond(Id),
    WhollyAt(Timestamp),
}

impl Worker {
    /// Removes what has ended and is older than it is to be. What still waits stays.
    pub(super) async fn drop_old(&self) -> Result<()> {
        let before = Timestamp(self.now().0.saturating_sub(self.kept));
        let system = self.store.system(SystemTask::Jobs);
        // A moment bound by sea-orm is a text on SQLite, where moments are numbers.
        let sqlite = self.store.dialect() == Dialect::Sqlite;
        let (events, deliveries) = match sqlite {
            true => (inbox::Column::ReceivedAt.lt(before.0), delivery::Column::OccurredAt.lt(before.0)),
            false => (inbox::Column::ReceivedAt.lt(before), delivery::Column::OccurredAt.lt(before)),
        };
        let ended = inbox::Column::Status.ne(InboxEventStatus::Received);
        let of = |condition| Condition::all().add(condition);
        for tenant in system.distinct::<inbox::Entity, TenantId>(of(events).add(ended), inbox::Column::TenantId, TENANTS).await? {
            self.drop_events(tenant, before).await?;
        }
        let ended = delivery::Column::State.ne(WebhookDeliveryState::Pending);
        for tenant in system.distinct::<delivery::Entity, TenantId>(of(deliveries).add(ended), delivery::Column::TenantId, TENANTS).await? {
            self.drop_deliveries(tenant, before).await?;
        }
        Ok(())
    }

    async fn drop_events(&self, tenant: TenantId, before: Timestamp) -> Result<()> {
        let old = old("receivedAt", before);
        let ended = Filter::field("status", Comparison::Equal(InboxEventStatus::Received.as_str().into())).negate();
        for _ in 0..PAGES {
            let own = self.own(tenant);
            let found = mirror::page(&self.engine, &own, inbox::EVENT, vec![old.clone(), ended.clone()], None, PAGE).await?;
            if found.is_empty() {
                break;
            }
            mirror::remove_these(&self.engine, &own, &found).await?;
        }
        Ok(())
    }

    /// What was delivered last of each record stays, whatever its age: by it an endpoint hears that the record was erased.
    async fn drop_deliveries(&self, tenant: TenantId, before: Timestamp) -> Result<()> {
        let old = old("occurredAt", before);
        let ended = Filter::field("state", Comparison::Equal(WebhookDeliveryState::Pending.as_str().into())).negate();
        let mut beyond = match self.thinned.lock().get(&tenant) {
            Some(Thinned::WhollyAt(at)) if self.now().0.abs_diff(at.0) < DAY => return Ok(()),
            Some(Thinned::Beyond(id)) => Some(*id),
            _ => None,
        };
        for _ in 0..PAGES {
            let own = self.own(tenant);
            let found = mirror::page(&self.engine, &own, delivery::DELIVERY, vec![old.clone(), ended.clone()], beyond, PAGE).await?;
            beyond = found.last().map(|delivery| delivery.id);
            if found.is_empty() {
                break;
            }
            let def = delivery::definition(self.engine.registry())?;
            let mut gone = Vec::with_capacity(found.len());
            for delivery in found {
                if !is_last(&self.engine, &own, def, &delivery).await? {
                    gone.push(delivery);
                }
            }
            mirror::remove_these(&self.engine, &own, &gone).await?;
        }
        self.thinned.lock().insert(tenant, beyond.map_or(Thinned::WhollyAt(self.now()), Thinned::Beyond));
        Ok(())
    }
}

fn old(field: &'static str, before: Timestamp) -> Filter {
    Filter::field(field, Comparison::Less(Value::Instant(before)))
}

/// Whether nothing was delivered of its record to its endpoint after it.
async fn is_last(engine: &Engine, own: &Context, def: &Arc<ResourceDef>, delivery: &Found) -> Result<bool> {
    let delivered = WebhookDeliveryState::Delivered.as_str();
    let (Some(record), Some(delivered)) =
        (delivery.get("record").as_text(), Some(delivered).filter(|state| delivery.get("state").as_text() == Some(state)))
    else {
        return Ok(false);
    };
    // Of what was erased nothing more is to be told.
    if delivery.get("event").as_text().is_some_and(|event| event.ends_with(".erased")) {
        return Ok(false);
    }
    let version = delivery.get("recordVersion").as_integer().unwrap_or(0);
    let later = Filter::And(vec![
        Filter::field("endpointId", delivery.get("endpointId").as_id().map_or(Comparison::IsNull, |id| Comparison::Equal(Value::Id(id)))),
        Filter::field("record", Comparison::Equal(record.into())),
        Filter::field("state", Comparison::Equal(delivered.into())),
        Filter::field("recordVersion", Comparison::Greater(Value::Integer(version))),
    ]);
    Ok(engine.find_one(own, &def.name, later).await?.map(|found: Found| found.id).is_none_or(|id: Id| id == delivery.id))
}
