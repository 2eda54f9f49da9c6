use super::*;
use parquet::basic::Encoding;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// A file of two columns, `n` with whole numbers and `t` with texts.
fn file(texts: &[&str], properties: WriterPropertiesBuilder) -> Vec<u8> {
    let schema = parse_message_type("message m { required int64 n; optional binary t (STRING); }").unwrap();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties.build())).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let numbers: Vec<i64> = (0..).take(texts.len()).collect();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&numbers, None, None).unwrap();
    column.close().unwrap();
    let there: Vec<i16> = texts.iter().map(|text| i16::from(!text.is_empty())).collect();
    let texts: Vec<ByteArray> = texts.iter().filter(|text| !text.is_empty()).map(|text| ByteArray::from(*text)).collect();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<ByteArrayType>().write_batch(&texts, Some(&there), None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.into_inner().unwrap()
}

fn read(bytes: &[u8], wanted: &[&str]) -> Result<String, String> {
    let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
    let table = Table::open(Kept::of(bytes), &wanted).map_err(|refusal| refusal.to_string())?;
    let mut text = Vec::new();
    table.open_rows().read_to_end(&mut text).map_err(|error| format!("AFTER ITS CHECK: {error}"))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

impl Table {
    fn open_rows(&self) -> Box<dyn Read + Send> {
        Input::open(self).unwrap()
    }
}

fn packed(compression: Compression) -> WriterPropertiesBuilder {
    WriterProperties::builder().set_compression(compression)
}

#[test]
fn columns_are_read_by_their_names() {
    let zstd = Compression::ZSTD(parquet::basic::ZstdLevel::default());
    for properties in [packed(zstd), packed(Compression::SNAPPY), packed(Compression::UNCOMPRESSED).set_dictionary_enabled(false)] {
        let bytes = file(&["a", "", "say \"x\"\nor, y"], properties);
        let text = read(&bytes, &["t", "n"]).unwrap();
        assert_eq!(text, "\"t\",\"n\"\n\"a\",\"0\"\n\"\",\"1\"\n\"say \"\"x\"\"\nor, y\",\"2\"\n");
        assert!(read(&bytes, &["nn"]).unwrap_err().contains("no column \"nn\""));
    }
}

#[test]
fn what_is_not_read_says_why() {
    let delta = packed(Compression::UNCOMPRESSED).set_dictionary_enabled(false);
    let delta = delta.set_column_encoding("t".into(), Encoding::DELTA_BYTE_ARRAY);
    let schema = parse_message_type(
        "message m { required int96 old; required int64 at (TIME(MICROS,true)); optional group tags (LIST) { repeated group list { optional binary element (STRING); } } }",
    );
    let writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema.unwrap()), Arc::default()).unwrap();
    let odd = writer.into_inner().unwrap();
    for (bytes, column, said) in [
        (file(&["a", "ab"], delta), "t", "dictionary"),
        (odd.clone(), "old", "made of INT96"),
        (odd.clone(), "at", "Time"),
        (odd.clone(), "tags", "a list or a map"),
        (odd, "element", "no column"),
        (b"PAR1PAR1".to_vec(), "t", "cannot be read"),
        (b"PAR1".to_vec(), "t", "its end is not there"),
        (b"PAR1\xff\xff\xff\x7fPAR1".to_vec(), "t", "at most"),
    ] {
        let text = read(&bytes, &[column]).unwrap_err();
        assert!(text.contains(said), "{column}: {text}");
    }
}

#[test]
fn a_dictionary_that_unpacks_to_everything_is_a_trap() {
    let large = "x".repeat(900_000);
    let texts: Vec<&str> = std::iter::repeat_n(large.as_str(), 120).collect();
    let bytes = file(&texts, packed(Compression::ZSTD(parquet::basic::ZstdLevel::default())).set_dictionary_page_size_limit(2_000_000));
    assert!(bytes.len() < 20_000, "{}", bytes.len());
    assert!(read(&bytes, &["t"]).unwrap_err().contains("trap"));
    assert!(read(&bytes, &["n"]).is_ok(), "only what is read is unpacked");
}

#[test]
fn a_row_that_is_too_long_is_one_line_that_is_too_long() {
    let large = "\"\n,".repeat(LONGEST / 2);
    let text = read(&file(&[&large, "short"], packed(Compression::SNAPPY)), &["t"]).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines.len(), lines[2]), (3, "\"short\""));
    assert!(lines[1].len() > LONGEST);
}

/// Every byte of small files, changed: a refusal or an answer, at once, and never one half.
#[test]
fn damage_is_refused_before_the_first_row() {
    let texts = ["alpha", "", "alpha", "beta", "gamma"];
    let plain = packed(Compression::UNCOMPRESSED).set_dictionary_enabled(false);
    let differences = packed(Compression::UNCOMPRESSED).set_dictionary_enabled(false);
    let differences = differences.set_column_encoding("n".into(), Encoding::DELTA_BINARY_PACKED);
    let mut refused = 0;
    for properties in [packed(Compression::SNAPPY), plain, differences] {
        let whole = file(&texts, properties);
        for at in 0..whole.len() {
            for change in [1, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= change;
                match read(&bytes, &["n", "t"]) {
                    Ok(_) => {}
                    Err(text) => {
                        assert!(!text.contains("AFTER"), "{at} {change}: {text}");
                        refused += 1;
                    }
                }
            }
            assert!(read(&whole[..at], &["n", "t"]).is_err(), "cut at {at}");
        }
    }
    assert!(refused > 500, "{refused}");
}
