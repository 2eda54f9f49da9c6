//! What both kinds of job share.

use clientela_engine::{export, import};
use clientela_kernel::Timestamp;
use clientela_macros::Choice;
use std::sync::Arc;
use tokio::sync::Notify;

/// How long the file of a job is kept, counted from its creation, in milliseconds: seven days.
pub(crate) const KEPT: i64 = 7 * 86_400_000;

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum JobState {
    /// It waits for its content.
    Waiting,
    /// It waits for its turn, or to be tried again.
    Queued,
    /// It is being carried out.
    Running,
    /// It was carried out to its end. What was refused on the way is told beside it.
    Succeeded,
    /// It broke off, or was given up after several attempts; the failure says why.
    Failed,
    /// Somebody called it off, or no content came in time.
    Cancelled,
}

/// What a file of rows is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum FileFormat {
    /// Comma-separated values with a line of column names.
    Csv,
    /// A JSON object a line.
    Ndjson,
    /// A spreadsheet of the kind that Excel writes: one sheet, the names of the columns in its first row.
    Xlsx,
    /// A Parquet file, in which every column has a type of its own.
    Parquet,
}

const ALL: [FileFormat; 4] = [FileFormat::Csv, FileFormat::Ndjson, FileFormat::Xlsx, FileFormat::Parquet];

impl FileFormat {
    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            FileFormat::Csv => "text/csv",
            FileFormat::Ndjson => "application/x-ndjson",
            FileFormat::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            FileFormat::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// The format of a media type.
    pub fn of_media_type(media_type: &str) -> Option<FileFormat> {
        ALL.into_iter().find(|format| format.media_type() == media_type)
    }

    /// The format as imports know it.
    pub(crate) fn read(self) -> import::Format {
        match self {
            FileFormat::Csv => import::Format::Csv,
            FileFormat::Ndjson => import::Format::Ndjson,
            FileFormat::Xlsx => import::Format::Xlsx,
            FileFormat::Parquet => import::Format::Parquet,
        }
    }

    /// The format as exports know it.
    pub(crate) fn written(self) -> export::Format {
        match self {
            FileFormat::Csv => export::Format::Csv,
            FileFormat::Ndjson => export::Format::Ndjson,
            FileFormat::Xlsx => export::Format::Xlsx,
            FileFormat::Parquet => export::Format::Parquet,
        }
    }

    /// The ending of a file's name.
    pub fn ending(self) -> &'static str {
        let known = clientela_model::CONTENT_TYPES.iter().find(|(media_type, _)| *media_type == self.media_type());
        known.map_or("txt", |(_, ending)| ending)
    }

    /// The option of this wire name.
    pub fn named(name: &str) -> Option<FileFormat> {
        use clientela_model::Choice as _;
        ALL.into_iter().find(|format| format.as_str() == name)
    }
}

/// When a job of this moment loses its file.
pub(crate) fn expiry(now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_add(KEPT))
}

/// Rings when there may be work. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Says that there may be work.
    pub(crate) fn ring(&self) {
        self.0.notify_one();
    }

    /// Waits until somebody rings.
    pub(crate) async fn heard(&self) {
        self.0.notified().await;
    }
}
