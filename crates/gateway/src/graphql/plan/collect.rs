//! Field collection, GraphQL specification §6.3.2, over the whole operation at once: fragments are opened, conditions
//! decided, fields with the same response key merged. What comes out depends on the document and on the values of the
//! variables that stand in `@skip` and `@include`, on nothing else, so it is made once and kept.

use super::coerce::{self, Given, Variables};
use super::problem::Problem;
use crate::graphql::schema::types::{Kind, ObjectType, OutputField, Role, TypeSystem, base_name};
use async_graphql::parser::types::{ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet, Type};
use async_graphql::{Pos, Positioned};
use async_graphql_value::Value;
use clientela_kernel::ErrorCode;
use serde_json::{Map, Value as Json};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// A field of the answer.
#[derive(Clone, Debug)]
pub(crate) struct Collected {
    /// Response key.
    pub(crate) key: Box<str>,
    /// Where its first occurrence stands.
    pub(crate) position: Pos,
    /// What it is.
    pub(crate) what: What,
    arguments: Vec<Argument>,
    /// The fields below it; for the interface `Node`, those of a type that no fragment names.
    pub(crate) children: Vec<Collected>,
    /// Below the interface `Node`: the fields of the types that fragments name, by the resource's place in the registry.
    pub(crate) by_resource: Vec<(usize, Vec<Collected>)>,
}

/// What a collected field is.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// `__typename` of an object whose type the document fixes, as JSON text.
    Typename(Box<str>),
    /// `__typename` below the interface `Node`.
    RecordTypename,
    /// `__schema` or `__type`.
    Introspection,
    /// Anything else.
    Role(Role),
}

#[derive(Clone, Debug)]
struct Argument {
    name: String,
    value: ArgumentValue,
}

#[derive(Clone, Debug)]
enum ArgumentValue {
    /// Without variables: coerced once.
    Constant(Json),
    /// With variables: coerced every time.
    Dynamic { value: Value, ty: Type, default: Option<Json> },
}

impl Collected {
    /// The coerced value of an argument; none where it was not given and has no default.
    pub(crate) fn argument<'c>(
        &'c self,
        types: &TypeSystem,
        name: &str,
        variables: &Variables,
    ) -> Result<Option<std::borrow::Cow<'c, Json>>, Problem> {
        use std::borrow::Cow;
        let Some(argument) = self.arguments.iter().find(|argument| argument.name == name) else { return Ok(None) };
        match &argument.value {
            ArgumentValue::Constant(json) => Ok(Some(Cow::Borrowed(json))),
            ArgumentValue::Dynamic { value, ty, default } => {
                let made = coerce::literal(types, ty, value, Given::Known(variables), name)
                    .map_err(|text| Problem::at(self.position, ErrorCode::BadUserInput, text))?;
                match (made, default) {
                    (Some(json), _) => Ok(Some(Cow::Owned(json))),
                    (None, Some(default)) => Ok(Some(Cow::Borrowed(default))),
                    (None, None) if ty.nullable => Ok(None),
                    (None, None) => Err(Problem::at(
                        self.position,
                        ErrorCode::BadUserInput,
                        format!("The argument {name} must have a value, but its variable has none."),
                    )),
                }
            }
        }
    }

    /// Like [`Self::argument`], with null and absent taken as one.
    pub(crate) fn given<'c>(
        &'c self,
        types: &TypeSystem,
        name: &str,
        variables: &Variables,
    ) -> Result<Option<std::borrow::Cow<'c, Json>>, Problem> {
        Ok(self.argument(types, name, variables)?.filter(|json| !json.is_null()))
    }

    /// The argument `input`, which a mutation must have.
    pub(crate) fn input(&self, types: &TypeSystem, variables: &Variables) -> Result<Map<String, Json>, Problem> {
        match self.given(types, "input", variables)?.map(std::borrow::Cow::into_owned) {
            Some(Json::Object(input)) => Ok(input),
            _ => Err(Problem::at(self.position, ErrorCode::BadUserInput, "The argument input must have a value.")),
        }
    }
}

