//! The team: people who work together, in a tree.

use crate::CredentialsChanged;
use crate::audit_entry::AuditKind;
use async_trait::async_trait;
use clientela_engine::module::{Draft, RuleReader, refuse_cycle};
use clientela_engine::{AuditNote, Rules};
use clientela_kernel::{Context, Id, Result};
use clientela_macros::resource;

/// People who work together. Teams form a tree; a right of depth `TEAM` reaches what belongs to the people of one's teams, one of depth
/// `SUBTREE` also what belongs to the people of the teams below.
#[resource(name = "team", prefix = "tea", label = "name", unique("team_name_key", "name"))]
pub struct Model {
    /// What the team is called. No two are called the same; case does not count.
    #[field(search = "name", max = 100, folded, example = "\"Sales West\"")]
    pub name: String,
    /// What the team is there for.
    #[field(max = 1_000, no_sort, example = "\"Key accounts in Tyrol and Vorarlberg\"")]
    pub description: Option<String>,
    /// The team above it. The chain of teams never closes in a circle.
    #[field(
        refers = "team",
        inverse = "teams",
        inverse_description = "The teams directly below this one.",
        on_delete = "restrict",
        example = "\"tea_01h455vb4pex5vsknk084sn02q\""
    )]
    pub parent_id: Option<Id>,
}

/// The rules of teams.
pub struct TeamRules {
    /// Called when a team has changed.
    pub(crate) credentials_changed: CredentialsChanged,
}

#[async_trait]
impl Rules for TeamRules {
    async fn look_up(&self, _context: &Context, reader: &dyn RuleReader, draft: &mut Draft) -> Result<()> {
        refuse_cycle(reader, draft, "parentId").await
    }

    fn audit(&self, _draft: &Draft) -> Option<AuditNote> {
        AuditKind::RightsChanged.with_values()
    }

    fn committed(&self, _context: &Context, _draft: &Draft) {
        (self.credentials_changed)();
    }
}
