//! What a document may ask for at most. Everything here is checked before the schema is looked at, in time linear in the
//! document's length.

use super::problem::Problem;
use async_graphql::Positioned;
use async_graphql::parser::types::{ExecutableDocument, FragmentDefinition, Selection, SelectionSet};
use async_graphql::{Name, Pos};
use clientela_kernel::ErrorCode;
use std::collections::HashMap;

/// Bytes of a document.
pub const MAXIMUM_DOCUMENT: usize = 64 * 1024;
/// Lexical tokens of a document.
pub const MAXIMUM_TOKENS: usize = 10_000;
/// Brackets of any kind open at once.
pub const MAXIMUM_NESTING: usize = 60;
/// Levels of fields. The standard introspection query has 15.
pub const MAXIMUM_DEPTH: usize = 15;
/// Aliases, with fragments counted where they are used.
pub const MAXIMUM_ALIASES: usize = 100;
/// Fields of the operation itself.
pub const MAXIMUM_ROOT_FIELDS: usize = 50;
/// Directives, with fragments counted where they are used.
pub const MAXIMUM_DIRECTIVES: usize = 50;
/// Fields, with fragments counted where they are used.
pub const MAXIMUM_FIELDS: usize = 5_000;

/// Looks at the text alone, before it is parsed.
pub(crate) fn check_text(text: &str) -> Result<(), Problem> {
    if text.len() > MAXIMUM_DOCUMENT {
        return refuse(format!(
            "The document has {} bytes; {MAXIMUM_DOCUMENT} are allowed. Move values into variables, or split the document.",
            text.len()
        ));
    }
    let (tokens, nesting) = measure_text(text.as_bytes());
    if tokens > MAXIMUM_TOKENS {
        return refuse(format!("The document has {tokens} tokens; {MAXIMUM_TOKENS} are allowed. Split it."));
    }
    if nesting > MAXIMUM_NESTING {
        return refuse(format!("The document opens {nesting} brackets within each other; {MAXIMUM_NESTING} are allowed."));
    }
    Ok(())
}

fn refuse<T>(text: String) -> Result<T, Problem> {
    Err(Problem::request(ErrorCode::QueryTooComplex, text))
}

/// Tokens and greatest depth of brackets, strings and comments left out. A text with a broken string may be measured
/// wrongly; the parser refuses it.
fn measure_text(text: &[u8]) -> (usize, usize) {
    let (mut tokens, mut depth, mut deepest) = (0usize, 0usize, 0usize);
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'#' => rest = rest.get(rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len())..).unwrap_or_default(),
            b'"' => {
                tokens += 1;
                rest = after_string(after);
            }
            b'{' | b'[' | b'(' => {
                tokens += 1;
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' | b')' => {
                tokens += 1;
                depth = depth.saturating_sub(1);
            }
            byte if is_word(byte) => {
                tokens += 1;
                rest = rest.get(rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len())..).unwrap_or_default();
            }
            b' ' | b'\t' | b'\n' | b'\r' | b',' => {}
            _ => tokens += 1,
        }
    }
    (tokens, deepest)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What follows a string whose first quote is read already.
fn after_string(text: &[u8]) -> &[u8] {
    let block = text.strip_prefix(b"\"\"");
    let mut rest = block.unwrap_or(text);
    while let Some((&byte, after)) = rest.split_first() {
        rest = match byte {
            b'\\' => after.get(1..).unwrap_or_default(),
            b'"' if block.is_none() => return after,
            b'"' if rest.starts_with(b"\"\"\"") => return rest.get(3..).unwrap_or_default(),
            _ => after,
        };
    }
    rest
}

/// What a selection asks for, with fragments counted where they are used.
#[derive(Clone, Copy, Debug, Default)]
struct Measure {
    depth: usize,
    fields: usize,
    /// Fields of the selection itself.
    own: usize,
    aliases: usize,
    directives: usize,
}

impl Measure {
    fn add(&mut self, other: Measure) {
        self.depth = self.depth.max(other.depth);
        self.fields = self.fields.saturating_add(other.fields);
        self.own = self.own.saturating_add(other.own);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
    }
}

/// Looks at the parsed document.
pub(crate) fn check_document(document: &ExecutableDocument) -> Result<(), Problem> {
    let mut meter = Meter { fragments: &document.fragments, done: HashMap::new() };
    for (name, fragment) in &document.fragments {
        let measure = meter.fragment(name, fragment.pos)?;
        check(measure)?;
    }
    for (_, operation) in document.operations.iter() {
        let mut measure = meter.selection(&operation.node.selection_set)?;
        measure.directives = measure.directives.saturating_add(operation.node.directives.len());
        if measure.own > MAXIMUM_ROOT_FIELDS {
            return refuse(format!("The operation has {} fields of its own; {MAXIMUM_ROOT_FIELDS} are allowed. Split it.", measure.own));
        }
        check(measure)?;
    }
    Ok(())
}

