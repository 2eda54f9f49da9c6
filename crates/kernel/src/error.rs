//! One error type and one table of codes for both APIs.
//!
//! A code fixes the HTTP status and the place in a GraphQL answer. The text says what failed, which field, what was
//! given, what is allowed and what to do. What only the operator should see goes into `internal` and the log.

use crate::Timestamp;
use std::fmt;

/// A result with the shared error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Where a GraphQL answer carries an error that happened in a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphqlPlace {
    /// In the payload's `userErrors`.
    UserErrors,
    /// In the top-level `errors`, with `extensions.code`.
    TopLevel,
}

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal, $status:literal, $place:ident, $title:literal, $advice:literal;)+) => {
        /// The stable code of an error. Clients switch on it; texts may change, codes do not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[doc = $doc])+ $variant,)+ }

        impl ErrorCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)+];

            /// The UPPER_SNAKE name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $code,)+ }
            }

            /// The HTTP status on REST.
            pub const fn status(self) -> u16 {
                match self { $(ErrorCode::$variant => $status,)+ }
            }

            /// Where GraphQL puts it when a mutation fails.
            pub const fn graphql_place(self) -> GraphqlPlace {
                match self { $(ErrorCode::$variant => GraphqlPlace::$place,)+ }
            }

            /// A short human title.
            pub const fn title(self) -> &'static str {
                match self { $(ErrorCode::$variant => $title,)+ }
            }

            /// What it means, for the documentation page.
            pub fn meaning(self) -> &'static str {
                match self { $(ErrorCode::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }

            /// What the caller should do, for the documentation page.
            pub const fn advice(self) -> &'static str {
                match self { $(ErrorCode::$variant => $advice,)+ }
            }
        }
    };
}

