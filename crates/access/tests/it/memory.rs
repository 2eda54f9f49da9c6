//! Keys and users that change while the server runs, without a database round trip for what has not changed.

use crate::support::{House, NOW, tenant, user};
use clientela_access::{ApiKeyCredential, TokenIssue, UserCredential, api_key};
use clientela_kernel::{ActorKind, ErrorCode, Id, Scopes, TenantId, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn key(secret: &str) -> ApiKeyCredential {
    ApiKeyCredential {
        id: Id("019b7000-0000-7000-8000-0000000000ff".parse().unwrap()),
        tenant: tenant(),
        name: "importer".to_owned(),
        digest: api_key::digest(secret),
        scopes: Scopes::READ,
        expires_at: Some(Timestamp(NOW.0 + 60_000)),
        revoked: false,
        zone: chrono_tz::UTC,
        created_by: "sys_01h455vb4pex5vsknk084sn02q".to_owned(),
    }
}

fn after(milliseconds: i64) -> Timestamp {
    Timestamp(NOW.0 + milliseconds)
}

#[tokio::test]
async fn revocation_holds_at_the_next_request() {
    let house = House::new().await;
    let secret = "clk_0123456789abcdefghijABCDEFGHIJ01".to_owned();
    house.source.keys.lock().push(key(&secret));
    house.changes.announce();
    let context = house.ask(&secret, NOW).await.unwrap();
    assert_eq!((context.actor.kind, context.scopes, context.client.as_deref()), (ActorKind::ApiKey, Scopes::READ, Some("importer")));

    house.source.keys.lock()[0].revoked = true;
    house.changes.announce();
    let error = house.ask(&secret, NOW).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Unauthenticated);
    assert!(error.detail().contains("revoked"), "{error}");
}

#[tokio::test]
async fn expiry_of_a_key_is_looked_at_on_each_use() {
    let house = House::new().await;
    let secret = "clk_0123456789abcdefghijABCDEFGHIJ01".to_owned();
    house.source.keys.lock().push(key(&secret));
    assert!(house.ask(&secret, NOW).await.is_ok());
    assert!(house.ask(&secret, after(59_999)).await.is_ok());
    assert!(house.ask(&secret, after(60_000)).await.unwrap_err().detail().contains("expired"));
}

#[tokio::test]
async fn unknown_keys_make_the_database_read_at_most_once_a_second() {
    let house = House::new().await;
    let before = house.source.readings.load(Ordering::SeqCst);
    for at in 0..1_000 {
        assert!(house.ask(&format!("clk_guess{at}"), after(at)).await.unwrap_err().detail().contains("unknown"));
    }
    assert_eq!(house.source.readings.load(Ordering::SeqCst) - before, 1);

    // A key made elsewhere without a word to us is found at the next miss.
    let secret = "clk_0123456789abcdefghijABCDEFGHIJ01".to_owned();
    house.source.keys.lock().push(key(&secret));
    assert!(house.ask(&secret, after(999)).await.is_err());
    assert!(house.ask(&secret, after(1_000)).await.is_ok());
}

#[tokio::test]
async fn known_credentials_never_read_the_database() {
    let house = House::new().await;
    let secret = "clk_0123456789abcdefghijABCDEFGHIJ01".to_owned();
    house.source.keys.lock().push(key(&secret));
    house.changes.announce();
    let token = house.sign(&house.header(), &house.claims());
    assert!(house.ask(&secret, NOW).await.is_ok());
    let before = house.source.readings.load(Ordering::SeqCst);
    *house.source.broken.lock() = true;
    for _ in 0..100 {
        assert!(house.ask(&secret, NOW).await.is_ok());
        assert!(house.ask(&token, NOW).await.is_ok());
    }
    assert_eq!(house.source.readings.load(Ordering::SeqCst), before);
}

#[tokio::test]
async fn changed_keys_that_cannot_be_read_are_unavailable_not_accepted() {
    let house = House::new().await;
    let token = house.sign(&house.header(), &house.claims());
    assert!(house.ask(&token, NOW).await.is_ok());
    *house.source.broken.lock() = true;
    house.changes.announce();
    assert_eq!(house.ask(&token, NOW).await.unwrap_err().code(), ErrorCode::DatabaseUnavailable);
    *house.source.broken.lock() = false;
    assert!(house.ask(&token, NOW).await.is_ok(), "heals by itself");
}

#[tokio::test]
async fn deactivated_and_deleted_users_are_refused() {
    let house = House::new().await;
    let token = house.sign(&house.header(), &house.claims());
    assert!(house.ask(&token, NOW).await.is_ok());
    house.source.users.lock()[0].active = false;
    house.changes.announce();
    assert!(house.ask(&token, NOW).await.unwrap_err().detail().contains("deactivated"));
    house.source.users.lock().clear();
    house.changes.announce();
    assert!(house.ask(&token, NOW).await.unwrap_err().detail().contains("does not exist"));
}

/// Ids are chosen by clients, so another tenant may hold a user of the same id.
#[tokio::test]
async fn user_of_another_tenant_is_another_user() {
    let house = House::new().await;
    let other = TenantId("019b7000-0000-7000-8000-00000000000b".parse().unwrap());
    *house.source.users.lock() = vec![
        UserCredential { id: user(), tenant: tenant(), active: false, zone: chrono_tz::UTC, audience: None },
        UserCredential { id: user(), tenant: other, active: true, zone: chrono_tz::Asia::Tokyo, audience: None },
    ];
    house.changes.announce();
    let issue = |tenant| TokenIssue {
        tenant,
        user: user(),
        client: "tests".to_owned(),
        session: None,
        actor: None,
        issuer: None,
        scopes: Scopes::ALL,
        issued_at: NOW,
        expires_at: after(600_000),
    };
    let ours = house.authenticator.issue(&issue(tenant())).unwrap();
    let theirs = house.authenticator.issue(&issue(other)).unwrap();
    assert!(house.ask(&ours, NOW).await.unwrap_err().detail().contains("deactivated"));
    let context = house.ask(&theirs, NOW).await.unwrap();
    assert_eq!((context.tenant, context.zone), (other, chrono_tz::Asia::Tokyo));
}

#[tokio::test]
async fn a_change_rings_for_the_other_nodes_but_their_ring_does_not_echo() {
    let house = House::new().await;
    let rings = Arc::new(AtomicUsize::new(0));
    let heard = Arc::clone(&rings);
    house.changes.connect(move || {
        heard.fetch_add(1, Ordering::SeqCst);
    });
    house.changes.announce();
    house.changes.mark();
    assert_eq!(rings.load(Ordering::SeqCst), 1);
}
