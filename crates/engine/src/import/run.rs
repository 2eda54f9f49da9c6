//! An import from its first row to its last: rows are read ahead, many are written side by side in few statements, and rows that touch the same
//! key keep their order. What refers to a row further down waits for another reading of the file.

use super::checkpoint::Checkpoint;
use super::plan::Plan;
use super::prepare::{Candidate, Prepared, Preparer, unreadable};
use super::records::Records;
use super::report::{Problem, Summary};
use super::row::Row;
use super::seen::Seen;
use super::source::Source;
use super::write::{Done, write};
use super::{Opened, Refusal, Repeats};
use crate::Engine;
use crate::task::{Started, started};
use clientela_kernel::{Context, Error, ErrorCode, Result};
use futures_util::future::BoxFuture;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::hash::RandomState;
use std::io::{self, Read};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Rows that are written side by side: enough to make few statements of them, too few to be felt in memory.
const IN_FLIGHT: usize = 512;
/// Groups of rows that are on their way at once where each is written by itself: while one waits for the database the next is checked.
const FLIGHTS: usize = 3;
/// Rows, and bytes of them, that the reader hands over at once.
const BATCH: (usize, usize) = (256, 1 << 18);

/// A file that can be read more than once.
pub trait Input: Send + Sync {
    /// Opens it at its beginning.
    fn open(&self) -> io::Result<Box<dyn Read + Send>>;
}

/// Hears of an import while it runs.
pub trait Sink: Send {
    /// Something was refused.
    fn problem(&mut self, problem: &Problem);
    /// So much is done and, unless all is written at the end, durable.
    fn progress(&mut self, so_far: &Summary);
    /// Asked after each group of rows: an error breaks the import off there. What was written before stays, unless all was to be
    /// written at the end.
    fn halt(&mut self) -> Option<Error> {
        None
    }
    /// All up to a place is durable, and another run may go on behind it. Told after each group of rows, unless all is written at the end.
    fn reached(&mut self, _place: &dyn Fn() -> Checkpoint) {}
}

/// How an import writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Each record by itself; what is refused is left out.
    Each,
    /// All or nothing: one transaction, taken back if anything is refused.
    Atomic,
    /// Nothing: the same transaction, taken back in any case.
    DryRun,
}

/// How an import ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was done, or would have been.
    pub summary: Summary,
    /// Whether it was written.
    pub written: bool,
    /// Why it broke off, where it did. What the summary counts is done all the same, unless all was to be written at the
    /// end.
    pub stopped: Option<Error>,
}

/// Imports a file, from its beginning or from behind a place that an earlier run had reached.
///
/// # Errors
/// Where nothing can start. What is wrong with single rows goes to the sink.
pub async fn run(
    engine: &Engine,
    context: &Context,
    opened: Opened,
    mode: Mode,
    after: Option<Checkpoint>,
    sink: &mut dyn Sink,
) -> Result<Outcome, Refusal> {
    if mode == Mode::Each {
        let run = Run { tells: true, flights: FLIGHTS, ..Run::new(engine, context, opened) };
        let (summary, stopped) = run.behind(after.unwrap_or_default()).passes(sink).await?;
        return Ok(Outcome { written: true, summary, stopped });
    }
    let (inside, held) = match engine.begin().await {
        Ok(pair) => pair,
        Err(error) => return Ok(Outcome { summary: Summary::default(), written: false, stopped: Some(error) }),
    };
    let ran = Run::new(&inside, context, opened).passes(sink).await;
    let whole = matches!(&ran, Ok((summary, None)) if summary.problems == 0);
    let ended = if mode == Mode::Atomic && whole { held.commit().await } else { held.roll_back().await };
    let (summary, stopped) = ran?;
    let written = mode == Mode::Atomic && whole && ended.is_ok();
    Ok(Outcome { summary, written, stopped: stopped.or(ended.err()) })
}

