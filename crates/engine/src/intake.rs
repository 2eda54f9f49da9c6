//! Messages of other systems as they come in: bytes, with a signature instead of a credential of ours. One module takes them ([`crate::Module::intake`]).

use crate::Engine;
use async_trait::async_trait;
use bytes::Bytes;
use clientela_kernel::{Error, Result, Timestamp};
use clientela_store::Store;
use uuid::Uuid;

/// A message as it came in.
#[derive(Clone, Debug)]
pub struct Message {
    /// To which source it was sent, as the address says.
    pub source: String,
    /// Its headers, with names in small letters; what is no ASCII text is left out.
    pub headers: Vec<(String, String)>,
    /// Its bytes.
    pub body: Bytes,
    /// The request that brought it.
    pub request_id: Uuid,
    /// When it came.
    pub now: Timestamp,
}

impl Message {
    /// A header, by its name in small letters. None where it is not there, or stands there more than once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        found.next().filter(|_| found.next().is_none())
    }
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The wire id of what is kept of it.
    pub id: String,
    /// Whether it was kept before: nothing was done a second time.
    pub replayed: bool,
}

/// Takes messages.
#[async_trait]
pub trait Intake: Send + Sync {
    /// Keeps a message, for good. `UNAUTHENTICATED` where it is not signed as its source says, or there is no such source.
    async fn take(&self, engine: &Engine, store: &Store, message: Message) -> Result<Taken>;

    /// Greatest size of a message, in bytes.
    fn limit(&self) -> usize;
}

impl Engine {
    /// Greatest size of a message of another system, in bytes; none where nobody takes any.
    pub fn message_limit(&self) -> Option<usize> {
        self.inner.intake.as_ref().map(|intake| intake.limit())
    }

    /// Keeps a message of another system.
    pub async fn take_message(&self, message: Message) -> Result<Taken> {
        let intake = self.inner.intake.as_ref().ok_or_else(|| Error::internal("nobody takes messages"))?;
        intake.take(self, &self.inner.store, message).await
    }
}
