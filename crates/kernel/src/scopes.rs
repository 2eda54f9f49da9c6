//! What a credential may do at most: `read`, `write`, `sensitive`, and single resources and actions such as `accounts:read`.

use crate::Action;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// How many scopes of single resources a credential may have.
pub const MAXIMUM_SCOPES: usize = 100;

/// What a credential may do at most. `read` allows reading and exporting, `write` everything else; `accounts:read`, `accounts:write` and
/// `accounts:delete` allow it with one resource, by the name in its address. `sensitive` opens fields that are sensitive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// May read every resource.
    pub read: bool,
    /// May create, change, delete and restore records of every resource.
    pub write: bool,
    /// May see and write sensitive fields of what else is allowed.
    pub sensitive: bool,
    /// Allowed actions with single resources, by the name in the address; none of these is allowed by the above already.
    named: Option<Arc<BTreeMap<String, u16>>>,
}

impl Scopes {
    /// Everything.
    pub const ALL: Scopes = Scopes { read: true, write: true, sensitive: true, named: None };
    /// Reading only, without sensitive fields.
    pub const READ: Scopes = Scopes { read: true, write: false, sensitive: false, named: None };
    /// Reading and writing, without sensitive fields.
    pub const READ_WRITE: Scopes = Scopes { read: true, write: true, sensitive: false, named: None };
    /// Nothing.
    pub const NONE: Scopes = Scopes { read: false, write: false, sensitive: false, named: None };

    /// The same with or without sensitive fields.
    #[must_use]
    pub fn with_sensitive(self, sensitive: bool) -> Scopes {
        Scopes { sensitive, ..self }
    }

    /// Whether an action with a resource, by the name in its address, is allowed.
    pub fn allows(&self, resource: &str, action: Action) -> bool {
        self.general() & bit(action) != 0 || self.own(resource) & bit(action) != 0
    }

    /// Whether nothing at all is allowed.
    pub fn is_empty(&self) -> bool {
        !self.read && !self.write && self.named.is_none()
    }

    /// What both allow.
    #[must_use]
    pub fn common(&self, other: &Scopes) -> Scopes {
        let (read, write) = (self.read && other.read, self.write && other.write);
        let general = bits(read, write);
        let names = [self, other].into_iter().flat_map(|scopes| scopes.named.iter().flat_map(|named| named.keys()));
        let of = |scopes: &Scopes, name: &str| scopes.general() | scopes.own(name);
        let both = names.map(|name| (name.clone(), of(self, name) & of(other, name) & !general));
        Scopes { read, write, sensitive: self.sensitive && other.sensitive, named: kept(both.collect()) }
    }

    /// Whether it allows nothing that the other does not.
    pub fn is_within(&self, other: &Scopes) -> bool {
        self.common(other) == *self
    }

    /// Reads scopes with blanks between. The error is the first that is none: a resource is told by what its address is called, in lower case and with hyphens, and
    /// an action is `read`, `write` or one of [`Action::ALL`].
    pub fn parse(text: &str) -> Result<Scopes, String> {
        let mut scopes = Scopes::NONE;
        let mut named: BTreeMap<String, u16> = BTreeMap::new();
        for scope in text.split_whitespace() {
            match scope {
                "read" => scopes.read = true,
                "write" => scopes.write = true,
                "sensitive" => scopes.sensitive = true,
                _ => {
                    let (resource, allowed) = single(scope).ok_or_else(|| scope.to_owned())?;
                    *named.entry(resource.to_owned()).or_default() |= allowed;
                }
            }
        }
        if named.len() > MAXIMUM_SCOPES {
            return Err(format!("{} resources", named.len()));
        }
        let general = scopes.general();
        named.values_mut().for_each(|allowed| *allowed &= !general);
        Ok(Scopes { named: kept(named), ..scopes })
    }

    /// The same of a text that may hold other scopes too, which mean nothing here.
    pub fn parse_known(text: &str) -> Scopes {
        let known = |scope: &&str| matches!(*scope, "read" | "write" | "sensitive") || single(scope).is_some();
        let known: Vec<&str> = text.split_whitespace().filter(known).collect();
        Scopes::parse(&known.join(" ")).unwrap_or_default()
    }

