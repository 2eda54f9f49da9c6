//! The filters of SCIM (RFC 7644, section 3.4.2.2), read.

use super::refusal::{Answer, Refusal};
use serde_json::Value as Json;

/// How deep a filter may nest.
const DEEPEST: usize = 12;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    /// All hold.
    And(Vec<Expression>),
    /// One holds at least.
    Or(Vec<Expression>),
    /// The opposite.
    Not(Box<Expression>),
    /// A comparison of an attribute.
    Compare(String, Operator, Json),
    /// Whether an attribute has a value.
    Present(String),
    /// A condition on the members of an attribute.
    Within(String, Box<Expression>),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Operator {
    /// What the filter tree calls it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Operator::Equal => "eq",
            Operator::NotEqual => "ne",
            Operator::Contains => "contains",
            Operator::StartsWith => "startsWith",
            Operator::EndsWith => "endsWith",
            Operator::Greater => "gt",
            Operator::GreaterOrEqual => "gte",
            Operator::Less => "lt",
            Operator::LessOrEqual => "lte",
        }
    }

    fn read(word: &str) -> Option<Operator> {
        const ALL: [(&str, Operator); 9] = [
            ("eq", Operator::Equal),
            ("ne", Operator::NotEqual),
            ("co", Operator::Contains),
            ("sw", Operator::StartsWith),
            ("ew", Operator::EndsWith),
            ("gt", Operator::Greater),
            ("ge", Operator::GreaterOrEqual),
            ("lt", Operator::Less),
            ("le", Operator::LessOrEqual),
        ];
        ALL.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, operator)| operator)
    }

    /// Whether this holds of two texts, whose case does not count.
    pub(super) fn holds(self, value: &str, wanted: &str) -> bool {
        let (value, wanted) = (value.to_lowercase(), wanted.to_lowercase());
        match self {
            Operator::Equal => value == wanted,
            Operator::NotEqual => value != wanted,
            Operator::Contains => value.contains(&wanted),
            Operator::StartsWith => value.starts_with(&wanted),
            Operator::EndsWith => value.ends_with(&wanted),
            Operator::Greater => value > wanted,
            Operator::GreaterOrEqual => value >= wanted,
            Operator::Less => value < wanted,
            Operator::LessOrEqual => value <= wanted,
        }
    }
}

/// A scalar as a text: `true`, `5`, `work`.
pub(super) fn text_of(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Expression {
    /// Whether it holds of a member of an attribute with several values.
    pub(super) fn holds(&self, member: &Json) -> bool {
        let part = |name: &str| {
            let parts = member.as_object()?;
            parts.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).filter(|value| !value.is_null())
        };
        match self {
            Expression::And(all) => all.iter().all(|one| one.holds(member)),
            Expression::Or(all) => all.iter().any(|one| one.holds(member)),
            Expression::Not(one) => !one.holds(member),
            Expression::Present(name) => part(name).is_some(),
            Expression::Compare(name, operator, wanted) => match part(name) {
                Some(value) => operator.holds(&text_of(value), &text_of(wanted)),
                None => *operator == Operator::NotEqual,
            },
            Expression::Within(..) => false,
        }
    }

    /// The values of a part that it asks for, where it asks for nothing else: `value eq "a" or value eq "b"`.
    pub(super) fn values_of(&self, part: &str) -> Option<Vec<String>> {
        match self {
            Expression::Compare(name, Operator::Equal, value) if name.eq_ignore_ascii_case(part) => Some(vec![text_of(value)]),
            Expression::Or(all) => {
                let each: Option<Vec<_>> = all.iter().map(|one| one.values_of(part)).collect();
                each.map(|each| each.concat())
            }
            _ => None,
        }
    }
}

/// Reads a filter. `invalidFilter` says what stands where something else was expected.
pub(super) fn parse(text: &str) -> Answer<Expression> {
    let mut reader = Reader { rest: text, text, depth: 0 };
    let expression = reader.either()?;
    reader.space();
    if reader.rest.is_empty() { Ok(expression) } else { Err(reader.wrong("the end of the filter, or and or or")) }
}

