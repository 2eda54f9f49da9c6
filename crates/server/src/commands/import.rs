//! `clientela import`.

use super::{Failure, house, print};
use crate::assemble::House;
use crate::cli::Import;
use crate::config::Config;
use crate::tenants;
use clientela_engine::import::{self, Counts, Input, Mapping, Mode, Outcome, Plan, Problem, Sink, Summary};
use clientela_kernel::{Context, Error, ErrorCode, Filter};
use serde_json::{Value as Json, json};
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Exit code of an import that has ended and refused something.
const REFUSED: u8 = 2;
/// Problems that are shown; the report has them all.
const SHOWN: usize = 20;
/// How often progress is told.
const PROGRESS: Duration = Duration::from_secs(1);

/// Imports a file. Answers the exit code: 0 where everything was right, 2 where something was refused.
pub async fn run(config: &Config, arguments: &Import, as_json: bool) -> Result<u8, Failure> {
    let begun = Instant::now();
    // A file is looked at before the database is.
    let mapping = arguments.mapping.as_deref().map(|path| mapping(&read(path)?)).transpose()?;
    drop(File::open(&arguments.file).map_err(|error| refuse(format!("The file {} cannot be read: {error}.", arguments.file.display())))?);
    let mut listener = Listener::new(arguments, as_json, begun)?;
    let house = house(config).await?;
    let context = tenants::system_context(&house, tenants::find(&house.store, arguments.tenant.as_deref()).await?);
    let context = Context { allow_duplicates: arguments.allow_duplicates, ..context };
    let engine = house.engine.for_tenant(context.tenant).await.map_err(Failure::Run)?;
    let mapping = match (mapping, arguments.mapping_name.as_deref()) {
        (Some(mapping), _) => mapping,
        (None, Some(name)) => self::mapping(&saved(&house, &context, name).await?)?,
        (None, None) => return Err(refuse("A mapping is needed: --mapping FILE or --mapping-name NAME.".to_owned())),
    };
    let plan = Plan::new(&mapping, engine.registry()).map_err(|refusal| refuse(refusal.to_string()))?;
    let mode = match (arguments.dry_run, arguments.atomic) {
        (true, _) => Mode::DryRun,
        (false, true) => Mode::Atomic,
        (false, false) => Mode::Each,
    };
    let input: Arc<dyn Input> = Arc::new(OnDisk(arguments.file.clone()));
    let ran = match import::readable(Arc::new(plan), input, &config.data).await {
        Ok(opened) => import::run(&engine, &context, opened, mode, None, &mut listener).await,
        Err(refusal) => Err(refusal),
    };
    house.store.close().await;
    let outcome = ran.map_err(|refusal| refuse(refusal.to_string()))?;
    let shown = listener.end()?;
    let answer = answer(&outcome, mode, begun.elapsed());
    print(as_json, &answer, &summary(arguments, &outcome, mode, &shown, begun.elapsed()))?;
    match &outcome.stopped {
        Some(_) => Ok(1),
        None if outcome.summary.problems > 0 => Ok(REFUSED),
        None => Ok(0),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| refuse(format!("The mapping {} cannot be read: {error}.", path.display())))
}

fn mapping(text: &str) -> Result<Mapping, Failure> {
    Mapping::parse(text).map_err(|refusal| refuse(refusal.to_string()))
}

/// The text of a mapping that the tenant has saved.
async fn saved(house: &House, context: &Context, name: &str) -> Result<String, Failure> {
    let def = house.engine.registry().resource("importMapping").ok_or_else(|| refuse("There are no saved mappings.".to_owned()))?;
    let all = house.engine.found(context, def, &Filter::And(Vec::new())).await?;
    let named = all.iter().find(|mapping| mapping.get("name").as_text() == Some(name));
    let text = named.and_then(|mapping| mapping.get("text").as_text()).map(str::to_owned);
    text.ok_or_else(|| {
        let known: Vec<&str> = all.iter().filter_map(|mapping| mapping.get("name").as_text()).collect();
        refuse(format!("The tenant has saved no mapping {name:?}. Known: {}.", known.join(", ")))
    })
}

/// A file that can be opened as often as need be.
struct OnDisk(PathBuf);

impl Input for OnDisk {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(File::open(&self.0)?))
    }
}

fn refuse(text: String) -> Failure {
    Failure::Run(Error::new(ErrorCode::ValidationFailed, text))
}

/// Writes the report, and tells of progress.
struct Listener {
    report: Option<(PathBuf, BufWriter<File>)>,
    broken: Option<io::Error>,
    shown: Vec<String>,
    progress: bool,
    begun: Instant,
    told: Option<Instant>,
}

