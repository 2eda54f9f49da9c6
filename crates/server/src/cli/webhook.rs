//! The command line of webhooks.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What to do with webhooks.
#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// Take messages on this machine: show each, say whether its signature holds, and answer 204 or 400. Needs no database.
    Listen {
        /// The endpoint's secret, which its creation has shown
        #[arg(long, value_name = "WHSEC")]
        secret: String,
        /// The port to listen on; 0 picks a free one
        #[arg(long, default_value = "4242")]
        port: u16,
        /// End after so many messages
        #[arg(long, value_name = "N")]
        count: Option<usize>,
    },
    /// Have a sample of an event sent to an endpoint by the server that works on the database.
    Trigger {
        /// The endpoint: whe_…
        #[arg(value_name = "ENDPOINT")]
        endpoint: String,
        /// The event, such as account.created; one that the endpoint hears of where left out
        #[arg(long, value_name = "EVENT")]
        event: Option<String>,
        /// The tenant; the only one where left out
        #[arg(long, value_name = "TENANT")]
        tenant: Option<String>,
    },
    /// Have a delivery sent once more, or those of an endpoint within a range, by the server that works on the database.
    Replay {
        /// A delivery (whd_…), or an endpoint (whe_…) with a range
        #[arg(value_name = "ID")]
        id: String,
        /// Of which range.
        #[command(flatten)]
        range: WebhookRange,
        /// The tenant; the only one where left out
        #[arg(long, value_name = "TENANT")]
        tenant: Option<String>,
    },
    /// Say whether a message is what the owner of a secret has sent. Exit code 1 where it is not. Needs no database.
    Verify(WebhookMessage),
}

/// Which deliveries of an endpoint.
#[derive(Args, Debug)]
pub struct WebhookRange {
    /// Of events from this moment on, such as 2026-01-31T08:00:00Z; an endpoint's range needs it
    #[arg(long, value_name = "MOMENT")]
    pub from: Option<String>,
    /// Of events before this moment
    #[arg(long, value_name = "MOMENT")]
    pub until: Option<String>,
    /// Of changes from this number in the change log on
    #[arg(long, value_name = "N")]
    pub from_sequence: Option<i64>,
    /// Of changes up to this number in the change log
    #[arg(long, value_name = "N")]
    pub until_sequence: Option<i64>,
    /// Make deliveries of changes for which there are none, too
    #[arg(long)]
    pub missed: bool,
    /// In this state alone: DELIVERED, FAILED or WITHHELD; may be given several times
    #[arg(long, value_name = "STATE")]
    pub state: Vec<String>,
}

/// A message as it came in.
#[derive(Args, Debug)]
pub struct WebhookMessage {
    /// The endpoint's secret
    #[arg(long, value_name = "WHSEC")]
    pub secret: String,
    /// The header webhook-id
    #[arg(long)]
    pub id: String,
    /// The header webhook-timestamp
    #[arg(long)]
    pub timestamp: String,
    /// The header webhook-signature
    #[arg(long)]
    pub signature: String,
    /// The file with the body, byte by byte [default: standard input]
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Also a message of more than five minutes ago
    #[arg(long)]
    pub any_time: bool,
}