error_codes! {
    /// The request body could not be read as JSON in UTF-8, or is not a JSON object.
    MalformedBody = "MALFORMED_BODY", 400, TopLevel, "Malformed body", "Send one JSON object, encoded in UTF-8.";
    /// A query parameter of this name does not exist on this route.
    UnknownParameter = "UNKNOWN_PARAMETER", 400, TopLevel, "Unknown parameter", "Check the spelling against the operation's parameters.";
    /// A query parameter or header has a value that is not allowed.
    InvalidParameter = "INVALID_PARAMETER", 400, TopLevel, "Invalid parameter", "Use one of the values the message lists.";
    /// The filter names an unknown field, uses an operator the field does not have, or compares with a value of another type.
    InvalidFilter = "INVALID_FILTER", 400, TopLevel, "Invalid filter", "Compare with the filter documentation of the resource.";
    /// The order names a field one cannot sort by.
    InvalidSort = "INVALID_SORT", 400, TopLevel, "Invalid order", "Sort by one of the sortable fields the documentation lists.";
    /// The aggregate names a key or a figure that does not exist, cannot be grouped by or computed, or amounts whose currencies it does not keep apart.
    InvalidAggregate = "INVALID_AGGREGATE", 400, TopLevel, "Invalid aggregate", "Group by and compute from the fields the documentation of the resource lists.";
    /// The cursor is not one of ours, or came from a query with another filter or order.
    InvalidCursor = "INVALID_CURSOR", 400, TopLevel, "Invalid cursor", "Start again without a cursor, or use it with the query it came from.";
    /// The place in a feed is not kept any more: nobody has asked for it in a long time.
    CursorExpired = "CURSOR_EXPIRED", 410, TopLevel, "Expired cursor", "Begin again without a cursor, and drop from the copy what does not come again.";
    /// The query asks for more than one request may: its computed cost, depth, aliases or directives are over the limit.
    QueryTooComplex = "QUERY_TOO_COMPLEX", 400, TopLevel, "Query too complex", "Ask for smaller pages or fewer levels, or split the query.";
    /// The GraphQL document has a syntax error.
    GraphqlParseFailed = "GRAPHQL_PARSE_FAILED", 400, TopLevel, "GraphQL syntax error", "Correct the document at the given place.";
    /// The GraphQL document does not fit the schema.
    GraphqlValidationFailed = "GRAPHQL_VALIDATION_FAILED", 400, TopLevel, "GraphQL document does not fit the schema", "Compare the document with /schema.graphql.";
    /// An argument or a variable of a GraphQL request has a value that is not allowed.
    BadUserInput = "BAD_USER_INPUT", 400, TopLevel, "Invalid argument", "Use a value the message allows.";
    /// No credential, or one that is unknown, expired or revoked.
    Unauthenticated = "UNAUTHENTICATED", 401, TopLevel, "Not authenticated", "Send a valid token: Authorization: Bearer ….";
    /// The credential is valid but does not allow this action.
    Forbidden = "FORBIDDEN", 403, TopLevel, "Not allowed", "Use a credential with the scope the message names.";
    /// No such record, or none that you may see.
    NotFound = "NOT_FOUND", 404, UserErrors, "No such record", "Check the id; a deleted record is found with deleted=include.";
    /// No such address.
    RouteNotFound = "ROUTE_NOT_FOUND", 404, TopLevel, "No such address", "See /openapi.json for every address.";
    /// The address exists, but not for this method.
    MethodNotAllowed = "METHOD_NOT_ALLOWED", 405, TopLevel, "Method not allowed", "Use one of the methods in the Allow header.";
    /// None of the accepted media types can be served.
    NotAcceptable = "NOT_ACCEPTABLE", 406, TopLevel, "Not acceptable", "Accept application/json.";
    /// Another living record has this value in a field that must be unique.
    Duplicate = "DUPLICATE", 409, UserErrors, "Already exists", "Use another value, or update the record that has it.";
    /// A duplicate rule that refuses holds the new record for another one; `candidateIds` names those that you may see, the likeliest first.
    DuplicateFound = "DUPLICATE_FOUND", 409, UserErrors, "Looks like a duplicate", "Use or change what is there, or send it again with allowDuplicates.";
    /// The id you chose for a new record is taken.
    IdTaken = "ID_TAKEN", 409, UserErrors, "Id already taken", "Mint a new UUIDv7, or update the existing record.";
    /// The record is deleted; it can only be read with deleted=include, or restored.
    RecordDeleted = "RECORD_DELETED", 409, UserErrors, "Record is deleted", "Restore the record first.";
    /// Somebody else holds a lock of the record; `lockedUntil` tells until when, `lockedBy` who holds it, where you may know.
    RecordLocked = "RECORD_LOCKED", 409, UserErrors, "Record is locked", "Try again after the time in lockedUntil, or ask whoever holds the lock, or an administrator, to remove it.";
    /// The record is in a state in which this cannot be done: a deal that is lost cannot be won, a quote that has expired cannot be accepted.
    InvalidState = "INVALID_STATE", 409, UserErrors, "Not in this state", "Read the record; the message says in which state this can be done.";
    /// The move is one that the process knows, and something that it wants is missing; each is listed under errors.
    TransitionBlocked = "TRANSITION_BLOCKED", 409, UserErrors, "Something is missing for this move", "Do what is listed under errors, then repeat it; transitions tells what is missing beforehand.";
    /// Other records depend on this one.
    Referenced = "REFERENCED", 409, UserErrors, "Still referenced", "Delete or re-point the records the message names first.";
    /// A request with the same idempotency key is still running.
    IdempotencyInProgress = "IDEMPOTENCY_IN_PROGRESS", 409, UserErrors, "Same request still running", "Try again after the time in Retry-After.";
    /// The record has changed since the version you named, or is there (or not) where you asked to create only (or change only); the answer carries the current version of what is there.
    VersionConflict = "VERSION_CONFLICT", 412, UserErrors, "Record has changed", "Read the record again, merge your change, send it with the new version.";
    /// The body is larger than this server accepts.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", 413, TopLevel, "Body too large", "Send a smaller body.";
    /// The body's media type is not accepted here.
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", 415, TopLevel, "Unsupported media type", "Send Content-Type: application/json.";
    /// The body is well formed, but one or more fields are not valid; each is listed under errors.
    ValidationFailed = "VALIDATION_FAILED", 422, UserErrors, "Invalid fields", "Correct every field listed under errors.";
    /// The idempotency key was used before for another request.
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", 422, UserErrors, "Idempotency key used for another request", "Use a new key for a new request.";
    /// Something was tried too often of late, such as a password.
    RateLimited = "RATE_LIMITED", 429, TopLevel, "Too many attempts", "Try again after the time in Retry-After.";
    /// Something failed inside the server. It was logged under the request id.
    Internal = "INTERNAL", 500, TopLevel, "Internal error", "Report the request id to the operator.";
    /// The database cannot be reached or is too busy. Nothing was written, or it is not known to be; a retry with the same idempotency key is safe.
    DatabaseUnavailable = "DATABASE_UNAVAILABLE", 503, TopLevel, "Database unavailable", "Try again after the time in Retry-After.";
    /// The database has no room left on its disk. Nothing was written; reading goes on.
    StorageFull = "STORAGE_FULL", 503, TopLevel, "Disk full", "Tell the operator to make room; then repeat the request, with the same idempotency key.";
    /// The server is shutting down or has reached a limit of its own.
    Overloaded = "OVERLOADED", 503, TopLevel, "Server overloaded", "Try again after the time in Retry-After.";
}

