//! Conditions on figures, in the vocabulary of filters.

use super::Function;
use super::figure::Figure;
use super::read::Draft;
use crate::filter::{FilterReader, MAXIMUM_CONDITIONS, MAXIMUM_DEPTH, operand};
use clientela_kernel::{Context, Error, ErrorCode, Filter, Result};
use clientela_model::{FieldDef, FieldType, Registry, ResourceDef, document};
use serde_json::{Map, Value as Json};
use std::cmp::Ordering;
use std::sync::Arc;

/// A condition on the figures of a group.
pub(super) enum Having {
    All(Vec<Having>),
    Any(Vec<Having>),
    Not(Box<Having>),
    /// Comparisons of a field's type, which hold for a figure.
    Figure(usize, Filter),
    /// A comparison of an average with a decimal number `number / unit`, and the outcomes it wants.
    Decimal(usize, (i128, i128), &'static [Ordering]),
    /// Whether there is no figure, since there are no values.
    Empty(usize),
}

impl Having {
    /// Whether a group satisfies it.
    pub(super) fn holds(&self, figures: &[Figure]) -> bool {
        match self {
            Having::All(all) => all.iter().all(|having| having.holds(figures)),
            Having::Any(any) => any.iter().any(|having| having.holds(figures)),
            Having::Not(inner) => !inner.holds(figures),
            Having::Figure(at, filter) => figures.get(*at).is_some_and(|figure| satisfies(figure, filter)),
            Having::Decimal(at, (number, unit), wanted) => {
                figures.get(*at).and_then(|figure| figure.against_decimal(*number, *unit)).is_some_and(|found| wanted.contains(&found))
            }
            Having::Empty(at) => figures.get(*at) == Some(&Figure::Empty),
        }
    }
}

fn satisfies(figure: &Figure, filter: &Filter) -> bool {
    match filter {
        Filter::And(all) => all.iter().all(|filter| satisfies(figure, filter)),
        Filter::Or(any) => any.iter().any(|filter| satisfies(figure, filter)),
        Filter::Not(inner) => !satisfies(figure, inner),
        Filter::Field { comparison, .. } => figure.satisfies(comparison),
        Filter::ToOne { .. } | Filter::ToMany { .. } | Filter::ToRecord { .. } | Filter::NamedBy { .. } | Filter::Among { .. } => false,
    }
}

/// Reads conditions on figures.
pub(super) struct HavingReader<'a, 'd, 'r> {
    registry: &'a Registry,
    context: &'a Context,
    def: Arc<ResourceDef>,
    draft: &'d mut Draft<'r>,
    conditions: usize,
}

impl<'a, 'd, 'r> HavingReader<'a, 'd, 'r> {
    pub(super) fn new(registry: &'a Registry, context: &'a Context, def: Arc<ResourceDef>, draft: &'d mut Draft<'r>) -> Self {
        HavingReader { registry, context, def, draft, conditions: 0 }
    }

    pub(super) fn read(&mut self, json: &Json) -> Result<Having> {
        self.object(json, &mut vec!["having".to_owned()], 0)
    }

    fn object(&mut self, json: &Json, path: &mut Vec<String>, depth: usize) -> Result<Having> {
        if depth > MAXIMUM_DEPTH {
            return Err(fail(path, format!("conditions nest deeper than the {MAXIMUM_DEPTH} levels allowed")));
        }
        let object = members(json, path)?;
        let mut all = Vec::with_capacity(object.len());
        for (key, value) in object {
            path.push(key.clone());
            all.push(match key.as_str() {
                "and" => Having::All(self.list(value, path, depth)?),
                "or" => Having::Any(self.list(value, path, depth)?),
                "not" => Having::Not(Box::new(self.object(value, path, depth + 1)?)),
                name => match Function::named(name) {
                    Some(Function::Count) => self.figure(Function::Count, &[], value, path)?,
                    Some(function) => {
                        let def = Arc::clone(&self.def);
                        self.fields(function, &def, value, &mut Vec::new(), path)?
                    }
                    None => {
                        let known = Function::ALL.into_iter().map(Function::as_str).chain(["and", "or", "not"]);
                        let hint = operand::nearest(name, known);
                        return Err(fail(path, format!("{name:?} is no figure{hint}; there are count, sum, avg, min, max, countDistinct")));
                    }
                },
            });
            path.pop();
        }
        Ok(Having::All(all))
    }

