//! Contents of files: streamed up and down, kept once for each tenant by their SHA-256, and removed when no record holds them any more.
//!
//! Where the bytes lie is the business of a [`FileStorage`]; [`Disk`] keeps them in a directory. A record (of the resource whose definition
//! says `digest`) is made after its bytes are in place, so there is never a record without them; bytes whose record could not be made are
//! taken away again.

mod disk;
mod kind;

pub use disk::Disk;

use crate::Engine;
use crate::engine::Inner;
use crate::input::{self, Mode};
use crate::module::Draft;
use crate::task;
use crate::write::{self, Idempotency, WriteAction, WriteOutcome, WriteRequest};
use async_trait::async_trait;
use bytes::Bytes;
use clientela_access::{Action, authorize};
use clientela_kernel::{
    Comparison, Context, DeletedMode, Error, ErrorCode, FieldProblem, Filter, Name, ProblemCode, Result, Scopes, TenantId, Value,
};
use clientela_model::{ResourceDef, system};
use clientela_store::ChangeKind;
use futures_util::{Stream, StreamExt as _};
use serde_json::{Map, Value as Json};
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::RwLock;

/// How many of the first bytes are looked at to tell what they are.
const HEAD: usize = 1_024;
/// How long an upload may give no byte before it is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Keeps contents by tenant and digest.
#[async_trait]
pub trait FileStorage: Send + Sync {
    /// Begins to take a content. Nothing of it is there until it is finished; dropped, it leaves nothing.
    async fn begin(&self, tenant: TenantId) -> Result<Box<dyn FileWriter>>;

    /// A part of a content, piece by piece. None where it is not there.
    async fn read(&self, tenant: TenantId, digest: &str, range: Range<u64>) -> Result<Option<FileBytes>>;

    /// Removes a content; one that is not there is removed already.
    async fn remove(&self, tenant: TenantId, digest: &str) -> Result<()>;
}

/// The bytes of a content, piece by piece.
pub type FileBytes = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// A content on its way in.
#[async_trait]
pub trait FileWriter: Send {
    /// Takes further bytes. `STORAGE_FULL` where there is no room.
    async fn write(&mut self, bytes: &[u8]) -> Result<()>;

    /// Puts the whole in place under its digest: when this answers it is durable. The same content may be there already.
    async fn finish(self: Box<Self>) -> Result<String>;
}

/// What may be uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLimits {
    /// Greatest size of a file in bytes.
    pub bytes: u64,
    /// Media types that are taken: `image/png`, `image/*`; all where empty.
    pub media_types: Vec<String>,
}

impl Default for FileLimits {
    fn default() -> Self {
        FileLimits { bytes: 100 << 20, media_types: Vec::new() }
    }
}

/// The contents of a server, with the rules for them.
pub struct Files {
    storage: Arc<dyn FileStorage>,
    limits: FileLimits,
    /// Shared from the moment a content is put in place until its record is there; alone while one is looked for and removed.
    placing: RwLock<()>,
}

/// A file to be taken.
pub struct Upload {
    /// The fields that a caller may write, in wire form; `mediaType` among them.
    pub body: Map<String, Json>,
    /// The size the caller declared, if any: what comes must be just as long.
    pub size: Option<u64>,
    /// The bytes.
    pub bytes: Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>,
}

/// What a repeated request is told by: from the digest and the fields.
pub type Binding = Box<dyn FnOnce(&str) -> Result<Option<Idempotency>> + Send>;

impl Engine {
    /// The same engine with a place for the contents of files. Without one, uploads and downloads are refused.
    #[must_use]
    pub fn with_files(self, storage: Arc<dyn FileStorage>, limits: FileLimits) -> Engine {
        let files = Some(Arc::new(Files { storage, limits, placing: RwLock::new(()) }));
        Engine { inner: Arc::new(Inner { files, ..Inner::clone(&self.inner) }) }
    }

    /// What may be uploaded.
    pub fn file_limits(&self) -> FileLimits {
        self.inner.files.as_ref().map(|files| files.limits.clone()).unwrap_or_default()
    }

