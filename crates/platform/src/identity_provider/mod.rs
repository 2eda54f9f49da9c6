//! The identity provider: by whose word people of a tenant sign in.

pub mod secret;

use crate::audit_entry::AuditKind;
use async_trait::async_trait;
use clientela_engine::module::{Draft, RuleReader};
use clientela_engine::{AuditNote, Rules};
use clientela_kernel::{Comparison, Context, Error, FieldProblem, Filter, Id, ProblemCode, Result, Timestamp, Value};
use clientela_macros::resource;
use clientela_model::system;

/// An OpenID provider by which people of your organization sign in: the page where they sign in shows it beside the password. At the provider this server is a
/// client with the redirect URI `/oauth/callback` of its address. Whoever comes for the first time is linked to the user with the same e-mail address, if
/// the provider says that it has verified the address and its domain is one of `emailDomains`; from then on the person is known by issuer and subject
/// alone (`externalIdentity`). A second factor that somebody has set up here is asked for all the same.
#[resource(
    name = "identityProvider",
    prefix = "idp",
    label = "name",
    unattachable,
    administrators_only,
    unique("identity_provider_name_key", "name"),
    unique("identity_provider_issuer_key", "issuer")
)]
pub struct Model {
    /// What people know it as: the page says "Sign in with" and this.
    #[field(max = 60, folded, example = "\"Alpine Foods\"")]
    pub name: String,
    /// Its issuer, exactly as it calls itself: an `https` address, below which `/.well-known/openid-configuration` is. It stays as it is.
    #[field(format = "url", max = 500, write = "immutable", example = "\"https://login.alpine-foods.example\"")]
    pub issuer: String,
    /// What the provider knows this server as (`client_id`).
    #[field(max = 200, no_sort, example = "\"clientela\"")]
    pub client_id: String,
    /// What is asked for, with spaces between: `openid` and what brings the e-mail address.
    #[field(max = 300, no_sort, default = "\"openid email profile\"", example = "\"openid email profile\"")]
    pub scopes: String,
    /// Whose e-mail addresses the provider is believed to know: domains with spaces between, none below them. Without any, nobody is linked who is
    /// not linked already.
    #[field(max = 2000, no_sort, example = "\"alpine-foods.example alpine-foods.at\"")]
    pub email_domains: Option<String>,
    /// Whether people of these domains who are no users yet are made users when they first come.
    #[field(default = "false")]
    pub creates_users: bool,
    /// The role that these new users hold: none of administrators. Without one they may do nothing until somebody gives them one.
    #[field(
        refers = "role",
        inverse = "identityProviders",
        inverse_description = "The identity providers whose newcomers hold this role.",
        on_delete = "clear",
        example = "\"rol_01h455vb4pex5vsknk084sn02q\""
    )]
    pub role_id: Option<Id>,
    /// Whether people sign in by it. What they are signed in to goes on when it is switched off.
    #[field(default = "true")]
    pub active: bool,
    /// When the client secret was last set; empty where there is none.
    #[field(write = "read_only", example = "\"2026-01-31T08:15:00.000Z\"")]
    pub client_secret_set_at: Option<Timestamp>,
    /// The client secret: what this server proves itself by, so it is kept as it is.
    #[field(write = "read_only", secret, max = 500, example = "\"\"")]
    pub shared_secret: Option<String>,
}

/// The rules of identity providers.
pub struct IdentityProviderRules;

#[async_trait]
impl Rules for IdentityProviderRules {
    fn check(&self, _context: &Context, draft: &Draft, problems: &mut Vec<FieldProblem>) {
        let text = |name: &str| draft.get(name).as_text().unwrap_or_default();
        if let Some(Err(why)) = draft.get("issuer").as_text().map(check_issuer) {
            problems.push(FieldProblem::new("/issuer", ProblemCode::InvalidFormat, format!("issuer {why}")));
        }
        if !text("scopes").split(' ').any(|scope| scope == "openid")
            || !text("scopes").bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
        {
            problems.push(FieldProblem::new(
                "/scopes",
                ProblemCode::NotAllowed,
                "scopes must hold openid, and nothing but plain words with spaces between.",
            ));
        }
        for domain in text("emailDomains").split_whitespace() {
            let plain = |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            if !domain.contains('.') || !domain.split('.').all(plain) {
                let detail = format!("emailDomains holds {domain:?}, which is no domain such as alpine-foods.example.");
                problems.push(FieldProblem::new("/emailDomains", ProblemCode::InvalidFormat, detail));
            }
        }
    }

    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        let Some(role) = draft.get("roleId").as_id().filter(|_| draft.changed("roleId")) else { return Ok(()) };
        let found = reader.find("role", Filter::field(system::ID, Comparison::Equal(Value::Id(role)))).await?;
        if found.first().and_then(|role| role.get("administrator").as_boolean()) != Some(true) {
            return Ok(());
        }
        let detail = "roleId names a role of administrators. Newcomers hold another one; make somebody an administrator by hand.";
        Err(Error::validation(vec![FieldProblem::new("/roleId", ProblemCode::NotAllowed, detail)]))
    }

    fn audit(&self, _draft: &Draft) -> Option<AuditNote> {
        AuditKind::CredentialChanged.with_values()
    }
}

/// What is wrong with an issuer. Plain HTTP is for servers whose operator allows private addresses; whom the server asks is decided when it asks.
fn check_issuer(issuer: &str) -> std::result::Result<(), &'static str> {
    let rest = issuer.strip_prefix("https://").or_else(|| issuer.strip_prefix("http://")).unwrap_or("");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/[]%".contains(&byte);
    if rest.is_empty() || rest.starts_with('/') || !rest.bytes().all(plain) {
        return Err("must be an address such as https://login.example, without a query.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_a_plain_address() {
        for good in ["https://login.example", "https://login.example/tenant/v2.0", "http://127.0.0.1:9000", "https://login.example/"] {
            assert_eq!(check_issuer(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "login.example",
            "https://",
            "https:///x",
            "https://a@b.example",
            "https://login.example?x=1",
            "https://login.example#x",
            "ftp://x.example",
            "https://x .example",
        ] {
            assert!(check_issuer(bad).is_err(), "{bad}");
        }
    }
}