macro_rules! problem_codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal;)+) => {
        /// What is wrong with one field.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ProblemCode { $($(#[doc = $doc])+ $variant,)+ }

        impl ProblemCode {
            /// Every code.
            pub const ALL: &'static [ProblemCode] = &[$(ProblemCode::$variant,)+];

            /// The UPPER_SNAKE name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(ProblemCode::$variant => $code,)+ }
            }

            /// What it means, for the documentation.
            pub fn meaning(self) -> &'static str {
                match self { $(ProblemCode::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

problem_codes! {
    /// The field must have a value.
    Required = "REQUIRED";
    /// The resource has no field of this name.
    UnknownField = "UNKNOWN_FIELD";
    /// The field is set by the server and cannot be written.
    ReadOnly = "READ_ONLY";
    /// The field is set when the record is created and cannot be changed.
    Immutable = "IMMUTABLE";
    /// The value is of another type.
    WrongType = "WRONG_TYPE";
    /// The text is longer than allowed.
    TooLong = "TOO_LONG";
    /// The number, date or amount is outside the allowed range.
    OutOfRange = "OUT_OF_RANGE";
    /// The value is not one of the allowed ones.
    NotAllowed = "NOT_ALLOWED";
    /// The text does not have the form the field asks for.
    InvalidFormat = "INVALID_FORMAT";
    /// The referenced record does not exist, is deleted, or cannot be seen.
    ReferenceNotFound = "REFERENCE_NOT_FOUND";
    /// The value contradicts another field.
    Contradiction = "CONTRADICTION";
    /// Another living record has this value.
    Taken = "TAKEN";
}

/// What is wrong with one field of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// JSON Pointer (RFC 6901) into the body, such as `/amount/currency`.
    pub pointer: String,
    /// What kind of problem.
    pub code: ProblemCode,
    /// What was given, what is allowed.
    pub detail: String,
}

/// An error on its way to the caller.
#[derive(Clone, Debug)]
pub struct Error(Box<Body>);

#[derive(Clone, Debug)]
struct Body {
    code: ErrorCode,
    detail: String,
    fields: Vec<FieldProblem>,
    current_version: Option<i64>,
    existing_id: Option<String>,
    candidate_ids: Vec<String>,
    locked_until: Option<Timestamp>,
    locked_by: Option<String>,
    retry_after: Option<u32>,
    allow: Option<String>,
    internal: Option<String>,
    collided: bool,
}

impl Error {
    /// An error with a text for the caller.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Error(Box::new(Body {
            code,
            detail: detail.into(),
            fields: Vec::new(),
            current_version: None,
            existing_id: None,
            candidate_ids: Vec::new(),
            locked_until: None,
            locked_by: None,
            retry_after: matches!(code, ErrorCode::DatabaseUnavailable | ErrorCode::Overloaded | ErrorCode::IdempotencyInProgress)
                .then_some(1),
            allow: None,
            internal: None,
            collided: false,
        }))
    }

    /// Invalid fields, all of them.
    pub fn validation(fields: Vec<FieldProblem>) -> Self {
        let named: Vec<&str> = fields.iter().map(|field| field.detail.as_str()).collect();
        let mut error = Error::new(ErrorCode::ValidationFailed, named.join(" "));
        error.0.fields = fields;
        error
    }

    /// One invalid field.
    pub fn invalid(pointer: impl Into<String>, code: ProblemCode, detail: impl Into<String>) -> Self {
        Error::validation(vec![FieldProblem::new(pointer, code, detail)])
    }

    /// A fault of ours: the text goes to the log only.
    pub fn internal(text: impl fmt::Display) -> Self {
        let mut error = Error::new(ErrorCode::Internal, "The server could not complete the request. It was logged under the request id.");
        error.0.internal = Some(text.to_string());
        error
    }

    /// The database is away or busy: the text goes to the log only.
    pub fn unavailable(text: impl fmt::Display) -> Self {
        let mut error = Error::new(
            ErrorCode::DatabaseUnavailable,
            "The database cannot be reached or is too busy. Try again in a second; with an idempotency key a retry is safe.",
        );
        error.0.internal = Some(text.to_string());
        error
    }

    /// Two transactions met head-on and this one was undone: it can start anew at once.
    pub fn collision(text: impl fmt::Display) -> Self {
        let mut error = Error::unavailable(text);
        error.0.collided = true;
        error
    }

    /// Whether a transaction that failed by this can start anew at once.
    pub fn is_collision(&self) -> bool {
        self.0.collided
    }

    /// The database's disk is full: the text goes to the log only.
    pub fn full(text: impl fmt::Display) -> Self {
        let detail = "The database has no room left on its disk, and nothing was written. Reading goes on. The operator must make room; then repeat the request.";
        let mut error = Error::new(ErrorCode::StorageFull, detail).with_retry_after(60);
        error.0.internal = Some(text.to_string());
        error
    }

    /// Names the record's current version.
    #[must_use]
    pub fn with_current_version(mut self, version: i64) -> Self {
        self.0.current_version = Some(version);
        self
    }

    /// Names the record that stands in the way.
    #[must_use]
    pub fn with_existing_id(mut self, id: String) -> Self {
        self.0.existing_id = Some(id);
        self
    }

    /// Names the records that this one looks like.
    #[must_use]
    pub fn with_candidates(mut self, ids: Vec<String>) -> Self {
        self.0.candidate_ids = ids;
        self
    }

    /// Names until when a record is locked, and by which principal where the caller may know.
    #[must_use]
    pub fn with_lock(mut self, until: Option<Timestamp>, by: Option<String>) -> Self {
        self.0.locked_until = until;
        self.0.locked_by = by;
        self
    }

    /// Adds field problems.
    #[must_use]
    pub fn with_fields(mut self, fields: Vec<FieldProblem>) -> Self {
        self.0.fields = fields;
        self
    }

    /// The same error of a part of a larger body: the pointers of its problems start at `pointer`, the part's own.
    #[must_use]
    pub fn within(mut self, pointer: &str) -> Self {
        for problem in &mut self.0.fields {
            problem.pointer.insert_str(0, pointer);
        }
        self
    }

    /// The methods a route allows, for 405.
    #[must_use]
    pub fn with_allow(mut self, allow: impl Into<String>) -> Self {
        self.0.allow = Some(allow.into());
        self
    }

    /// Seconds after which a retry makes sense.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The text for the caller.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Problems by field; empty unless the code is about fields.
    pub fn fields(&self) -> &[FieldProblem] {
        &self.0.fields
    }

    /// The record's current version, on a version conflict.
    pub fn current_version(&self) -> Option<i64> {
        self.0.current_version
    }

    /// The wire id of the record that stands in the way, where the caller may read it.
    pub fn existing_id(&self) -> Option<&str> {
        self.0.existing_id.as_deref()
    }

    /// The wire ids of the records that a refused one looks like, as far as the caller may read them.
    pub fn candidate_ids(&self) -> &[String] {
        &self.0.candidate_ids
    }

    /// Until when the record is locked.
    pub fn locked_until(&self) -> Option<Timestamp> {
        self.0.locked_until
    }

    /// The wire id of the principal who holds the lock, where the caller may know.
    pub fn locked_by(&self) -> Option<&str> {
        self.0.locked_by.as_deref()
    }

    /// Seconds for the Retry-After header.
    pub fn retry_after(&self) -> Option<u32> {
        self.0.retry_after
    }

    /// Methods for the Allow header.
    pub fn allow(&self) -> Option<&str> {
        self.0.allow.as_deref()
    }

    /// What the log shall say and the caller shall not see.
    pub fn internal_text(&self) -> Option<&str> {
        self.0.internal.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.as_str(), self.0.detail)?;
        if let Some(internal) = &self.0.internal {
            write!(f, " ({internal})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl FieldProblem {
    /// A problem at a pointer.
    pub fn new(pointer: impl Into<String>, code: ProblemCode, detail: impl Into<String>) -> Self {
        FieldProblem { pointer: pointer.into(), code, detail: detail.into() }
    }
}
