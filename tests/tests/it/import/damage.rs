//! A file with thirty kinds of damage: what is right comes in, the rest is told by row and field.

use super::{Bytes, Input, all, counts, import, import_from, total};
use clientela_engine::import::Mode;
use clientela_testkit::both;
use serde_json::json;
use std::io::{self, Read};
use std::sync::Arc;

const MAPPING: &str = r#"
[source]
null = ["NULL"]
[map.countries]
Germany = "DE"
Austria = "AT"
[[record]]
resource = "account"
key = { system = "damage", column = "id" }
[record.fields]
name = "name"
website = "website"
employees = "employees"
annualRevenue = { column = "revenue", currency_column = "currency" }
industry = { column = "industry", case = "upper_snake" }
country = { column = "country", map = "countries" }
parentId = { column = "parent", reference = { system = "damage" } }
ownerId = { column = "owner", reference = { field = "email" } }
[[record]]
name = "person"
resource = "contact"
key = { system = "damage", column = "id" }
when = "person"
[record.fields]
lastName = "person"
email = "email"
phone = "phone"
birthDate = { column = "born", dates = ["%d.%m.%Y"] }
language = "language"
timeZone = "zone"
accountId = { record = "account" }
"#;

const COLUMNS: [&str; 16] = [
    "id",
    "name",
    "website",
    "employees",
    "revenue",
    "currency",
    "industry",
    "country",
    "parent",
    "owner",
    "person",
    "email",
    "phone",
    "born",
    "language",
    "zone",
];

/// A row that is right but for what is given.
fn row(id: &str, other: &[(&str, &str)]) -> Vec<u8> {
    let value = |column: &str| {
        let given = other.iter().find(|(name, _)| *name == column).map(|(_, value)| *value);
        given.unwrap_or(match column {
            "id" => id,
            "name" => "Sound Ltd",
            _ => "NULL",
        })
    };
    COLUMNS.map(value).join(",").into_bytes()
}

/// What is said of a row: codes and fields.
type Said = &'static [(&'static str, Option<&'static str>)];

