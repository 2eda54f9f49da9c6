//! What an attribute of SCIM is, as data: what it is called, which form its values have, and which field of the record it is.

/// Name of the schema of users.
pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// Name of the schema of groups.
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// Name of the extension of users.
pub(super) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// The form of a value.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// A text.
    Text,
    /// `true` or `false`.
    Boolean,
    /// An instant.
    Instant,
    /// The address of a resource of one of these types.
    Reference(&'static [&'static str]),
    /// An object of further attributes.
    Complex(&'static [Attribute]),
}

/// Who sets a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mutability {
    /// Anybody, at any time.
    ReadWrite,
    /// Who makes it; it stays as it is.
    Immutable,
    /// The server alone.
    ReadOnly,
}

/// What a filter compares.
#[derive(Clone, Copy)]
pub(super) enum Compares {
    /// A field of the record, by the way to it in the filter tree.
    Field(&'static [&'static str]),
    /// A reference, by the way to it and the resource whose ids it holds.
    Id(&'static [&'static str], &'static str),
    /// The name by which the identity provider knows the person.
    UserName,
    /// The identity provider's own key.
    ExternalId,
    /// A value that is the same on every record.
    Fixed(&'static str),
    /// Nothing by itself.
    Nothing,
}

/// An attribute.
#[derive(Clone, Copy)]
pub(super) struct Attribute {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) form: Form,
    pub(super) multi_valued: bool,
    pub(super) required: bool,
    pub(super) case_exact: bool,
    pub(super) mutability: Mutability,
    pub(super) unique: bool,
    /// Values that are suggested.
    pub(super) suggested: &'static [&'static str],
    pub(super) compares: Compares,
}

impl Attribute {
    const fn new(name: &'static str, form: Form, compares: Compares, description: &'static str) -> Attribute {
        let mutability = Mutability::ReadWrite;
        Attribute {
            name,
            description,
            form,
            multi_valued: false,
            required: false,
            case_exact: false,
            mutability,
            unique: false,
            suggested: &[],
            compares,
        }
    }

    const fn exact(self) -> Attribute {
        Attribute { case_exact: true, ..self }
    }

    const fn required(self) -> Attribute {
        Attribute { required: true, ..self }
    }

    const fn unique(self) -> Attribute {
        Attribute { unique: true, ..self }
    }

    const fn many(self) -> Attribute {
        Attribute { multi_valued: true, ..self }
    }

    const fn suggesting(self, suggested: &'static [&'static str]) -> Attribute {
        Attribute { suggested, ..self }
    }

    const fn settable(self, mutability: Mutability) -> Attribute {
        Attribute { mutability, ..self }
    }

    /// The attributes of an object.
    pub(super) fn parts(&self) -> &'static [Attribute] {
        match self.form {
            Form::Complex(parts) => parts,
            _ => &[],
        }
    }
}

use Compares::{ExternalId, Field, Fixed, Id, Nothing, UserName};
use Mutability::{Immutable, ReadOnly};

const WORK: &[&str] = &["work"];

/// What every resource has, which no schema names.
pub(super) const COMMON: &[Attribute] = &[
    Attribute::new("id", Form::Text, Nothing, "").exact().settable(ReadOnly),
    Attribute::new("externalId", Form::Text, ExternalId, "").exact(),
    Attribute::new("schemas", Form::Text, Nothing, "").exact().many(),
    Attribute::new("meta", Form::Complex(META), Nothing, "").settable(ReadOnly),
];

const META: &[Attribute] = &[
    Attribute::new("created", Form::Instant, Field(&["createdAt"]), "").settable(ReadOnly),
    Attribute::new("lastModified", Form::Instant, Field(&["updatedAt"]), "").settable(ReadOnly),
];