struct Run {
    records: Arc<dyn Records>,
    plan: Arc<Plan>,
    input: Arc<dyn Input>,
    preparer: Arc<Preparer>,
    /// Groups of rows that may be on their way at once.
    flights: usize,
    summary: Summary,
    /// By key: the row that had it first, and what the row said.
    seen: Seen,
    /// Why nothing more can be remembered there.
    forgetful: Option<io::Error>,
    /// By row: the records that wait for another reading.
    waiting: BTreeMap<u64, u32>,
    /// Rows of which something was refused already and something still waits.
    refused: HashSet<u64>,
    /// Rows up to this one were dealt with by an earlier run.
    begin: u64,
    /// The last row that was read, and how many were read by then.
    last: (u64, u64),
    /// Whether what is written is durable at once.
    tells: bool,
}

/// Which reading of the file this is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Every row, as it comes.
    First,
    /// What waited for other rows.
    Again,
    /// What waited for rows that never came.
    Last,
}

/// What is under way in a reading of the file.
struct Air {
    pass: Pass,
    /// Rows that are to be written next.
    running: Vec<BoxFuture<'static, Done>>,
    /// Keys of rows that have not landed.
    busy: HashSet<u64>,
    /// Keys of records that wait: what comes later for the same key waits as well, to keep the order.
    held_back: HashSet<u64>,
    flights: VecDeque<Flight>,
}

/// A group of rows on its way into the database.
struct Flight {
    task: Started<Result<Vec<Done>>>,
    /// The last row of it, and how many were read by then.
    last: (u64, u64),
}

/// What is known of a row before it is written.
pub(super) struct Task {
    pub(super) prepared: Prepared,
    /// The records to write.
    pub(super) wanted: u32,
    /// Whether a reference that leads nowhere may wait for another reading.
    pub(super) patient: bool,
}

impl Run {
    fn new(engine: &Engine, context: &Context, opened: Opened) -> Run {
        let Opened { plan, input, folder } = opened;
        let records = super::records::of(engine, context);
        let preparer = Arc::new(Preparer { plan: Arc::clone(&plan), hasher: RandomState::new() });
        let summary = Summary::default();
        let (seen, waiting, refused) = (Seen::new(&folder), BTreeMap::new(), HashSet::new());
        Run {
            records,
            plan,
            input,
            preparer,
            flights: 1,
            summary,
            seen,
            forgetful: None,
            waiting,
            refused,
            begin: 0,
            last: (0, 0),
            tells: false,
        }
    }

    /// The same, going on where an earlier run had come to.
    fn behind(mut self, place: Checkpoint) -> Run {
        self.last = (place.row, place.summary.rows);
        self.begin = place.row;
        self.summary = place.summary;
        self.waiting = place.waiting;
        self.refused = place.refused.into_iter().collect();
        self
    }

    /// A place up to which every row has landed. What is known of later rows is left out.
    fn place(&self, (row, rows): (u64, u64)) -> Checkpoint {
        Checkpoint {
            row,
            summary: Summary { rows, ..self.summary.clone() },
            waiting: self.waiting.range(..=row).map(|(row, records)| (*row, *records)).collect(),
            refused: self.refused.iter().copied().filter(|refused| *refused <= row).collect(),
        }
    }

    async fn passes(mut self, sink: &mut dyn Sink) -> Result<(Summary, Option<Error>), Refusal> {
        for record in &self.plan.records {
            self.summary.records.entry(record.def.name.to_string()).or_default();
        }
        let mut stopped = self.pass(Pass::First, sink).await?;
        while stopped.is_none() && !self.waiting.is_empty() {
            let before = self.waiting.clone();
            stopped = self.pass(Pass::Again, sink).await?;
            if stopped.is_none() && self.waiting == before {
                stopped = self.pass(Pass::Last, sink).await?;
                break;
            }
        }
        Ok((self.summary, stopped))
    }

