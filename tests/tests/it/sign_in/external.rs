//! Signing in by an identity provider's word: the way there and back, whom it lets in, and what is refused.

use super::second_factor::{code, set_up};
use super::{CALLBACK, Program, VERIFIER, asking, between, onward, person, program, token, with};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clientela_kernel::Clock as _;
use clientela_testkit::{Answer, TestApp, both};
use http::{Method, Request};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const ISSUER: &str = "https://login.example";
const CLIENT: &str = "clientela-at-login";
const SECRET: &str = "a secret: of our own";

/// What the provider does; a test changes it.
struct Login {
    kid: String,
    key: Ed25519KeyPair,
    /// The keys it shows, where they are not its own.
    shown: Option<Json>,
    /// What its documents say otherwise.
    discovery: Json,
    /// What its tokens say otherwise; a null member is left out.
    claims: Json,
    /// What their header says otherwise.
    header: Json,
    /// Signs by itself.
    sign: Option<fn(&Login, &str) -> Vec<u8>>,
    /// The nonce that it was sent last.
    nonce: String,
    /// The challenge that it was sent last.
    challenge: String,
    now: i64,
}

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::generate().unwrap()
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn merged(mut base: Json, more: &Json) -> Json {
    for (name, value) in more.as_object().unwrap() {
        match value {
            Json::Null => drop(base.as_object_mut().unwrap().remove(name)),
            value => base[name] = value.clone(),
        }
    }
    base
}

impl Login {
    fn jwk(&self) -> Json {
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": self.kid, "use": "sig", "alg": "EdDSA", "x": encoded(self.key.public_key()) })
    }

    fn token(&self) -> String {
        let header = merged(json!({ "alg": "EdDSA", "kid": self.kid, "typ": "JWT" }), &self.header);
        let claims = json!({
            "iss": ISSUER, "aud": CLIENT, "sub": "subject-1", "iat": self.now, "exp": self.now + 300, "nonce": self.nonce,
            "email": "maria@alpha.example", "email_verified": true, "name": "Maria Huber",
        });
        let signed = format!("{}.{}", encoded(header.to_string()), encoded(merged(claims, &self.claims).to_string()));
        let signature = self.sign.map_or_else(|| self.key.sign(signed.as_bytes()).as_ref().to_vec(), |sign| sign(self, &signed));
        format!("{signed}.{}", encoded(signature))
    }

    fn answer(&self, url: &str, form: Option<&str>, authorization: Option<&str>) -> Result<(u16, Vec<u8>), String> {
        let shown = |json: Json| Ok((200, json.to_string().into_bytes()));
        match url {
            "https://login.example/.well-known/openid-configuration" => shown(merged(
                json!({
                    "issuer": ISSUER, "authorization_endpoint": "https://login.example/authorize?x=1", "token_endpoint": "https://login.example/token",
                    "jwks_uri": "https://login.example/keys",
                }),
                &self.discovery,
            )),
            "https://login.example/keys" => shown(self.shown.clone().unwrap_or_else(|| json!({ "keys": [self.jwk()] }))),
            "https://login.example/token" => {
                let form: BTreeMap<String, String> = form_urlencoded::parse(form.unwrap().as_bytes()).into_owned().collect();
                let basic = base64::engine::general_purpose::STANDARD.encode("clientela-at-login:a%20secret%3A%20of%20our%20own");
                let proven = authorization == Some(format!("Basic {basic}").as_str());
                let verifier = encoded(<sha2::Sha256 as sha2::Digest>::digest(form["code_verifier"].as_bytes()));
                let sound =
                    proven && form["code"] == "code-1" && verifier == self.challenge && form["redirect_uri"].ends_with("/oauth/callback");
                if sound { shown(json!({ "id_token": self.token(), "token_type": "Bearer" })) } else { Ok((400, b"{}".to_vec())) }
            }
            other => Err(format!("nobody is at {other}")),
        }
    }
}

fn seconds(app: &TestApp) -> i64 {
    app.clock.now().0 / 1_000
}

