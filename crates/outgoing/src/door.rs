//! A request and its answer.

use crate::address::is_public;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Url};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// Longest time until there is a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest time until the whole answer is there.
const WHOLE: Duration = Duration::from_secs(10);

/// Asks others on the network. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub(crate) client: Client,
    /// Whether addresses that are not public may be asked, and plain HTTP spoken.
    private: bool,
}

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Where: `https`, or `http` where the operator allows addresses that are not public.
    pub url: String,
    /// What is sent: media type and body. A request without a body is a GET, one with a body a POST.
    pub body: Option<(&'static str, Vec<u8>)>,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// The `Accept` header.
    pub accept: Option<&'static str>,
    /// The greatest body of the answer, in bytes.
    pub most: usize,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutgoingError {
    /// The address must not be asked; the text says why.
    Refused(&'static str),
    /// Nobody was reached, or the answer broke off; the text is for the operator.
    Unreachable(String),
    /// It took too long.
    TimedOut,
    /// The answer is larger than was allowed for.
    TooLarge,
}

impl fmt::Display for OutgoingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OutgoingError::Refused(why) => f.write_str(why),
            OutgoingError::Unreachable(why) => write!(f, "it cannot be reached: {why}"),
            OutgoingError::TimedOut => write!(f, "it did not answer within {} seconds", WHOLE.as_secs()),
            OutgoingError::TooLarge => f.write_str("its answer is too large"),
        }
    }
}

impl std::error::Error for OutgoingError {}

const NOT_PUBLIC: &str = "it is not on the public network, and this server asks no others: the operator may allow it (private_addresses)";

impl Outgoing {
    /// A door; `private`: also to addresses that are not public, and without TLS.
    ///
    /// # Errors
    /// Where the certificates of this machine cannot be read.
    pub fn new(private: bool) -> Result<Outgoing, OutgoingError> {
        let client = Client::builder()
            .user_agent(concat!("clientela/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            // A proxy would decide on the address in our place.
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .dns_resolver(Arc::new(PublicNames { private }))
            .build();
        Ok(Outgoing { client: client.map_err(|error| unreachable(&error))?, private })
    }

    /// Asks. Whatever the status is, it is an answer; redirects are not followed.
    pub async fn ask(&self, request: Request) -> Result<Answer, OutgoingError> {
        let url = self.allowed(&request.url)?;
        let method = if request.body.is_some() { Method::POST } else { Method::GET };
        let mut asked = self.client.request(method, url);
        if let Some((media_type, body)) = request.body {
            asked = asked.header(CONTENT_TYPE, media_type).body(body);
        }
        if let Some(authorization) = request.authorization {
            asked = asked.header(AUTHORIZATION, authorization);
        }
        if let Some(accept) = request.accept {
            asked = asked.header(ACCEPT, accept);
        }
        let mut answer = asked.send().await.map_err(|error| failed(&error))?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| failed(&error))? {
            if body.len().saturating_add(piece.len()) > request.most {
                return Err(OutgoingError::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status, body })
    }

    /// Whether an address may be asked, as far as it tells by itself; what a name stands for is seen when the connection is made.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, url: &str) -> Result<(), OutgoingError> {
        self.allowed(url).map(drop)
    }

    pub(crate) fn allowed(&self, url: &str) -> Result<Url, OutgoingError> {
        let url = Url::parse(url).map_err(|_| OutgoingError::Refused("it is no absolute address"))?;
        match url.scheme() {
            "https" => {}
            "http" if self.private => {}
            _ => return Err(OutgoingError::Refused("it must begin with https://")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutgoingError::Refused("it must not hold a user name"));
        }
        let host = url.host_str().ok_or(OutgoingError::Refused("it names no host"))?;
        let literal: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
        match literal {
            Some(address) if !self.private && !is_public(address) => Err(OutgoingError::Refused(NOT_PUBLIC)),
            _ => Ok(url),
        }
    }
}

/// Names whose addresses are public.
struct PublicNames {
    private: bool,
}

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            // These are the addresses that are connected to: nobody asks again.
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let kept: Vec<SocketAddr> = found.into_iter().filter(|address| private || is_public(address.ip())).collect();
            if kept.is_empty() {
                return Err(Box::<dyn std::error::Error + Send + Sync>::from(OutgoingError::Refused(NOT_PUBLIC)));
            }
            Ok::<Addrs, Box<dyn std::error::Error + Send + Sync>>(Box::new(kept.into_iter()))
        })
    }
}

/// What a failure was, by all of its causes.
pub(crate) fn failed(error: &reqwest::Error) -> OutgoingError {
    if error.is_timeout() {
        return OutgoingError::TimedOut;
    }
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(one) = cause {
        if let Some(own) = one.downcast_ref::<OutgoingError>() {
            return own.clone();
        }
        cause = one.source();
    }
    unreachable(error)
}

fn unreachable(error: &reqwest::Error) -> OutgoingError {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(one) = cause {
        text = format!("{text}: {one}");
        cause = one.source();
    }
    OutgoingError::Unreachable(text)
}