    /// Takes a file: its bytes, then its record. `bind` makes the idempotency key's fingerprint once the digest is known.
    ///
    /// # Errors
    /// `PAYLOAD_TOO_LARGE` beyond the limit, after no more bytes than that were read; `VALIDATION_FAILED` for fields, for a type that is not taken or is
    /// not what the bytes are, and for a declared size that is not theirs; `STORAGE_FULL`; `MALFORMED_BODY` where the bytes break off. Nothing
    /// is left then.
    pub async fn upload(&self, context: &Context, def: &Arc<ResourceDef>, upload: Upload, bind: Binding) -> Result<WriteOutcome> {
        let (inner, context, def) = (Arc::clone(&self.inner), context.clone(), Arc::clone(def));
        let grant = authorize(&context, &def, Action::Create)?;
        let files = inner.files()?;
        let mut body = upload.body;
        let declared = body.remove("mediaType").and_then(|json| json.as_str().map(str::to_owned));
        let mut problems = Vec::new();
        if let Some(declared) = &declared {
            problems.extend(media_type_problem(&files.limits, declared));
        }
        let decoded = input::decode(&def, &grant.fields, &body, Mode::Create);
        problems.extend(decoded.problems);
        if !body.contains_key("name") {
            problems.push(FieldProblem::new("/name", ProblemCode::Required, "name is missing: say what the file is called."));
        }
        if !problems.is_empty() {
            return Err(Error::validation(problems));
        }
        if let Some(size) = upload.size.filter(|size| *size > files.limits.bytes) {
            let text = format!("size is {size}, more than the {} bytes this server takes. See /v1/limits.", files.limits.bytes);
            return Err(Error::validation(vec![FieldProblem::new("/size", ProblemCode::Contradiction, text)]));
        }
        let (writer, size, head) = receive(&files, context.tenant, upload.bytes, upload.size).await?;
        let found = kind::of(&head);
        let media_type = declared.unwrap_or_else(|| found.map_or("application/octet-stream", |kind| kind.media_type).to_owned());
        if let Some(problem) =
            found.and_then(|found| found.contradiction(&media_type)).or_else(|| media_type_problem(&files.limits, &media_type))
        {
            return Err(Error::validation(vec![problem]));
        }
        let mut values: Vec<(Name, Value)> =
            decoded.values.into_iter().filter_map(|(index, value)| Some((def.fields.get(index)?.name.clone(), value))).collect();
        values.extend(decoded.id.map(|id| (system::ID.into(), Value::Id(id.0))));
        // From here on it is carried to its end, whether the caller waits or not.
        task::owned(async move {
            let placing = files.placing.read().await;
            let digest = writer.finish().await?;
            let size = i64::try_from(size).map_err(Error::internal)?;
            values.push(("mediaType".into(), media_type.into()));
            values.push(("size".into(), Value::Integer(size)));
            values.push((inner.content_field(&def)?, digest.as_str().into()));
            let request = WriteRequest { def, action: WriteAction::Make { values }, idempotency: bind(&digest)? };
            let written = write::execute(Arc::clone(&inner), context.clone(), request).await;
            drop(placing);
            if written.as_ref().map_or(true, |outcome| outcome.replayed) {
                inner.release(&context, vec![digest]).await;
            }
            written
        })
        .await
    }

    /// A part of the content of a file. `NOT_FOUND` where its bytes are gone.
    pub async fn download(&self, tenant: TenantId, digest: &str, range: Range<u64>) -> Result<FileBytes> {
        let bytes = self.inner.files()?.storage.read(tenant, digest, range).await?;
        bytes.ok_or_else(|| {
            tracing::warn!(digest, "the content of a file is missing in the folder of files");
            let text = "The record is there, but its content is not on this server: the folder `files` of the data directory lacks it, as after a \
                        backup was restored without that folder. Copy the folder from where the backup was made, or send the file again.";
            Error::new(ErrorCode::NotFound, text)
        })
    }
}

