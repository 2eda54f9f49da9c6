//! The values of a column of a Parquet file as texts: what an import reads from them is the same.

use super::broken;
use crate::import::Refusal;
use chrono::{DateTime, Days, NaiveDate};
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::column::page::PageReader;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{
    AsBytes as _, BoolType, ByteArrayType, DataType, DoubleType, FixedLenByteArrayType, FloatType, Int32Type, Int64Type,
};
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor};
use std::fmt::Write as _;
use uuid::Uuid;

/// Digits of a decimal number.
const DIGITS: i32 = 38;
/// Bytes of a decimal number, and of a universally unique identifier.
const WIDEST: usize = 16;

/// A column that is being read.
pub(super) trait Cells: Send {
    /// Reads so many rows; answers how many there were.
    fn fill(&mut self, rows: usize) -> Result<usize, Refusal>;
    /// Appends the text of the next row's value; nothing where there is none.
    fn next(&mut self, text: &mut Vec<u8>);
}

/// What a column is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Flag,
    Whole,
    /// A whole number without a sign, of so many bits.
    Unsigned(u32),
    /// So many digits stand behind the point.
    Decimal(u32),
    Day,
    /// By its unit, and whether it is a moment in UTC; else it is what a clock shows somewhere.
    Moment(Unit, bool),
    Number,
    Identifier,
}

/// What a moment is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Milli,
    Micro,
    Nano,
}

/// What a column is made of. None for what no field is made of.
pub(super) fn kind(column: &ColumnDescriptor) -> Option<Kind> {
    let (physical, logical, converted) = (column.physical_type(), column.logical_type_ref(), column.converted_type());
    let decimal = || {
        let fits = column.type_precision() <= DIGITS && (0..=DIGITS).contains(&column.type_scale());
        u32::try_from(column.type_scale()).ok().filter(|_| fits).map(Kind::Decimal)
    };
    Some(match (physical, logical, converted) {
        (Type::BOOLEAN, ..) => Kind::Flag,
        (Type::FLOAT | Type::DOUBLE, ..) => Kind::Number,
        (Type::INT96, ..) => return None,
        (Type::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Uuid), _) => Kind::Identifier,
        (Type::FIXED_LEN_BYTE_ARRAY, ..) if !usize::try_from(column.type_length()).is_ok_and(|length| (1..=WIDEST).contains(&length)) => {
            return None;
        }
        (_, Some(LogicalType::Decimal(_)), _) | (_, None, ConvertedType::DECIMAL) => return decimal(),
        (Type::FIXED_LEN_BYTE_ARRAY, ..) => return None,
        (Type::BYTE_ARRAY, Some(LogicalType::Bson | LogicalType::Geometry(_) | LogicalType::Geography(_)), _)
        | (Type::BYTE_ARRAY, None, ConvertedType::BSON) => return None,
        (Type::BYTE_ARRAY, ..) => Kind::Text,
        (Type::INT32, Some(LogicalType::Date), _) | (Type::INT32, None, ConvertedType::DATE) => Kind::Day,
        (Type::INT64, Some(LogicalType::Timestamp(of)), _) => Kind::Moment(
            match of.unit {
                TimeUnit::MILLIS => Unit::Milli,
                TimeUnit::MICROS => Unit::Micro,
                TimeUnit::NANOS => Unit::Nano,
            },
            of.is_adjusted_to_u_t_c,
        ),
        (Type::INT64, None, ConvertedType::TIMESTAMP_MILLIS) => Kind::Moment(Unit::Milli, true),
        (Type::INT64, None, ConvertedType::TIMESTAMP_MICROS) => Kind::Moment(Unit::Micro, true),
        (_, Some(LogicalType::Time(_)), _) | (_, None, ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS) => return None,
        (_, Some(LogicalType::Integer(of)), _) if !of.is_signed => Kind::Unsigned(u32::try_from(of.bit_width).ok()?),
        (_, None, ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32) => Kind::Unsigned(32),
        (_, None, ConvertedType::UINT_64) => Kind::Unsigned(64),
        _ => Kind::Whole,
    })
}