/// The schema of users.
pub(super) const USER_ATTRIBUTES: &[Attribute] = &[
    Attribute::new("userName", Form::Text, UserName, "What you call the person. Where you say nothing of an e-mail address and this is one, it is both.")
        .required()
        .unique(),
    Attribute::new("displayName", Form::Text, Field(&["name"]), "The person's full name. Where you leave it out for a new user, it is made of name, or else of userName.")
        .required(),
    Attribute::new("name", Form::Complex(NAME), Nothing, "The parts of the person's name."),
    Attribute::new("title", Form::Text, Field(&["title"]), "The person's job title.").exact(),
    Attribute::new("preferredLanguage", Form::Text, Field(&["language"]), "BCP 47 tag of the language the person reads best.")
        .exact()
        .suggesting(&["en", "de", "de-AT", "fr", "it", "es"]),
    Attribute::new("timezone", Form::Text, Field(&["timeZone"]), "IANA name of the zone the person works in.")
        .exact()
        .suggesting(&["UTC", "Europe/Vienna", "Europe/London", "America/New_York", "Asia/Tokyo"]),
    Attribute::new("active", Form::Boolean, Field(&["active"]), "Whether the person may sign in. With false, what the person is signed in to ends at once. A new user may.").required(),
    Attribute::new(
        "emails",
        Form::Complex(EMAIL),
        Nothing,
        "The address the person signs in with and is written to. One is kept: the primary one of those given, else that for work, else the first.",
    )
    .many(),
    Attribute::new("phoneNumbers", Form::Complex(PHONE), Nothing, "The person's telephone number at work. Those of other types are not kept.").many(),
    Attribute::new("groups", Form::Complex(GROUPS), Nothing, "The groups that the person is in; they are changed on the group.").many().settable(ReadOnly),
];

const NAME: &[Attribute] = &[
    Attribute::new("givenName", Form::Text, Field(&["givenName"]), "The given name."),
    Attribute::new("familyName", Form::Text, Field(&["familyName"]), "The family name."),
];

const EMAIL: &[Attribute] = &[
    Attribute::new("value", Form::Text, Field(&["email"]), "The address."),
    Attribute::new("type", Form::Text, Fixed("work"), "What it is for.").suggesting(WORK),
    Attribute::new("primary", Form::Boolean, Fixed("true"), "Whether it is the preferred one, which it always is."),
];

const PHONE: &[Attribute] = &[
    Attribute::new("value", Form::Text, Field(&["phone"]), "The number.").exact(),
    Attribute::new("type", Form::Text, Fixed("work"), "What it is for.").suggesting(WORK),
];

const GROUPS: &[Attribute] = &[
    Attribute::new("value", Form::Text, Id(&["teamMembers", "some", "teamId"], "team"), "The id of the group.").exact().settable(ReadOnly),
    Attribute::new("$ref", Form::Reference(&["Group"]), Nothing, "Where the group is.").settable(ReadOnly),
    Attribute::new("display", Form::Text, Field(&["teamMembers", "some", "team", "name"]), "What the group is called.").settable(ReadOnly),
    Attribute::new("type", Form::Text, Fixed("direct"), "How the person came to be in it.").suggesting(&["direct"]).settable(ReadOnly),
];

/// The extension of users.
pub(super) const ENTERPRISE_ATTRIBUTES: &[Attribute] =
    &[Attribute::new("manager", Form::Complex(MANAGER), Nothing, "The user this person reports to.")];

const MANAGER: &[Attribute] = &[
    Attribute::new("value", Form::Text, Id(&["managerId"], "user"), "The id of the user.").exact(),
    Attribute::new("$ref", Form::Reference(&["User"]), Nothing, "Where the user is."),
];

/// The schema of groups.
pub(super) const GROUP_ATTRIBUTES: &[Attribute] = &[
    Attribute::new("displayName", Form::Text, Field(&["name"]), "What the group is called. No two are called the same.")
        .required()
        .unique(),
    Attribute::new("members", Form::Complex(MEMBER), Nothing, "The users in the group.").many(),
];

const MEMBER: &[Attribute] = &[
    Attribute::new("value", Form::Text, Id(&["members", "some", "userId"], "user"), "The id of the user.").exact().settable(Immutable),
    Attribute::new("$ref", Form::Reference(&["User"]), Nothing, "Where the user is.").settable(Immutable),
    Attribute::new("type", Form::Text, Fixed("User"), "A user; groups are not members of groups.")
        .suggesting(&["User"])
        .settable(Immutable),
];

/// What RFC 7643 knows of users and groups and is not kept here: identity providers send it, and it is left aside.
pub(super) const LEFT_ASIDE: &[&str] = &[
    "nickName",
    "profileUrl",
    "userType",
    "locale",
    "password",
    "ims",
    "photos",
    "addresses",
    "entitlements",
    "roles",
    "x509Certificates",
    "employeeNumber",
    "costCenter",
    "organization",
    "division",
    "department",
];

/// The same of the parts of an attribute.
pub(super) const PARTS_LEFT_ASIDE: &[&str] =
    &["formatted", "middleName", "honorificPrefix", "honorificSuffix", "display", "displayName", "primary", "type", "$ref"];

/// A type of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A person: a `user`.
    User,
    /// People who work together: a `team`.
    Group,
}

impl Kind {
    pub(super) const ALL: [Kind; 2] = [Kind::User, Kind::Group];

