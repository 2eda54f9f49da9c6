//! Every forged, stale or foreign token is refused as `UNAUTHENTICATED`, and says why.

use crate::support::{House, NOW, encode};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clientela_kernel::{ActorKind, ErrorCode, Scopes, Timestamp};
use serde_json::{Value as Json, json};

fn with(mut json: Json, key: &str, value: Json) -> Json {
    json[key] = value;
    json
}

fn without(mut json: Json, key: &str) -> Json {
    json.as_object_mut().unwrap().remove(key).unwrap();
    json
}

#[tokio::test]
async fn honest_token_is_accepted() {
    let house = House::new().await;
    let context = house.ask(&house.sign(&house.header(), &house.claims()), NOW).await.unwrap();
    assert_eq!(context.tenant, crate::support::tenant());
    assert_eq!((context.actor.kind, context.actor.id), (ActorKind::User, crate::support::user()));
    assert_eq!(context.scopes, Scopes::READ_WRITE);
    assert_eq!(context.client.as_deref(), Some("tests"));
    assert_eq!(context.zone, chrono_tz::Europe::Zurich);
    let several = house.sign(&house.header(), &with(house.claims(), "aud", json!(["other", "clientela"])));
    assert!(house.ask(&several, NOW).await.is_ok());
    let long_type = house.sign(&with(house.header(), "typ", json!("application/at+jwt")), &house.claims());
    assert!(house.ask(&long_type, NOW).await.is_ok());
}

#[tokio::test]
async fn scopes_come_from_the_token() {
    let house = House::new().await;
    for (text, scopes) in [
        ("read", Scopes::READ),
        ("write read", Scopes::READ_WRITE),
        ("openid read", Scopes::READ),
        ("", Scopes::NONE),
        ("readwrite", Scopes::NONE),
    ] {
        let token = house.sign(&house.header(), &with(house.claims(), "scope", json!(text)));
        assert_eq!(house.ask(&token, NOW).await.unwrap().scopes, scopes, "{text}");
    }
}

