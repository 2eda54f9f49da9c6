//! The door against servers on this machine.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests start tasks of their own")]

use clientela_outgoing::{Answer, Outgoing, OutgoingError, Post, Request};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A server that answers every request with this text, and counts them.
async fn serve(answer: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut read = [0u8; 4096];
                let _ = socket.read(&mut read).await;
                let _ = socket.write_all(answer.as_bytes()).await;
                let _ = socket.shutdown().await;
            });
        }
    });
    (url, count)
}

fn request(url: &str) -> Request {
    Request { url: url.to_owned(), most: 1_000, ..Request::default() }
}

#[tokio::test]
async fn an_answer_is_an_answer_whatever_its_status() {
    let (url, _) = serve("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno".to_owned()).await;
    let door = Outgoing::new(true).unwrap();
    assert_eq!(door.ask(request(&url)).await, Ok(Answer { status: 404, body: b"no".to_vec() }));
}

#[tokio::test]
async fn what_is_not_public_is_not_asked() {
    let (url, count) = serve("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned()).await;
    let door = Outgoing::new(false).unwrap();
    let port = url.rsplit(':').next().unwrap().to_owned();
    for host in ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433", "0x7f000001", "127.1", "[::ffff:127.0.0.1]", "169.254.169.254"]
    {
        let refused = door.ask(request(&format!("https://{host}:{port}/"))).await.unwrap_err();
        assert!(matches!(refused, OutgoingError::Refused(why) if why.contains("public")), "{host}: {refused:?}");
    }
    for bad in [url.as_str(), "ftp://example.com/", "file:///etc/passwd", "example.com", "https://user@example.com/", "http://example.com/"]
    {
        assert!(matches!(door.ask(request(bad)).await, Err(OutgoingError::Refused(_))), "{bad}");
    }
    assert_eq!(count.load(Ordering::SeqCst), 0, "somebody was asked all the same");
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let (secret, count) = serve("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret".to_owned()).await;
    let (url, _) = serve(format!("HTTP/1.1 302 Found\r\nlocation: {secret}/\r\ncontent-length: 0\r\n\r\n")).await;
    assert_eq!(Outgoing::new(true).unwrap().ask(request(&url)).await.unwrap().status, 302);
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_large_answer_is_cut_off() {
    let (exact, _) = serve(format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", "x".repeat(1_000))).await;
    let (larger, _) = serve(format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", "x".repeat(1_001))).await;
    let door = Outgoing::new(true).unwrap();
    assert_eq!(door.ask(request(&exact)).await.unwrap().body.len(), 1_000);
    assert_eq!(door.ask(request(&larger)).await, Err(OutgoingError::TooLarge));
}

#[tokio::test]
async fn a_slow_answer_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let silent = tokio::spawn(async move {
        let _open = listener.accept().await;
        std::future::pending::<()>().await;
    });
    assert_eq!(Outgoing::new(true).unwrap().ask(request(&url)).await, Err(OutgoingError::TimedOut));
    silent.abort();
}

fn post(url: &str) -> Post {
    Post { url: url.to_owned(), headers: vec![("content-type", "application/json".to_owned())], body: b"{}".to_vec(), most: 10 }
}

#[tokio::test]
async fn of_an_answer_to_a_post_the_status_counts() {
    let door = Outgoing::new(true).unwrap();
    let (wanting, _) = serve("HTTP/1.1 503 Busy\r\nretry-after: 120\r\ncontent-length: 4\r\n\r\nbusy".to_owned()).await;
    let reply = door.post(post(&wanting)).await.unwrap();
    assert_eq!((reply.status, reply.retry_after.as_deref(), reply.excerpt.as_slice()), (503, Some("120"), &b"busy"[..]));
    // A gigabyte is announced, of which nobody wants more than the beginning.
    let (huge, _) = serve(format!("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n{}", "x".repeat(5_000))).await;
    let reply = door.post(post(&huge)).await.unwrap();
    assert_eq!((reply.status, reply.excerpt), (200, b"xxxxxxxxxx".to_vec()));
    // It breaks off behind its status.
    let (broken, _) = serve("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc".to_owned()).await;
    let reply = door.post(post(&broken)).await.unwrap();
    assert_eq!((reply.status, reply.excerpt), (200, b"abc".to_vec()));
    let (secret, count) = serve("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret".to_owned()).await;
    let (elsewhere, _) = serve(format!("HTTP/1.1 307 Away\r\nlocation: {secret}/\r\ncontent-length: 0\r\n\r\n")).await;
    assert_eq!(door.post(post(&elsewhere)).await.unwrap().status, 307);
    assert_eq!(count.load(Ordering::SeqCst), 0, "a redirect was followed");
    assert!(matches!(Outgoing::new(false).unwrap().post(post(&secret)).await, Err(OutgoingError::Refused(_))));
    assert_eq!(count.load(Ordering::SeqCst), 0, "somebody was asked all the same");
}