    /// `User`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Kind::User => "User",
            Kind::Group => "Group",
        }
    }

    /// `/Users`.
    pub(super) const fn endpoint(self) -> &'static str {
        match self {
            Kind::User => "/Users",
            Kind::Group => "/Groups",
        }
    }

    /// The resource whose records they are.
    pub(super) const fn resource(self) -> &'static str {
        match self {
            Kind::User => "user",
            Kind::Group => "team",
        }
    }

    /// The name of the schema.
    pub(super) const fn schema(self) -> &'static str {
        match self {
            Kind::User => USER,
            Kind::Group => GROUP,
        }
    }

    /// The attributes of the schema.
    pub(super) const fn attributes(self) -> &'static [Attribute] {
        match self {
            Kind::User => USER_ATTRIBUTES,
            Kind::Group => GROUP_ATTRIBUTES,
        }
    }

    /// The attributes of the extension.
    pub(super) const fn extension(self) -> &'static [Attribute] {
        match self {
            Kind::User => ENTERPRISE_ATTRIBUTES,
            Kind::Group => &[],
        }
    }
}

/// The attribute of a name, whose case does not count.
pub(super) fn named(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// A text without a prefix, whose case does not count.
pub(super) fn without<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    text.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix)).and_then(|_| text.get(prefix.len()..))
}

/// Where an attribute is: in the schema (or among what everything has), or in the extension.
pub(super) struct Place {
    pub(super) attribute: &'static Attribute,
    pub(super) extended: bool,
}

/// What a name with or without the name of its schema means.
pub(super) enum Meant<'t> {
    /// An attribute, and what stands behind its name.
    Attribute(Place, &'t str),
    /// The extension itself.
    Extension,
    /// What is known and not kept.
    Aside,
    /// Nothing.
    Unknown,
}

/// Reads the name at the beginning of a path: `userName`, `urn:…:User:name.givenName`, `emails[type eq "work"].value`.
pub(super) fn meant(kind: Kind, path: &str) -> Meant<'_> {
    let schema = |urn: &str| without(path, urn).and_then(|rest| rest.strip_prefix(':'));
    if kind == Kind::User && path.eq_ignore_ascii_case(ENTERPRISE) {
        return Meant::Extension;
    }
    let (rest, attributes, extended) = match (schema(kind.schema()), schema(ENTERPRISE).filter(|_| kind == Kind::User)) {
        (Some(rest), _) => (rest, kind.attributes(), false),
        (_, Some(rest)) => (rest, kind.extension(), true),
        _ => (path, kind.attributes(), false),
    };
    if !extended && rest.len() == path.len() && without(path, "urn:").is_some() {
        return Meant::Aside;
    }
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let (name, behind) = rest.split_at(end);
    let common = || named(COMMON, name).filter(|_| !extended);
    match named(attributes, name).or_else(common) {
        Some(attribute) => Meant::Attribute(Place { attribute, extended }, behind),
        None if LEFT_ASIDE.iter().any(|known| known.eq_ignore_ascii_case(name)) => Meant::Aside,
        None => Meant::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: Kind, path: &str) -> String {
        match meant(kind, path) {
            Meant::Attribute(place, behind) => format!("{}{}|{behind}", if place.extended { "+" } else { "" }, place.attribute.name),
            Meant::Extension => "extension".to_owned(),
            Meant::Aside => "aside".to_owned(),
            Meant::Unknown => "unknown".to_owned(),
        }
    }

    #[test]
    fn names_are_found_whatever_their_case_and_schema() {
        assert_eq!(told(Kind::User, "USERNAME"), "userName|");
        assert_eq!(told(Kind::User, "urn:ietf:params:scim:schemas:core:2.0:user:name.givenName"), "name|.givenName");
        assert_eq!(told(Kind::User, "emails[type eq \"work\"].value"), "emails|[type eq \"work\"].value");
        assert_eq!(told(Kind::User, &format!("{ENTERPRISE}:manager.value")), "+manager|.value");
        assert_eq!(told(Kind::User, ENTERPRISE), "extension");
        assert_eq!(told(Kind::User, &format!("{ENTERPRISE}:department")), "aside");
        assert_eq!(told(Kind::User, "urn:example:scim:Badge:number"), "aside");
        assert_eq!(told(Kind::User, "addresses[type eq \"work\"].locality"), "aside");
        assert_eq!(told(Kind::User, "members"), "unknown");
        assert_eq!(told(Kind::Group, "members[value eq \"x\"]"), "members|[value eq \"x\"]");
        assert_eq!(told(Kind::Group, "meta.created"), "meta|.created");
    }
}
