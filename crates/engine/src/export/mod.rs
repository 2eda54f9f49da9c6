//! Export: the records of a resource as a file, in the order of their ids, page by page in constant memory.
//!
//! Every page is read as the caller would read it, with the caller's rights. A record that is there from beginning to
//! end of an export is in it once, as it was when its page was read; the whole is no snapshot of one moment.

mod cell;
mod column;
mod members;
mod parquet;
mod xlsx;

use crate::engine::Engine;
use crate::filter::FilterReader;
use crate::plan::{Connection, ConnectionItem, PageInfoItem, Selection};
use crate::read;
use crate::task::{Started, started};
pub(crate) use cell::FORMULA;
use clientela_access::{Action, authorize};
use clientela_kernel::{Context, Cursor, DeletedMode, Error, ErrorCode, Filter, ListArguments, PageArguments, Result};
use clientela_model::{Registry, ResourceDef};
use column::Column;
use members::Members;
use parquet::Table;
use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;
use xlsx::Sheet;

/// Pages that wait to be written.
const AHEAD: usize = 2;

/// How the records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values (RFC 4180) in UTF-8 with a line of column names.
    Csv,
    /// A JSON object a line.
    Ndjson,
    /// A spreadsheet of the kind that Excel writes: one sheet, the names of the columns in its first row.
    Xlsx,
    /// A Parquet file: every column of its own type, compressed with Zstandard.
    Parquet,
}

/// An export as it is asked for.
#[derive(Clone, Debug)]
pub struct ExportRequest {
    /// The resource: its name or its path.
    pub resource: String,
    /// Fields, also of records reached through to-one relations (`account.name`); every field of the record where empty.
    pub fields: Vec<String>,
    /// Which records: the JSON filter tree.
    pub filter: Option<Json>,
    /// Deleted records or not.
    pub deleted: DeletedMode,
    /// How they are written.
    pub format: Format,
    /// Whether text that a spreadsheet would take for a formula is kept from being one (CSV).
    pub guarded: bool,
}

/// An export that was checked.
pub struct ExportPlan {
    def: Arc<ResourceDef>,
    columns: Vec<Column>,
    selection: Arc<Selection>,
    list: ListArguments,
    format: Format,
    guarded: bool,
    importable: bool,
}

/// The records of a page, each as its JSON text or by its members.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct Page<T> {
    data: Vec<T>,
}

impl ExportPlan {
    /// Checks a request against the definitions and the caller's rights.
    ///
    /// # Errors
    /// `NOT_FOUND` where there is no such resource, `INVALID_PARAMETER` for a field that cannot be exported, `INVALID_FILTER`.
    pub fn new(registry: &Registry, context: &Context, request: &ExportRequest) -> Result<ExportPlan> {
        let def = find(registry, &request.resource)?;
        let (columns, selection) = column::select(registry, context, def, &request.fields)?;
        let filter = request.filter.as_ref().map(|filter| FilterReader::new(registry, context).read(def, filter)).transpose()?;
        // What may be read is seen to where it is read.
        let taken = authorize(context, def, Action::Export)?.rows;
        let filter = match (filter, taken) {
            (Some(filter), Some(taken)) => Some(Filter::And(vec![filter, taken])),
            (filter, taken) => filter.or(taken),
        };
        let list =
            ListArguments { filter, sort: Vec::new(), page: PageArguments::first(PageArguments::MAXIMUM_LIMIT), deleted: request.deleted };
        let importable = registry.is_upsertable(def) && columns.iter().any(Column::is_id);
        Ok(ExportPlan {
            def: Arc::clone(def),
            columns,
            selection: Arc::new(selection),
            list,
            format: request.format,
            guarded: request.guarded,
            importable,
        })
    }

    /// The resource.
    pub fn resource(&self) -> &ResourceDef {
        &self.def
    }

