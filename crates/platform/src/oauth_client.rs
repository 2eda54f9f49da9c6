//! The OAuth client: a program that people sign in to, or that acts for itself.

use crate::audit_entry::AuditKind;
use crate::{CredentialsChanged, scopes, secret};
use async_trait::async_trait;
use clientela_engine::module::{Companion, Draft, RuleReader};
use clientela_engine::{AuditNote, Rules};
use clientela_kernel::{Context, Error, ErrorCode, FieldProblem, Id, ProblemCode, Result};
use clientela_macros::{Choice, resource};
use clientela_store::ChangeKind;

/// Whether a program can keep a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum OauthClientKind {
    /// It runs on the devices of its users, such as an app or a page in a browser, and has no secret.
    Public,
    /// It runs on a server and authenticates with a secret.
    Confidential,
}

/// What a program may do at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum OauthClientScopes {
    /// Reading records, nothing else.
    Read,
    /// Reading, creating, changing, deleting and restoring records.
    ReadWrite,
}

/// A program that gets tokens by OAuth 2: people sign in to it with the authorization code or on a device, or it acts for itself. What a token
/// allows is what the person may do, and no more than the program may.
#[resource(
    name = "oauthClient",
    prefix = "oac",
    label = "name",
    unattachable,
    reveals("secret", "The client secret. Shown only here, once: store it now. A public client has none.")
)]
pub struct Model {
    /// What the program is called: people read it where they sign in.
    #[field(max = 100, folded, example = "\"Customer portal\"")]
    pub name: String,
    /// Whether it can keep a secret. It stays as it is.
    #[field(write = "immutable", default = "\"PUBLIC\"")]
    pub kind: OauthClientKind,
    /// Where people are sent back to after they have signed in: addresses with spaces between. The one in a request must be one of these,
    /// character for character.
    #[field(max = 2000, example = "\"https://portal.example/callback com.example.app:/callback\"")]
    pub redirect_uris: Option<String>,
    /// What it may do at most.
    #[field(default = "\"READ_WRITE\"")]
    pub scopes: OauthClientScopes,
    /// Only this of it: scopes of single resources with spaces between, each the name of a resource in its address and `read`, `write` or an action. Everything
    /// that `scopes` allows, where empty.
    #[field(max = 4_000, no_sort, example = "\"accounts:read contacts:read contacts:write\"")]
    pub resource_scopes: Option<String>,
    /// Whether the program sees and writes fields that are sensitive, such as days of birth and tax numbers; without it they are not there for it.
    #[field(default = "false")]
    pub sensitive: bool,
    /// Whether people sign in to it with a browser (authorization code with PKCE).
    #[field(default = "true")]
    pub authorization_code: bool,
    /// Whether it gets refresh tokens, so that people stay signed in.
    #[field(default = "true")]
    pub refresh_tokens: bool,
    /// Whether people sign in to it on a device without a browser, by a code that they enter elsewhere.
    #[field(default = "false")]
    pub device_code: bool,
    /// Whether it may act for itself (client credentials), with the rights of the user in `runAsId`. Confidential clients alone.
    #[field(default = "false")]
    pub client_credentials: bool,
    /// Whether it may exchange a token for one that allows less. Confidential clients alone.
    #[field(default = "false")]
    pub token_exchange: bool,
    /// The user with whose rights it acts for itself. Only an administrator names somebody else than the one who asks.
    #[field(
        refers = "user",
        inverse = "oauthClients",
        inverse_description = "The programs that act with this person's rights.",
        on_delete = "clear",
        example = "\"usr_01h455vb4pex5vsknk084sn02q\""
    )]
    pub run_as_id: Option<Id>,
    /// Whether it may get and use tokens. Set it to false to stop it at once.
    #[field(default = "true")]
    pub active: bool,
    /// The `client_id` in requests.
    #[field(write = "read_only", max = 60, example = "\"app_4f9Kq2LmZx8TbV6nRc3YwHsd\"")]
    pub client_id: String,
    /// The last four characters of the secret.
    #[field(write = "read_only", max = 4, example = "\"x7Qa\"")]
    pub hint: Option<String>,
    /// SHA-256 of the secret in hex.
    #[field(write = "read_only", secret, max = 64, example = "\"\"")]
    pub secret_hash: Option<String>,
}