/// Reads a column.
pub(super) fn cells(column: &ColumnDescPtr, kind: Kind, pages: Box<dyn PageReader>) -> Option<Box<dyn Cells>> {
    Some(match column.physical_type() {
        Type::BOOLEAN => read::<BoolType>(column, pages, |flag, text| append(text, format_args!("{flag}"))),
        Type::FLOAT => read::<FloatType>(column, pages, |number, text| append(text, format_args!("{number}"))),
        Type::DOUBLE => read::<DoubleType>(column, pages, |number, text| append(text, format_args!("{number}"))),
        Type::INT32 => read::<Int32Type>(column, pages, move |number, text| match kind {
            Kind::Unsigned(_) => append(text, format_args!("{}", number.cast_unsigned())),
            _ => whole(kind, i64::from(*number), text),
        }),
        Type::INT64 => read::<Int64Type>(column, pages, move |number, text| whole(kind, *number, text)),
        Type::BYTE_ARRAY => read::<ByteArrayType>(column, pages, move |bytes, text| of_bytes(kind, bytes.as_bytes(), text)),
        Type::FIXED_LEN_BYTE_ARRAY => {
            read::<FixedLenByteArrayType>(column, pages, move |bytes, text| of_bytes(kind, bytes.as_bytes(), text))
        }
        Type::INT96 => return None,
    })
}

fn read<T: DataType>(
    column: &ColumnDescPtr,
    pages: Box<dyn PageReader>,
    show: impl Fn(&T::T, &mut Vec<u8>) + Send + 'static,
) -> Box<dyn Cells>
where
    T::T: Send,
{
    let reader = ColumnReaderImpl::<T>::new(column.clone(), pages);
    Box::new(Typed { reader, there: column.max_def_level(), levels: Vec::new(), values: Vec::new(), row: 0, value: 0, show })
}

/// A column of one type.
struct Typed<T: DataType, S> {
    reader: ColumnReaderImpl<T>,
    /// The level of a value that is there.
    there: i16,
    levels: Vec<i16>,
    values: Vec<T::T>,
    row: usize,
    value: usize,
    show: S,
}

impl<T: DataType, S: Fn(&T::T, &mut Vec<u8>) + Send> Cells for Typed<T, S>
where
    T::T: Send,
{
    fn fill(&mut self, rows: usize) -> Result<usize, Refusal> {
        (self.row, self.value) = (0, 0);
        self.levels.clear();
        self.values.clear();
        let levels = (self.there > 0).then_some(&mut self.levels);
        let read = self.reader.read_records(rows, levels, None, &mut self.values);
        read.map(|(rows, ..)| rows).map_err(|error| broken(&error))
    }

    fn next(&mut self, text: &mut Vec<u8>) {
        let there = self.there == 0 || self.levels.get(self.row) == Some(&self.there);
        self.row += 1;
        if let Some(value) = self.values.get(self.value).filter(|_| there) {
            (self.show)(value, text);
            self.value += 1;
        }
    }
}

fn append(text: &mut Vec<u8>, shown: std::fmt::Arguments<'_>) {
    let mut buffer = String::new();
    // A text takes whatever is written to it.
    let _ = buffer.write_fmt(shown);
    text.extend_from_slice(buffer.as_bytes());
}

fn of_bytes(kind: Kind, bytes: &[u8], text: &mut Vec<u8>) {
    match kind {
        Kind::Decimal(scale) => match unscaled(bytes) {
            Some(number) => append(text, format_args!("{}", decimal(number, scale))),
            None => text.extend_from_slice(b"NaN"),
        },
        Kind::Identifier => match Uuid::from_slice(bytes) {
            Ok(id) => append(text, format_args!("{id}")),
            Err(_) => text.extend_from_slice(bytes),
        },
        _ => text.extend_from_slice(bytes),
    }
}

