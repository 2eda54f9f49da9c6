//! Bells: a node rings, every node hears. Used where a copy in memory must be read again, such as credentials.
//!
//! On PostgreSQL a bell is a NOTIFY channel. A notification that falls into a break of the connection is lost, so the
//! bell also rings whenever the listener has connected again. On SQLite there is only this process.

use crate::settings::Address;
use crate::task::background;
use crate::{Dialect, Store, postgres};
use clientela_kernel::Result;
use parking_lot::Mutex;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::watch;

/// How long the listener waits before it connects again.
const PAUSE: Duration = Duration::from_secs(1);

/// Hears a bell. Several rings in a row may be heard as one.
#[derive(Clone, Debug)]
pub struct Bell(watch::Receiver<u64>);

impl Bell {
    /// Waits for the next ring. Answers false once the store is closed.
    pub async fn heard(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

/// The bells of a store, by channel; none once it is closed.
pub(crate) struct Bells(Mutex<Option<Hung>>);

struct Hung {
    bells: HashMap<&'static str, watch::Sender<u64>>,
    /// Dropped with the bells, which ends the listeners.
    open: watch::Sender<()>,
}

impl Default for Bells {
    fn default() -> Self {
        Bells(Mutex::new(Some(Hung { bells: HashMap::new(), open: watch::Sender::new(()) })))
    }
}

impl Bells {
    pub(crate) fn close(&self) {
        *self.0.lock() = None;
    }
}

impl Store {
    /// A bell of this channel. The channel is a lower-case SQL name.
    pub fn bell(&self, channel: &'static str) -> Bell {
        let mut hung = self.bells().0.lock();
        // A closed store gives a bell that answers false at once.
        let Some(Hung { bells, open }) = hung.as_mut() else { return Bell(watch::Sender::new(0).subscribe()) };
        if let Some(sender) = bells.get(channel) {
            return Bell(sender.subscribe());
        }
        let sender = bells.entry(channel).or_insert_with(|| watch::Sender::new(0));
        if let Address::Postgres(options) = self.address() {
            background(listen(postgres::background_options(options.as_ref().clone()), channel, sender.clone(), open.subscribe()));
        }
        Bell(sender.subscribe())
    }

    /// Rings a bell on every node.
    pub async fn ring(&self, channel: &'static str) -> Result<()> {
        if self.dialect() == Dialect::Postgres {
            // No request waits for it, and it takes no connection from one.
            return self.notify(channel).await;
        }
        if let Some(sender) = self.bells().0.lock().as_ref().and_then(|hung| hung.bells.get(channel)) {
            ring(sender);
        }
        Ok(())
    }
}

fn ring(sender: &watch::Sender<u64>) {
    sender.send_modify(|count| *count = count.wrapping_add(1));
}

/// Listens until the store is closed or gone.
async fn listen(options: PgConnectOptions, channel: &'static str, sender: watch::Sender<u64>, mut open: watch::Receiver<()>) {
    let pool =
        PgPoolOptions::new().max_connections(1).acquire_timeout(PAUSE * 2).max_lifetime(None).idle_timeout(None).connect_lazy_with(options);
    loop {
        let heard = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.listen(channel).await?;
            // Whatever was missed before now.
            ring(&sender);
            loop {
                // None: the connection was lost, and has been made again.
                let _ = listener.try_recv().await?;
                ring(&sender);
            }
        };
        let ended: sqlx::Result<std::convert::Infallible> = tokio::select! {
            ended = heard => ended,
            _ = open.changed() => break,
        };
        let Err(error) = ended;
        tracing::warn!(%error, channel, "lost the database's notifications; connecting again");
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = open.changed() => break,
        }
    }
    pool.close().await;
}
