//! `createSignInLink`.

use super::rows::{self, grant};
use async_trait::async_trait;
use clientela_access::oauth::{NewLink, is_challenge};
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, ErrorCode, FieldProblem, Id, ProblemCode, Result, Timestamp};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Makes a link that signs a user in.
pub struct CreateSignInLink;

/// Where the link leads.
#[derive(Shape)]
pub struct SignInLink {
    /// The program that the user signs in to.
    #[field(refers = "oauthClient", example = "\"oac_01h455vb4pex5vsknk084sn02q\"")]
    pub oauth_client_id: Id,
    /// Where the person is sent on to with an authorization code: one of the program's addresses, character for character.
    #[field(max = 2000, example = "\"https://portal.example.com/callback\"")]
    pub redirect_uri: String,
    /// The PKCE challenge of the program (S256): only whoever knows its verifier can use the code.
    #[field(max = 43, example = "\"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\"")]
    pub code_challenge: String,
    /// What the program gets back unchanged.
    #[field(max = 500, example = "\"xyz\"")]
    pub state: Option<String>,
}

/// The link.
#[derive(Shape)]
pub struct SignInLinkCreated {
    /// The link, to be put behind the address of this server. It can be followed once. Shown only here, once: deliver it.
    #[field(secret, max = 1_000, example = "\"/oauth/link?client_id=app_kq3x8n5r2v7w9y4z&token=m2Kf\"")]
    pub path: Option<String>,
    /// Until when it can be followed.
    #[field(example = "\"2026-01-31T08:30:00.000Z\"")]
    pub expires_at: Timestamp,
}

fn refuse(field: &str, text: String) -> Error {
    Error::validation(vec![FieldProblem::new(format!("/{field}"), ProblemCode::NotAllowed, text)])
}

#[async_trait]
impl Operation for CreateSignInLink {
    type Input = SignInLink;
    type Output = SignInLinkCreated;

    fn definition() -> OperationDef {
        OperationDef::writing::<SignInLink, SignInLinkCreated>(
            "createSignInLink",
            "user",
            "create-sign-in-link",
            "Makes a link by which a user signs in to a program once, within a quarter of an hour, without a password; a second factor is asked for all \
             the same. It is not sent: deliver it to the user, and to nobody else. Only administrators may, since whoever has the link is the user.",
        )
        .on_record()
        .confidential()
    }

    async fn run(&self, call: &Call<'_>, given: SignInLink) -> Result<SignInLinkCreated> {
        let user = call.target()?;
        if !call.context.is_administrator() {
            return Err(Error::new(ErrorCode::Forbidden, "Only administrators make links that sign others in. Ask one of them."));
        }
        if user.get("active").as_boolean() != Some(true) {
            return Err(Error::new(ErrorCode::Forbidden, "The user may not sign in: active is false."));
        }
        let client = call.referenced("oauthClientId", "oauthClient", given.oauth_client_id).await?;
        let is_on = |field: &str| client.get(field).as_boolean() == Some(true);
        if !is_on("active") || !is_on("authorizationCode") {
            return Err(refuse("oauthClientId", "oauthClientId names a program that people cannot sign in to with a browser.".to_owned()));
        }
        let known = client.get("redirectUris").as_text().unwrap_or_default();
        if !known.split_whitespace().any(|known| known == given.redirect_uri) {
            return Err(refuse("redirectUri", "redirectUri is not one of those that the program has registered.".to_owned()));
        }
        if !is_challenge(&given.code_challenge) {
            return Err(refuse("codeChallenge", "codeChallenge must be a SHA-256 digest in base64url, 43 characters.".to_owned()));
        }
        let now = call.now();
        let link = NewLink {
            client: client.id,
            client_id: client.get("clientId").as_text().unwrap_or_default().to_owned(),
            user: user.id,
            redirect: given.redirect_uri,
            challenge: given.code_challenge,
            state: given.state,
        };
        let (path, kept) = link.make(now)?;
        let expires_at = kept.expires_at;
        let row = grant::Model {
            tenant_id: call.context.tenant,
            id: Id(kept.id),
            version: 0,
            created_at: now,
            created_by: String::new(),
            updated_at: now,
            updated_by: String::new(),
            deleted_at: None,
            kind: kept.kind,
            data: kept.data,
            lookup: None,
            used_at: None,
            expires_at,
        };
        if !rows::write_grant(&call.engine().scope(call.context), row, None).await? {
            return Err(Error::internal("a new secret is taken"));
        }
        let event = clientela_engine::AuditEvent {
            kind: "SIGN_IN_LINK_MADE",
            resource: Some("user".to_owned()),
            record: Some(user.id.to_text("usr")),
            detail: Some(serde_json::json!({ "oauthClient": client.id.to_text("oac") })),
        };
        call.engine().audit(call.context, event).await?;
        Ok(SignInLinkCreated { path: Some(path), expires_at })
    }
}