fn whole(kind: Kind, number: i64, text: &mut Vec<u8>) {
    match kind {
        Kind::Decimal(scale) => append(text, format_args!("{}", decimal(i128::from(number), scale))),
        Kind::Unsigned(_) => append(text, format_args!("{}", number.cast_unsigned())),
        Kind::Day => match day(number) {
            Some(day) => append(text, format_args!("{day}")),
            None => append(text, format_args!("{number}")),
        },
        Kind::Moment(unit, utc) => match moment(number, unit, utc) {
            Some(moment) => text.extend_from_slice(moment.as_bytes()),
            None => append(text, format_args!("{number}")),
        },
        _ => append(text, format_args!("{number}")),
    }
}

/// A number of the days since 1970.
fn day(number: i64) -> Option<NaiveDate> {
    let epoch = NaiveDate::from_ymd_opt(1970, 1, 1)?;
    let days = Days::new(number.unsigned_abs());
    if number < 0 { epoch.checked_sub_days(days) } else { epoch.checked_add_days(days) }
}

fn moment(number: i64, unit: Unit, utc: bool) -> Option<String> {
    let at = match unit {
        Unit::Milli => DateTime::from_timestamp_millis(number)?,
        Unit::Micro => DateTime::from_timestamp_micros(number)?,
        Unit::Nano => DateTime::from_timestamp_nanos(number),
    };
    // What is finer than a millisecond stays, for the field to judge.
    let fine = at.timestamp_subsec_nanos();
    let form = match fine {
        _ if fine.is_multiple_of(1_000_000) => "%Y-%m-%dT%H:%M:%S%.3f",
        _ if fine.is_multiple_of(1_000) => "%Y-%m-%dT%H:%M:%S%.6f",
        _ => "%Y-%m-%dT%H:%M:%S%.9f",
    };
    let zone = if utc { "Z" } else { "" };
    Some(format!("{}{zone}", at.format(form)))
}

/// A number of two's complement, the greatest byte first.
fn unscaled(bytes: &[u8]) -> Option<i128> {
    let negative = bytes.first()? & 128 != 0;
    let mut whole = if negative { [255; WIDEST] } else { [0; WIDEST] };
    let begin = WIDEST.checked_sub(bytes.len())?;
    whole.get_mut(begin..)?.copy_from_slice(bytes);
    Some(i128::from_be_bytes(whole))
}

fn decimal(number: i128, scale: u32) -> String {
    let scale = usize::try_from(scale).unwrap_or(0);
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale + 1);
    let (whole, part) = digits.split_at(digits.len() - scale);
    let sign = if number < 0 { "-" } else { "" };
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_out() {
        for (number, scale, text) in [(123_456, 2, "1234.56"), (-5, 4, "-0.0005"), (0, 2, "0.00"), (7, 0, "7"), (-1_200, 2, "-12.00")] {
            assert_eq!(decimal(number, scale), text);
        }
        assert_eq!(decimal(i128::MIN, 38), "-1.70141183460469231731687303715884105728");
        assert_eq!((unscaled(&[255, 133]), unscaled(&[1, 0]), unscaled(&[])), (Some(-123), Some(256), None));
        assert_eq!(unscaled(&[0; 17]), None);
    }

    #[test]
    fn days_and_moments_are_written_out() {
        assert_eq!(day(-1).unwrap().to_string(), "1969-12-31");
        assert_eq!(day(i64::MAX), None);
        assert_eq!(moment(-1, Unit::Milli, true).unwrap(), "1969-12-31T23:59:59.999Z");
        assert_eq!(moment(1_500, Unit::Micro, false).unwrap(), "1970-01-01T00:00:00.001500");
        assert_eq!(moment(1, Unit::Nano, true).unwrap(), "1970-01-01T00:00:00.000000001Z");
        assert_eq!(moment(i64::MAX, Unit::Milli, true), None);
    }
}
