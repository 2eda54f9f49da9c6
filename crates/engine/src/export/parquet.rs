//! A Parquet file: some thousand rows at a time, column by column, each of its own type.

use super::column::{Cell, Column, Leaf};
use bytes::Bytes;
use chrono::{DateTime, NaiveDate};
use clientela_kernel::{Error, Result};
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;
use serde_json::Value as Json;
use std::sync::Arc;

/// Rows that are written together, and bytes of them: what is held in memory.
const TOGETHER: (usize, usize) = (65_536, 16 << 20);
/// Digits of a decimal number.
const DIGITS: i32 = 38;
/// Bytes of a decimal number.
const DECIMAL: i32 = 16;

/// A file on its way.
pub(super) struct Table {
    writer: SerializedFileWriter<Vec<u8>>,
    columns: Vec<Held>,
    rows: usize,
    bytes: usize,
}

/// What waits of a column.
struct Held {
    /// 1 where there is a value, else 0.
    there: Vec<i16>,
    values: Values,
}

enum Values {
    /// The texts one behind the other, and where each ends.
    Texts(Vec<u8>, Vec<usize>),
    Whole(Vec<i64>),
    Flags(Vec<bool>),
    Days(Vec<i32>),
    Moments(Vec<i64>),
    /// By the digits behind the point, each without it.
    Decimals(u32, Vec<i128>),
}

impl Table {
    /// An empty file with these columns.
    pub(super) fn new(columns: &[Column]) -> Result<Table> {
        let leaves: Vec<(String, Leaf)> = columns.iter().flat_map(Column::leaves).collect();
        let fields = leaves.iter().map(|(name, leaf)| field(name, *leaf).map(Arc::new)).collect::<Result<Vec<_>>>()?;
        let schema = Type::group_type_builder("records").with_fields(fields).build().map_err(|error| failed(&error))?;
        let level = ZstdLevel::try_new(1).map_err(|error| failed(&error))?;
        let properties = WriterProperties::builder()
            .set_created_by("clientela".to_owned())
            .set_compression(Compression::ZSTD(level))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .build();
        let writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties)).map_err(|error| failed(&error))?;
        let columns = leaves.iter().map(|(_, leaf)| Held { there: Vec::new(), values: Values::of(*leaf) }).collect();
        Ok(Table { writer, columns, rows: 0, bytes: 0 })
    }

    /// Adds a record, and gives what can be written of the file.
    pub(super) fn record(&mut self, columns: &[Column], record: &Json, out: &mut Vec<u8>) -> Result<()> {
        let cells = columns.iter().flat_map(|column| column.typed(record));
        for (held, cell) in self.columns.iter_mut().zip(cells) {
            self.bytes += held.put(&cell)?;
        }
        self.rows += 1;
        if self.rows >= TOGETHER.0 || self.bytes >= TOGETHER.1 { self.write(out) } else { Ok(()) }
    }

    /// Writes what waits.
    fn write(&mut self, out: &mut Vec<u8>) -> Result<()> {
        if self.rows > 0 {
            let mut group = self.writer.next_row_group().map_err(|error| failed(&error))?;
            for held in &mut self.columns {
                let column = group.next_column().map_err(|error| failed(&error))?;
                let column = column.ok_or_else(|| Error::internal("a Parquet file has fewer columns than it should"))?;
                held.write(column).map_err(|error| failed(&error))?;
            }
            group.close().map_err(|error| failed(&error))?;
            (self.rows, self.bytes) = (0, 0);
        }
        self.writer.flush().map_err(Error::internal)?;
        out.append(self.writer.inner_mut());
        Ok(())
    }

    /// Writes the rest of the file.
    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> Result<()> {
        self.write(out)?;
        out.append(&mut self.writer.into_inner().map_err(|error| failed(&error))?);
        Ok(())
    }
}

fn field(name: &str, leaf: Leaf) -> Result<Type> {
    let (physical, logical) = match leaf {
        Leaf::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Leaf::Whole => (Physical::INT64, None),
        Leaf::Flag => (Physical::BOOLEAN, None),
        Leaf::Day => (Physical::INT32, Some(LogicalType::Date)),
        Leaf::Moment => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
        Leaf::Decimal(places) => (Physical::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::decimal(scale(places)?, DIGITS))),
    };
    let builder = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL).with_logical_type(logical);
    let builder = match leaf {
        Leaf::Decimal(places) => builder.with_length(DECIMAL).with_precision(DIGITS).with_scale(scale(places)?),
        _ => builder,
    };
    builder.build().map_err(|error| failed(&error))
}

fn scale(places: u32) -> Result<i32> {
    i32::try_from(places).map_err(Error::internal)
}

