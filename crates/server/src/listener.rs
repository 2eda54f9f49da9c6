//! The accept loop. Our own, since axum's has neither a limit on connections nor a time limit on headers.

use crate::lifecycle::{DRAIN, Draining, FAREWELL};
use crate::patience::Patience;
use axum::Router;
use axum::body::Body;
use clientela_gateway::Peer;
use futures_util::FutureExt as _;
use http::{HeaderValue, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;
use tower::Service as _;

/// Longest time a client may take to send its next request's headers, waiting included.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// Longest time a client may take to read the next part of an answer.
const WRITE_TIME: Duration = Duration::from_secs(30);
/// Largest head of a request, in bytes.
const HEAD_BYTES: usize = 64 << 10;
/// How long to wait where the system has no more sockets.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(50);

/// Serves until `ended` turns true, then drains: what was accepted is answered. Returns when every connection is
/// closed or the time for it is over.
pub(crate) async fn serve(listener: TcpListener, routes: Router, max_clients: usize, draining: Draining, mut ended: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(max_clients));
    let connections = Connections::default();
    let server = Server { routes, draining: draining.clone(), http: builder() };
    loop {
        // A place first, the connection then: who finds the house full waits in the system's queue.
        let accepted = tokio::select! {
            biased;
            _ = ended.wait_for(|ended| *ended) => break,
            accepted = accept(&listener, &places) => accepted,
        };
        server.start(accepted, connections.watch());
    }
    let begun = Instant::now();
    draining.begin();
    tracing::info!(connections = connections.count(), "draining");
    // Connections that the system has already made for us count as accepted.
    while let Some(accepted) = accept(&listener, &places).now_or_never() {
        server.start(accepted, connections.watch());
    }
    drop(listener);
    // hyper closes an idle connection at once, also when a request is already under way to it. So the next request of
    // each is awaited for a moment, and its answer says that it was the last.
    let all_gone = async {
        while connections.count() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let _ = tokio::time::timeout(FAREWELL, all_gone).await;
    let left = DRAIN.saturating_sub(begun.elapsed()).saturating_sub(Duration::from_millis(1_000));
    if tokio::time::timeout(left, connections.shutdown()).await.is_err() {
        tracing::warn!("some clients did not finish in time; their connections are closed");
    }
}

/// The connections there are: each of them hears when it is to end.
struct Connections(watch::Sender<bool>);

impl Default for Connections {
    fn default() -> Self {
        Connections(watch::Sender::new(false))
    }
}

impl Connections {
    fn watch(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }

    fn count(&self) -> usize {
        self.0.receiver_count()
    }

    /// Ends every connection behind the answer that it is about; answers when the last one is gone.
    async fn shutdown(&self) {
        self.0.send_replace(true);
        self.0.closed().await;
    }
}

struct Server {
    routes: Router,
    draining: Draining,
    http: http1::Builder,
}

fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME).keep_alive(true).max_buf_size(HEAD_BYTES).pipeline_flush(true);
    builder
}

type Accepted = (TcpStream, Peer, Option<OwnedSemaphorePermit>);

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Accepted {
    // The semaphore is never closed; without a permit we would serve anyway rather than stand still.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, address)) => return (stream, Peer(address.ip()), place),
            Err(error) => {
                // A client that gave up while queued is no event. Anything else is about our own means.
                if !matches!(error.kind(), std::io::ErrorKind::ConnectionAborted | std::io::ErrorKind::ConnectionReset) {
                    tracing::error!(%error, "cannot accept connections");
                    tokio::time::sleep(OUT_OF_SOCKETS).await;
                }
            }
        }
    }
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "one task a connection, ended by the drain")]
    fn start(&self, (stream, peer, place): Accepted, mut ending: watch::Receiver<bool>) {
        let _ = stream.set_nodelay(true);
        let (routes, draining) = (self.routes.clone(), self.draining.clone());
        let service = service_fn(move |mut request: http::Request<Incoming>| {
            request.extensions_mut().insert(peer);
            let mut routes = routes.clone();
            let draining = draining.clone();
            async move {
                let mut response = match routes.call(request.map(Body::new)).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                };
                if draining.is_on() {
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response)
            }
        });
        let connection = self.http.serve_connection(TokioIo::new(Patience::new(stream, WRITE_TIME)), service).with_upgrades();
        tokio::spawn(async move {
            let mut connection = std::pin::pin!(connection);
            let told = async { ending.wait_for(|ending| *ending).await.is_ok() };
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                _ = told => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            // Errors here are the client's: cut connections, bad request lines, headers too late. hyper has answered them.
            if let Err(error) = ended {
                tracing::debug!(%error, "connection ended early");
            }
            drop(place);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::Notify;
    use tokio::task::JoinHandle;

    struct Started {
        address: SocketAddr,
        end: watch::Sender<bool>,
        served: JoinHandle<()>,
    }

    async fn start(routes: Router, max_clients: usize) -> Started {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = watch::channel(false);
        #[expect(clippy::disallowed_methods, reason = "a test's own server")]
        let served = tokio::spawn(serve(listener, routes, max_clients, Draining::default(), ended));
        Started { address, end, served }
    }

    async fn ask(address: SocketAddr) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        stream
    }

    async fn rest(mut stream: TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn drain_answers_what_was_accepted_and_takes_nothing_more() {
        let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (inside, go) = (Arc::clone(&entered), Arc::clone(&release));
        let handler = move || async move {
            inside.notify_one();
            go.notified().await;
            "done"
        };
        let server = start(Router::new().route("/", get(handler)), 100).await;
        let running = ask(server.address).await;
        entered.notified().await;
        server.end.send(true).unwrap();
        while TcpStream::connect(server.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        release.notify_one();
        let answer = rest(running).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("done") && answer.contains("connection: close"), "{answer}");
        server.served.await.unwrap();
    }

    #[tokio::test]
    async fn request_sent_on_an_open_connection_during_the_drain_is_answered() {
        let server = start(Router::new().route("/", get(|| async { "hello" })), 100).await;
        let mut open = ask(server.address).await;
        let mut buffer = [0u8; 512];
        let read = open.read(&mut buffer).await.unwrap();
        assert!(buffer[..read].starts_with(b"HTTP/1.1 200"));
        server.end.send(true).unwrap();
        open.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let answer = rest(open).await;
        assert!(answer.ends_with("hello") && answer.contains("connection: close"), "{answer}");
        server.served.await.unwrap();
    }

    #[tokio::test]
    async fn a_full_house_lets_the_next_one_wait() {
        let server = start(Router::new().route("/", get(|| async { "hello" })), 1).await;
        let mut first = ask(server.address).await;
        let mut byte = [0u8; 1];
        first.read_exact(&mut byte).await.unwrap();
        let mut second = ask(server.address).await;
        // The first keeps its place, so the second cannot have been answered.
        tokio::select! {
            biased;
            _ = second.read_exact(&mut byte) => panic!("served beyond the limit"),
            () = async { for _ in 0..1_000 { tokio::task::yield_now().await } } => {}
        }
        drop(first);
        second.read_exact(&mut byte).await.unwrap();
        server.end.send(true).unwrap();
        server.served.await.unwrap();
    }
}
