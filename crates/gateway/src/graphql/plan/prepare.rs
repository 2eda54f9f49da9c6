//! From a text to a document that may be executed: measured, parsed, validated by async-graphql, kept.

use super::coerce::{self, Variables};
use super::collect::{self, Collected, What};
use super::limits;
use super::problem::Problem;
use crate::graphql::schema::types::TypeSystem;
use async_graphql::dynamic::Schema;
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute, NextValidation};
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Type};
use async_graphql::{Request, Response, ServerError, ValidationResult};
use clientela_kernel::ErrorCode;
use futures_util::StreamExt as _;
use parking_lot::Mutex;
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Bytes of prepared documents that are kept, as estimated by [`Prepared::weight`].
const CACHE_BYTES: u64 = 16 * 1024 * 1024;
/// Collected forms kept of one document, one for each set of values of the variables in its conditions.
const FORMS: usize = 8;

/// Prepares documents of one schema.
pub(crate) struct Preparer {
    pub(crate) types: Arc<TypeSystem>,
    /// Validates and introspects.
    pub(crate) schema: Schema,
    cache: moka::sync::Cache<[u8; 32], Arc<Prepared>>,
}

/// The values of the variables in the conditions, and the fields collected with them.
type Form = (Vec<bool>, Arc<Vec<Collected>>);

/// One operation of a valid document.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Query, mutation or subscription.
    pub(crate) kind: OperationType,
    /// Whether it asks the schema alone, which needs no credential.
    pub(crate) introspection_only: bool,
    document: ExecutableDocument,
    variables: Vec<VariableDefinition>,
    /// The variables in `@skip` and `@include`.
    conditions: Vec<String>,
    forms: Mutex<Vec<Form>>,
    weight: u32,
}

#[derive(Debug)]
struct VariableDefinition {
    name: String,
    ty: Type,
    default: Option<Json>,
}

impl Preparer {
    pub(crate) fn new(types: Arc<TypeSystem>, schema: Schema) -> Self {
        let cache = moka::sync::Cache::builder()
            .max_capacity(CACHE_BYTES)
            .weigher(|_: &[u8; 32], prepared: &Arc<Prepared>| prepared.weight)
            .build();
        Preparer { types, schema, cache }
    }

    /// The operation of this text, from the cache where it was seen before. The schema's version is in the key by the
    /// cache being the schema's own.
    pub(crate) async fn prepare(&self, text: &str, operation_name: Option<&str>) -> Result<Arc<Prepared>, Vec<Problem>> {
        let mut hash = Sha256::new();
        hash.update(operation_name.unwrap_or_default());
        hash.update([0xff]);
        hash.update(text);
        let key: [u8; 32] = hash.finalize().into();
        if let Some(prepared) = self.cache.get(&key) {
            return Ok(prepared);
        }
        let prepared = Arc::new(self.validate(text, operation_name).await?);
        self.cache.insert(key, prepared.clone());
        Ok(prepared)
    }

    async fn validate(&self, text: &str, operation_name: Option<&str>) -> Result<Prepared, Vec<Problem>> {
        limits::check_text(text).map_err(|problem| vec![problem])?;
        let document = parse_query(text).map_err(|error| vec![parse_problem(&error)])?;
        limits::check_document(&document).map_err(|problem| vec![problem])?;
        let mut request = Request::new(text).data(Stop);
        request.set_parsed_query(document.clone());
        request.operation_name = operation_name.map(str::to_owned);
        let operation = choose(&document, operation_name).map_err(|problem| vec![problem])?;
        let mut errors = match operation.ty {
            // A stream that ends at once: whatever comes out of it is what is wrong.
            OperationType::Subscription => self.schema.execute_stream(request).next().await.map(|answer| answer.errors).unwrap_or_default(),
            OperationType::Query | OperationType::Mutation => self.schema.execute(request).await.errors,
        };
        if !errors.is_empty() {
            // async-graphql does not count variables in the directives of `__typename`.
            let conditions = collect::condition_variables(&operation, &document);
            errors.retain(|error| !conditions.iter().any(|name| error.message.starts_with(&format!("Variable \"${name}\" is not used"))));
        }
        if !errors.is_empty() {
            return Err(errors.into_iter().map(Problem::from_validation).collect());
        }
        let prepared = self.finish(document, operation, text.len()).map_err(|problem| vec![problem])?;
        Ok(prepared)
    }

    fn finish(&self, document: ExecutableDocument, operation: OperationDefinition, length: usize) -> Result<Prepared, Problem> {
        let mut variables = Vec::with_capacity(operation.variable_definitions.len());
        for definition in &operation.variable_definitions {
            let (name, ty) = (definition.node.name.node.to_string(), definition.node.var_type.node.clone());
            let default = match &definition.node.default_value {
                Some(value) => {
                    let place = format!("The default of ${name}");
                    coerce::literal(&self.types, &ty, &value.node.clone().into_value(), coerce::Given::Unknown, &place)
                        .map_err(|text| Problem::at(value.pos, ErrorCode::GraphqlValidationFailed, text))?
                }
                None => None,
            };
            variables.push(VariableDefinition { name, ty, default });
        }
        let conditions = collect::condition_variables(&operation, &document);
        // With every condition true and with every one false: what is wrong in either is wrong in the document.
        let all = collect::collect(&self.types, &document, &operation, &|_| true)?;
        let none = if conditions.is_empty() { None } else { Some(collect::collect(&self.types, &document, &operation, &|_| false)?) };
        let introspection_only =
            [Some(&all), none.as_ref()].into_iter().flatten().flatten().all(|field| !matches!(field.what, What::Role(_)));
        let forms = if conditions.is_empty() { vec![(Vec::new(), Arc::new(all))] } else { Vec::new() };
        let kind = operation.ty;
        let document = ExecutableDocument {
            operations: DocumentOperations::Single(async_graphql::Positioned::new(operation, Default::default())),
            ..document
        };
        // Syntax tree and collected forms together were measured at about forty times the text.
        let weight = u32::try_from(length.saturating_mul(40).saturating_add(2_048)).unwrap_or(u32::MAX);
        Ok(Prepared { kind, introspection_only, document, variables, conditions, forms: Mutex::new(forms), weight })
    }
}