/// Each kind of damage: what is wrong, the row, and what is said of it.
fn damages() -> Vec<(&'static str, Vec<u8>, Said)> {
    let long = "n".repeat(201);
    let with =
        |name: &'static str, column: &'static str, value: &str, said: Said| (name, row(&name.replace(' ', "-"), &[(column, value)]), said);
    let person = |name: &'static str, column: &'static str, value: &str, said: Said| {
        (name, row(&name.replace(' ', "-"), &[("person", "Muster"), (column, value)]), said)
    };
    let raw = |name: &'static str, bytes: &[u8], said: Said| (name, bytes.to_vec(), said);
    vec![
        with("missing key", "id", "", &[("KEY_MISSING", None)]),
        with("no name", "name", "NULL", &[("REQUIRED", Some("name"))]),
        with("long name", "name", &long, &[("TOO_LONG", Some("name"))]),
        with("control letter", "name", "bell\u{7}", &[("INVALID_FORMAT", Some("name"))]),
        with("bad address", "website", "javascript:alert(1)", &[("INVALID_FORMAT", Some("website"))]),
        with("no number", "employees", "many", &[("WRONG_TYPE", Some("employees"))]),
        with("number below", "employees", "-1", &[("OUT_OF_RANGE", Some("employees"))]),
        ("no amount", row("no-amount", &[("revenue", "lots"), ("currency", "EUR")]), &[("INVALID_FORMAT", Some("annualRevenue"))]),
        ("amount too precise", row("precise", &[("revenue", "1.005"), ("currency", "EUR")]), &[("OUT_OF_RANGE", Some("annualRevenue"))]),
        ("no such currency", row("currency", &[("revenue", "1"), ("currency", "EURO")]), &[("NOT_ALLOWED", Some("annualRevenue"))]),
        with("amount without currency", "revenue", "1", &[("REQUIRED", Some("annualRevenue"))]),
        with("no such option", "industry", "Alchemy", &[("NOT_ALLOWED", Some("industry"))]),
        with("not in the map", "country", "Gremany", &[("UNMAPPED_VALUE", Some("country"))]),
        with("wrong reference", "parent", "nobody", &[("REFERENCE_NOT_FOUND", Some("parentId"))]),
        with("wrong user", "owner", "nobody@nowhere.example", &[("REFERENCE_NOT_FOUND", Some("ownerId"))]),
        ("its own parent", row("loop", &[("parent", "loop")]), &[("REFERENCE_NOT_FOUND", Some("parentId"))]),
        ("child of a refused one", row("child", &[("parent", "no-number")]), &[("REFERENCE_NOT_FOUND", Some("parentId"))]),
        person("bad e-mail", "email", "anna@", &[("INVALID_FORMAT", Some("email"))]),
        person("bad phone", "phone", "call me", &[("INVALID_FORMAT", Some("phone"))]),
        person("no such day", "born", "31.02.1990", &[("INVALID_FORMAT", Some("birthDate"))]),
        person("day in another form", "born", "1990-02-28", &[("INVALID_FORMAT", Some("birthDate"))]),
        person("no language", "language", "German", &[("INVALID_FORMAT", Some("language"))]),
        person("no zone", "zone", "Berlin", &[("INVALID_FORMAT", Some("timeZone"))]),
        (
            "person of a refused account",
            row("refused", &[("person", "Muster"), ("employees", "x")]),
            &[("WRONG_TYPE", Some("employees")), ("DEPENDS_ON_REFUSED", Some("accountId"))],
        ),
        raw("half a row", b"half,Half a row", &[("WRONG_COLUMN_COUNT", None)]),
        ("a row and a half", [row("more", &[]), b",more,and,more".to_vec()].concat(), &[("WRONG_COLUMN_COUNT", None)]),
        raw("zero byte", b"nul,a\0b,,,,,,,,,,,,,,", &[("NUL_BYTE", None)]),
        raw("mixed encodings", b"latin,M\xfcller,,,,,,,,,,,,,,", &[("INVALID_ENCODING", None)]),
        raw("text behind a quote", b"quote,\"a\"b,,,,,,,,,,,,,,", &[("TEXT_AFTER_QUOTE", None)]),
        ("key said twice", row("sound-0", &[("name", "Another Ltd")]), &[("KEY_REPEATED", None)]),
        ("overlong line", [b"long,".to_vec(), vec![b'x'; 2 << 20]].concat(), &[("LINE_TOO_LONG", None)]),
        // It swallows what follows up to the limit, and must not.
        raw("open quote", b"open,\"never closed,,,,,,,,,,,,,,", &[("UNCLOSED_QUOTE", None)]),
    ]
}

