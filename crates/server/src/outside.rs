//! Who is asked over the network for whom.

use async_trait::async_trait;
use clientela_access::openid::Web;
use clientela_outgoing::{Outgoing, Request};

/// The door for what signs people in.
pub(crate) struct SignInDoor(pub(crate) Outgoing);

#[async_trait]
impl Web for SignInDoor {
    async fn ask(&self, url: &str, form: Option<String>, authorization: Option<String>, most: usize) -> Result<(u16, Vec<u8>), String> {
        let body = form.map(|form| ("application/x-www-form-urlencoded", form.into_bytes()));
        let request = Request { url: url.to_owned(), body, authorization, accept: Some("application/json"), most };
        self.0.ask(request).await.map(|answer| (answer.status, answer.body)).map_err(|error| error.to_string())
    }
}
