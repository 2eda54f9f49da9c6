//! The rights of the roles that every tenant begins with: roles × resources × actions, committed as `tests/rights-matrix.md`, and each cell
//! tried over the API.

use super::user;
use clientela_kernel::{Action, Grant};
use clientela_testkit::factory::Fill;
use clientela_testkit::{Client, TestApp, both};
use serde_json::json;
use std::fmt::Write as _;

const ROLES: [&str; 3] = ["administrator", "member", "reader"];
const ACTIONS: [Action; 6] = [Action::Read, Action::Create, Action::Update, Action::Delete, Action::Restore, Action::Erase];

async fn clients(app: &TestApp) -> Vec<Client> {
    let mut clients = Vec::new();
    for key in ROLES {
        let role = app.alpha.get(&format!("/v1/roles/by/key/{key}")).await.expect(200)["id"].as_str().expect("an id").to_owned();
        clients.push(user(app, &format!("some-{key}"), &[&role]).await.1);
    }
    clients
}

/// `all`, `some` or nothing.
fn cell(client: &Client, resource: &str, action: Action) -> &'static str {
    let Some(policy) = &client.context.policy else { return "all" };
    match policy.grant(&client.context, resource, action).expect("rights can be read") {
        None => "",
        Some(Grant { rows: None, .. }) => "all",
        Some(_) => "some",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_matrix_is_as_it_is_committed() {
    let app = TestApp::sqlite(&clientela_testkit::Recipe::default()).await;
    let clients = clients(&app).await;
    let mut text = String::from(
        "# What the first roles of a tenant allow\n\nWritten by the test `rights::matrix`; `CLIENTELA_BLESS=1` writes it anew. `some`: one's own, or what may be read. Nothing where a cell is empty.\n",
    );
    for (role, client) in ROLES.iter().zip(&clients) {
        let _ = write!(text, "\n## {role}\n\n| resource |");
        for action in ACTIONS {
            let _ = write!(text, " {} |", action.name());
        }
        text.push_str(" export | share | assign |\n|---|---|---|---|---|---|---|---|---|---|\n");
        for def in app.registry.resources() {
            let _ = write!(text, "| {} |", def.name);
            for action in ACTIONS.into_iter().chain([Action::Export, Action::Share, Action::Assign]) {
                let _ = write!(text, " {} |", cell(client, &def.name, action));
            }
            text.push('\n');
        }
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rights-matrix.md");
    if std::env::var_os("CLIENTELA_BLESS").is_some() {
        std::fs::write(&path, &text).expect("the matrix can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(committed, text, "run the test with CLIENTELA_BLESS=1 and look at what has changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_holds_over_the_api() {
    both(|app| async move {
        let clients = clients(&app).await;
        let mut tried = 0;
        for def in app.registry.resources().to_vec() {
            let deletable = def.deletable && def.creatable;
            let victim = if deletable { Some(app.factory(&app.alpha).create(&def, Fill::Required).await) } else { None };
            for (role, client) in ROLES.iter().zip(&clients) {
                let what = |action: &str| format!("{role} {action} {}", def.plural);
                let list = client.get(&format!("/v1/{}?limit=1", def.path)).await;
                assert_eq!(list.status == 200, !cell(client, &def.name, Action::Read).is_empty(), "{}: {}", what("reads"), list.describe());
                let name = &def.plural;
                let graph = client.graphql(&format!("{{ {name}(first: 1) {{ nodes {{ id }} }} }}"), json!({})).await;
                assert_eq!(graph.json()["errors"].is_null(), list.status == 200, "{}: {}", what("queries"), graph.describe());
                tried += 2;
                let Some(victim) = &victim else { continue };
                let path = format!("/v1/{}/{}", def.path, victim["id"].as_str().expect("an id"));
                let readable = client.get(&path).await.status == 200;
                for action in [Action::Update, Action::Delete, Action::Restore, Action::Erase] {
                    // Tried, and not done: the last role finds the record as the first one did.
                    let answer = match action {
                        Action::Update if def.updatable => client.patch(&format!("{path}?dryRun=true"), &json!({})).await,
                        Action::Delete => client.delete(&format!("{path}?dryRun=true")).await,
                        Action::Restore => client.post(&format!("{path}/restore?dryRun=true"), &json!({})).await,
                        Action::Erase => client.post(&format!("{path}/erase?dryRun=true"), &json!({})).await,
                        _ => continue,
                    };
                    let allowed = match cell(client, &def.name, action) {
                        "all" => readable,
                        "some" => readable && answer.status < 400,
                        _ => false,
                    };
                    let expected: &[u16] = if allowed { &[200, 204] } else { &[403, 404] };
                    assert!(expected.contains(&answer.status), "{}: {}", what(action.name()), answer.describe());
                    tried += 1;
                }
            }
        }
        assert!(tried > 300, "only {tried} cells were tried");
    })
    .await;
}
