//! Roles as data, and which of a role's rights decides an action.

use clientela_kernel::{Depth, FieldAccess, Name};
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::Arc;

/// A role with everything it says.
#[derive(Clone, Debug, Default)]
pub struct Role {
    /// The name that programs know it by.
    pub key: String,
    /// Whether it allows everything, whatever else it says.
    pub administrator: bool,
    /// What it allows.
    pub rights: Vec<Right>,
    /// What it says of fields, by resource and field.
    pub fields: HashMap<Name, HashMap<Name, FieldAccess>>,
}

/// One right of a role.
#[derive(Clone, Debug)]
pub struct Right {
    /// The resource; all where empty.
    pub resource: Option<Name>,
    /// The action or operation; all where empty.
    pub action: Option<Name>,
    /// Whose records.
    pub depth: Depth,
    /// Only records that satisfy this filter tree.
    pub condition: Option<Condition>,
}

/// A condition as it was written.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The text.
    pub text: String,
    /// The filter tree; none where the text is not JSON, and then nothing satisfies it.
    pub tree: Option<Arc<Json>>,
}

impl Role {
    /// The right that decides an action: the most specific one, by resource before action.
    pub(super) fn right(&self, resource: &str, action: &str) -> Option<&Right> {
        let places = [(Some(resource), Some(action)), (Some(resource), None), (None, Some(action)), (None, None)];
        places.iter().find_map(|place| self.rights.iter().find(|right| (right.resource.as_deref(), right.action.as_deref()) == *place))
    }

    /// The right that names an operation, if there is one.
    pub(super) fn named(&self, resource: &str, operation: &str) -> Option<&Right> {
        let names =
            |right: &&Right, resource: Option<&str>| right.resource.as_deref() == resource && right.action.as_deref() == Some(operation);
        self.rights.iter().find(|right| names(right, Some(resource))).or_else(|| self.rights.iter().find(|right| names(right, None)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(resource: Option<&'static str>, action: Option<&'static str>, depth: Depth) -> Right {
        Right { resource: resource.map(Name::from), action: action.map(Name::from), depth, condition: None }
    }

    #[test]
    fn the_most_specific_right_decides() {
        let role = Role {
            rights: vec![
                right(None, None, Depth::All),
                right(None, Some("delete"), Depth::Own),
                right(Some("account"), None, Depth::Team),
                right(Some("account"), Some("read"), Depth::Subtree),
            ],
            ..Role::default()
        };
        let depth = |resource, action| role.right(resource, action).map(|right| right.depth);
        assert_eq!(depth("account", "read"), Some(Depth::Subtree));
        assert_eq!(depth("account", "delete"), Some(Depth::Team), "the resource before the action");
        assert_eq!(depth("note", "delete"), Some(Depth::Own));
        assert_eq!(depth("note", "read"), Some(Depth::All));
        assert!(Role::default().right("note", "read").is_none());
        assert!(role.named("account", "mergeParties").is_none(), "a general right is no right of an operation's own");
    }
}