impl Values {
    fn of(leaf: Leaf) -> Values {
        match leaf {
            Leaf::Text => Values::Texts(Vec::new(), Vec::new()),
            Leaf::Whole => Values::Whole(Vec::new()),
            Leaf::Flag => Values::Flags(Vec::new()),
            Leaf::Day => Values::Days(Vec::new()),
            Leaf::Moment => Values::Moments(Vec::new()),
            Leaf::Decimal(places) => Values::Decimals(places, Vec::new()),
        }
    }
}

impl Held {
    /// Keeps a value; answers how many bytes it takes.
    fn put(&mut self, cell: &Cell<'_>) -> Result<usize> {
        let there = !matches!(cell, Cell::Nothing);
        self.there.push(i16::from(there));
        let text = match cell {
            Cell::Nothing => return Ok(2),
            Cell::Boolean(flag) => {
                let Values::Flags(flags) = &mut self.values else { return Err(unfit(&flag.to_string())) };
                flags.push(*flag);
                return Ok(3);
            }
            Cell::Text(text) | Cell::Number(text) | Cell::Day(text) | Cell::Moment(text) => text,
        };
        match &mut self.values {
            Values::Texts(texts, ends) => {
                texts.extend_from_slice(text.as_bytes());
                ends.push(texts.len());
            }
            Values::Whole(numbers) => numbers.push(text.parse().map_err(|_| unfit(text))?),
            Values::Days(days) => {
                let day: NaiveDate = text.parse().map_err(|_| unfit(text))?;
                let since = day.signed_duration_since(NaiveDate::default()).num_days();
                days.push(i32::try_from(since).map_err(|_| unfit(text))?);
            }
            Values::Moments(moments) => {
                let at = DateTime::parse_from_rfc3339(text).map_err(|_| unfit(text))?;
                moments.push(at.timestamp_millis());
            }
            Values::Decimals(places, decimals) => decimals.push(unscaled(text, *places).ok_or_else(|| unfit(text))?),
            Values::Flags(_) => return Err(unfit(text)),
        }
        Ok(text.len() + 16)
    }

    fn write(&mut self, mut column: SerializedColumnWriter<'_>) -> std::result::Result<(), ParquetError> {
        let there = std::mem::take(&mut self.there);
        match &mut self.values {
            Values::Texts(texts, ends) => {
                let whole = Bytes::from(std::mem::take(texts));
                let mut begin = 0;
                let slice = |end| ByteArray::from(whole.slice(std::mem::replace(&mut begin, end)..end));
                let texts: Vec<ByteArray> = std::mem::take(ends).into_iter().map(slice).collect();
                put::<ByteArrayType>(&mut column, &texts, &there)?;
            }
            Values::Whole(numbers) | Values::Moments(numbers) => put::<Int64Type>(&mut column, &std::mem::take(numbers), &there)?,
            Values::Flags(flags) => put::<BoolType>(&mut column, &std::mem::take(flags), &there)?,
            Values::Days(days) => put::<Int32Type>(&mut column, &std::mem::take(days), &there)?,
            Values::Decimals(_, decimals) => {
                let bytes = |decimal: i128| FixedLenByteArray::from(decimal.to_be_bytes().to_vec());
                let decimals: Vec<FixedLenByteArray> = std::mem::take(decimals).into_iter().map(bytes).collect();
                put::<FixedLenByteArrayType>(&mut column, &decimals, &there)?;
            }
        }
        column.close()
    }
}

fn put<T: DataType>(column: &mut SerializedColumnWriter<'_>, values: &[T::T], there: &[i16]) -> std::result::Result<(), ParquetError> {
    column.typed::<T>().write_batch(values, Some(there), None).map(drop)
}

/// A decimal number without its point, behind which stand so many digits.
fn unscaled(text: &str, places: u32) -> Option<i128> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let zeros = usize::try_from(places).ok()?.checked_sub(part.len())?;
    format!("{whole}{part}{}", "0".repeat(zeros)).parse().ok()
}

fn unfit(text: &str) -> Error {
    Error::internal(format!("{text:?} does not fit into its column of a Parquet file"))
}

fn failed(error: &ParquetError) -> Error {
    Error::internal(format!("The export cannot be written: {error}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (text, places, expected) in
            [("1234.50", 4, 12_345_000), ("-0.01", 4, -100), ("7", 4, 70_000), ("0.1234", 4, 1_234), ("2.5", 1, 25)]
        {
            assert_eq!(unscaled(text, places), Some(expected), "{text}");
        }
        assert_eq!((unscaled("0.12345", 4), unscaled("x", 4)), (None, None));
        assert_eq!(unscaled("9999999999999999999.99", 4), Some(99_999_999_999_999_999_999_900));
    }
}