    /// The mapping by which `clientela import` reads the file back: each record is told again by its id.
    /// None where a column belongs to another record, the id is not among them, or nobody may write such records.
    pub fn mapping(&self) -> Option<String> {
        let fields = self.columns.iter().map(|column| column.mapping()).collect::<Option<Vec<_>>>()?;
        self.importable.then_some(())?;
        let format = match self.format {
            Format::Csv if self.guarded => "format = \"csv\"\nencoding = \"utf-8\"\ndelimiter = \",\"\nguarded = true\ntrim = false",
            Format::Csv => "format = \"csv\"\nencoding = \"utf-8\"\ndelimiter = \",\"\ntrim = false",
            Format::Ndjson => "format = \"ndjson\"\ntrim = false",
            Format::Xlsx => "format = \"xlsx\"\ntrim = false",
            Format::Parquet => "format = \"parquet\"\ntrim = false",
        };
        let mut text =
            format!("[source]\n{format}\n\n[[record]]\nresource = \"{}\"\nkey = {{ field = \"id\" }}\n\n[record.fields]\n", self.def.name);
        for line in fields.iter().flatten() {
            let _ = writeln!(text, "{line}");
        }
        Some(text)
    }

    /// Appends the records of a page as lines; answers how many there are.
    fn lines(&self, page: &[u8], text: &mut Vec<u8>) -> Result<usize> {
        if self.format == Format::Ndjson {
            let records: Page<&RawValue> = serde_json::from_slice(page).map_err(Error::internal)?;
            for record in &records.data {
                text.extend_from_slice(record.get().as_bytes());
                text.push(b'\n');
            }
            return Ok(records.data.len());
        }
        let records: Page<Members<'_>> = serde_json::from_slice(page).map_err(Error::internal)?;
        let mut writer = cell::writer(text);
        for record in &records.data {
            for column in &self.columns {
                column.write(record, self.guarded, &mut writer)?;
            }
            cell::end_row(&mut writer)?;
        }
        writer.flush().map_err(Error::internal)?;
        Ok(records.data.len())
    }

    /// A page of the records, from beyond one on.
    fn page(&self, beyond: Option<Uuid>) -> ListArguments {
        // The order is that of the ids, so that one of them is a place.
        let after = beyond.map(|id| Cursor { fingerprint: String::new(), values: Vec::new(), id });
        ListArguments { page: PageArguments { after, ..self.list.page.clone() }, ..self.list.clone() }
    }
}

