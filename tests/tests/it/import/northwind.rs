//! Real files: Northwind's, where they stand beside the checkout, and a made-up one that is always there.

use super::{all, counts, import, total};
use crate::architecture::root;
use clientela_engine::import::Mode;
use clientela_testkit::{TestApp, both};
use serde_json::{Value as Json, json};

fn mapping(name: &str) -> String {
    std::fs::read_to_string(root().join("examples/import").join(name)).expect("the mapping is there")
}

/// A file of Northwind; none where the data does not stand beside the checkout, which is said.
#[expect(clippy::print_stderr, reason = "a test that passes over a file says so")]
fn northwind(name: &str) -> Option<Vec<u8>> {
    let folder = root().join("../shared/data/northwind");
    let read = std::fs::read(folder.join(name)).ok();
    if read.is_none() {
        eprintln!("skipped: {} is not there", folder.join(name).display());
    }
    read
}

async fn one(app: &TestApp, path: &str, name: &str) -> Json {
    let filter = form_encode(&json!({"name": {"eq": name}}).to_string());
    let mut found = all(app, &format!("{path}?filter={filter}")).await;
    assert_eq!(found.len(), 1, "{name}");
    found.remove(0)
}

fn form_encode(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn northwind_comes_in_whole_and_comes_in_again_unchanged() {
    let (Some(customers), Some(suppliers), Some(employees)) =
        (northwind("customers.csv"), northwind("suppliers.csv"), northwind("employees.csv"))
    else {
        return;
    };
    both(|app| {
        let (customers, suppliers, employees) = (customers.clone(), suppliers.clone(), employees.clone());
        async move {
            let files = [("customers", customers), ("suppliers", suppliers), ("employees", employees)];
            let expected: [&[(&str, u64)]; 3] = [
                &[("account", 91), ("contact", 91), ("contactPoint", 69), ("address", 91)],
                &[("account", 29), ("contact", 29), ("contactPoint", 13), ("address", 29)],
                &[("user", 9)],
            ];
            let users = total(&app, "/v1/users").await;
            for (again, (name, bytes), expected) in
                [false, true].into_iter().flat_map(|again| files.iter().zip(expected).map(move |(file, expected)| (again, file, expected)))
            {
                let mapping = mapping(&format!("northwind/{name}.toml"));
                let (outcome, problems) = import(&app, &mapping, bytes.clone(), Mode::Each).await;
                assert!(problems.is_empty() && outcome.stopped.is_none(), "{name}: {problems:#?}");
                for (resource, number) in expected {
                    let wanted = if again { [0, 0, *number, 0] } else { [*number, 0, 0, 0] };
                    assert_eq!(counts(&outcome, resource), wanted, "{name}, {resource}, again {again}");
                }
            }
            assert_eq!(total(&app, "/v1/accounts").await, 91 + 29);
            assert_eq!(total(&app, "/v1/contacts").await, 91 + 29);
            assert_eq!(total(&app, "/v1/addresses").await, 91 + 29);
            assert_eq!(total(&app, "/v1/users").await, users + 9);
            let kind = |kind: &str| form_encode(&json!({"kind": {"eq": kind}}).to_string());
            assert_eq!(total(&app, &format!("/v1/contact-points?filter={}", kind("FAX"))).await, 69 + 13);
            assert_eq!(total(&app, &format!("/v1/contact-points?filter={}", kind("PHONE"))).await, 91 + 29);
            look_closely(&app).await;
        }
    })
    .await;
}

/// Accents, the text NULL, managers.
async fn look_closely(app: &TestApp) {
    let account = one(app, "/v1/accounts", "Ana Trujillo Emparedados y helados").await;
    assert_eq!((&account["city"], &account["country"], &account["phone"]), (&json!("México D.F."), &json!("MX"), &json!("(5) 555-4729")));
    let account = one(app, "/v1/accounts", "Blondesddsl père et fils").await;
    let places = all(app, &format!("/v1/addresses?filter={}", form_encode(&json!({"partyId": {"eq": account["id"]}}).to_string()))).await;
    assert_eq!((&places[0]["line1"], &places[0]["region"]), (&json!("24 place Kléber"), &Json::Null));
    let contact = one(app, "/v1/contacts", "Frédérique Citeaux").await;
    assert_eq!((&contact["accountId"], &contact["lastName"]), (&account["id"], &json!("Citeaux")));
    let (fuller, buchanan) = (one(app, "/v1/users", "Andrew Fuller").await, one(app, "/v1/users", "Steven Buchanan").await);
    let suyama = one(app, "/v1/users", "Michael Suyama").await;
    assert_eq!(fuller["managerId"], Json::Null);
    assert_eq!((&buchanan["managerId"], &suyama["managerId"]), (&fuller["id"], &buchanan["id"]));
    assert_eq!(suyama["version"], json!(1), "nobody was written twice to be given a manager");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_made_up_file_shows_what_a_mapping_can_do() {
    both(|app| async move {
        let file = std::fs::read(root().join("examples/import/customers.csv")).expect("the sample is there");
        let mapping = mapping("customers.toml");
        let (dry, problems) = import(&app, &mapping, file.clone(), Mode::DryRun).await;
        assert!(problems.is_empty() && !dry.written, "{problems:#?}");
        assert_eq!((counts(&dry, "account"), counts(&dry, "contact")), ([4, 0, 0, 0], [3, 0, 0, 0]));
        assert_eq!(total(&app, "/v1/accounts").await, 0, "a dry run writes nothing");
        let (outcome, problems) = import(&app, &mapping, file.clone(), Mode::Each).await;
        assert!(problems.is_empty(), "{problems:#?}");
        assert_eq!((counts(&outcome, "account"), counts(&outcome, "contact")), ([4, 0, 0, 0], [3, 0, 0, 0]));
        let dairy = one(&app, "/v1/accounts", "Bergkäserei Tirol").await;
        let holding = one(&app, "/v1/accounts", "Alpen Holding").await;
        assert_eq!(dairy["parentId"], holding["id"], "a row may refer to one further down");
        assert_eq!(dairy["annualRevenue"], json!({"amount": "1250000.00", "currency": "EUR"}));
        assert_eq!((&dairy["lifecycle"], &dairy["industry"], &dairy["country"]), (&json!("CUSTOMER"), &json!("FOOD"), &json!("AT")));
        assert_eq!(holding["domains"], json!(["alpen-holding.example", "alpen.example"]));
        let person = one(&app, "/v1/contacts", "Anna Gruber").await;
        assert_eq!((&person["birthDate"], &person["email"]), (&json!("1984-05-17"), &json!("anna.gruber@bergkaeserei.example")));
        assert_eq!(one(&app, "/v1/accounts", "Hofladen \"Zur Linde\"").await["lifecycle"], json!("FORMER"));
        // The same in another encoding changes nothing, a changed row changes its record alone.
        let text = String::from_utf8(file).expect("UTF-8").replace("Zürich", "Genève");
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let (outcome, problems) = import(&app, &mapping, utf16, Mode::Each).await;
        assert!(problems.is_empty(), "{problems:#?}");
        assert_eq!((counts(&outcome, "account"), counts(&outcome, "contact")), ([0, 1, 3, 0], [0, 0, 3, 0]));
        assert_eq!(outcome.summary.encoding, "utf-16le");
        let log = app.log(dairy["id"].as_str().expect("an id")).await;
        assert_eq!(log.len(), 1, "what did not change has no further log row: {log:#?}");
    })
    .await;
}