impl Listener {
    fn new(arguments: &Import, as_json: bool, begun: Instant) -> Result<Listener, Failure> {
        let made = |path: &PathBuf| match File::create(path) {
            Ok(file) => Ok((path.clone(), BufWriter::new(file))),
            Err(error) => Err(refuse(format!("The report {} cannot be written: {error}.", path.display()))),
        };
        let report = arguments.report.as_ref().map(made).transpose()?;
        let progress = arguments.progress || (!as_json && io::stderr().is_terminal());
        Ok(Listener { report, broken: None, shown: Vec::new(), progress, begun, told: None })
    }

    /// Finishes the report. Answers the problems to show.
    fn end(mut self) -> Result<Vec<String>, Failure> {
        if let Some((path, mut report)) = self.report.take() {
            match self.broken.take().map_or_else(|| report.flush(), Err) {
                Ok(()) => {}
                Err(error) => return Err(refuse(format!("The report {} could not be written to its end: {error}.", path.display()))),
            }
        }
        Ok(self.shown)
    }
}

impl Sink for Listener {
    fn problem(&mut self, problem: &Problem) {
        if let Some((_, report)) = &mut self.report
            && let Err(error) = writeln!(report, "{}", problem.json())
        {
            self.broken.get_or_insert(error);
        }
        if self.shown.len() < SHOWN {
            self.shown.push(problem.text());
        }
    }

    fn progress(&mut self, so_far: &Summary) {
        if !self.progress || self.told.is_some_and(|told| told.elapsed() < PROGRESS) {
            return;
        }
        self.told = Some(Instant::now());
        let total = so_far.total();
        let done = total.created + total.updated + total.unchanged;
        let line = format!(
            "{} rows read, {done} records done ({} created), {} rows with something refused, {} s",
            so_far.rows,
            total.created,
            so_far.rejected_rows,
            self.begun.elapsed().as_secs()
        );
        // Nobody may be looking.
        let _ = writeln!(io::stderr(), "{line}");
    }
}

fn answer(outcome: &Outcome, mode: Mode, took: Duration) -> Json {
    let mut answer = outcome.summary.json();
    if let Json::Object(fields) = &mut answer {
        let mode = match mode {
            Mode::Each => "EACH",
            Mode::Atomic => "ATOMIC",
            Mode::DryRun => "DRY_RUN",
        };
        fields.insert("mode".to_owned(), mode.into());
        fields.insert("written".to_owned(), outcome.written.into());
        fields.insert("milliseconds".to_owned(), u64::try_from(took.as_millis()).unwrap_or(u64::MAX).into());
        if let Some(error) = &outcome.stopped {
            let text = error.internal_text().unwrap_or(error.detail());
            fields.insert("error".to_owned(), json!({"code": error.code().as_str(), "message": text}));
        }
    }
    answer
}

fn summary(arguments: &Import, outcome: &Outcome, mode: Mode, shown: &[String], took: Duration) -> String {
    let found = &outcome.summary;
    let name = arguments.file.file_name().map_or_else(|| arguments.file.display().to_string(), |name| name.to_string_lossy().into_owned());
    let mut lines = vec![format!(
        "{name}: {} rows ({}), {} with something refused, {:.1} s",
        found.rows,
        found.encoding,
        found.rejected_rows,
        took.as_secs_f64()
    )];
    let width = found.records.keys().map(String::len).max().unwrap_or(0);
    let counts = |counts: &Counts| {
        let Counts { created, updated, unchanged, rejected } = counts;
        format!("{created} created, {updated} updated, {unchanged} unchanged, {rejected} refused")
    };
    lines.extend(found.records.iter().map(|(resource, found)| format!("  {resource:width$}  {}", counts(found))));
    if !shown.is_empty() {
        lines.push(String::new());
        lines.extend(shown.iter().map(|problem| format!("  {problem}")));
        let more = found.problems.saturating_sub(u64::try_from(shown.len()).unwrap_or(0));
        match (more, &arguments.report) {
            (0, _) => {}
            (more, Some(report)) => lines.push(format!("  … and {more} more, in {}", report.display())),
            (more, None) => lines.push(format!("  … and {more} more; --report FILE lists them all")),
        }
    }
    let end = match (&outcome.stopped, mode) {
        (Some(error), mode) => {
            let rest = match mode {
                Mode::Each => "What is counted above is written; run the same command again to complete it.",
                Mode::Atomic | Mode::DryRun => "Nothing was written.",
            };
            Some(format!("Broken off: {} {rest}", error.internal_text().unwrap_or(error.detail())))
        }
        (None, Mode::DryRun) => Some("Nothing was written: this was a dry run.".to_owned()),
        (None, Mode::Atomic) if !outcome.written => Some("Nothing was written, since something was refused.".to_owned()),
        (None, _) => None,
    };
    if let Some(end) = end {
        lines.extend([String::new(), end]);
    }
    lines.join("\n")
}