#[tokio::test]
async fn forgeries_are_refused() {
    let house = House::new().await;
    let (header, claims) = (house.header(), house.claims());
    let seconds = NOW.0 / 1000;
    let honest = house.sign(&header, &claims);
    let parts: Vec<&str> = honest.split('.').collect();
    let stranger = Ed25519KeyPair::generate().unwrap();

    let unsigned = with(header.clone(), "alg", json!("none"));
    let hmac_header = with(header.clone(), "alg", json!("HS256"));
    let hmac_message = format!("{}.{}", encode(&hmac_header), encode(&claims));
    let hmac_key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &house.public_key());
    let hmac = aws_lc_rs::hmac::sign(&hmac_key, hmac_message.as_bytes());
    let foreign_message = format!("{}.{}", encode(&header), encode(&claims));
    let foreign = stranger.sign(foreign_message.as_bytes());
    let key = URL_SAFE_NO_PAD.encode(stranger.public_key().as_ref());
    let own = json!({ "kty": "OKP", "crv": "Ed25519", "x": key });
    let brought = format!("{}.{}", encode(&with(header.clone(), "jwk", own)), encode(&claims));
    let elsewhere = with(with(header.clone(), "jku", json!("https://evil.example/jwks.json")), "x5u", json!("https://evil.example/x"));
    let fetched = format!("{}.{}", encode(&elsewhere), encode(&claims));
    let richer = with(claims.clone(), "tenant", json!("ten_019b7000000070008000000000"));

    let table: Vec<(&str, String, &str)> = vec![
        ("algorithm none, no signature", format!("{}.{}.", encode(&unsigned), encode(&claims)), "malformed"),
        ("algorithm none, signed", house.sign(&unsigned, &claims), "malformed"),
        ("HS256 with the public key as secret", format!("{hmac_message}.{}", URL_SAFE_NO_PAD.encode(hmac)), "EdDSA"),
        ("RS256 in the header", house.sign(&with(header.clone(), "alg", json!("RS256")), &claims), "EdDSA"),
        ("unknown kid", house.sign(&with(header.clone(), "kid", json!("nobody")), &claims), "does not know"),
        ("a path for a kid", house.sign(&with(header.clone(), "kid", json!("../../../dev/null")), &claims), "does not know"),
        ("SQL for a kid", house.sign(&with(header.clone(), "kid", json!("x' UNION SELECT 'a")), &claims), "does not know"),
        ("kid is empty", house.sign(&with(header.clone(), "kid", json!("")), &claims), "does not know"),
        ("kid is a number", house.sign(&with(header.clone(), "kid", json!(1)), &claims), "malformed"),
        ("brings a key of a stranger", format!("{brought}.{}", URL_SAFE_NO_PAD.encode(stranger.sign(brought.as_bytes()))), "signature"),
        (
            "says where a key of a stranger is",
            format!("{fetched}.{}", URL_SAFE_NO_PAD.encode(stranger.sign(fetched.as_bytes()))),
            "signature",
        ),
        (
            "algorithm NONE in other letters",
            format!("{}.{}.", encode(&with(header.clone(), "alg", json!("nOnE"))), encode(&claims)),
            "malformed",
        ),
        (
            "ES256 with nothing for a signature",
            format!("{}.{}.AAAA", encode(&with(header.clone(), "alg", json!("ES256"))), encode(&claims)),
            "EdDSA",
        ),
        ("encrypted", format!("{}.x.x.x.x", encode(&json!({ "alg": "dir", "enc": "A256GCM" }))), "malformed"),
        ("no kid", house.sign(&without(header.clone(), "kid"), &claims), "kid"),
        ("signed by a stranger", format!("{foreign_message}.{}", URL_SAFE_NO_PAD.encode(foreign)), "signature"),
        ("plain JWT type", house.sign(&with(header.clone(), "typ", json!("JWT")), &claims), "at+jwt"),
        ("no type", house.sign(&without(header.clone(), "typ"), &claims), "at+jwt"),
        ("critical extension", house.sign(&with(header.clone(), "crit", json!(["b64"])), &claims), "crit"),
        ("expired", house.sign(&header, &with(claims.clone(), "exp", json!(seconds - 61))), "expired"),
        ("no exp", house.sign(&header, &without(claims.clone(), "exp")), "exp"),
        ("exp is text", house.sign(&header, &with(claims.clone(), "exp", json!((seconds + 600).to_string()))), "exp"),
        ("exp is null", house.sign(&header, &with(claims.clone(), "exp", Json::Null)), "exp"),
        ("exp is beyond 64 bits", house.sign(&header, &with(claims.clone(), "exp", json!(1e300))), "exp"),
        ("not yet valid", house.sign(&header, &with(claims.clone(), "nbf", json!(seconds + 61))), "before"),
        ("nbf is text", house.sign(&header, &with(claims.clone(), "nbf", json!("0"))), "claims"),
        ("issued in the future", house.sign(&header, &with(claims.clone(), "iat", json!(seconds + 61))), "before"),
        ("no iat", house.sign(&header, &without(claims.clone(), "iat")), "iat"),
        ("no jti", house.sign(&header, &without(claims.clone(), "jti")), "jti"),
        ("no scope", house.sign(&header, &without(claims.clone(), "scope")), "scope"),
        ("no client", house.sign(&header, &without(claims.clone(), "client_id")), "client_id"),
        ("other audience", house.sign(&header, &with(claims.clone(), "aud", json!("elsewhere"))), "aud"),
        ("no audience", house.sign(&header, &without(claims.clone(), "aud")), "aud"),
        ("other issuer", house.sign(&header, &with(claims.clone(), "iss", json!("https://evil.example"))), "iss"),
        ("several issuers", house.sign(&header, &with(claims.clone(), "iss", json!(["clientela"]))), "claims"),
        ("no issuer", house.sign(&header, &without(claims.clone(), "iss")), "iss"),
        ("no subject", house.sign(&header, &without(claims.clone(), "sub")), "sub"),
        ("subject is no user", house.sign(&header, &with(claims.clone(), "sub", json!("acc_01kdr0000000e9000000000001"))), "sub"),
        ("no tenant", house.sign(&header, &without(claims.clone(), "tenant")), "tenant"),
        ("tenant is no id", house.sign(&header, &with(claims.clone(), "tenant", json!("*"))), "tenant"),
        ("payload altered", format!("{}.{}.{}", parts[0], encode(&richer), parts[2]), "signature"),
        ("header altered", format!("{}.{}.{}", encode(&with(header.clone(), "x", json!(1))), parts[1], parts[2]), "signature"),
        ("signature cut by a byte", honest[..honest.len() - 2].to_owned(), "signature"),
        ("signature missing", format!("{}.{}.", parts[0], parts[1]), "signature"),
        ("two parts", format!("{}.{}", parts[0], parts[1]), "malformed"),
        ("four parts", format!("{honest}.x"), "malformed"),
        ("not a token", "hello".to_owned(), "malformed"),
        ("dots", "..".to_owned(), "malformed"),
        ("too long", "a".repeat(10_000), "longer"),
        ("control characters", "\u{0}\u{1}".to_owned(), "malformed"),
    ];
    for (name, token, says) in table {
        let error = house.ask(&token, NOW).await.err().unwrap_or_else(|| panic!("accepted: {name}"));
        assert_eq!(error.code(), ErrorCode::Unauthenticated, "{name}: {error}");
        assert!(error.detail().contains(says), "{name}: {}", error.detail());
        assert!(error.internal_text().is_none(), "{name}");
    }
}

/// Any single altered character of an accepted token makes it refused, also while the honest one is remembered.
#[tokio::test]
async fn no_character_can_be_altered() {
    let house = House::new().await;
    let honest = house.sign(&house.header(), &house.claims());
    assert!(house.ask(&honest, NOW).await.is_ok());
    for place in 0..honest.len() {
        let mut bytes = honest.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(bytes).unwrap();
        assert!(house.ask(&altered, NOW).await.is_err(), "place {place}");
    }
}

#[tokio::test]
async fn remembered_token_dies_with_its_expiry() {
    let house = House::new().await;
    let token = house.sign(&house.header(), &house.claims());
    assert!(house.ask(&token, NOW).await.is_ok());
    let late = |milliseconds: i64| Timestamp(NOW.0 + milliseconds);
    assert!(house.ask(&token, late(600_000 + 29_999)).await.is_ok(), "within the leeway");
    let error = house.ask(&token, late(600_000 + 30_000)).await.unwrap_err();
    assert!(error.detail().contains("expired at 2026-01-01T00:10:00.000Z"), "{error}");
}