    fn list(&mut self, json: &Json, path: &mut Vec<String>, depth: usize) -> Result<Vec<Having>> {
        let Json::Array(items) = json else { return Err(fail(path, "a list of conditions is wanted".to_owned())) };
        items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                path.push(index.to_string());
                let having = self.object(item, path, depth + 1);
                path.pop();
                having
            })
            .collect()
    }

    /// Fields by name, and through to-one relations.
    fn fields(
        &mut self,
        function: Function,
        def: &Arc<ResourceDef>,
        json: &Json,
        names: &mut Vec<String>,
        path: &mut Vec<String>,
    ) -> Result<Having> {
        let mut all = Vec::new();
        for (name, value) in members(json, path)? {
            path.push(name.clone());
            names.push(name.clone());
            if name == document::NAME && def.document().is_some() {
                // The tenant's own, which stand one level deeper.
                all.push(self.fields(function, def, value, names, path)?);
                names.pop();
                path.pop();
                continue;
            }
            let own = names.len() >= 2 && names.get(names.len() - 2).is_some_and(|before| before == document::NAME);
            let spelled = if own { format!("{}{name}", document::PREFIX) } else { name.clone() };
            let relation =
                def.relation(&spelled).filter(|relation| relation.is_to_one()).and_then(|relation| self.registry.target(relation));
            all.push(match relation.cloned() {
                Some(target) if names.len() <= MAXIMUM_DEPTH => self.fields(function, &target, value, names, path)?,
                _ => self.figure(function, &names.clone(), value, path)?,
            });
            names.pop();
            path.pop();
        }
        Ok(Having::All(all))
    }

    fn figure(&mut self, function: Function, names: &[String], json: &Json, path: &mut Vec<String>) -> Result<Having> {
        let at = self.draft.measure(function, names)?;
        let field = self.draft.field_of(at)?;
        let operators = members(json, path)?;
        self.conditions += operators.len();
        if self.conditions > MAXIMUM_CONDITIONS {
            return Err(fail(path, format!("there are more than the {MAXIMUM_CONDITIONS} comparisons allowed")));
        }
        match field.map(|field| &field.kind) {
            Some(FieldType::Integer { .. }) if function == Function::Avg => decimals(at, 0, operators, path),
            Some(FieldType::Decimal { places, .. }) if function == Function::Avg => decimals(at, *places, operators, path),
            kind => {
                let name = names.last().map_or("count", String::as_str).to_owned();
                let whole = FieldType::Integer { min: i64::MIN, max: i64::MAX };
                let counted =
                    matches!(function, Function::Count | Function::CountDistinct) || matches!(kind, Some(FieldType::Integer { .. }));
                let kind = if counted { whole } else { kind.cloned().unwrap_or(whole) };
                let field = FieldDef::new(name.clone(), name, kind, "A figure.", "null");
                let filter = FilterReader::at(self.registry, self.context, path.clone()).field(&self.def, &field, json)?;
                Ok(Having::Figure(at, filter))
            }
        }
    }
}

fn members<'j>(json: &'j Json, path: &[String]) -> Result<&'j Map<String, Json>> {
    json.as_object().ok_or_else(|| fail(path, format!("an object is wanted, not {}", operand::kind_of(json))))
}

/// Comparisons of an average with decimal numbers; the average is of numbers with so many places.
fn decimals(at: usize, places: u32, operators: &Map<String, Json>, path: &mut Vec<String>) -> Result<Having> {
    const OPERATORS: [&str; 9] = ["eq", "ne", "in", "notIn", "gt", "gte", "lt", "lte", "isNull"];
    let mut all = Vec::with_capacity(operators.len());
    for (operator, json) in operators {
        path.push(operator.clone());
        let one = |json: &Json, wanted| Ok::<_, Error>(Having::Decimal(at, decimal(json, places, path)?, wanted));
        let any = |json: &Json| match json {
            Json::Array(items) => items.iter().map(|item| one(item, &[Ordering::Equal])).collect::<Result<Vec<_>>>().map(Having::Any),
            _ => Err(fail(path, "a list is wanted".to_owned())),
        };
        all.push(match operator.as_str() {
            "eq" if json.is_null() => Having::Empty(at),
            "ne" if json.is_null() => Having::Not(Box::new(Having::Empty(at))),
            "eq" => one(json, &[Ordering::Equal])?,
            "ne" => Having::Not(Box::new(one(json, &[Ordering::Equal])?)),
            "in" => any(json)?,
            "notIn" => Having::Not(Box::new(any(json)?)),
            "gt" => one(json, &[Ordering::Greater])?,
            "gte" => one(json, &[Ordering::Greater, Ordering::Equal])?,
            "lt" => one(json, &[Ordering::Less])?,
            "lte" => one(json, &[Ordering::Less, Ordering::Equal])?,
            "isNull" => match json {
                Json::Bool(true) => Having::Empty(at),
                Json::Bool(false) => Having::Not(Box::new(Having::Empty(at))),
                _ => return Err(fail(path, "isNull takes true or false".to_owned())),
            },
            other => {
                let hint = operand::nearest(other, OPERATORS.into_iter());
                return Err(fail(path, format!("an average has no operator {other:?}{hint}; it has {}", OPERATORS.join(", "))));
            }
        });
        path.pop();
    }
    Ok(Having::All(all))
}

/// `"12.5"` or `12.5` as a whole number of its last decimals, and how many of those make one; where figures count in smaller units, of theirs.
fn decimal(json: &Json, in_places: u32, path: &[String]) -> Result<(i128, i128)> {
    let wrong = || fail(path, format!("{json} is not a decimal number of at most 18 digits before the point and 12 after it"));
    let text = match json {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        _ => return Err(wrong()),
    };
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    // With so many digits the comparison stays within 128 bits for a hundred million values.
    let plain = |part: &str, most: usize| part.len() <= most && part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || digits.ends_with('.') || !plain(whole, 18) || !plain(fraction, 12) {
        return Err(wrong());
    }
    let number: i128 = format!("{whole}{fraction}").parse().map_err(|_| wrong())?;
    let places = u32::try_from(fraction.len()).unwrap_or(18);
    let number = number * 10i128.pow(in_places.saturating_sub(places));
    Ok((if text.starts_with('-') { -number } else { number }, 10i128.pow(places.saturating_sub(in_places))))
}

fn fail(path: &[String], text: String) -> Error {
    Error::new(ErrorCode::InvalidFilter, format!("The condition at {} cannot be used: {text}.", path.join(".")))
}