/// A program of the first tenant, and a provider of which the tenant knows.
struct Scene {
    program: Program,
    provider: Json,
    login: Arc<Mutex<Login>>,
}

async fn scene(app: &TestApp, fields: Json) -> Scene {
    let login = Login {
        kid: "k1".to_owned(),
        key: pair(),
        shown: None,
        discovery: json!({}),
        claims: json!({}),
        header: json!({}),
        sign: None,
        nonce: String::new(),
        challenge: String::new(),
        now: seconds(app),
    };
    let login = Arc::new(Mutex::new(login));
    let answering = Arc::clone(&login);
    app.outside.answer(move |(url, form, authorization)| answering.lock().unwrap().answer(url, form, authorization));
    let body = merged(json!({ "name": "Alpine login", "issuer": ISSUER, "clientId": CLIENT, "emailDomains": "alpha.example" }), &fields);
    let provider = app.alpha.post("/v1/identity-providers", &body).await.expect(201);
    let id = provider["id"].as_str().unwrap();
    app.alpha.post(&format!("/v1/identity-providers/{id}/set-secret"), &json!({ "clientSecret": SECRET })).await.expect(200);
    Scene { program: program(&app.alpha, json!({})).await, provider, login }
}

async fn get(app: &TestApp, path: &str, cookie: &str) -> Answer {
    let request = Request::builder().method(Method::GET).uri(path).header("cookie", cookie);
    app.alpha.with_token(None).raw(request.body(axum::body::Body::empty()).unwrap()).await
}

impl Scene {
    /// Follows the link on the page to the provider: the cookie, and what the provider is asked.
    async fn leave(&self, app: &TestApp) -> (String, BTreeMap<String, String>) {
        let shown = app.alpha.with_token(None).get(&format!("/oauth/authorize?{}", asking(&self.program, &[]))).await;
        let page = shown.text();
        assert!(page.contains("Sign in with Alpine login"), "{page}");
        let cookie = format!("clientela_form={}", between(&page, "name=\"form\" value=\"", "\""));
        let link = between(&page, "href=\"/oauth/external?", "\"").replace("&amp;", "&");
        let left = get(app, &format!("/oauth/external?{link}"), &cookie).await;
        assert_eq!(left.status, 303, "{}", left.describe());
        let address = left.header("location").unwrap();
        assert!(address.starts_with("https://login.example/authorize?x=1&"), "{address}");
        let asked: BTreeMap<String, String> = form_urlencoded::parse(address.split_once('?').unwrap().1.as_bytes()).into_owned().collect();
        assert_eq!(
            (asked["response_type"].as_str(), asked["client_id"].as_str(), asked["code_challenge_method"].as_str()),
            ("code", CLIENT, "S256")
        );
        assert_eq!(
            (asked["redirect_uri"].as_str(), asked["scope"].as_str()),
            ("http://127.0.0.1:8080/oauth/callback", "openid email profile")
        );
        let mut login = self.login.lock().unwrap();
        login.nonce = asked["nonce"].clone();
        login.challenge = asked["code_challenge"].clone();
        (cookie, asked)
    }

    /// So many minutes go by, for the provider too.
    fn later(&self, app: &TestApp, minutes: i64) {
        app.clock.advance(minutes * 60_000);
        self.login.lock().unwrap().now += minutes * 60;
    }

    /// The whole way there and back: what the server says at the end.
    async fn come(&self, app: &TestApp) -> Answer {
        let (cookie, asked) = self.leave(app).await;
        get(app, &format!("/oauth/callback?code=code-1&state={}", asked["state"]), &cookie).await
    }