/// The damages with a sound row before each, and one after the last.
fn file() -> Vec<u8> {
    let mut lines = vec![COLUMNS.join(",").into_bytes()];
    for (number, (_, damaged, _)) in damages().into_iter().enumerate() {
        lines.push(row(&format!("sound-{number}"), &[("name", "Müller & Söhne"), ("person", "Özil")]));
        lines.push(damaged);
    }
    // What a spreadsheet would run is a text here.
    lines.push(row("formula", &[("name", "=cmd|' /C calc'!A0")]));
    lines.join(&b'\n')
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_right_comes_in_and_the_rest_is_told_by_row_and_field() {
    both(|app| async move {
        let damages = damages();
        assert!(damages.len() >= 30);
        let sound = u64::try_from(damages.len()).expect("a number") + 1;
        let told = |problems: &[super::Problem]| -> Vec<(u64, String, Option<String>)> {
            let mut told: Vec<_> = problems.iter().map(|problem| (problem.row, problem.code.clone(), problem.field.clone())).collect();
            told.sort();
            told
        };
        let mut expected: Vec<(u64, String, Option<String>)> = Vec::new();
        for (number, (_, _, said)) in (0..).zip(&damages) {
            // Rows count from one, and the damaged ones are the even ones.
            expected.extend(said.iter().map(|(code, field)| (2 * (number + 1), (*code).to_owned(), field.map(str::to_owned))));
        }
        expected.sort();
        // All or nothing: nothing, with the same said.
        for mode in [Mode::Atomic, Mode::DryRun] {
            let (outcome, problems) = import(&app, MAPPING, file(), mode).await;
            assert_eq!(told(&problems), expected, "{mode:?}");
            assert!(!outcome.written && outcome.stopped.is_none());
            assert_eq!((total(&app, "/v1/accounts").await, total(&app, "/v1/contacts").await), (0, 0), "{mode:?} writes nothing");
        }
        let (outcome, problems) = import(&app, MAPPING, file(), Mode::Each).await;
        assert_eq!(told(&problems), expected);
        assert_eq!(outcome.summary.rows, 2 * sound - 1);
        for problem in &problems {
            assert!(!problem.message.is_empty() && problem.line > problem.row, "{problem:?}");
            assert!(problem.value.as_ref().is_none_or(|value| value.chars().count() <= 101), "{problem:?}");
            assert_eq!(
                problem.field.is_some() && problem.code != "DEPENDS_ON_REFUSED",
                problem.column.is_some() && problem.field.is_some(),
                "{problem:?}"
            );
        }
        let accounts = all(&app, "/v1/accounts?fields=name").await;
        let people = damages.iter().filter(|(_, _, said)| said[0].1.is_some_and(is_of_person)).count();
        let people = u64::try_from(people).expect("a number");
        assert_eq!(counts(&outcome, "account")[0], sound + people, "a person that is wrong does not keep the account out");
        assert_eq!(u64::try_from(accounts.len()).expect("a number"), sound + people);
        assert!(accounts.iter().any(|account| account["name"] == json!("=cmd|' /C calc'!A0")), "a formula is kept as text");
        assert!(accounts.iter().any(|account| account["name"] == json!("Müller & Söhne")));
        // Another time: what came in is there, and the same is said.
        let (again, problems) = import(&app, MAPPING, file(), Mode::Each).await;
        assert_eq!(told(&problems), expected);
        assert_eq!(counts(&again, "account")[..3], [0, 0, sound + people]);
    })
    .await;
}

fn is_of_person(field: &str) -> bool {
    ["email", "phone", "birthDate", "language", "timeZone"].contains(&field)
}

/// A line of many megabytes, made on the fly.
struct Huge;

impl Input for Huge {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        let header = [COLUMNS.join(",").into_bytes(), b"\n".to_vec(), row("before", &[]), b"\nhuge,\"".to_vec()].concat();
        let end = [b"\"\n".to_vec(), row("after", &[])].concat();
        Ok(Box::new(io::Cursor::new(header).chain(io::repeat(b'x').take(64 << 20)).chain(io::Cursor::new(end))))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_many_megabytes_costs_its_own_row() {
    both(|app| async move {
        let (outcome, problems) = import_from(&app, &app.alpha, MAPPING, Arc::new(Huge), Mode::Each).await;
        assert_eq!(counts(&outcome, "account"), [2, 0, 0, 0]);
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].row, problems[0].line, problems[0].code.as_str()), (2, 3, "LINE_TOO_LONG"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_stays_in_its_tenant() {
    both(|app| async move {
        let file = [COLUMNS.join(",").into_bytes(), row("x", &[])].join(&b'\n');
        let (_, problems) = import(&app, MAPPING, file.clone(), Mode::Each).await;
        assert!(problems.is_empty(), "{problems:?}");
        let child = [COLUMNS.join(",").into_bytes(), row("y", &[("parent", "x")])].join(&b'\n');
        let (_, problems) = import_from(&app, &app.beta, MAPPING, Arc::new(Bytes(child)), Mode::Each).await;
        assert_eq!(problems.iter().map(|problem| problem.code.as_str()).collect::<Vec<_>>(), ["REFERENCE_NOT_FOUND"]);
        let (other, _) = import_from(&app, &app.beta, MAPPING, Arc::new(Bytes(file)), Mode::Each).await;
        assert_eq!(counts(&other, "account"), [1, 0, 0, 0], "the other tenant's record is not found by its key");
        let (reader, problems) = import_from(
            &app,
            &app.reader,
            MAPPING,
            Arc::new(Bytes([COLUMNS.join(",").into_bytes(), row("z", &[])].join(&b'\n'))),
            Mode::Each,
        )
        .await;
        assert_eq!(counts(&reader, "account"), [0, 0, 0, 1]);
        assert_eq!(problems[0].code, "FORBIDDEN");
    })
    .await;
}