impl Prepared {
    /// Coerces the given variables to their declared types. Unknown ones are ignored.
    pub(crate) fn variables(&self, types: &TypeSystem, given: &Map<String, Json>) -> Result<Variables, Vec<Problem>> {
        let mut variables = Variables::new();
        let mut problems = Vec::new();
        for definition in &self.variables {
            let place = format!("${}", definition.name);
            match (given.get(&definition.name), &definition.default) {
                (Some(value), _) => match coerce::json(types, &definition.ty, value, &place) {
                    Ok(value) => {
                        variables.insert(definition.name.clone(), value);
                    }
                    Err(text) => problems.push(Problem::request(ErrorCode::BadUserInput, format!("The variable {text}"))),
                },
                (None, Some(default)) => {
                    variables.insert(definition.name.clone(), default.clone());
                }
                (None, None) if definition.ty.nullable => {}
                (None, None) => {
                    let text = format!("The variable {place} is missing; {} is wanted.", definition.ty);
                    problems.push(Problem::request(ErrorCode::BadUserInput, text));
                }
            }
        }
        if problems.is_empty() { Ok(variables) } else { Err(problems) }
    }

    /// The collected fields for these values of the variables.
    pub(crate) fn fields(&self, types: &TypeSystem, variables: &Variables) -> Result<Arc<Vec<Collected>>, Problem> {
        let mut values = Vec::with_capacity(self.conditions.len());
        for name in &self.conditions {
            match variables.get(name) {
                Some(Json::Bool(flag)) => values.push(*flag),
                // Declared by another operation of the document.
                None => values.push(false),
                Some(_) => {
                    return Err(Problem::request(
                        ErrorCode::BadUserInput,
                        format!("The variable ${name} stands in a condition and must not be null."),
                    ));
                }
            }
        }
        if let Some((_, fields)) = self.forms.lock().iter().find(|(known, _)| *known == values) {
            return Ok(fields.clone());
        }
        let holds = |name: &str| self.conditions.iter().zip(&values).any(|(known, value)| known == name && *value);
        let DocumentOperations::Single(operation) = &self.document.operations else {
            return Err(Problem::request(ErrorCode::Internal, "A prepared document has one operation."));
        };
        let fields = Arc::new(collect::collect(types, &self.document, &operation.node, &holds)?);
        let mut forms = self.forms.lock();
        if forms.len() >= FORMS {
            forms.remove(0);
        }
        forms.push((values, fields.clone()));
        Ok(fields)
    }

    /// The document, for introspection.
    pub(crate) fn document(&self) -> &ExecutableDocument {
        &self.document
    }
}

/// The operation of a document that is asked for.
fn choose(document: &ExecutableDocument, name: Option<&str>) -> Result<OperationDefinition, Problem> {
    let refuse = |text: String| Err(Problem::request(ErrorCode::GraphqlValidationFailed, text));
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Ok(operation.node.clone()),
        (DocumentOperations::Multiple(operations), None) => {
            let mut all = operations.values();
            match (all.next(), all.next()) {
                (Some(only), None) => Ok(only.node.clone()),
                _ => refuse(format!("The document has {} operations. Say in operationName which to run.", operations.len())),
            }
        }
        (DocumentOperations::Multiple(operations), Some(name)) => match operations.get(name) {
            Some(operation) => Ok(operation.node.clone()),
            None => refuse(format!("The document has no operation named {name:?}.")),
        },
        (DocumentOperations::Single(_), Some(name)) => {
            refuse(format!("The document has no operation named {name:?}; its only one has no name."))
        }
    }
}

fn parse_problem(error: &async_graphql::parser::Error) -> Problem {
    let locations = error.positions().collect();
    Problem { locations, ..Problem::request(ErrorCode::GraphqlParseFailed, error.to_string()) }
}

/// In a request's data: validate, then stop before any resolver.
struct Stop;
/// In a request's data: run without validation; the document is part of one that was validated.
pub(crate) struct Validated;

/// Makes [`Gate`].
pub(crate) struct GateFactory;

impl ExtensionFactory for GateFactory {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Gate)
    }
}

/// Stops async-graphql where we take over.
struct Gate;

#[async_trait::async_trait]
impl Extension for Gate {
    async fn validation(&self, ctx: &ExtensionContext<'_>, next: NextValidation<'_>) -> Result<ValidationResult, Vec<ServerError>> {
        if ctx.data_opt::<Validated>().is_some() {
            return Ok(ValidationResult { cache_control: Default::default(), complexity: 0, depth: 0 });
        }
        next.run(ctx).await
    }

    async fn execute(&self, ctx: &ExtensionContext<'_>, operation_name: Option<&str>, next: NextExecute<'_>) -> Response {
        if ctx.data_opt::<Stop>().is_some() {
            return Response::default();
        }
        next.run(ctx, operation_name).await
    }
}