    /// Reads the file once. Answers why it broke off, where it did.
    async fn pass(&mut self, pass: Pass, sink: &mut dyn Sink) -> Result<Option<Error>, Refusal> {
        let only = (pass != Pass::First).then(|| std::mem::take(&mut self.waiting));
        let (opened, mut rows) = read_ahead(Arc::clone(&self.input), Arc::clone(&self.plan));
        self.summary.encoding = opened.await.unwrap_or_else(|_| Err(Refusal::File("The file's reader ended.".to_owned())))?;
        let mut air = Air { pass, running: Vec::new(), busy: HashSet::new(), held_back: HashSet::new(), flights: VecDeque::new() };
        let (mut stopped, mut unread) = (None, None);
        'file: while let Some(batch) = rows.recv().await {
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => {
                    unread = Some(Error::internal(format!("The file cannot be read any further: {error}.")));
                    break;
                }
            };
            for row in batch {
                if pass == Pass::First && row.number <= self.begin {
                    self.pass_over(row, &mut air.held_back);
                    continue;
                }
                let number = row.number;
                if let Some(error) = self.forgetful.take() {
                    stopped = Some(unkept(&error));
                    break 'file;
                }
                match self.task(row, pass, only.as_ref()) {
                    Some(Ok(task)) => stopped = self.write(task, &mut air, sink).await,
                    Some(Err(problem)) => {
                        stopped = self.make_room(&mut air, sink).await;
                        let done = Done { row: number, problems: vec![*problem], ..Done::default() };
                        air.running.push(Box::pin(std::future::ready(done)));
                    }
                    None => {}
                }
                if stopped.is_some() {
                    break 'file;
                }
                self.last = (number, self.summary.rows);
            }
        }
        stopped = stopped.or_else(|| self.forgetful.take().map(|error| unkept(&error)));
        if stopped.is_none() {
            stopped = self.take_off(&mut air, sink).await;
        }
        Ok(stopped.or(self.land(&mut air, 0, sink).await).or(unread))
    }

    /// Lets a row join those that are to be written next. Answers why the import must break off, where it must.
    async fn write(&mut self, mut task: Task, air: &mut Air, sink: &mut dyn Sink) -> Option<Error> {
        self.hold_back(&mut task, &air.held_back);
        if task.wanted == 0 {
            return None;
        }
        if touches(&task, &air.busy) {
            let stopped = match self.take_off(air, sink).await {
                None => self.land(air, 0, sink).await,
                stopped => stopped,
            };
            if stopped.is_some() {
                return stopped;
            }
            // A row that was waited for may itself have been put off.
            self.hold_back(&mut task, &air.held_back);
            if task.wanted == 0 {
                return None;
            }
        } else if let Some(error) = self.make_room(air, sink).await {
            return Some(error);
        }
        air.busy.extend(keys(&task.prepared, task.wanted));
        air.running.push(Box::pin(write(Arc::clone(&self.records), Arc::clone(&self.preparer), task)));
        None
    }

    /// Sends the rows that have gathered on their way where they are many.
    async fn make_room(&mut self, air: &mut Air, sink: &mut dyn Sink) -> Option<Error> {
        if air.running.len() < IN_FLIGHT { None } else { self.take_off(air, sink).await }
    }

    /// Sends the rows that have gathered on their way, once few enough others are.
    async fn take_off(&mut self, air: &mut Air, sink: &mut dyn Sink) -> Option<Error> {
        let stopped = self.land(air, self.flights.saturating_sub(1), sink).await;
        if stopped.is_none() {
            self.launch(air);
        }
        stopped
    }

    fn launch(&mut self, air: &mut Air) {
        if air.running.is_empty() {
            return;
        }
        let next = self.records.others();
        let records = std::mem::replace(&mut self.records, next);
        let works = std::mem::take(&mut air.running);
        let task = started(async move { records.side_by_side(works).await });
        air.flights.push_back(Flight { task, last: self.last });
    }

    /// Waits, in order, until no more than so many flights are under way. Answers why the import must break off, where it must.
    async fn land(&mut self, air: &mut Air, others: usize, sink: &mut dyn Sink) -> Option<Error> {
        let mut stopped = None;
        // Once it breaks off, what is under way is still waited for: it counts.
        while air.flights.len() > if stopped.is_some() { 0 } else { others } {
            let Some(Flight { task, last }) = air.flights.pop_front() else { break };
            match task.ended().await.flatten() {
                Ok(written) => {
                    for done in written {
                        stopped = self.take(done, air, sink).or(stopped);
                    }
                }
                Err(error) => stopped = stopped.or(Some(error)),
            }
            // Later readings of the file are short, and begin anew.
            if stopped.is_none() && self.tells && air.pass == Pass::First {
                sink.reached(&|| self.place(last));
            }
            stopped = stopped.or_else(|| sink.halt());
        }
        stopped
    }

    /// What an earlier run has dealt with is only remembered by its keys.
    fn pass_over(&mut self, row: Row, held_back: &mut HashSet<u64>) {
        let Ok((number, line, cells)) = unreadable(row) else { return };
        let mut prepared = self.preparer.prepare(number, line, cells);
        self.refuse_repeats(&mut prepared);
        let waits = self.waiting.get(&number).copied().unwrap_or(0);
        held_back.extend(keys(&prepared, waits));
    }

    /// What is to be done about a row, or told of it.
    fn task(&mut self, row: Row, pass: Pass, only: Option<&BTreeMap<u64, u32>>) -> Option<Result<Task, Box<Problem>>> {
        let wanted = match only {
            Some(waiting) => *waiting.get(&row.number)?,
            None => u32::MAX,
        };
        if pass == Pass::First {
            self.summary.rows += 1;
        }
        let (number, line, cells) = match unreadable(row) {
            Ok(parts) => parts,
            Err(problem) => return (pass == Pass::First).then_some(Err(problem)),
        };
        let mut prepared = self.preparer.prepare(number, line, cells);
        if pass == Pass::First {
            self.refuse_repeats(&mut prepared);
        }
        Some(Ok(Task { prepared, wanted, patient: pass != Pass::Last }))
    }

    /// A key that comes again with something else to say is a mistake in the file.
    fn refuse_repeats(&mut self, prepared: &mut Prepared) {
        let row = prepared.number;
        for index in 0..prepared.records.len() {
            let (Some(Candidate::Ready(ready)), Some(record)) = (prepared.records.get(index), self.plan.records.get(index)) else {
                continue;
            };
            let (hash, content) = (ready.hash, ready.content);
            let (first, said) = match self.seen.first(hash, row, content) {
                Ok(first) => first,
                Err(error) => return self.forgetful = Some(error),
            };
            if record.repeats == Repeats::Update || said == content {
                continue;
            }
            let message = format!(
                "Row {first} has the same key and says something else of it. Correct one of them, or let the later row win with repeats = \"update\"."
            );
            let problem = self.preparer.repeated(record, prepared, message);
            if let Some(slot) = prepared.records.get_mut(index) {
                *slot = Candidate::Wrong(vec![problem]);
            }
        }
    }

    /// Puts off records whose key waits already.
    fn hold_back(&mut self, task: &mut Task, held_back: &HashSet<u64>) {
        if held_back.is_empty() {
            return;
        }
        for (index, candidate) in task.prepared.records.iter().enumerate() {
            if let Candidate::Ready(ready) = candidate
                && held_back.contains(&ready.hash)
                && task.wanted & bit(index) != 0
            {
                task.wanted &= !bit(index);
                *self.waiting.entry(task.prepared.number).or_default() |= bit(index);
            }
        }
    }

    /// Takes note of what became of a row. Answers why the import must break off, where it must.
    fn take(&mut self, done: Done, air: &mut Air, sink: &mut dyn Sink) -> Option<Error> {
        for key in &done.keys {
            air.busy.remove(key);
        }
        for (index, effect) in done.effects {
            if let Some(counts) = self.counts(index) {
                counts.add(effect);
            }
        }
        for index in done.rejected.iter().copied() {
            if let Some(counts) = self.counts(index) {
                counts.rejected += 1;
            }
        }
        if !done.problems.is_empty() && self.refused.insert(done.row) {
            self.summary.rejected_rows += 1;
        }
        if done.waiting == 0 {
            // Only a row that comes again could be counted again.
            self.refused.remove(&done.row);
        }
        for problem in &done.problems {
            self.summary.problems += 1;
            sink.problem(problem);
        }
        if done.waiting != 0 {
            *self.waiting.entry(done.row).or_default() |= done.waiting;
            air.held_back.extend(done.waiting_keys);
        }
        sink.progress(&self.summary);
        done.stopped
    }

    fn counts(&mut self, index: usize) -> Option<&mut super::Counts> {
        let resource = self.plan.records.get(index)?.def.name.as_ref();
        self.summary.records.get_mut(resource)
    }
}