    /// The scopes with blanks between.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (has, name) in [(self.read, "read"), (self.write, "write"), (self.sensitive, "sensitive")] {
            if has {
                text.push_str(name);
                text.push(' ');
            }
        }
        for (resource, allowed) in self.named.iter().flat_map(|named| named.iter()) {
            let mut rest = *allowed;
            for (group, name) in [(bits(true, false), "read"), (bits(false, true), "write")] {
                if rest & group == group {
                    rest &= !group;
                    let _ = write!(text, "{resource}:{name} ");
                }
            }
            for action in Action::ALL.into_iter().filter(|action| rest & bit(*action) != 0) {
                // What is called `read` here is reading and exporting: reading alone cannot be told, and is not made.
                let _ = write!(text, "{resource}:{} ", action.name());
            }
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// The names of single resources.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.named.iter().flat_map(|named| named.keys().map(String::as_str))
    }

    fn general(&self) -> u16 {
        bits(self.read, self.write)
    }

    fn own(&self, resource: &str) -> u16 {
        self.named.as_ref().and_then(|named| named.get(resource)).copied().unwrap_or(0)
    }
}

fn kept(named: BTreeMap<String, u16>) -> Option<Arc<BTreeMap<String, u16>>> {
    let named: BTreeMap<String, u16> = named.into_iter().filter(|(_, allowed)| *allowed != 0).collect();
    if named.is_empty() { None } else { Some(Arc::new(named)) }
}

/// `accounts:read` as its two parts.
fn single(scope: &str) -> Option<(&str, u16)> {
    let (resource, action) = scope.split_once(':')?;
    let proper = resource.starts_with(|letter: char| letter.is_ascii_lowercase())
        && resource.len() <= 60
        && resource.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !proper {
        return None;
    }
    let allowed = match action {
        "read" => bits(true, false),
        "write" => bits(false, true),
        _ => Action::ALL.iter().find(|known| known.name() == action).map(|action| bit(*action))?,
    };
    Some((resource, allowed))
}

fn bit(action: Action) -> u16 {
    Action::ALL.iter().position(|other| *other == action).map_or(0, |place| 1 << place)
}

fn bits(read: bool, write: bool) -> u16 {
    let wanted = |action: &Action| if action.reads() { read } else { write };
    Action::ALL.into_iter().filter(wanted).fold(0, |bits, action| bits | bit(action))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Scopes {
        Scopes::parse(text).unwrap()
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        for text in
            ["", "read", "read write", "read write sensitive", "accounts:read", "accounts:read accounts:write", "write accounts:export"]
        {
            assert_eq!(read(text).to_text(), text);
        }
        assert_eq!(
            read("read accounts:read contact-points:delete").to_text(),
            "read contact-points:delete",
            "what is allowed anyway is not told twice"
        );
        for wrong in ["reads", "accounts", "accounts:fly", "Accounts:read", ":read", "a b:c"] {
            assert!(Scopes::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Scopes::parse_known("openid read accounts:fly"), Scopes::READ);
        assert_eq!(Scopes::parse_known("readwrite"), Scopes::NONE);
    }

    #[test]
    fn a_scope_allows_what_it_names() {
        let scopes = read("read accounts:write notes:delete");
        assert!(
            scopes.allows("tasks", Action::Export) && scopes.allows("accounts", Action::Erase) && scopes.allows("notes", Action::Delete)
        );
        assert!(!scopes.allows("notes", Action::Update) && !scopes.allows("tasks", Action::Create));
    }

    #[test]
    fn what_both_allow_is_no_more_than_either() {
        let both = |one: &str, other: &str| read(one).common(&read(other)).to_text();
        assert_eq!(both("read write", "read"), "read");
        assert_eq!(both("read", "accounts:read accounts:write"), "accounts:read");
        assert_eq!(both("accounts:read", "contacts:read"), "");
        assert_eq!(both("accounts:write", "accounts:delete contacts:write"), "accounts:delete");
        assert_eq!(both("read write sensitive", "write sensitive accounts:read"), "write sensitive accounts:read");
        assert!(read("accounts:read").is_within(&Scopes::READ) && read("accounts:delete").is_within(&read("accounts:write")));
        assert!(!read("accounts:read sensitive").is_within(&Scopes::READ) && !Scopes::READ.is_within(&read("accounts:read")));
    }
}
