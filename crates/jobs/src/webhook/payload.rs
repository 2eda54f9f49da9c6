//! What is sent: the body of a message, in either format.

use clientela_kernel::Timestamp;
use serde_json::{Map, Value as Json, json};

/// A message before it is written down.
pub(crate) struct Message {
    /// The id of the event.
    pub(crate) id: String,
    /// The name of the event.
    pub(crate) event: String,
    /// When it happened.
    pub(crate) occurred_at: Timestamp,
    /// The address of the resource: `/v1/accounts`.
    pub(crate) source: String,
    /// The record, where there is one.
    pub(crate) subject: Option<String>,
    /// What happened.
    pub(crate) data: Map<String, Json>,
}

impl Message {
    /// Media type and body.
    pub(crate) fn written(self, cloud: bool) -> (&'static str, Vec<u8>) {
        let at = self.occurred_at.to_text();
        if !cloud {
            let body = json!({ "type": self.event, "timestamp": at, "data": self.data });
            return ("application/json", body.to_string().into_bytes());
        }
        let mut body = json!({
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.event,
            "time": at,
            "datacontenttype": "application/json",
            "data": self.data,
        });
        if let (Some(body), Some(subject)) = (body.as_object_mut(), self.subject) {
            body.insert("subject".to_owned(), Json::from(subject));
        }
        ("application/cloudevents+json", body.to_string().into_bytes())
    }
}