struct Reader<'t> {
    rest: &'t str,
    text: &'t str,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn wrong(&self, wanted: &str) -> Refusal {
        let at = self.text.len().saturating_sub(self.rest.len());
        let found: String = self.rest.chars().take(20).collect();
        Refusal::bad("invalidFilter", format!("The filter cannot be read at character {}: {wanted} is wanted, not {found:?}.", at + 1))
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn takes(&mut self, mark: char) -> bool {
        self.space();
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// The word that comes next, unread.
    fn word(&mut self) -> &'t str {
        self.space();
        let end = self.rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || ".:_$-".contains(letter))).unwrap_or(self.rest.len());
        self.rest.get(..end).unwrap_or("")
    }

    fn pass(&mut self, word: &str) {
        self.rest = self.rest.get(word.len()..).unwrap_or("");
    }

    fn keyword(&mut self, wanted: &str) -> bool {
        let word = self.word();
        let found = word.eq_ignore_ascii_case(wanted);
        if found {
            self.pass(word);
        }
        found
    }

    fn either(&mut self) -> Answer<Expression> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Refusal::bad("invalidFilter", format!("The filter nests deeper than the {DEEPEST} levels allowed.")));
        }
        let mut all = vec![self.both()?];
        while self.keyword("or") {
            all.push(self.both()?);
        }
        self.depth -= 1;
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Expression::Or(all) })
    }

    fn both(&mut self) -> Answer<Expression> {
        let mut all = vec![self.one()?];
        while self.keyword("and") {
            all.push(self.one()?);
        }
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Expression::And(all) })
    }

    fn one(&mut self) -> Answer<Expression> {
        if self.takes('(') {
            return self.closed(')');
        }
        let word = self.word();
        if word.is_empty() {
            return Err(self.wrong("an attribute"));
        }
        self.pass(word);
        if word.eq_ignore_ascii_case("not") && self.takes('(') {
            return Ok(Expression::Not(Box::new(self.closed(')')?)));
        }
        if self.takes('[') {
            return Ok(Expression::Within(word.to_owned(), Box::new(self.closed(']')?)));
        }
        let comparison = self.word();
        if comparison.eq_ignore_ascii_case("pr") {
            self.pass(comparison);
            return Ok(Expression::Present(word.to_owned()));
        }
        let Some(operator) = Operator::read(comparison) else {
            return Err(self.wrong("one of eq, ne, co, sw, ew, gt, ge, lt, le and pr"));
        };
        self.pass(comparison);
        let value = self.value()?;
        Ok(Expression::Compare(word.to_owned(), operator, value))
    }

    fn closed(&mut self, mark: char) -> Answer<Expression> {
        let inner = self.either()?;
        if self.takes(mark) { Ok(inner) } else { Err(self.wrong(&format!("and, or or {mark}"))) }
    }

    /// A JSON scalar.
    fn value(&mut self) -> Answer<Json> {
        self.space();
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<Json>();
        let value = values.next().and_then(Result::ok).filter(|value| !value.is_object() && !value.is_array());
        let end = values.byte_offset();
        // Identity providers write True and False as well.
        let word = self.word();
        match value {
            Some(value) => {
                self.rest = self.rest.get(end..).unwrap_or("");
                Ok(value)
            }
            None if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false") => {
                self.pass(word);
                Ok(Json::Bool(word.eq_ignore_ascii_case("true")))
            }
            None => Err(self.wrong("a value: a text in double quotes, a number, true, false or null")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn compare(name: &str, operator: Operator, value: Json) -> Expression {
        Expression::Compare(name.to_owned(), operator, value)
    }

    #[test]
    fn filters_of_the_rfc_are_read() {
        assert_eq!(parse("userName Eq \"bjensen\"").unwrap(), compare("userName", Operator::Equal, json!("bjensen")));
        assert_eq!(parse("title pr").unwrap(), Expression::Present("title".to_owned()));
        let both = parse("title pr and userType eq \"Em\\\"p\" or active eq False").unwrap();
        let first = Expression::And(vec![Expression::Present("title".to_owned()), compare("userType", Operator::Equal, json!("Em\"p"))]);
        assert_eq!(both, Expression::Or(vec![first, compare("active", Operator::Equal, json!(false))]));
        let within = parse("emails[type eq \"work\" and value co \"@example.com\"] and not (active eq true)").unwrap();
        let inner = vec![compare("type", Operator::Equal, json!("work")), compare("value", Operator::Contains, json!("@example.com"))];
        let not = Expression::Not(Box::new(compare("active", Operator::Equal, json!(true))));
        assert_eq!(within, Expression::And(vec![Expression::Within("emails".to_owned(), Box::new(Expression::And(inner))), not]));
        assert!(parse("meta.lastModified ge \"2026-01-01T00:00:00Z\"").is_ok());
        assert!(parse("urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"J\"").is_ok());
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for bad in [
            "",
            "userName",
            "userName is \"x\"",
            "userName eq x",
            "userName eq \"x",
            "(title pr",
            "title pr title pr",
            "emails[value pr",
            "userName eq {}",
            "userName eq \"x\" and",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(parse(&format!("{}title pr{}", "(".repeat(11), ")".repeat(11))).is_ok());
        assert!(parse(&format!("{}title pr{}", "(".repeat(9_000), ")".repeat(9_000))).is_err());
    }

    #[test]
    fn members_are_told_apart() {
        let work = json!({ "type": "work", "value": "a@b.example", "primary": true });
        for (filter, holds) in [
            ("type eq \"WORK\"", true),
            ("type eq \"home\"", false),
            ("primary eq true and value ew \".example\"", true),
            ("display pr", false),
            ("display ne \"x\"", true),
            ("not (type eq \"home\") and (value co \"@c\" or value co \"@b\")", true),
        ] {
            assert_eq!(parse(filter).unwrap().holds(&work), holds, "{filter}");
        }
        let ids = parse("value eq \"a\" or value eq \"b\"").unwrap().values_of("value");
        assert_eq!(ids, Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(parse("value co \"a\"").unwrap().values_of("value"), None);
    }
}
