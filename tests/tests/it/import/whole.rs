//! All or nothing, the order of rows, and references that wait.

use super::{counts, import, total};
use clientela_engine::import::Mode;
use clientela_testkit::both;

const MAPPING: &str = r#"
[[record]]
resource = "account"
key = { system = "erp", column = "id" }
[record.fields]
name = "name"
parentId = { column = "parent", reference = { system = "erp" } }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_atomic_import_is_there_at_once_or_not_at_all() {
    both(|app| async move {
        let good = "id,name,parent\n1,One,2\n2,Two,\n";
        let (outcome, problems) = import(&app, MAPPING, good, Mode::Atomic).await;
        assert!(outcome.written && problems.is_empty(), "{problems:?}");
        assert_eq!(total(&app, "/v1/accounts").await, 2);
        // One that changes a record and then meets a mistake leaves the record as it was.
        let bad = "id,name,parent\n1,Changed,2\n3,,\n";
        let (outcome, problems) = import(&app, MAPPING, bad, Mode::Atomic).await;
        assert!(!outcome.written && problems.len() == 1, "{problems:?}");
        assert_eq!(counts(&outcome, "account"), [0, 1, 0, 1]);
        let (outcome, _) = import(&app, MAPPING, good, Mode::Each).await;
        assert_eq!(counts(&outcome, "account"), [0, 0, 2, 0]);
        // And the database serves others as before.
        let (outcome, _) = import(&app, MAPPING, "id,name,parent\n4,Four,1\n", Mode::Each).await;
        assert_eq!(counts(&outcome, "account"), [1, 0, 0, 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_references_is_followed_from_its_end() {
    both(|app| async move {
        let mut file = "id,name,parent\n".to_owned();
        for number in 0..20 {
            file.push_str(&format!("{number},Account {number},{}\n", number + 1));
        }
        file.push_str("20,Head,\n");
        let (outcome, problems) = import(&app, MAPPING, file.clone(), Mode::Each).await;
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(counts(&outcome, "account"), [21, 0, 0, 0]);
        let (outcome, _) = import(&app, MAPPING, file, Mode::Each).await;
        assert_eq!(counts(&outcome, "account"), [0, 0, 21, 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_later_row_wins_where_the_mapping_says_so() {
    both(|app| async move {
        let mapping = MAPPING.replace("[record.fields]", "repeats = \"update\"\n[record.fields]");
        let mut file = "id,name,parent\n".to_owned();
        for number in 0..50 {
            file.push_str(&format!("1,Name {number},\n"));
        }
        // Waits for the row below, and still is the last word on its record.
        file.push_str("2,Early,9\n2,Late,9\n9,Nine,\n");
        let (outcome, problems) = import(&app, &mapping, file, Mode::Each).await;
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(counts(&outcome, "account"), [3, 50, 0, 0]);
        let names = super::all(&app, "/v1/accounts?sort=name").await;
        let names: Vec<&str> = names.iter().map(|account| account["name"].as_str().expect("a name")).collect();
        assert_eq!(names, ["Late", "Name 49", "Nine"]);
    })
    .await;
}
