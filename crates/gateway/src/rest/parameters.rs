//! Query parameters: known names, each single-valued one once, brackets kept apart.

use super::suggest;
use clientela_kernel::{DeletedMode, Error, ErrorCode, PageArguments, Result, Timestamp};
use std::borrow::Cow;

/// The query parameters of a request, checked against the names its operation knows.
#[derive(Debug, Default)]
pub(super) struct Parameters<'a> {
    single: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// `filter[a][b]=c` as the names in brackets and the value, in the order given.
    pub(super) brackets: Vec<(Vec<String>, String)>,
}

impl<'a> Parameters<'a> {
    /// Reads a query. `filter` among `known` allows brackets too.
    pub(super) fn parse(query: Option<&'a str>, known: &[&str]) -> Result<Parameters<'a>> {
        let mut parameters = Parameters::default();
        let Some(query) = query else { return Ok(parameters) };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            // The decoder puts the replacement character where bytes are not UTF-8.
            if name.contains('\u{fffd}') || value.contains('\u{fffd}') {
                return Err(invalid(format!("The query parameter {name} is not valid UTF-8. Percent-encode it as UTF-8.")));
            }
            if known.contains(&"filter") && name.starts_with("filter[") {
                parameters.brackets.push((bracket_path(&name)?, value.into_owned()));
                continue;
            }
            if !known.contains(&name.as_ref()) {
                return Err(unknown(&name, known));
            }
            if parameters.single.iter().any(|(other, _)| *other == name) {
                return Err(invalid(format!("The query parameter {name} stands there more than once. Send it once.")));
            }
            parameters.single.push((name, value));
        }
        if !parameters.brackets.is_empty() && parameters.get("filter").is_some() {
            return Err(invalid(
                "filter and filter[…] stand there together. Send the filter as JSON or with brackets, not both.".to_owned(),
            ));
        }
        Ok(parameters)
    }

    /// The value of a single-valued parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.single.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_ref())
    }

    /// A yes-or-no parameter, no where absent.
    pub(super) fn flag(&self, name: &str) -> Result<bool> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(invalid(format!("{name} is {other:?}, but must be true or false."))),
        }
    }
}

/// Splits a list with commas between; empty members are refused.
pub(super) fn names(parameter: &str, text: &str) -> Result<Vec<String>> {
    let split: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    if split.iter().any(String::is_empty) {
        return Err(invalid(format!("{parameter} is {text:?}, but must be one or more names with commas between.")));
    }
    Ok(split)
}

/// Reads `limit`.
pub(super) fn limit(text: &str) -> Result<u32> {
    let number = text.parse::<u32>().ok().filter(|number| (1..=PageArguments::MAXIMUM_LIMIT).contains(number));
    number.ok_or_else(|| {
        let text = format!("limit is {text:?}, but must be a whole number from 1 to {}.", PageArguments::MAXIMUM_LIMIT);
        invalid(text)
    })
}

/// Reads `deleted`.
pub(super) fn deleted(text: &str) -> Result<DeletedMode> {
    match text {
        "exclude" => Ok(DeletedMode::Exclude),
        "include" => Ok(DeletedMode::Include),
        "only" => Ok(DeletedMode::Only),
        other => Err(invalid(format!("deleted is {other:?}, but must be exclude, include or only."))),
    }
}

/// Reads `asOf`.
pub(super) fn as_of(text: &str) -> Result<Timestamp> {
    Timestamp::parse(text).ok_or_else(|| invalid(format!("asOf is {text:?}, but must be an instant such as 2026-03-01T00:00:00Z.")))
}

/// `INVALID_PARAMETER` with a text.
pub(super) fn invalid(text: String) -> Error {
    Error::new(ErrorCode::InvalidParameter, text)
}

/// `UNKNOWN_PARAMETER` with the nearest known name.
pub(super) fn unknown(name: &str, known: &[&str]) -> Error {
    let hint = if known.is_empty() { " This address takes none.".to_owned() } else { suggest::hint(name, known.iter().copied()) };
    Error::new(ErrorCode::UnknownParameter, format!("There is no parameter {name:?} here.{hint}"))
}

/// `filter[a][b]` → `a`, `b`.
fn bracket_path(name: &str) -> Result<Vec<String>> {
    let malformed = || invalid(format!("The query parameter {name} is not of the form filter[field][operator]."));
    let inner = name.strip_prefix("filter[").and_then(|rest| rest.strip_suffix(']')).ok_or_else(malformed)?;
    let path: Vec<String> = inner.split("][").map(str::to_owned).collect();
    if path.iter().any(|part| part.is_empty() || part.contains(['[', ']'])) {
        return Err(malformed());
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["filter", "sort", "limit", "total"];

    fn code(query: &str) -> ErrorCode {
        Parameters::parse(Some(query), KNOWN).unwrap_err().code()
    }

    #[test]
    fn known_names_are_read_and_decoded() {
        let query = "sort=-name%2CcloseOn&limit=5&filter%5Bname%5D%5Beq%5D=a+b&total=true";
        let parameters = Parameters::parse(Some(query), KNOWN).unwrap();
        assert_eq!(parameters.get("sort"), Some("-name,closeOn"));
        assert_eq!(parameters.get("after"), None);
        assert!(parameters.flag("total").unwrap());
        assert_eq!(parameters.brackets, vec![(vec!["name".to_owned(), "eq".to_owned()], "a b".to_owned())]);
        assert!(Parameters::parse(None, KNOWN).unwrap().brackets.is_empty());
    }

    #[test]
    fn unknown_repeated_and_broken_ones_are_refused() {
        let error = Parameters::parse(Some("limti=5"), KNOWN).unwrap_err();
        assert_eq!(error.code(), ErrorCode::UnknownParameter);
        assert!(error.detail().contains("Did you mean limit?"));
        assert_eq!(code("limit=5&limit=6"), ErrorCode::InvalidParameter);
        assert_eq!(code("sort=%ff"), ErrorCode::InvalidParameter);
        assert_eq!(code("filter={}&filter[a][eq]=1"), ErrorCode::InvalidParameter);
        for broken in ["filter[a", "filter[]=1", "filter[a][]=1", "filter[a]b[c]=1", "filter[a][[b]]=1"] {
            assert_eq!(code(broken), ErrorCode::InvalidParameter, "{broken}");
        }
        assert_eq!(Parameters::parse(Some("filter[a][eq]=1"), &[]).unwrap_err().code(), ErrorCode::UnknownParameter);
    }

    #[test]
    fn values_are_checked() {
        assert_eq!(limit("1").unwrap(), 1);
        assert_eq!(limit("1000").unwrap(), 1000);
        for bad in ["0", "1001", "-1", "x", "", "1.5", "99999999999"] {
            assert!(limit(bad).unwrap_err().detail().contains("1 to 1000"), "{bad}");
        }
        assert_eq!(deleted("only").unwrap(), DeletedMode::Only);
        assert!(deleted("true").is_err());
        assert!(Parameters::parse(Some("total=yes"), KNOWN).unwrap().flag("total").is_err());
        assert_eq!(names("fields", "a, b").unwrap(), ["a", "b"]);
        assert!(names("fields", "a,,b").is_err());
    }
}