/// Writes the records to `out`, by way of files without names in `folder` where the format asks for it, and tells `progress` after each page how many there are so far. Answers how many there were.
///
/// # Errors
/// What a read may answer, and `INTERNAL` where `out` cannot be written, with the reason.
pub async fn run(
    engine: &Engine,
    context: &Context,
    plan: ExportPlan,
    out: &mut (dyn Write + Send),
    folder: &Path,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<u64> {
    let mut written = 0u64;
    let mut text = Vec::new();
    let (mut sheet, mut table) = (None, None);
    match plan.format {
        Format::Csv => cell::row(&mut cell::writer(&mut text), plan.columns.iter().flat_map(Column::heads))?,
        Format::Ndjson => {}
        Format::Xlsx => sheet = Some(Sheet::new(plan.columns.iter().flat_map(Column::heads), folder)?),
        Format::Parquet => table = Some(Table::new(&plan.columns)?),
    }
    let plan = Arc::new(plan);
    let (mut pages, _reading) = pages(engine, context, &plan);
    while let Some(page) = pages.recv().await {
        let page = page.ended().await??;
        let count = if sheet.is_some() || table.is_some() {
            let records: Page<Json> = serde_json::from_slice(&page).map_err(Error::internal)?;
            for record in &records.data {
                if let Some(sheet) = &mut sheet {
                    sheet.record(&plan.columns, record)?;
                }
                if let Some(table) = &mut table {
                    table.record(&plan.columns, record, &mut text)?;
                }
            }
            records.data.len()
        } else {
            plan.lines(&page, &mut text)?
        };
        out.write_all(&text).map_err(|error| unwritable(&error))?;
        text.clear();
        written = written.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        progress(written);
    }
    if let Some(sheet) = sheet {
        sheet.finish(out)?;
    }
    if let Some(table) = table {
        table.finish(&mut text)?;
        out.write_all(&text).map_err(|error| unwritable(&error))?;
    }
    out.flush().map_err(|error| unwritable(&error))?;
    Ok(written)
}

/// A page on its way.
type PageRead = Started<Result<Vec<u8>>>;

/// Reads the pages, each one's JSON, in order: while one becomes JSON the next is fetched, and those before are written to the file. It ends where nobody
/// takes the second part of the answer along.
fn pages(engine: &Engine, context: &Context, plan: &Arc<ExportPlan>) -> (mpsc::Receiver<PageRead>, Started<()>) {
    let (send, pages) = mpsc::channel(AHEAD);
    let (engine, context, plan) = (engine.clone(), context.clone(), Arc::clone(plan));
    let reading = started(async move {
        let mut beyond = None;
        loop {
            let (there, last) = oneshot::channel();
            if send.send(page(&engine, &context, &plan, beyond, there)).await.is_err() {
                return;
            }
            match last.await {
                Ok(Some(id)) => beyond = Some(id),
                // It was the last one, or it has failed, which its own answer says.
                Ok(None) | Err(_) => return,
            }
        }
    });
    (pages, reading)
}

/// Begins to read a page.
fn page(
    engine: &Engine,
    context: &Context,
    plan: &Arc<ExportPlan>,
    beyond: Option<Uuid>,
    there: oneshot::Sender<Option<Uuid>>,
) -> PageRead {
    let (engine, context, plan) = (engine.clone(), context.clone(), Arc::clone(plan));
    started(async move {
        let (mut page, list) = (Vec::new(), plan.page(beyond));
        let items = vec![
            ConnectionItem::Nodes { key: "data".into(), selection: Arc::clone(&plan.selection) },
            // Without it nobody would look whether more follow.
            ConnectionItem::PageInfo { key: "page".into(), items: vec![PageInfoItem::Next("next".into())] },
        ];
        // Nobody waits for it where the export has ended.
        let there = |last| {
            let _ = there.send(last);
        };
        let scope = engine.inner.store.scope(context.tenant);
        let connection = Connection { items };
        let (_, sights) = read::page(engine.registry(), &context, &scope, &plan.def, &list, &connection, there, &mut page).await?;
        engine.saw(&context, sights).await;
        Ok(page)
    })
}

fn unwritable(error: &std::io::Error) -> Error {
    Error::internal(format!("The export cannot be written: {error}."))
}

/// The shape that names of columns ask for: fields, and records reached through to-one relations with theirs.
///
/// # Errors
/// `INVALID_PARAMETER` for a field that there is not, or that the caller may not see.
pub fn selection(registry: &Registry, context: &Context, def: &ResourceDef, names: &[String]) -> Result<Selection> {
    column::select(registry, context, def, names).map(|(_, selection)| selection)
}

/// Checks the names of columns.
pub(crate) fn check_columns(registry: &Registry, context: &Context, def: &ResourceDef, names: &[String]) -> Result<()> {
    column::select(registry, context, def, names).map(drop)
}

/// The resource of a name or a path.
pub(crate) fn find<'r>(registry: &'r Registry, name: &str) -> Result<&'r Arc<ResourceDef>> {
    registry.resource(name).or_else(|| registry.resources().iter().find(|def| def.path == *name || def.plural == *name)).ok_or_else(|| {
        let hint = crate::filter::operand::nearest(name, registry.resources().iter().map(|def| def.name.as_ref()));
        Error::new(ErrorCode::NotFound, format!("There is no resource {name:?}{hint}."))
    })
}