    /// Comes in: who it is then.
    async fn me(&self, app: &TestApp) -> String {
        let code = onward(&self.come(app).await)["code"].clone();
        let pairs =
            [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER), ("redirect_uri", CALLBACK)];
        let tokens = token(app, &self.program, &pairs).await.expect(200);
        with(app, &tokens).get("/v1/me").await.expect(200)["actor"]["id"].as_str().unwrap().to_owned()
    }

    /// Is not let in; the audit says why.
    async fn stays_out(&self, app: &TestApp, why: &str) {
        let answer = self.come(app).await;
        assert_eq!(answer.status, 400, "{why}: {}", answer.describe());
        assert!(answer.text().contains("does not let you in"), "{why}: {}", answer.text());
        let told = app.alpha.get("/v1/audit-entries?sort=-sequence&limit=1").await.expect(200)["data"][0].clone();
        assert_eq!(
            (told["kind"].as_str(), told["detail"].as_str().map(|detail| detail.contains(why))),
            (Some("SIGN_IN_REFUSED"), Some(true)),
            "{why}: {told}"
        );
    }

    async fn links(&self, app: &TestApp) -> Vec<Json> {
        app.alpha.get("/v1/external-identities").await.expect(200)["data"].as_array().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_person_is_linked_once_and_then_known_by_the_subject() {
    both(|app| async move {
        let (id, _) = person(&app, "maria").await;
        let scene = scene(&app, json!({})).await;
        assert_eq!(scene.me(&app).await, id);
        let links = scene.links(&app).await;
        assert_eq!(links.len(), 1);
        assert_eq!(
            (links[0]["userId"].as_str(), links[0]["subject"].as_str(), links[0]["issuer"].as_str()),
            (Some(id.as_str()), Some("subject-1"), Some(ISSUER))
        );
        // The address is somebody else's by now, or is vouched for no more: the subject says who it is.
        let (other, _) = person(&app, "other").await;
        scene.login.lock().unwrap().claims = json!({ "email": "other@alpha.example", "email_verified": false });
        assert_eq!(scene.me(&app).await, id);
        // Another subject with the address of the first is not the first: this one is linked by the rule.
        scene.login.lock().unwrap().claims = json!({ "sub": "subject-2", "email": "other@alpha.example" });
        assert_eq!(scene.me(&app).await, other);
        assert_eq!(scene.links(&app).await.len(), 2);
        // An administrator takes the link away; the person is asked for a verified address again.
        let link = links[0]["id"].as_str().unwrap();
        app.alpha.delete(&format!("/v1/external-identities/{link}")).await;
        scene.login.lock().unwrap().claims = json!({ "email_verified": false });
        scene.stays_out(&app, "does not vouch").await;
        let audited = app.alpha.get("/v1/audit-entries?sort=-sequence&limit=50").await.expect(200).to_string();
        assert!(audited.contains("identity provider"), "{audited}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_people_become_users_only_where_the_provider_may_make_them() {
    both(|app| async move {
        let scene = scene(&app, json!({})).await;
        scene.login.lock().unwrap().claims = json!({ "email": "newcomer@alpha.example" });
        scene.stays_out(&app, "nobody here has this e-mail address").await;
        assert_eq!(app.alpha.get("/v1/users/by/email/newcomer@alpha.example").await.status, 404);
        let path = format!("/v1/identity-providers/{}", scene.provider["id"].as_str().unwrap());
        let role = async |key: &str| app.alpha.get(&format!("/v1/roles/by/key/{key}")).await.expect(200)["id"].clone();
        let administrators = role("administrator").await;
        app.alpha.patch(&path, &json!({ "roleId": administrators })).await.refused(422, "VALIDATION_FAILED");
        let member = role("member").await;
        app.alpha.patch(&path, &json!({ "createsUsers": true, "roleId": member })).await.expect(200);
        let id = scene.me(&app).await;
        let user = app.alpha.get(&format!("/v1/users/{id}?expand=roleAssignments")).await.expect(200);
        assert_eq!((user["name"].as_str(), user["email"].as_str()), (Some("Maria Huber"), Some("newcomer@alpha.example")));
        assert_eq!(user["roleAssignments"]["data"][0]["roleId"], member);
        // Whoever was deactivated stays so: neither let in, nor made anew.
        app.alpha.patch(&format!("/v1/users/{id}"), &json!({ "active": false })).await.expect(200);
        scene.stays_out(&app, "may not sign in").await;
        scene.login.lock().unwrap().claims = json!({ "sub": "subject-9", "email": "newcomer@alpha.example" });
        scene.stays_out(&app, "nobody here has this e-mail address").await;
        // Switched off, it is no way in any more.
        app.alpha.patch(&path, &json!({ "active": false })).await.expect(200);
        let page = app.alpha.with_token(None).get(&format!("/oauth/authorize?{}", asking(&scene.program, &[]))).await.text();
        assert!(!page.contains("Sign in with Alpine"), "{page}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_do_not_hold_are_refused() {
    both(|app| async move {
        person(&app, "maria").await;
        let scene = scene(&app, json!({})).await;
        let now = seconds(&app);
        for (number, (claims, why)) in [
            (json!({ "iss": "https://evil.example" }), "from somebody else"),
            (json!({ "aud": "another-client" }), "for somebody else"),
            (json!({ "aud": [CLIENT, "another-client"] }), "for somebody else"),
            (json!({ "azp": "another-client" }), "for somebody else"),
            (json!({ "exp": now - 7_200 }), "has expired"),
            (json!({ "exp": null }), "malformed"),
            (json!({ "exp": "9999999999" }), "malformed"),
            (json!({ "iat": now + 86_400 }), "not valid yet"),
            (json!({ "nonce": "another" }), "another sign-in"),
            (json!({ "nonce": null }), "another sign-in"),
            (json!({ "sub": "" }), "names nobody"),
            (json!({ "email_verified": false }), "does not vouch"),
            (json!({ "email_verified": null }), "does not vouch"),
            (json!({ "email": null }), "does not vouch"),
            (json!({ "email": "maria@evil.example" }), "not believed about this e-mail domain"),
            (json!({ "email": "maria@sub.alpha.example" }), "not believed about this e-mail domain"),
            (json!({ "email": "maria@alpha.example@evil.example" }), "not believed about this e-mail domain"),
        ]
        .into_iter()
        .enumerate()
        {
            if number % 3 == 2 {
                // The audit takes only so many refusals at once.
                scene.later(&app, 20);
            }
            scene.login.lock().unwrap().claims = claims;
            scene.stays_out(&app, why).await;
        }
        scene.later(&app, 20);
        scene.login.lock().unwrap().claims = json!({});
        let hmac: fn(&Login, &str) -> Vec<u8> = |login, text| {
            // The public key as if it were a shared secret.
            let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, login.key.public_key().as_ref());
            aws_lc_rs::hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
        };
        for (header, sign, why) in [
            (json!({ "alg": "none" }), Some((|_, _| Vec::new()) as fn(&Login, &str) -> Vec<u8>), "malformed"),
            (json!({ "alg": "HS256" }), Some(hmac), "an algorithm that is not taken"),
            (json!({ "alg": "RS256" }), None, "unknown key"),
            (json!({ "alg": "EdDSA" }), Some(|_, text| pair().sign(text.as_bytes()).as_ref().to_vec()), "signature does not fit"),
            (json!({ "crit": ["x"] }), None, "malformed"),
        ] {
            {
                let mut login = scene.login.lock().unwrap();
                (login.header, login.sign) = (header, sign);
            }
            scene.stays_out(&app, why).await;
            scene.later(&app, 20);
        }
        // A published shared secret is none.
        {
            let mut login = scene.login.lock().unwrap();
            let published = json!({ "keys": [{ "kty": "oct", "kid": "k1", "alg": "HS256", "k": encoded("secret") }] });
            (login.header, login.shown) = (json!({ "alg": "HS256" }), Some(published));
            login.sign = Some(hmac);
        }
        scene.later(&app, 20);
        scene.stays_out(&app, "an algorithm that is not taken").await;
        assert_eq!(scene.links(&app).await.len(), 0, "somebody was linked all the same");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_roll_over_and_are_not_asked_for_without_end() {
    both(|app| async move {
        let (id, _) = person(&app, "maria").await;
        let scene = scene(&app, json!({})).await;
        assert_eq!(scene.me(&app).await, id);
        app.outside.asked();
        let roll = || {
            let mut login = scene.login.lock().unwrap();
            (login.kid, login.key) = (format!("{}+", login.kid), pair());
        };
        app.clock.advance(6_000);
        roll();
        assert_eq!(scene.me(&app).await, id, "a new key was not fetched");
        assert_eq!(app.outside.asked().iter().filter(|url| url.ends_with("/keys")).count(), 1);
        // Right afterwards an unknown key is not asked for again; a moment later it is.
        roll();
        scene.stays_out(&app, "unknown key").await;
        assert_eq!(app.outside.asked().iter().filter(|url| url.ends_with("/keys")).count(), 0);
        app.clock.advance(6_000);
        assert_eq!(scene.me(&app).await, id);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_leads_in_once_in_the_same_browser_and_in_time() {
    both(|app| async move {
        person(&app, "maria").await;
        let scene = scene(&app, json!({})).await;
        let back = |state: &str| format!("/oauth/callback?code=code-1&state={state}");
        let (cookie, asked) = scene.leave(&app).await;
        for (path, cookie) in [
            (back("nonsense"), cookie.as_str()),
            (back(&asked["state"]), "clientela_form=00000000000000000000000000000000"),
            (back(&asked["state"]), ""),
        ] {
            let answer = get(&app, &path, cookie).await;
            assert_eq!((answer.status, answer.text().contains("began in another browser")), (400, true), "{path} {cookie}");
        }
        onward(&get(&app, &back(&asked["state"]), &cookie).await);
        assert_eq!(get(&app, &back(&asked["state"]), &cookie).await.status, 400, "a state was good twice");
        let (cookie, asked) = scene.leave(&app).await;
        scene.later(&app, 11);
        assert_eq!(get(&app, &back(&asked["state"]), &cookie).await.status, 400, "a state was good for ever");
        for (more, why) in [
            ("error=access_denied", "did not let the person in"),
            ("code=code-2", "refused the code"),
            ("code=code-1&iss=https://evil.example", "from somebody else"),
            ("x=1", "gave no code"),
        ] {
            let (cookie, asked) = scene.leave(&app).await;
            let answer = get(&app, &format!("/oauth/callback?{more}&state={}", asked["state"]), &cookie).await;
            assert_eq!(answer.status, 400, "{why}: {}", answer.describe());
            let told = app.alpha.get("/v1/audit-entries?sort=-sequence&limit=1").await.expect(200)["data"][0].clone();
            assert!(told["detail"].as_str().unwrap().contains(why), "{why}: {told}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_asked_for_all_the_same() {
    both(|app| async move {
        let (id, _) = person(&app, "maria").await;
        let scene = scene(&app, json!({})).await;
        let maria = app.sign_in(&id).await;
        let (secret, _) = set_up(&app, &maria).await;
        let answer = scene.come(&app).await;
        assert_eq!(answer.status, 200, "{}", answer.describe());
        let step = between(&answer.text(), "name=\"step\" value=\"", "\"");
        assert_eq!(code(&app, &scene.program, &step, "000000").await.status, 400);
        app.clock.advance(31_000);
        let shown = clientela_access::totp::code(&secret, app.clock.now()).unwrap();
        assert!(onward(&code(&app, &scene.program, &step, &shown).await).contains_key("code"));
        let audited = app.alpha.get("/v1/audit-entries?sort=-sequence&limit=3").await.expect(200).to_string();
        assert!(audited.contains("identity provider and second factor"), "{audited}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn providers_that_say_strange_things_are_no_way_in() {
    both(|app| async move {
        person(&app, "maria").await;
        let scene = scene(&app, json!({})).await;
        let link = async || {
            let page = app.alpha.with_token(None).get(&format!("/oauth/authorize?{}", asking(&scene.program, &[]))).await.text();
            let cookie = format!("clientela_form={}", between(&page, "name=\"form\" value=\"", "\""));
            let link = between(&page, "href=\"/oauth/external?", "\"").replace("&amp;", "&");
            get(&app, &format!("/oauth/external?{link}"), &cookie).await
        };
        for (discovery, why) in [
            (json!({ "issuer": "https://evil.example" }), "says that it is another one"),
            (json!({ "issuer": "https://login.example/" }), "says that it is another one"),
            (json!({ "jwks_uri": "https://nobody.example/keys" }), "was not reached"),
            (json!({ "token_endpoint": null }), "cannot be read"),
            (json!({ "padding": "x".repeat(300_000) }), "was not reached"),
        ] {
            scene.login.lock().unwrap().discovery = discovery;
            let answer = link().await;
            assert_eq!((answer.status, answer.text().contains("not open at the moment")), (400, true), "{why}: {}", answer.describe());
            let told = app.alpha.get("/v1/audit-entries?sort=-sequence&limit=1").await.expect(200)["data"][0].clone();
            assert!(told["detail"].as_str().unwrap().contains(why), "{why}: {told}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn providers_are_for_administrators_of_their_tenant_alone() {
    both(|app| async move {
        let scene = scene(&app, json!({})).await;
        let id = scene.provider["id"].as_str().unwrap();
        // Its secret is nowhere.
        let shown = app.alpha.get(&format!("/v1/identity-providers/{id}")).await.expect(200);
        assert!(shown["clientSecretSetAt"].is_string() && !shown.to_string().contains(SECRET));
        assert!(!Json::Array(app.log(id).await).to_string().contains(SECRET), "the secret stands in the log");
        let history = app.alpha.get(&format!("/v1/identity-providers/{id}/history")).await.text();
        assert!(!history.contains(SECRET));
        let (member, _) = person(&app, "member").await;
        let member = app.sign_in(&member).await;
        assert_eq!(member.get("/v1/identity-providers").await.status, 403);
        assert_eq!(member.get("/v1/external-identities").await.status, 403);
        assert_eq!(
            member
                .post("/v1/identity-providers", &json!({ "name": "Mine", "issuer": "https://mine.example", "clientId": "x" }))
                .await
                .status,
            403
        );
        assert_eq!(member.post(&format!("/v1/identity-providers/{id}/set-secret"), &json!({ "clientSecret": "x" })).await.status, 403);
        app.beta.get(&format!("/v1/identity-providers/{id}")).await.refused(404, "NOT_FOUND");
        // A program of another tenant shows no such way, and knows none.
        let stranger = program(&app.beta, json!({})).await;
        let query = asking(&stranger, &[]);
        let page = app.alpha.with_token(None).get(&format!("/oauth/authorize?{query}")).await.text();
        assert!(!page.contains("Sign in with"), "{page}");
        let cookie = format!("clientela_form={}", between(&page, "name=\"form\" value=\"", "\""));
        let answer = get(&app, &format!("/oauth/external?provider={id}&{query}"), &cookie).await;
        assert_eq!((answer.status, answer.header("location")), (400, None), "{}", answer.describe());
        for bad in [
            json!({ "name": "A", "issuer": "login.example", "clientId": "x" }),
            json!({ "name": "A", "issuer": "https://a.example", "clientId": "x", "scopes": "email" }),
            json!({ "name": "A", "issuer": "https://a.example", "clientId": "x", "emailDomains": "example" }),
            json!({ "name": "A", "issuer": "https://a.example", "clientId": "x", "clientSecret": "x" }),
        ] {
            app.alpha.post("/v1/identity-providers", &bad).await.refused(422, "VALIDATION_FAILED");
        }
        app.alpha
            .post("/v1/identity-providers", &json!({ "name": "alpine LOGIN", "issuer": "https://a.example", "clientId": "x" }))
            .await
            .refused(409, "DUPLICATE");
    })
    .await;
}