/// The variables that stand in `@skip(if:)` and `@include(if:)`, sorted.
pub(crate) fn condition_variables(operation: &OperationDefinition, document: &ExecutableDocument) -> Vec<String> {
    fn gather(set: &SelectionSet, found: &mut BTreeSet<String>) {
        for selection in &set.items {
            for directive in selection.node.directives() {
                if let Some(Value::Variable(name)) = directive.node.get_argument("if").map(|value| &value.node) {
                    found.insert(name.to_string());
                }
            }
            match &selection.node {
                Selection::Field(field) => gather(&field.node.selection_set.node, found),
                Selection::InlineFragment(fragment) => gather(&fragment.node.selection_set.node, found),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    let mut found = BTreeSet::new();
    gather(&operation.selection_set.node, &mut found);
    document.fragments.values().for_each(|fragment| gather(&fragment.node.selection_set.node, &mut found));
    found.into_iter().collect()
}

/// Collects the fields of an operation. `conditions` answers for the variables in `@skip` and `@include`.
pub(crate) fn collect(
    types: &TypeSystem,
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    conditions: &dyn Fn(&str) -> bool,
) -> Result<Vec<Collected>, Problem> {
    let root = match operation.ty {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    };
    let Some(object) = types.object(root) else {
        return Err(Problem::request(ErrorCode::GraphqlValidationFailed, format!("The schema has no type {root}.")));
    };
    Collector { types, document, conditions }.object(object, &[&operation.selection_set.node])
}

struct Collector<'d> {
    types: &'d TypeSystem,
    document: &'d ExecutableDocument,
    conditions: &'d dyn Fn(&str) -> bool,
}

/// Fields with one response key, in order of their first occurrence.
type Groups<'d> = Vec<(&'d str, Vec<&'d Positioned<Field>>)>;

impl<'d> Collector<'d> {
    fn object(&self, object: &Arc<ObjectType>, sets: &[&'d SelectionSet]) -> Result<Vec<Collected>, Problem> {
        let applies = |name: &str| name == object.name || (object.node && name == "Node");
        let typename = || What::Typename(format!("\"{}\"", object.name).into());
        self.groups(sets, &applies)?
            .into_iter()
            .map(|(key, fields)| self.field(key, &fields, &typename, &|name| object.field(name)))
            .collect()
    }

    /// The fields of the interface `Node` below one field: for each type that a fragment names, and for all others.
    fn interface(&self, shared: &[OutputField], sets: &[&'d SelectionSet], collected: &mut Collected) -> Result<(), Problem> {
        let mut named = HashSet::new();
        self.named_types(sets, &mut HashSet::new(), &mut named);
        for (index, def) in self.types.registry.resources().iter().enumerate() {
            if named.contains(def.type_name.as_ref())
                && let Some(object) = self.types.object(&def.type_name)
            {
                collected.by_resource.push((index, self.object(object, sets)?));
            }
        }
        let groups = self.groups(sets, &|name| name == "Node")?;
        let find = |name: &str| shared.iter().find(|field| field.name == name);
        collected.children =
            groups.into_iter().map(|(key, fields)| self.field(key, &fields, &|| What::RecordTypename, &find)).collect::<Result<_, _>>()?;
        Ok(())
    }

    fn named_types(&self, sets: &[&'d SelectionSet], visited: &mut HashSet<&'d str>, named: &mut HashSet<&'d str>) {
        for selection in sets.iter().flat_map(|set| &set.items) {
            match &selection.node {
                Selection::Field(_) => {}
                Selection::InlineFragment(fragment) => {
                    named.extend(fragment.node.type_condition.as_ref().map(|condition| condition.node.on.node.as_str()));
                    self.named_types(&[&fragment.node.selection_set.node], visited, named);
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    if let Some(fragment) = self.document.fragments.get(name)
                        && visited.insert(name)
                    {
                        named.insert(fragment.node.type_condition.node.on.node.as_str());
                        self.named_types(&[&fragment.node.selection_set.node], visited, named);
                    }
                }
            }
        }
    }

    fn groups(&self, sets: &[&'d SelectionSet], applies: &dyn Fn(&str) -> bool) -> Result<Groups<'d>, Problem> {
        let mut groups = Groups::new();
        let mut visited = HashSet::new();
        for set in sets {
            self.gather(set, applies, &mut visited, &mut groups)?;
        }
        Ok(groups)
    }

    fn gather(
        &self,
        set: &'d SelectionSet,
        applies: &dyn Fn(&str) -> bool,
        visited: &mut HashSet<&'d str>,
        groups: &mut Groups<'d>,
    ) -> Result<(), Problem> {
        for selection in &set.items {
            if !self.included(&selection.node) {
                continue;
            }
            match &selection.node {
                Selection::Field(field) => {
                    let key = field.node.response_key().node.as_str();
                    match groups.iter_mut().find(|(known, _)| *known == key) {
                        Some((_, fields)) => fields.push(field),
                        None => groups.push((key, vec![field])),
                    }
                }
                Selection::InlineFragment(fragment) => {
                    if fragment.node.type_condition.as_ref().is_none_or(|condition| applies(&condition.node.on.node)) {
                        self.gather(&fragment.node.selection_set.node, applies, visited, groups)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    let Some(fragment) = self.document.fragments.get(name) else {
                        return Err(Problem::at(spread.pos, ErrorCode::GraphqlValidationFailed, format!("Unknown fragment \"{name}\".")));
                    };
                    if visited.insert(name) && applies(&fragment.node.type_condition.node.on.node) {
                        self.gather(&fragment.node.selection_set.node, applies, visited, groups)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn included(&self, selection: &Selection) -> bool {
        selection.directives().iter().all(|directive| {
            let wanted = match directive.node.name.node.as_str() {
                "include" => true,
                "skip" => false,
                _ => return true,
            };
            match directive.node.get_argument("if").map(|value| &value.node) {
                Some(Value::Boolean(flag)) => *flag == wanted,
                Some(Value::Variable(name)) => (self.conditions)(name) == wanted,
                _ => true,
            }
        })
    }

    fn field<'t>(
        &self,
        key: &str,
        fields: &[&'d Positioned<Field>],
        typename: &dyn Fn() -> What,
        find: &dyn Fn(&str) -> Option<&'t OutputField>,
    ) -> Result<Collected, Problem> {
        let Some((first, others)) = fields.split_first() else {
            return Err(Problem::request(ErrorCode::Internal, "A field without an occurrence."));
        };
        if let Some(other) = others.iter().find(|other| !same_field(first, other)) {
            let text = format!(
                "The fields with the key \"{key}\" differ in name or arguments, so they cannot be merged. Give them different aliases."
            );
            let error = Problem::at(first.pos, ErrorCode::GraphqlValidationFailed, text);
            return Err(Problem { locations: vec![first.pos, other.pos], ..error });
        }
        let mut collected = Collected {
            key: key.into(),
            position: first.pos,
            what: What::Introspection,
            arguments: Vec::new(),
            children: Vec::new(),
            by_resource: Vec::new(),
        };
        let name = first.node.name.node.as_str();
        match name {
            "__typename" => collected.what = typename(),
            "__schema" | "__type" => {}
            _ => {
                let Some(definition) = find(name) else {
                    return Err(Problem::at(first.pos, ErrorCode::GraphqlValidationFailed, format!("Unknown field \"{name}\".")));
                };
                collected.what = What::Role(definition.role);
                collected.arguments = self.arguments(first, definition)?;
                let sets: Vec<&SelectionSet> = fields.iter().map(|field| &field.node.selection_set.node).collect();
                match self.types.get(base_name(&definition.ty)).map(|below| &below.kind) {
                    Some(Kind::Object(object)) => collected.children = self.object(object, &sets)?,
                    Some(Kind::Interface(shared)) => self.interface(shared, &sets, &mut collected)?,
                    _ => {}
                }
            }
        }
        Ok(collected)
    }

    fn arguments(&self, field: &Positioned<Field>, definition: &OutputField) -> Result<Vec<Argument>, Problem> {
        let mut made = Vec::with_capacity(definition.arguments.len());
        for argument in &definition.arguments {
            let name = argument.name.clone();
            let value = match field.node.get_argument(&argument.name) {
                Some(value) => {
                    let checked = coerce::literal(self.types, &argument.ty, &value.node, Given::Unknown, &name)
                        .map_err(|text| Problem::at(value.pos, ErrorCode::GraphqlValidationFailed, text))?;
                    match checked {
                        Some(json) if !has_variable(&value.node) => ArgumentValue::Constant(json),
                        _ => {
                            ArgumentValue::Dynamic { value: value.node.clone(), ty: argument.ty.clone(), default: argument.default.clone() }
                        }
                    }
                }
                None => match &argument.default {
                    Some(default) => ArgumentValue::Constant(default.clone()),
                    None if argument.ty.nullable => continue,
                    None => {
                        let text = format!("The argument {name} of {} is missing; {} is wanted.", definition.name, argument.ty);
                        return Err(Problem::at(field.pos, ErrorCode::GraphqlValidationFailed, text));
                    }
                },
            };
            made.push(Argument { name, value });
        }
        Ok(made)
    }
}

fn same_field(left: &Positioned<Field>, right: &Positioned<Field>) -> bool {
    left.node.name.node == right.node.name.node
        && left.node.arguments.len() == right.node.arguments.len()
        && left.node.arguments.iter().all(|(name, value)| right.node.get_argument(&name.node).is_some_and(|other| other.node == value.node))
}

fn has_variable(value: &Value) -> bool {
    match value {
        Value::Variable(_) => true,
        Value::List(items) => items.iter().any(has_variable),
        Value::Object(fields) => fields.values().any(has_variable),
        _ => false,
    }
}
