//! The process, or the machine, ends in the middle of a mixed load of writes, again and again: what was acknowledged is there, each
//! record with every one of its change rows and no change row without its record; what was under way is there whole or not at all,
//! and sending it again with its key leaves it there once.

mod check;
mod load;
mod power;

use crate::process::Server;
use check::{Acknowledged, log};
use clientela_testkit::postgres::Cluster;
use load::Writer;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;
use tempfile::TempDir;

/// How many sudden ends a database is put through, unless `CLIENTELA_CRASHES` says another number.
const CRASHES: usize = 20;
const WRITERS: usize = 8;

#[expect(clippy::disallowed_methods, reason = "how long a test goes on is said from outside")]
fn crashes(most: usize) -> usize {
    std::env::var("CLIENTELA_CRASHES").ok().and_then(|number| number.parse().ok()).unwrap_or(most)
}

#[expect(clippy::print_stderr, reason = "a test that passes something over says so")]
fn note(text: &str) {
    eprintln!("{text}");
}

#[test]
fn every_acknowledged_write_survives_a_kill_on_sqlite() {
    survive_kills(None);
}

#[test]
fn every_acknowledged_write_survives_a_kill_on_postgres() {
    match Cluster::shared() {
        Ok(cluster) => survive_kills(Some(&cluster.fresh_database())),
        Err(skipped) => note(&skipped.to_string()),
    }
}

fn survive_kills(url: Option<&str>) {
    let folder = TempDir::new().unwrap();
    let arguments: Vec<&str> = ["--demo"].into_iter().chain(url.iter().flat_map(|url| ["--database-url", url])).collect();
    let mut writers: Vec<Writer> = (0..WRITERS).map(Writer::new).collect();
    for round in 0..crashes(CRASHES) {
        let server = Server::start(folder.path(), &arguments);
        again(&mut writers, &server);
        // Sooner or later, so that the end meets everything there is to do.
        write_until(&mut writers, &server, 10 + 23 * (round % 7), || ());
    }
    let server = Server::start(folder.path(), &arguments);
    again(&mut writers, &server);
    prove(writers, server, folder.path(), url);
}

/// What had no answer is sent again with its key.
fn again(writers: &mut [Writer], server: &Server) {
    for writer in writers {
        writer.again(&server.address(), &server.text("/tokens/admin"));
    }
}

/// Lets everybody write until so many writes were acknowledged, and ends it: the writers go on until the server is gone.
fn write_until<T>(writers: &mut [Writer], server: &Server, enough: usize, end: impl FnOnce() -> T) -> T {
    let (address, token) = (server.address(), server.text("/tokens/admin"));
    let made = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let spawn = |writer| scope.spawn(|| Writer::write(writer, &address, &token, &made));
        let writing: Vec<_> = writers.iter_mut().map(spawn).collect();
        // Writers that were told what they did not expect have ended, and the scope says so.
        while made.load(Ordering::Relaxed) < enough && !writing.iter().all(ScopedJoinHandle::is_finished) {
            std::thread::yield_now();
        }
        let answer = end();
        signal(server, "-KILL");
        answer
    })
}

fn signal(server: &Server, name: &str) {
    let sent = Command::new("kill").args([name, &server.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
}

/// Compares what was acknowledged, what the server answers, and what the change log holds.
fn prove(writers: Vec<Writer>, server: Server, data: &Path, url: Option<&str>) {
    let log = log(&server, data, url);
    let acknowledged: Vec<Acknowledged> = writers.into_iter().flat_map(|writer| writer.acknowledged).collect();
    assert!(acknowledged.len() >= 10, "{} writes were acknowledged", acknowledged.len());
    check::whole(&server, &log);
    check::there(&acknowledged, &log);
    check::once(&server);
}
