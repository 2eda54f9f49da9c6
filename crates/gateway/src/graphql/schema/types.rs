//! The GraphQL type system as data: made from the registry once, rendered for async-graphql, read by coercion and by the
//! planner.

use async_graphql::parser::types::{BaseType, Type};
use clientela_engine::aggregate::Function;
use clientela_model::Registry;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::Arc;

/// Every type of a schema.
#[derive(Debug)]
pub(crate) struct TypeSystem {
    pub(crate) registry: Arc<Registry>,
    types: Vec<Definition>,
    by_name: HashMap<String, usize>,
}

/// One named type.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) kind: Kind,
}

/// The kinds of types we use.
#[derive(Debug)]
pub(crate) enum Kind {
    Scalar { form: Scalar, specified_by: Option<&'static str> },
    Enum(Vec<EnumValue>),
    Input { one_of: bool, fields: Vec<InputField> },
    Interface(Vec<OutputField>),
    Object(Arc<ObjectType>),
}

/// What values a scalar takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    Id,
    String,
    Int,
    Float,
    Boolean,
    Long,
    Decimal,
    Date,
    DateTime,
    Duration,
    Json,
}

/// A value of an enum.
#[derive(Debug)]
pub(crate) struct EnumValue {
    pub(crate) name: String,
    pub(crate) description: String,
}

/// An argument, or a field of an input object.
#[derive(Clone, Debug)]
pub(crate) struct InputField {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) ty: Type,
    pub(crate) default: Option<Json>,
}

/// An object type.
#[derive(Debug)]
pub(crate) struct ObjectType {
    pub(crate) name: String,
    /// Whether it implements `Node`.
    pub(crate) node: bool,
    pub(crate) fields: Vec<OutputField>,
    by_name: HashMap<String, usize>,
}

/// A field of an object.
#[derive(Clone, Debug)]
pub(crate) struct OutputField {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) ty: Type,
    pub(crate) arguments: Vec<InputField>,
    pub(crate) role: Role,
}

/// What the planner does with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A field of a record, by index.
    Field(usize),
    /// A money field of a record, by index.
    Money(usize),
    /// The fields that the tenant has added.
    Custom,
    /// A to-one relation, by index.
    ToOne(usize),
    /// A to-many relation, by index.
    ToMany(usize),
    /// Parts of a connection.
    Edges,
    Nodes,
    PageInfo,
    TotalCount,
    /// Parts of an edge.
    Cursor,
    Node,
    /// Parts of the page's description.
    HasNextPage,
    HasPreviousPage,
    StartCursor,
    EndCursor,
    /// Parts of money.
    Amount,
    Currency,
    /// What a search found, and where.
    Highlights,
    HighlightField,
    HighlightHtml,
    /// Root fields. The number is the resource's place in the registry.
    Record(usize),
    RecordBy(usize),
    List(usize),
    NodeById,
    NodesByIds,
    Search,
    Mutation(usize, Verb),
    /// An operation, by its place in the registry.
    Operation(usize),
    /// A field of an operation's output or of a part of it, by index.
    Part(usize),
    /// The changes of a record, and members of their objects by name.
    History,
    /// What may be done with a record, with members by name.
    Access,
    /// The timeline of a party, with members by name.
    Timeline,
    /// A page of the feed; members of its entries go by name.
    Feed,
    /// What of its record an entry of the feed has changed.
    Changed,
    /// What a device did, and a page of the feed.
    Sync,
    /// A subscription to the feed: of one resource, by its place in the registry, or of all.
    Live(Option<usize>),
    Member(&'static str),
    /// Parts of an aggregate.
    Aggregate(usize),
    AggregateGroups,
    AggregateHasMore,
    AggregateNext,
    AggregateKeys,
    AggregateFigures(Function),
    /// Parts of an aggregate's keys and figures: a field, an amount, the currency of a key, a to-one relation.
    AggregateField(usize),
    AggregateMoney(usize),
    AggregateCurrency(usize),
    AggregateRelation(usize),
    /// The same of what the tenant added.
    AggregateCustom,
    Batch(usize),
    /// Whether it changes or deletes.
    Bulk(usize, bool),
    /// Parts of a payload.
    PayloadRecord,
    Revealed,
    Created,
    WrittenId,
    UserErrors,
    /// Parts of a batch's payload and of its results.
    Results,
    ResultStatus,
    ResultVersion,
    BulkCount,
    /// What would change, and its parts.
    Changes,
    ChangeEvent,
    ChangeId,
    ChangeVersion,
    ChangeFields,
    /// Parts of a user error.
    ErrorField,
    ErrorCode,
    ErrorProblem,
    ErrorMessage,
    ErrorCurrentVersion,
    ErrorExistingId,
    ErrorLockedUntil,
    ErrorLockedBy,
    ErrorCandidateIds,
}

