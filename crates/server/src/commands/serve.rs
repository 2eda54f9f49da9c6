//! `clientela serve`.

use super::{Failure, house_at, keys, print};
use crate::assemble::House;
use crate::banner;
use crate::cli::Serve;
use crate::config::Config;
use crate::lifecycle::{self, Draining};
use crate::{demo, demo_tokens, listener, tenants};
use clientela_access::{Authenticator, SigningKeys, signing};
use clientela_gateway::Limits;
use clientela_kernel::{Clock as _, Error, ErrorCode, SystemClock};
use clientela_platform::StoredSignIns;
use clientela_store::in_background;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How often what is over of sign-ins is removed.
const TIDY: Duration = Duration::from_secs(600);
/// How often the age of the signing key is looked at.
const ROTATION: Duration = Duration::from_secs(3_600);
/// How often the file of the signing keys is looked at.
const KEYS: Duration = Duration::from_secs(1);

/// Serves until a signal ends it.
pub async fn run(config: &Config, arguments: &Serve, as_json: bool) -> Result<(), Failure> {
    let ended = lifecycle::signals().map_err(|error| Failure::Run(Error::internal(format!("Signals cannot be listened for: {error}"))))?;
    let socket = bind(config).await?;
    let address = socket.local_addr().map_err(Error::internal)?;
    if arguments.demo {
        refuse_exposure(address, "--demo prints tokens that open everything")?;
    }
    let url = config.public_url.clone().unwrap_or_else(|| banner::url(address));
    let house = house_at(config, Some(url.trim_end_matches('/').to_owned())).await?;
    let tokens = if arguments.demo { Some(demo_tokens::prepare(&house).await?) } else { None };
    let tenants = tenants::list(&house.store).await?;
    if tokens.is_none() && tenants.iter().any(|tenant| tenant.tenant_id == demo::tenant()) {
        refuse_exposure(address, "this database holds the demonstration tenant, for which tokens may be about")?;
    }
    let draining = Draining::default();
    let routes = house.routes(limits(config), url.clone(), config.metrics_token.clone(), draining.clone(), config.data.clone());
    lifecycle::background(tidy(house.sign_ins(), ended.clone()));
    lifecycle::background(watch_keys(house.authenticator.clone(), config.data.join(signing::FILE_NAME), ended.clone()));
    if let Some(days) = config.rotate_keys_days {
        lifecycle::background(rotate_keys(house.clone(), config.data.join(signing::FILE_NAME), days, ended.clone()));
    }
    lifecycle::background(in_background(house.worker(config.data.clone()).keeping_events_for(config.event_days).run(ended.clone())));
    lifecycle::background(in_background(house.dispatcher().run(ended.clone())));
    let links = banner::Links { url: &url, tokens: tokens.as_ref(), empty: tenants.is_empty() };
    print(as_json, &links.json(), &links.text())?;
    listener::serve(socket, routes, config.max_clients, draining, ended).await;
    close(&house).await;
    tracing::info!("ended");
    Ok(())
}

/// Puts a new signing key in the place of one that is older than so many days, until `ended` turns true. Each node has a key of its own, so this is no job of the queue.
async fn rotate_keys(house: House, path: PathBuf, days: u32, mut ended: watch::Receiver<bool>) {
    let age = i64::from(days).saturating_mul(86_400_000);
    while !*ended.borrow() {
        match keys::rotate_old(&house, &path, age).await {
            Ok(true) => tracing::info!(days, "the signing key was older than it is to be, and was replaced"),
            Ok(false) => {}
            Err(error) => {
                tracing::error!(error = error.internal_text(), "the signing key could not be replaced; it is tried again in an hour")
            }
        }
        tokio::select! {
            () = tokio::time::sleep(ROTATION) => {}
            _ = ended.changed() => {}
        }
    }
}

/// Reads the signing keys again when their file has changed, until `ended` turns true.
async fn watch_keys(authenticator: Authenticator, path: PathBuf, mut ended: watch::Receiver<bool>) {
    let state = |path: &Path| std::fs::metadata(path).and_then(|facts| facts.modified()).ok();
    let mut seen = state(&path);
    while !*ended.borrow() {
        tokio::select! {
            () = tokio::time::sleep(KEYS) => {}
            _ = ended.changed() => return,
        }
        let now = state(&path);
        if now == seen || now.is_none() {
            continue;
        }
        seen = now;
        match SigningKeys::load_or_create(&path, SystemClock.now()) {
            Ok(keys) => {
                authenticator.replace_keys(keys);
                tracing::info!("other keys sign from now on");
            }
            Err(error) => tracing::error!(
                error = error.internal_text(),
                "the signing keys have changed and cannot be read; those from before go on signing"
            ),
        }
    }
}

/// Removes codes and tokens whose time is over, until `ended` turns true.
async fn tidy(sign_ins: StoredSignIns, mut ended: watch::Receiver<bool>) {
    while !*ended.borrow() {
        match sign_ins.upkeep().await {
            // There may be more.
            Ok(removed) if removed > 0 => continue,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "codes and tokens that are over could not be removed; it is tried again"),
        }
        tokio::select! {
            () = tokio::time::sleep(TIDY) => {}
            _ = ended.changed() => {}
        }
    }
}

async fn bind(config: &Config) -> Result<TcpListener, Failure> {
    TcpListener::bind((config.host.as_str(), config.port)).await.map_err(|error| {
        let way_out = match error.kind() {
            std::io::ErrorKind::AddrInUse => " Another program listens there: choose another port with --port, or --port 0 for a free one.",
            _ => " Choose another with --host and --port.",
        };
        Failure::Run(Error::new(ErrorCode::Internal, format!("Cannot listen on {} port {}: {error}.{way_out}", config.host, config.port)))
    })
}

/// Refuses to be reachable from other machines.
fn refuse_exposure(address: SocketAddr, reason: &str) -> Result<(), Failure> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "Refusing to listen on {address}, which other machines can reach: {reason}. Listen on 127.0.0.1 (leave --host out), or serve without \
         --demo from a database of your own (--data DIR or --database-url URL)."
    )))
}

fn limits(config: &Config) -> Limits {
    Limits { body_bytes: config.body_bytes, request_timeout: config.request_timeout, ..Limits::default() }
}

/// Writes that are still running end with their connections; then the database is closed in order.
async fn close(house: &House) {
    // What was noted last is written before the database closes.
    match tokio::time::timeout(lifecycle::LAST_WRITES, house.engine.write_sensitive_reads()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "the last reads of sensitive fields are not in the audit"),
        Err(_) => tracing::error!("the last reads of sensitive fields are not in the audit: the database did not answer in time"),
    }
    let closed = tokio::time::timeout(lifecycle::LAST_WRITES, house.store.close()).await;
    if closed.is_err() {
        tracing::warn!("the database did not close in time; nothing that was acknowledged is lost");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_goes_with_demo_tokens() {
        for good in ["127.0.0.1:80", "127.8.8.8:80", "[::1]:80"] {
            assert!(refuse_exposure(good.parse().unwrap(), "x").is_ok(), "{good}");
        }
        for bad in ["0.0.0.0:80", "[::]:80", "192.168.1.5:80", "[::ffff:10.0.0.1]:80"] {
            let failure = refuse_exposure(bad.parse().unwrap(), "x").unwrap_err();
            assert!(failure.text().contains("--host") && failure.exit_code() == 2, "{bad}");
        }
    }
}
