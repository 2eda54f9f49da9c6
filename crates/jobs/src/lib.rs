//! The queue of jobs, schedules, imports and exports as jobs, the mappings that imports use, and the [`Worker`] that carries jobs out.
//! Webhooks, and the [`Dispatcher`] that delivers them; inboxes, which take what other systems send.

mod content;
pub mod export_job;
pub mod import_job;
pub mod import_mapping;
pub mod import_problem;
pub mod inbox;
mod kept;
mod mirror;
mod on_behalf;
mod parts;
pub mod queue;
pub mod schedule;
mod state;
pub mod webhook;
mod worker;

pub use queue::{Ending, JobKind, Order};
pub use state::{FileFormat, JobState, Wake};
pub use webhook::{Dispatcher, Webhooks};
pub use worker::{Running, Worker};

use clientela_engine::Module;
use queue::{cancel, job, retry};
use schedule::definition;

/// The resources of this crate, their rules and operations. `wake` is what the worker of this process waits for, `webhooks` what its dispatcher does.
pub fn module(wake: &Wake, webhooks: &Webhooks) -> Module {
    Module::default()
        .resource::<import_mapping::Model>()
        .resource::<import_job::Model>()
        .resource::<import_problem::Model>()
        .resource::<export_job::Model>()
        .resource::<job::Model>()
        .resource::<definition::Model>()
        .rules("importMapping", import_mapping::ImportMappingRules)
        .rules("import", import_job::ImportRules)
        .rules("export", export_job::ExportRules)
        .rules("job", job::JobRules { wake: wake.clone() })
        .rules("schedule", definition::ScheduleRules { wake: wake.clone() })
        .operation(cancel::CancelImport)
        .operation(cancel::CancelExport)
        .operation(cancel::CancelJob)
        .operation(retry::RetryJob)
        .contents("import", content::Imported)
        .contents("export", content::Exported)
        .resource::<webhook::endpoint::Model>()
        .resource::<webhook::delivery::Model>()
        .rules("webhookEndpoint", webhook::endpoint::WebhookEndpointRules { webhooks: webhooks.clone() })
        .operation(webhook::rotate::RotateWebhookSecret)
        .operation(webhook::events::DescribeWebhookEvents)
        .operation(webhook::test::SendTestWebhook { webhooks: webhooks.clone() })
        .operation(webhook::replay::ReplayWebhookDelivery { webhooks: webhooks.clone() })
        .operation(webhook::replay::ReplayWebhookDeliveries { webhooks: webhooks.clone() })
        .resource::<inbox::source::Model>()
        .resource::<inbox::event::Model>()
        .rules("inboxSource", inbox::source::InboxSourceRules)
        .rules("inboxEvent", inbox::event::InboxEventRules)
        .operation(inbox::rotate::RotateInboxSecret)
        .operation(inbox::preview::PreviewInboxEvent)
        .operation(inbox::replay::ReplayInboxEvent)
        .operation(inbox::replay::ReplayInboxEvents)
        .intake(inbox::receive::Inbox)
}