/// Writes what comes, and keeps its beginning.
async fn receive(
    files: &Files,
    tenant: TenantId,
    mut bytes: Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>,
    declared: Option<u64>,
) -> Result<(Box<dyn FileWriter>, u64, Vec<u8>)> {
    let mut writer = files.storage.begin(tenant).await?;
    let (mut size, mut head) = (0u64, Vec::new());
    loop {
        let next = tokio::time::timeout(PATIENCE, bytes.next()).await;
        let next = next.map_err(|_| Error::new(ErrorCode::MalformedBody, "The file came to a halt half-way. Send it again."))?;
        let Some(piece) = next.transpose()? else { break };
        size = size.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if size > files.limits.bytes {
            return Err(too_large(&files.limits));
        }
        if let Some(declared) = declared.filter(|declared| size > *declared) {
            return Err(wrong_size(declared, "more"));
        }
        let room = HEAD.saturating_sub(head.len()).min(piece.len());
        head.extend_from_slice(piece.get(..room).unwrap_or_default());
        writer.write(&piece).await?;
    }
    match declared {
        Some(declared) if size < declared => Err(wrong_size(declared, &size.to_string())),
        _ => Ok((writer, size, head)),
    }
}

fn wrong_size(declared: u64, found: &str) -> Error {
    let text = format!("size says {declared} bytes, and there were {found}. Leave it out, or send the file whole.");
    Error::validation(vec![FieldProblem::new("/size", ProblemCode::Contradiction, text)])
}

fn too_large(limits: &FileLimits) -> Error {
    let text = format!("The file is larger than the {} bytes this server takes. See /v1/limits.", limits.bytes);
    Error::new(ErrorCode::PayloadTooLarge, text)
}

/// Whether a media type is one, and one that is taken.
fn media_type_problem(limits: &FileLimits, text: &str) -> Option<FieldProblem> {
    let problem = |code, detail: String| Some(FieldProblem::new("/mediaType", code, detail));
    let token = |part: &str| {
        (1..=60).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".+-_".contains(&byte))
    };
    let Some((kind, _)) = text.split_once('/').filter(|(kind, form)| token(kind) && token(form)) else {
        let detail = format!("mediaType must be a media type in lower case without parameters, such as application/pdf. It was {text:?}.");
        return problem(ProblemCode::InvalidFormat, detail);
    };
    let taken = limits.media_types.is_empty()
        || limits.media_types.iter().any(|taken| taken == text || taken.strip_suffix("/*").is_some_and(|taken| taken == kind));
    if taken {
        return None;
    }
    problem(
        ProblemCode::Contradiction,
        format!("mediaType is {text}, which this server does not take. It takes {}.", limits.media_types.join(", ")),
    )
}

impl Inner {
    pub(crate) fn files(&self) -> Result<Arc<Files>> {
        self.files.clone().ok_or_else(|| Error::unavailable("this server has no place for the contents of files"))
    }

    fn content_field(&self, def: &ResourceDef) -> Result<Name> {
        def.digest.clone().ok_or_else(|| Error::internal(format!("{} hold no contents", def.plural)))
    }

    /// The digests that erased records held.
    pub(crate) fn let_go(drafts: &[Draft]) -> Vec<String> {
        let digest = |draft: &Draft| draft.def.digest.as_ref().and_then(|field| draft.get(field).as_text().map(str::to_owned));
        drafts.iter().filter(|draft| draft.kind == ChangeKind::Erased).filter_map(digest).collect()
    }

    /// Removes the contents that no record holds any more, living or deleted. What fails is logged: the write it follows stands.
    pub(crate) async fn release(&self, context: &Context, digests: Vec<String>) {
        let Some(files) = self.files.clone().filter(|_| !digests.is_empty()) else { return };
        let _alone = files.placing.write().await;
        for digest in digests {
            if let Err(error) = self.release_one(&files, context, &digest).await {
                tracing::error!(%error, digest, "a content that no record holds could not be removed");
            }
        }
    }

    async fn release_one(&self, files: &Files, context: &Context, digest: &str) -> Result<()> {
        let scope = self.store.scope(context.tenant);
        // Whatever the caller may see: it is about whether anything is left.
        let context = Context { scopes: Scopes::ALL, ..context.clone() };
        for def in self.registry.resources() {
            let Some(field) = &def.digest else { continue };
            let held = Filter::field(field.clone(), Comparison::Equal(digest.into()));
            if !crate::read::record(&self.registry, &context, &scope, def, &held, DeletedMode::Include, 1).await?.is_empty() {
                return Ok(());
            }
        }
        files.storage.remove(context.tenant, digest).await
    }
}