/// Why an import ends that cannot keep what it must remember.
fn unkept(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull => Error::new(ErrorCode::StorageFull, "The server has no room left on its disk to work on the file."),
        _ => Error::internal(format!("The keys of the file cannot be kept: {error}.")),
    }
}

/// The bit of a record in a row's mask.
pub(super) fn bit(index: usize) -> u32 {
    u32::try_from(index).ok().and_then(|index| 1_u32.checked_shl(index)).unwrap_or(0)
}

/// The keys that a row writes.
pub(super) fn keys(prepared: &Prepared, wanted: u32) -> Vec<u64> {
    let ready = prepared.records.iter().enumerate().filter(|(index, _)| wanted & bit(*index) != 0);
    ready.filter_map(|(_, candidate)| if let Candidate::Ready(ready) = candidate { Some(ready.hash) } else { None }).collect()
}

/// Whether a row writes or names a record that is being written.
fn touches(task: &Task, busy: &HashSet<u64>) -> bool {
    !busy.is_empty()
        && task.prepared.records.iter().any(|candidate| {
            let Candidate::Ready(ready) = candidate else { return false };
            busy.contains(&ready.hash) || ready.references.iter().any(|pending| busy.contains(&pending.hash))
        })
}

type Encoded = tokio::sync::oneshot::Receiver<Result<&'static str, Refusal>>;