/// The rules of OAuth clients.
pub struct OauthClientRules {
    /// Called when one has changed.
    pub(crate) credentials_changed: CredentialsChanged,
}

#[async_trait]
impl Rules for OauthClientRules {
    fn derive(&self, _context: &Context, draft: &mut Draft) {
        if draft.kind != ChangeKind::Created {
            return;
        }
        draft.set("clientId", secret::mint_with(secret::CLIENT_PREFIX).into());
        if draft.get("kind").as_text() == Some("CONFIDENTIAL") {
            let secret = secret::mint_with(secret::CLIENT_SECRET_PREFIX);
            draft.set("secretHash", secret::digest(&secret).into());
            draft.set("hint", secret::hint(&secret).into());
            draft.revealed = Some(secret);
        }
    }

    async fn look_up(&self, context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        scopes::check(context, reader, draft)
    }

    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        for uri in draft.get("redirectUris").as_text().unwrap_or_default().split_whitespace() {
            if let Err(why) = check_redirect(uri) {
                let detail = format!("{uri:?} cannot be a redirect URI: {why}");
                problems.push(FieldProblem::new("/redirectUris", ProblemCode::InvalidFormat, detail));
            }
        }
    }

    async fn companions(&self, context: &Context, _reader: &dyn RuleReader, draft: &Draft) -> Result<Vec<Companion>> {
        let own = draft.get("runAsId").as_id().is_none_or(|id| id == context.me());
        // Whoever changes where people are sent to, or what a program may do in somebody's name, has that somebody's rights.
        if own || context.is_administrator() {
            return Ok(Vec::new());
        }
        Err(Error::new(
            ErrorCode::Forbidden,
            "runAsId names somebody else: only an administrator lets a program act with another person's rights.",
        ))
    }

    fn audit(&self, _draft: &Draft) -> Option<AuditNote> {
        AuditKind::CredentialChanged.with_values()
    }

    fn committed(&self, _context: &Context, _draft: &Draft) {
        (self.credentials_changed)();
    }
}

/// What an address must be so that nobody else can read what is sent to it.
fn check_redirect(uri: &str) -> std::result::Result<(), &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?@!$&()*+=%[]".contains(&byte);
    if !uri.bytes().all(plain) {
        return Err("it must be an absolute address of plain ASCII characters, without a fragment.");
    }
    let Some((scheme, rest)) = uri.split_once(':') else { return Err("it must be absolute, such as https://portal.example/callback.") };
    let authority = rest.strip_prefix("//").map(|rest| rest.split(['/', '?']).next().unwrap_or(""));
    if authority.is_some_and(|authority| authority.contains('@')) {
        return Err("it must not hold a user name.");
    }
    let host = authority.map(|authority| {
        let bare = authority
            .rsplit_once(':')
            .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
            .map_or(authority, |(host, _)| host);
        bare.to_ascii_lowercase()
    });
    match scheme {
        "https" if host.as_deref().is_some_and(|host| !host.is_empty()) => Ok(()),
        "http" if matches!(host.as_deref(), Some("localhost" | "127.0.0.1" | "[::1]")) => Ok(()),
        "https" | "http" => Err("it must be https with a host, or http on localhost, 127.0.0.1 or [::1]."),
        // RFC 8252: a name turned round, which is nobody else's.
        other if other.contains('.') && other.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte)) => Ok(()),
        _ => Err("its scheme must be https, or that of an app: a host name turned round, such as com.example.app:/callback."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_that_others_could_read_are_refused() {
        for good in [
            "https://portal.example/callback?x=1",
            "http://127.0.0.1:8400/cb",
            "http://localhost/cb",
            "http://[::1]:1/",
            "com.example.app:/cb",
        ] {
            assert_eq!(check_redirect(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "portal.example/cb",
            "/cb",
            "http://portal.example/cb",
            "https:///cb",
            "https://a@portal.example/",
            "http://127.0.0.1@evil.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "myapp:/cb",
            "https://portal.example/#x",
            "https://portal.example/;x",
            "https://portal.example/ x",
            "https://portal.example/,x",
            "https://pörtal.example/",
        ] {
            assert!(check_redirect(bad).is_err(), "{bad}");
        }
    }
}