fn check(measure: Measure) -> Result<(), Problem> {
    let limits = [
        (measure.depth, MAXIMUM_DEPTH, "levels of fields"),
        (measure.aliases, MAXIMUM_ALIASES, "aliases"),
        (measure.directives, MAXIMUM_DIRECTIVES, "directives"),
        (measure.fields, MAXIMUM_FIELDS, "fields"),
    ];
    for (found, limit, what) in limits {
        if found > limit {
            return refuse(format!("The document has {found} {what}; {limit} are allowed. Ask for less, or split it."));
        }
    }
    Ok(())
}

struct Meter<'d> {
    fragments: &'d HashMap<Name, Positioned<FragmentDefinition>>,
    /// Measured fragments; none while one is being measured.
    done: HashMap<&'d str, Option<Measure>>,
}

impl<'d> Meter<'d> {
    fn fragment(&mut self, name: &str, position: Pos) -> Result<Measure, Problem> {
        // An unknown fragment is told by validation.
        let Some((name, fragment)) = self.fragments.get_key_value(name) else { return Ok(Measure::default()) };
        match self.done.get(name.as_str()) {
            Some(Some(measure)) => return Ok(*measure),
            Some(None) => {
                return Err(Problem::at(
                    position,
                    ErrorCode::GraphqlValidationFailed,
                    format!("Cannot spread fragment \"{name}\" within itself."),
                ));
            }
            None => {}
        }
        self.done.insert(name.as_str(), None);
        let mut measure = self.selection(&fragment.node.selection_set)?;
        measure.directives = measure.directives.saturating_add(fragment.node.directives.len());
        self.done.insert(name.as_str(), Some(measure));
        Ok(measure)
    }

    fn selection(&mut self, set: &'d Positioned<SelectionSet>) -> Result<Measure, Problem> {
        let mut sum = Measure::default();
        for selection in &set.node.items {
            let mut measure = match &selection.node {
                Selection::Field(field) => {
                    let below = self.selection(&field.node.selection_set)?;
                    Measure {
                        depth: below.depth.saturating_add(1),
                        fields: below.fields.saturating_add(1),
                        own: 1,
                        aliases: below.aliases.saturating_add(usize::from(field.node.alias.is_some())),
                        directives: below.directives,
                    }
                }
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node, spread.pos)?,
                Selection::InlineFragment(fragment) => self.selection(&fragment.node.selection_set)?,
            };
            measure.directives = measure.directives.saturating_add(selection.node.directives().len());
            sum.add(measure);
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;

    fn code(text: &str) -> Option<(ErrorCode, String)> {
        let result = check_text(text).and_then(|()| check_document(&parse_query(text).unwrap()));
        result.err().map(|problem| (problem.error.code(), problem.error.detail().to_owned()))
    }

    fn refused(text: &str, part: &str) {
        let (code, detail) = code(text).expect("refused");
        assert_eq!(code, ErrorCode::QueryTooComplex, "{detail}");
        assert!(detail.contains(part), "{detail}");
    }

    #[test]
    fn each_limit_serves_at_its_value_and_refuses_beyond() {
        let deep = |levels: usize| format!("{}x{}", "{a".repeat(levels - 1) + "{", "}".repeat(levels));
        assert_eq!(code(&deep(MAXIMUM_DEPTH)), None);
        refused(&deep(MAXIMUM_DEPTH + 1), "16 levels");
        let aliased = |count: usize| format!("{{ x {{ {} }} }}", (0..count).map(|index| format!("a{index}: b ")).collect::<String>());
        assert_eq!(code(&aliased(MAXIMUM_ALIASES)), None);
        refused(&aliased(MAXIMUM_ALIASES + 1), "101 aliases");
        let roots = |count: usize| format!("{{ {} }}", "b ".repeat(count));
        assert_eq!(code(&roots(MAXIMUM_ROOT_FIELDS)), None);
        refused(&roots(MAXIMUM_ROOT_FIELDS + 1), "51 fields of its own");
        let directives = |count: usize| format!("{{ b {} }}", "@skip(if: false) ".repeat(count));
        assert_eq!(code(&directives(MAXIMUM_DIRECTIVES)), None);
        refused(&directives(MAXIMUM_DIRECTIVES + 1), "51 directives");
        refused(&format!("{{ x {{ {} }} }}", "b ".repeat(MAXIMUM_FIELDS)), "5001 fields");
        refused(&format!("{{ b # {}\n }}", "x".repeat(MAXIMUM_DOCUMENT)), "bytes");
        refused(&format!("{{ b(x: {}{}) }}", "[".repeat(MAXIMUM_NESTING), "]".repeat(MAXIMUM_NESTING)), "brackets");
        refused(&aliased(4_000), "tokens");
    }

    #[test]
    fn fragments_count_where_they_are_used_and_bombs_are_cheap() {
        let mut bomb = String::from("{ ...f0 }");
        for index in 0..30 {
            bomb.push_str(&format!(" fragment f{index} on Query {{ ...f{next} ...f{next} }}", next = index + 1));
        }
        bomb.push_str(" fragment f30 on Query { b }");
        refused(&bomb, "fields");
        let (cycle, _) = code("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }").unwrap();
        assert_eq!(cycle, ErrorCode::GraphqlValidationFailed);
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        assert_eq!(measure_text(br#"{ a(b: "[[[\"[", c: """{{ " \""" {""") } # (((("#), (11, 2));
    }
}
