//! The external identity: who a user is at an identity provider.

use crate::audit_entry::AuditKind;
use clientela_engine::module::Draft;
use clientela_engine::{AuditNote, Rules};
use clientela_kernel::Id;
use clientela_macros::resource;

/// Who a user is at an identity provider. It is made when the person first comes from there, and from then on says by itself who signs in, whatever
/// becomes of the e-mail address. Once it is deleted the person is linked anew, by the rule of the provider, when they come again.
#[resource(
    name = "externalIdentity",
    plural = "externalIdentities",
    prefix = "eid",
    label = "subject",
    unattachable,
    administrators_only,
    no_create,
    no_update,
    unique("external_identity_issuer_subject_key", "issuer", "subject")
)]
pub struct Model {
    /// Who it is here.
    #[field(
        refers = "user",
        inverse = "externalIdentities",
        inverse_description = "Who this person is at identity providers.",
        on_delete = "cascade",
        example = "\"usr_01h455vb4pex5vsknk084sn02q\""
    )]
    pub user_id: Id,
    /// The provider that vouches for it.
    #[field(
        refers = "identityProvider",
        inverse = "externalIdentities",
        inverse_description = "Whom this provider vouches for.",
        on_delete = "cascade",
        example = "\"idp_01h455vb4pex5vsknk084sn02q\""
    )]
    pub identity_provider_id: Id,
    /// The provider's issuer.
    #[field(max = 500, example = "\"https://login.alpine-foods.example\"")]
    pub issuer: String,
    /// What the provider calls the person, for ever (`sub`).
    #[field(max = 255, example = "\"248289761001\"")]
    pub subject: String,
    /// The verified e-mail address by which the person was linked.
    #[field(format = "email", max = 254, example = "\"maria.huber@alpine-foods.example\"")]
    pub email: String,
}

/// The rules of external identities.
pub struct ExternalIdentityRules;

impl Rules for ExternalIdentityRules {
    fn audit(&self, _draft: &Draft) -> Option<AuditNote> {
        AuditKind::CredentialChanged.with_names()
    }
}