/// What a mutation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Update,
    Delete,
    Restore,
    Upsert,
    Erase,
}

impl Verb {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Verb::Create => "create",
            Verb::Update => "update",
            Verb::Delete => "delete",
            Verb::Restore => "restore",
            Verb::Upsert => "upsert",
            Verb::Erase => "erase",
        }
    }
}

impl TypeSystem {
    pub(crate) fn new(registry: Arc<Registry>, types: Vec<Definition>) -> Self {
        let by_name = types.iter().enumerate().map(|(index, definition)| (definition.name.clone(), index)).collect();
        TypeSystem { registry, types, by_name }
    }

    pub(crate) fn types(&self) -> &[Definition] {
        &self.types
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Definition> {
        self.by_name.get(name).and_then(|index| self.types.get(*index))
    }

    pub(crate) fn object(&self, name: &str) -> Option<&Arc<ObjectType>> {
        match self.get(name).map(|definition| &definition.kind) {
            Some(Kind::Object(object)) => Some(object),
            _ => None,
        }
    }
}

impl ObjectType {
    pub(crate) fn new(name: &str, node: bool, fields: Vec<OutputField>) -> Self {
        let by_name = fields.iter().enumerate().map(|(index, field)| (field.name.clone(), index)).collect();
        ObjectType { name: name.to_owned(), node, fields, by_name }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&OutputField> {
        self.by_name.get(name).and_then(|index| self.fields.get(*index))
    }
}

impl Definition {
    pub(crate) fn new(name: impl Into<String>, description: impl Into<String>, kind: Kind) -> Self {
        Definition { name: name.into(), description: description.into(), kind }
    }

    pub(crate) fn object(name: &str, description: impl Into<String>, node: bool, fields: Vec<OutputField>) -> Self {
        Definition::new(name, description, Kind::Object(Arc::new(ObjectType::new(name, node, fields))))
    }

    pub(crate) fn input(name: &str, description: impl Into<String>, fields: Vec<InputField>) -> Self {
        Definition::new(name, description, Kind::Input { one_of: false, fields })
    }
}

impl InputField {
    pub(crate) fn new(name: impl Into<String>, ty: Type, description: impl Into<String>) -> Self {
        InputField { name: name.into(), description: description.into(), ty, default: None }
    }

    #[must_use]
    pub(crate) fn with_default(mut self, default: Json) -> Self {
        self.default = Some(default);
        self
    }
}

impl OutputField {
    pub(crate) fn new(name: impl Into<String>, ty: Type, role: Role, description: impl Into<String>) -> Self {
        OutputField { name: name.into(), description: description.into(), ty, arguments: Vec::new(), role }
    }

    #[must_use]
    pub(crate) fn with_arguments(mut self, arguments: Vec<InputField>) -> Self {
        self.arguments = arguments;
        self
    }
}

/// `T`
pub(crate) fn nullable(name: &str) -> Type {
    Type { base: BaseType::Named(async_graphql::Name::new(name)), nullable: true }
}

/// `T!`
pub(crate) fn required(name: &str) -> Type {
    Type { nullable: false, ..nullable(name) }
}

/// `[T!]`
pub(crate) fn list(name: &str) -> Type {
    Type { base: BaseType::List(Box::new(required(name))), nullable: true }
}

/// `[T!]!`
pub(crate) fn required_list(name: &str) -> Type {
    Type { nullable: false, ..list(name) }
}

/// The name at the heart of a type.
pub(crate) fn base_name(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(inner) => base_name(inner),
    }
}
