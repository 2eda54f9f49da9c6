//! Sending something, where the status of the answer is what counts.

use crate::door::failed;
use crate::{Outgoing, OutgoingError};
use reqwest::Method;
use reqwest::header::RETRY_AFTER;
use std::time::Duration;

/// Longest time that is spent on the body of an answer whose status is there.
const EXCERPT: Duration = Duration::from_secs(1);

/// What is sent.
#[derive(Clone, Debug, Default)]
pub struct Post {
    /// Where to, as in [`crate::Request`].
    pub url: String,
    /// Its headers, the content type among them.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// So much of the answer's body is looked at, in bytes; the rest is never fetched.
    pub most: usize,
}

/// How it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The `Retry-After` header.
    pub retry_after: Option<String>,
    /// The beginning of the body.
    pub excerpt: Vec<u8>,
}

impl Outgoing {
    /// Sends a POST. Whatever the status is, it is an answer; redirects are not followed. An answer that breaks off behind its status, goes on for
    /// ever or is as large as a disk is an answer all the same.
    ///
    /// # Errors
    /// Where there is no status.
    pub async fn post(&self, post: Post) -> Result<Reply, OutgoingError> {
        let url = self.allowed(&post.url)?;
        let mut sent = self.client.request(Method::POST, url).body(post.body);
        for (name, value) in post.headers {
            sent = sent.header(name, value);
        }
        let mut answer = sent.send().await.map_err(|error| failed(&error))?;
        let status = answer.status().as_u16();
        let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut excerpt = Vec::new();
        let reading = async {
            while excerpt.len() < post.most
                && let Ok(Some(piece)) = answer.chunk().await
            {
                let room = post.most.saturating_sub(excerpt.len()).min(piece.len());
                excerpt.extend_from_slice(piece.get(..room).unwrap_or_default());
            }
        };
        // What there is by then is enough.
        let _ = tokio::time::timeout(EXCERPT, reading).await;
        Ok(Reply { status, retry_after, excerpt })
    }
}
