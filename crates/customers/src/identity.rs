//! Keeping the party in step with its public face.

use crate::party::PartyKind;
use clientela_engine::module::{Companion, Draft};
use clientela_model::Choice;

/// The party row of a contact or account, which shares its id and follows its life.
pub(crate) fn mirror(draft: &Draft, kind: PartyKind) -> Companion {
    let values = vec![("kind", kind.as_str().into()), ("name", draft.get("name").clone())];
    Companion::Mirror { resource: "party", id: draft.id, values }
}
