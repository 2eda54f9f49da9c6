//! What keys and programs may do at most, as their records say it.

use clientela_engine::module::{Draft, RuleReader};
use clientela_kernel::{Context, Error, FieldProblem, ProblemCode, Result, Scopes};
use clientela_store::ChangeKind;

/// The fields that say it.
const FIELDS: [&str; 3] = ["scopes", "resourceScopes", "sensitive"];

/// What a record's fields come to. Scopes of single resources narrow what is allowed in general; what cannot be read allows nothing.
pub(crate) fn effective(general: Scopes, single: Option<&str>, sensitive: bool) -> Scopes {
    let within = general.with_sensitive(sensitive);
    match single.filter(|text| !text.trim().is_empty()) {
        None => within,
        Some(text) => match Scopes::parse(text) {
            Ok(scopes) => scopes.with_sensitive(true).common(&within),
            Err(_) => Scopes::NONE,
        },
    }
}

/// Refuses scopes that are none, and more than the credential allows that gives them.
pub(crate) fn check(context: &Context, reader: &dyn RuleReader, draft: &Draft) -> Result<()> {
    if matches!(draft.kind, ChangeKind::Deleted | ChangeKind::Erased) || !FIELDS.iter().any(|field| draft.changed(field)) {
        return Ok(());
    }
    let text = draft.get("resourceScopes").as_text();
    let parsed = Scopes::parse(text.unwrap_or_default());
    let known = |name: &&str| {
        let general = reader.registry().is_none_or(|registry| registry.resources().iter().any(|def| def.path == **name));
        !general
    };
    let wrong = match &parsed {
        Err(wrong) => Some(wrong.clone()),
        Ok(scopes) if scopes.read || scopes.write || scopes.sensitive => Some("read, write or sensitive".to_owned()),
        Ok(scopes) => scopes.resources().find(known).map(|name| format!("{name}:…")),
    };
    if let Some(wrong) = wrong {
        let wrong: String = wrong.chars().take(80).collect();
        let text = format!(
            "resourceScopes holds {wrong:?}, which is no scope of a single resource. Such scopes look like accounts:read contacts:write, at most 100 of them, and are told with spaces between."
        );
        return Err(Error::validation(vec![FieldProblem::new("/resourceScopes", ProblemCode::InvalidFormat, text)]));
    }
    let general = if draft.get("scopes").as_text() == Some("READ") { Scopes::READ } else { Scopes::READ_WRITE };
    let given = effective(general, text, draft.get("sensitive").as_boolean().unwrap_or(false));
    if given.is_within(&context.scopes) {
        return Ok(());
    }
    let text = format!(
        "{} would allow more ({}) than the credential that gives it ({}). Give less, or use another one.",
        draft.def.name,
        given.to_text(),
        context.scopes.to_text()
    );
    Err(Error::new(clientela_kernel::ErrorCode::Forbidden, text))
}

#[cfg(test)]
mod tests {
    use super::effective;
    use clientela_kernel::Scopes;

    #[test]
    fn single_scopes_narrow_the_general_ones() {
        let text = |general: &Scopes, single: Option<&str>, sensitive| effective(general.clone(), single, sensitive).to_text();
        assert_eq!(text(&Scopes::READ_WRITE, None, false), "read write");
        assert_eq!(text(&Scopes::READ, Some(" "), true), "read sensitive");
        assert_eq!(text(&Scopes::READ, Some("accounts:read accounts:write"), false), "accounts:read");
        assert_eq!(text(&Scopes::READ_WRITE, Some("accounts:write"), true), "sensitive accounts:write");
        assert_eq!(text(&Scopes::READ_WRITE, Some("everything"), true), "");
    }
}