/// Reads a file in a thread of its own, a little ahead.
fn read_ahead(input: Arc<dyn Input>, plan: Arc<Plan>) -> (Encoded, mpsc::Receiver<io::Result<Vec<Row>>>) {
    let (say, opened) = tokio::sync::oneshot::channel();
    let (send, rows) = mpsc::channel(2);
    drop(tokio::task::spawn_blocking(move || {
        let source = input
            .open()
            .map_err(|error| Refusal::File(format!("The file cannot be opened: {error}.")))
            .and_then(|file| Source::open(file, &plan.source, &plan.columns));
        let mut source = match source {
            Ok(source) => source,
            Err(refusal) => return drop(say.send(Err(refusal))),
        };
        let _ = say.send(Ok(source.encoding().name()));
        let (mut batch, mut size) = (Vec::new(), 0);
        loop {
            match source.next() {
                Ok(Some(row)) => {
                    size += row.size();
                    batch.push(row);
                    if batch.len() < BATCH.0 && size < BATCH.1 {
                        continue;
                    }
                }
                Ok(None) => return drop(send.blocking_send(Ok(batch))),
                Err(error) => return drop(send.blocking_send(Err(error))),
            }
            size = 0;
            // Nobody listens any more where the import has broken off.
            if send.blocking_send(Ok(std::mem::take(&mut batch))).is_err() {
                return;
            }
        }
    }));
    (opened, rows)
}
