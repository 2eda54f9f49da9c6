//! Carrying an export out.

use super::running::Halt;
use super::{Running, passes, spool};
use crate::content::file;
use crate::export_job::Asked;
use crate::parts;
use crate::queue::{Ending, JobKind};
use async_trait::async_trait;
use clientela_engine::{export, ids};
use clientela_kernel::{Context, Error, Result, Value};
use std::fs::File;
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write};

/// Bytes that are gathered before they go to disk.
const BUFFER: usize = 1 << 18;

/// Writes the file that an export asks for.
pub(super) struct Export;

#[async_trait]
impl JobKind for Export {
    fn name(&self) -> &'static str {
        "export"
    }

    async fn run(&self, running: &Running, context: &Context) -> Result<Ending> {
        let Some((about, job)) = running.about.zip(running.record().await?) else { return Ok(Ending::Left) };
        let worker = &running.worker;
        let asked = Asked::of(|field| job.get(field));
        let engine = worker.engine.for_tenant(context.tenant).await?;
        let plan = match asked.plan(engine.registry(), context) {
            Ok(plan) => plan,
            Err(error) => return Ok(Ending::Broken(Vec::new(), error)),
        };
        // What an earlier attempt has left.
        if let Some((key, bytes)) = file(&job) {
            parts::remove(&running.scope, key, bytes, worker.now()).await?;
        }
        let mut out = BufWriter::with_capacity(BUFFER, Halting { file: spool::file(&worker.folder)?, running, bytes: 0, full: false });
        let mut progress = |written: u64| running.tell(vec![("recordsWritten", number(written))]);
        let ran = export::run(&engine, context, plan, &mut out, &worker.folder, &mut progress).await;
        let written = match (ran, running.halted()) {
            (_, Some(Halt::Unwanted | Halt::Lost | Halt::Ended)) => return Ok(Ending::Left),
            (Ok(written), None) => written,
            (Err(_), None) if out.get_ref().full => {
                let full = spool::unwritable(&io::ErrorKind::StorageFull.into());
                return Ok(Ending::Broken(Vec::new(), full));
            }
            (Err(error), None) if passes(&error) => return Err(error),
            (Err(error), None) => return Ok(Ending::Broken(Vec::new(), error)),
        };
        let Halting { mut file, bytes, .. } = out.into_inner().map_err(|error| Error::internal(error.error()))?;
        file.seek(SeekFrom::Start(0)).map_err(|error| spool::unwritable(&error))?;
        let key = ids::mint(worker.now()).0;
        let place = vec![("contentKey", Value::Text(key.to_string())), ("contentBytes", number(bytes))];
        worker.note(about, place, None).await?;
        match parts::write(&running.scope, key, file, bytes, worker.now()).await {
            Ok(()) => Ok(Ending::Done(vec![("recordsWritten", number(written))])),
            Err(error) if passes(&error) => Err(error),
            Err(error) => Ok(Ending::Broken(vec![("recordsWritten", number(written))], error)),
        }
    }
}

fn number(count: u64) -> Value {
    Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

/// A file that takes no more once the job is to stop.
struct Halting<'r> {
    file: File,
    running: &'r Running,
    bytes: u64,
    full: bool,
}

impl Write for Halting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.running.halted().is_some() {
            return Err(io::ErrorKind::Other.into());
        }
        let written = self.file.write(bytes).inspect_err(|error| self.full |= error.kind() == io::ErrorKind::StorageFull)?;
        self.bytes = self.bytes.saturating_add(u64::try_from(written).unwrap_or(0));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
