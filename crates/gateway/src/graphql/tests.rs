//! Execution over records in memory, and the differential test against async-graphql's own resolvers.

use super::fixture::{self, Memory};
use super::plan::{Answer, Preparer, Problem, Run};
use super::schema;
use async_graphql::Request;
use clientela_kernel::{Context, Id};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;
use uuid::Uuid;

struct Bench {
    preparer: Preparer,
    memory: Arc<Memory>,
    context: Option<Context>,
    runtime: tokio::runtime::Runtime,
}

impl Bench {
    fn new() -> Self {
        let registry = fixture::registry();
        Bench {
            preparer: super::preparer(&registry).unwrap(),
            memory: Arc::new(Memory::new(&registry)),
            context: Some(fixture::context()),
            runtime: tokio::runtime::Builder::new_current_thread().build().unwrap(),
        }
    }

    fn try_run(&self, document: &str, variables: &Map<String, Json>) -> Result<Answer, Vec<Problem>> {
        self.runtime.block_on(async {
            let prepared = self.preparer.prepare(document, None).await?;
            let run = Run {
                preparer: &self.preparer,
                prepared: &prepared,
                source: self.memory.as_ref(),
                context: self.context.as_ref(),
                request_id: Uuid::nil(),
            };
            Ok(run.answer(variables).await)
        })
    }

    fn run_text(&self, document: &str, variables: Json) -> String {
        let variables = variables.as_object().cloned().unwrap_or_default();
        let answer = self.try_run(document, &variables).unwrap_or_else(|problems| Answer::refusal(&problems, Uuid::nil()));
        String::from_utf8(answer.body).unwrap()
    }

    fn run(&self, document: &str, variables: Json) -> Json {
        serde_json::from_str(&self.run_text(document, variables)).unwrap()
    }

    /// The data, where there are no errors.
    fn data(&self, document: &str) -> Json {
        let answer = self.run(document, json!({}));
        assert_eq!(answer.get("errors"), None, "{document}");
        answer["data"].clone()
    }

    /// The code of the first error, and its text.
    fn error(&self, document: &str, variables: Json) -> (String, String) {
        let answer = self.run(document, variables);
        let error = &answer["errors"][0];
        (
            error["extensions"]["code"].as_str().unwrap_or_else(|| panic!("{document}: {answer}")).to_owned(),
            error["message"].as_str().unwrap().to_owned(),
        )
    }
}

fn id(prefix: &str, number: usize) -> String {
    Id(fixture::uuid(number)).to_text(prefix)
}

#[test]
fn schema_prints_the_same_every_time_and_describes_everything() {
    let registry = fixture::registry();
    let sdl = super::sdl(&registry).unwrap();
    assert_eq!(sdl, super::sdl(&fixture::registry()).unwrap());
    assert!(!sdl.contains("hash"), "a secret field is in no API");
    for part in [
        "type Account implements Node {",
        "input AccountOrder @oneOf {",
        "createAccount(",
        "deleted: DeletedMode = EXCLUDE",
        "industry: Industry = RETAIL",
    ] {
        assert!(sdl.contains(part), "{part} in\n{sdl}");
    }
    assert!(!sdl.contains("deleteContact"), "contacts cannot be deleted here");
    for definition in schema::build(&registry).types() {
        assert!(!definition.description.is_empty(), "{}", definition.name);
        let described = |name: &str, text: &str| assert!(!text.is_empty(), "{}.{name}", definition.name);
        match &definition.kind {
            schema::types::Kind::Enum(values) => values.iter().for_each(|value| described(&value.name, &value.description)),
            schema::types::Kind::Input { fields, .. } => fields.iter().for_each(|field| described(&field.name, &field.description)),
            schema::types::Kind::Interface(fields) => fields.iter().for_each(|field| described(&field.name, &field.description)),
            schema::types::Kind::Object(object) => object.fields.iter().for_each(|field| {
                described(&field.name, &field.description);
                field.arguments.iter().for_each(|argument| described(&argument.name, &argument.description));
            }),
            schema::types::Kind::Scalar { .. } => {}
        }
    }
}

#[test]
fn records_lists_relations_and_nodes() {
    let bench = Bench::new();
    let document = format!(
        "{{ a: account(id: \"{}\") {{ __typename name revenue {{ currency }} contacts(first: 1) {{ totalCount nodes {{ id account {{ id }} }} }} }} \
          accounts(last: 2, orderBy: [{{name: DESC}}]) {{ pageInfo {{ hasPreviousPage endCursor }} edges {{ cursor node {{ name }} }} }} }}",
        id("acc", 2)
    );
    let data = bench.data(&document);
    assert_eq!(
        data["a"],
        json!({"__typename": "Account", "name": "Account \"2\"", "revenue": {"currency": "EUR"},
               "contacts": {"totalCount": 3, "nodes": [{"id": id("con", 102), "account": {"id": id("acc", 2)}}]}})
    );
    assert_eq!(data["accounts"]["edges"][1]["node"]["name"], "Account \"0\"");
    let ids = json!([id("con", 100), "nonsense", id("xyz", 1), id("acc", 1), id("acc", 77)]);
    let nodes = bench.run("query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Account { name } } }", json!({"ids": ids}));
    assert_eq!(
        nodes["data"]["nodes"],
        json!([{"__typename": "Contact", "id": id("con", 100)}, null, null, {"__typename": "Account", "id": id("acc", 1), "name": "Account \"1\""}, null])
    );
    let absent = bench.run(&format!("{{ account(id: \"{}\") {{ id }} node(id: \"x_1\") {{ id }} }}", id("acc", 77)), json!({}));
    assert_eq!(absent["data"], json!({"account": null, "node": null}));
    assert_eq!(absent.get("errors"), None);
}

#[test]
fn variables_are_coerced_to_their_types() {
    let bench = Bench::new();
    let list = "query($n: Int = 1, $f: AccountFilter, $o: [AccountOrder!], $s: String) { accounts(first: $n, filter: $f, orderBy: $o, after: $s) { nodes { name } } }";
    let count = |variables: Json| bench.run(list, variables)["data"]["accounts"]["nodes"].as_array().map(Vec::len);
    assert_eq!(count(json!({})), Some(1));
    assert_eq!(count(json!({"n": 3})), Some(3));
    assert_eq!(count(json!({"n": null})), Some(5), "an explicit null is not the variable's default");
    assert_eq!(count(json!({"n": 5, "f": {"name": {"eq": "Account \"3\""}}, "o": {"name": "ASC"}, "unknown": 1})), Some(1));
    for (variables, part) in [
        (json!({"n": "3"}), "$n is \"3\""),
        (json!({"n": 3_000_000_000_u32}), "whole number"),
        (json!({"f": {"nmae": {}}}), "Did you mean \"name\"?"),
        (json!({"f": {"industry": {"eq": "BANKING"}}}), "$f.industry.eq is \"BANKING\"; one of RETAIL, FOOD"),
        (json!({"f": {"name": {"in": [null]}}}), "$f.name.in[0] must not be null"),
        (json!({"o": [{"name": "ASC", "id": "ASC"}]}), "exactly one field"),
        (json!({"o": [{}]}), "exactly one field"),
        (json!({"s": 1}), "a string"),
    ] {
        let (code, text) = bench.error(list, variables.clone());
        assert_eq!(code, "BAD_USER_INPUT", "{variables}");
        assert!(text.contains(part), "{text}");
    }
    let (code, text) = bench.error("query($id: ID!) { account(id: $id) { id } }", json!({}));
    assert_eq!((code.as_str(), text.contains("$id is missing")), ("BAD_USER_INPUT", true));
}

#[test]
fn errors_have_their_codes_and_places() {
    let bench = Bench::new();
    for (document, code, part) in [
        ("{ accounts ", "GRAPHQL_PARSE_FAILED", ""),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED", "nothing"),
        ("{ accounts(filter: {nmae: {eq: \"x\"}}) { totalCount } }", "GRAPHQL_VALIDATION_FAILED", "nmae"),
        ("query($x: String) { accounts(filter: {nmae: {eq: $x}}) { totalCount } }", "GRAPHQL_VALIDATION_FAILED", "nmae"),
        ("{ accounts(filter: {industry: {eq: \"FOOD\"}}) { totalCount } }", "GRAPHQL_VALIDATION_FAILED", "one of"),
        (
            "{ a: accounts(first: 1) { totalCount } ... on Query { a: accounts(first: 2) { totalCount } } }",
            "GRAPHQL_VALIDATION_FAILED",
            "differ",
        ),
        ("{ accounts { nodes { x: name } } accounts { nodes { x: id } } }", "GRAPHQL_VALIDATION_FAILED", "differ"),
        ("query A { accounts { totalCount } } query B { accounts { totalCount } }", "GRAPHQL_VALIDATION_FAILED", "operationName"),
        ("query($x: Int) { __typename }", "GRAPHQL_VALIDATION_FAILED", "not used"),
        ("subscription { x }", "GRAPHQL_VALIDATION_FAILED", "Subscription"),
        ("{ accounts(first: -1) { totalCount } }", "BAD_USER_INPUT", "first is -1"),
        ("{ accounts(first: 1001) { totalCount } }", "BAD_USER_INPUT", "1000"),
        ("{ accounts(first: 1, last: 1) { totalCount } }", "BAD_USER_INPUT", "together"),
        ("{ accounts(after: \"x\") { totalCount } }", "INVALID_CURSOR", ""),
        ("{ accounts(filter: {id: {eq: \"x\"}}) { totalCount } }", "INVALID_FILTER", ""),
        ("{ account(id: \"con_01h455vb4pex5vsknk084sn02q\") { id } }", "BAD_USER_INPUT", "acc_"),
        (
            "{ a: accounts(first: 1000) { totalCount } b: accounts(first: 1000) { totalCount } c: accounts(first: 1) { totalCount } }",
            "QUERY_TOO_COMPLEX",
            "2001",
        ),
    ] {
        let (found, text) = bench.error(document, json!({}));
        assert_eq!(found, code, "{document}: {text}");
        assert!(text.contains(part), "{document}: {text}");
    }
    let partial = bench.run("{\n  bad: accounts(first: -1) { totalCount }\n  good: accounts(first: 1) { totalCount } }", json!({}));
    assert_eq!(partial["data"], json!({"bad": null, "good": {"totalCount": 5}}));
    assert_eq!(partial["errors"][0]["path"], json!(["bad"]));
    assert_eq!(partial["errors"][0]["locations"], json!([{"line": 2, "column": 3}]));
    assert_eq!(partial["extensions"]["cost"], json!({"requested": 1, "limit": 2000}));
    assert_eq!(bench.run("{ nothing }", json!({})).get("data"), None, "a refused request has no data");
}

#[test]
fn mutations_run_in_order_and_keep_absent_fields_absent() {
    let bench = Bench::new();
    let document = "mutation($i: UpdateAccountInput!, $e: Int, $x: String) {
        a: updateAccount(input: $i) { account { name } userErrors { code } }
        b: updateAccount(input: {id: \"acc_01j0000000e00r00000000000r\", name: $x, industry: null}) { userErrors { code field message } }
        c: createAccount(input: {name: \"bad\", revenue: {amount: \"1.0\", currency: \"EURO\"}}) { account { id } userErrors { field code problem message } }
        d: createAccount(input: {name: \"away\"}) { userErrors { code } }
    }"
    .replace("$e: Int, ", "");
    let answer = bench.run(&document, json!({"i": {"id": id("acc", 1), "employees": 4, "industry": null}}));
    assert_eq!(answer["data"]["a"], json!({"account": {"name": "Account \"1\""}, "userErrors": []}));
    assert_eq!(answer["data"]["b"]["userErrors"][0]["code"], "NOT_FOUND");
    assert_eq!(
        answer["data"]["c"]["userErrors"],
        json!([
            {"field": ["input", "name"], "code": "VALIDATION_FAILED", "problem": "NOT_ALLOWED", "message": "Not this name."},
            {"field": ["input", "revenue", "currency"], "code": "VALIDATION_FAILED", "problem": "INVALID_FORMAT", "message": "Not a currency."}
        ])
    );
    assert_eq!(answer["data"]["c"]["account"], Json::Null);
    assert_eq!(answer["data"]["d"], Json::Null);
    assert_eq!(answer["errors"][0]["extensions"]["code"], "DATABASE_UNAVAILABLE");
    assert!(!answer.to_string().contains("10.0.0.1"));
    let writes = bench.memory.writes.lock().unwrap().clone();
    assert!(writes[0].contains("Update") && writes[0].contains("\"industry\": Null") && !writes[0].contains("name"), "{}", writes[0]);
    assert!(!writes[1].contains("\"name\""), "an omitted variable leaves the field absent: {}", writes[1]);
    assert!(writes[2].contains("\"industry\": String(\"RETAIL\")"), "defaults of inputs: {}", writes[2]);
    assert_eq!(writes.len(), 4);
    let conflict = bench.run(
        &format!(
            "mutation {{ updateAccount(input: {{id: \"{}\", expectedVersion: 3}}) {{ userErrors {{ code currentVersion }} }} }}",
            id("acc", 1)
        ),
        json!({}),
    );
    assert_eq!(conflict["data"]["updateAccount"]["userErrors"], json!([{"code": "VERSION_CONFLICT", "currentVersion": 7}]));
    let key = bench.run("mutation { createAccount(input: {name: \"x\", idempotencyKey: \"\"}) { userErrors { field } } }", json!({}));
    assert_eq!(key["data"]["createAccount"]["userErrors"][0]["field"], json!(["input", "idempotencyKey"]));
    let deleted = bench
        .data(&format!("mutation {{ deleteAccount(input: {{id: \"{}\"}}) {{ deletedAccountId userErrors {{ code }} }} }}", id("acc", 0)));
    assert_eq!(deleted["deleteAccount"], json!({"deletedAccountId": id("acc", 0), "userErrors": []}));
}

#[test]
fn introspection_needs_no_credential_and_mixes_with_data() {
    let mut bench = Bench::new();
    let mixed = bench.data("query { a: __typename __type(name: \"Money\") { name fields { name } } accounts(first: 1) { totalCount } }");
    assert_eq!(
        mixed,
        json!({"a": "Query", "__type": {"name": "Money", "fields": [{"name": "amount"}, {"name": "currency"}]}, "accounts": {"totalCount": 5}})
    );
    let full = bench.data(INTROSPECTION);
    assert!(full["__schema"]["types"].as_array().unwrap().len() > 20);
    bench.context = None;
    assert_eq!(bench.data("{ __typename }"), json!({"__typename": "Query"}));
    assert_eq!(bench.error("{ accounts { totalCount } }", json!({})).0, "UNAUTHENTICATED");
    let prepared = |text: &str| bench.runtime.block_on(bench.preparer.prepare(text, None)).unwrap().introspection_only;
    assert!(prepared(INTROSPECTION) && prepared("{ __typename }") && prepared("mutation { __typename }"));
    assert!(!prepared("query($x: Boolean!) { __typename accounts @include(if: $x) { totalCount } }"));
}

/// The standard query of GraphQL clients, at its depth of 15.
const INTROSPECTION: &str = "query IntrospectionQuery { __schema { queryType { name } mutationType { name } subscriptionType { name } types { ...FullType } \
    directives { name description locations args { ...InputValue } } } } \
    fragment FullType on __Type { kind name description specifiedByURL isOneOf fields(includeDeprecated: true) { name description args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason } \
    inputFields { ...InputValue } interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } } \
    fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue } \
    fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

#[test]
fn a_variable_may_stand_in_the_condition_of_a_typename_alone() {
    let bench = Bench::new();
    let document = "query($x: Boolean!) { a: __typename @include(if: $x) b: __typename @skip(if: $x) }";
    assert_eq!(bench.run(document, json!({"x": true}))["data"], json!({"a": "Query"}));
}

#[test]
fn a_single_order_stands_for_a_list_of_one() {
    let bench = Bench::new();
    let data = bench.data("{ accounts(first: 1, orderBy: {name: DESC}) { nodes { name } } }");
    assert_eq!(data["accounts"]["nodes"][0]["name"], "Account \"4\"");
}

#[test]
fn a_document_is_prepared_once() {
    let bench = Bench::new();
    bench.runtime.block_on(async {
        let text = "query($x: Boolean!) { accounts(first: 1) { totalCount @include(if: $x) nodes @skip(if: $x) { id } } }";
        let first = bench.preparer.prepare(text, None).await.unwrap();
        let again = bench.preparer.prepare(text, None).await.unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        let fields = |flag: bool| {
            let variables = first.variables(&bench.preparer.types, json!({"x": flag}).as_object().unwrap()).unwrap();
            first.fields(&bench.preparer.types, &variables).unwrap()
        };
        assert!(Arc::ptr_eq(&fields(true), &fields(true)));
        assert_eq!(&*fields(true)[0].children[0].key, "totalCount");
        assert_eq!(&*fields(false)[0].children[0].key, "nodes");
    });
}

/// Makes random valid documents. Response keys tell field and arguments apart, so that any two of them may be merged.
struct Author {
    random: u64,
    fragments: Vec<String>,
    uses: [bool; 3],
    /// Items still to come; then only the shortest.
    budget: usize,
}

impl Author {
    fn below(&mut self, limit: usize) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.random >> 33).unwrap() % limit
    }

    fn directive(&mut self) -> &'static str {
        match self.below(14) {
            0 => "@include(if: true)",
            1 => "@skip(if: true)",
            2 => {
                self.uses[0] = true;
                "@include(if: $yes)"
            }
            3 => {
                self.uses[1] = true;
                "@include(if: $no) @skip(if: false)"
            }
            4 => {
                self.uses[1] = true;
                "@skip(if: $no)"
            }
            _ => "",
        }
    }

    fn selection(&mut self, on: &str, depth: usize) -> String {
        let count = 1 + self.below(4);
        let items: Vec<String> = (0..count).map(|_| self.item(on, depth)).collect();
        format!("{{ {} }}", items.join(" "))
    }

    fn item(&mut self, on: &str, depth: usize) -> String {
        let node = matches!(on, "Account" | "Contact" | "Node");
        if self.budget == 0 {
            return "__typename".to_owned();
        }
        self.budget -= 1;
        match self.below(12) {
            0 => format!("... {} {}", self.directive(), self.selection(on, depth)),
            1 => format!("... on {on} {} {}", self.directive(), self.selection(on, depth)),
            2 if node => {
                let other = ["Node", "Account", "Contact"][self.below(3)];
                // A fragment must be able to apply.
                let other = if on == "Node" || other == "Node" || other == on { other } else { on };
                format!("... on {other} {}", self.selection(other, depth))
            }
            3 if self.fragments.len() < 6 => {
                let index = self.fragments.len();
                self.fragments.push(String::new());
                let body = self.selection(on, depth.saturating_sub(1));
                self.fragments[index] = format!("fragment F{index} on {on} {body}");
                format!("...F{index} {} ...F{index}", self.directive())
            }
            // async-graphql does not count variables in the directives of `__typename`.
            4 => format!("__typename t: __typename {}", ["", "@skip(if: true)", "@include(if: true)"][self.below(3)]),
            _ => self.field(on, depth),
        }
    }

    fn field(&mut self, on: &str, depth: usize) -> String {
        let leaves: &[&str] = match on {
            "Account" => {
                &["id", "version", "name", "industry", "employees", "bytes", "tags", "active", "foundedOn", "callLength", "createdAt"]
            }
            "Contact" => &["id", "name", "accountId"],
            "AccountConnection" | "ContactConnection" => &["totalCount"],
            "AccountEdge" | "ContactEdge" => &["cursor"],
            "PageInfo" => &["hasNextPage", "hasPreviousPage", "startCursor", "endCursor"],
            "Money" => &["amount", "currency"],
            "Node" => &["id"],
            _ => &["__typename"],
        };
        let branches: &[(&str, &str)] = match on {
            "Query" => &[
                ("account", "Account"),
                ("accounts", "AccountConnection"),
                ("contacts", "ContactConnection"),
                ("node", "Node"),
                ("nodes", "Node"),
            ],
            "Account" => &[("revenue", "Money"), ("contacts", "ContactConnection")],
            "Contact" => &[("account", "Account")],
            "AccountConnection" => &[("nodes", "Account"), ("edges", "AccountEdge"), ("pageInfo", "PageInfo")],
            "ContactConnection" => &[("nodes", "Contact"), ("edges", "ContactEdge"), ("pageInfo", "PageInfo")],
            "AccountEdge" => &[("node", "Account")],
            "ContactEdge" => &[("node", "Contact")],
            _ => &[],
        };
        let directive = self.directive();
        if depth == 0 || branches.is_empty() || (self.below(3) == 0 && on != "Query") {
            let leaf = leaves[self.below(leaves.len())];
            return match self.below(3) {
                0 => format!("alias_{leaf}: {leaf} {directive}"),
                _ => format!("{leaf} {directive}"),
            };
        }
        let (name, below) = branches[self.below(branches.len())];
        let (key, arguments) = self.arguments(on, name);
        let selection = self.selection(below, depth - 1);
        format!("{key}{name}{arguments} {directive} {selection}")
    }

    fn arguments(&mut self, on: &str, name: &str) -> (String, String) {
        let choice = self.below(5);
        match (on, name) {
            ("Query", "account") => (format!("a{choice}: "), format!("(id: \"{}\")", id("acc", choice + 1))),
            ("Query", "node") => {
                let id = if choice.is_multiple_of(2) { id("acc", choice) } else { id("con", 100 + choice) };
                (format!("n{choice}: "), format!("(id: \"{id}\")"))
            }
            ("Query", "nodes") => {
                ("many: ".to_owned(), format!("(ids: [\"{}\", \"{}\", \"{}\"])", id("acc", 1), id("con", 103), id("acc", 0)))
            }
            ("Query", _) | ("Account", "contacts") => match choice {
                0 => (String::new(), String::new()),
                1 => {
                    self.uses[2] = true;
                    (format!("{name}V: "), "(first: $n, orderBy: [{name: DESC}])".to_owned())
                }
                2 => (format!("{name}F: "), "(filter: {name: {eq: \"Person 2\"}}, first: 4)".to_owned()),
                3 => (format!("{name}L: "), "(last: 1, orderBy: [{name: ASC}])".to_owned()),
                _ => (format!("{name}Z: "), "(first: 0)".to_owned()),
            },
            _ if choice == 0 => (format!("alias_{name}: "), String::new()),
            _ => (String::new(), String::new()),
        }
    }

    fn document(seed: u64) -> String {
        let mut author = Author { random: seed, fragments: Vec::new(), uses: [false; 3], budget: 80 };
        author.below(2);
        let body = author.selection("Query", 5);
        let declared = ["$yes: Boolean!", "$no: Boolean = false", "$n: Int"];
        let declared: Vec<&str> = declared.iter().zip(author.uses).filter_map(|(text, used)| used.then_some(*text)).collect();
        let declared = if declared.is_empty() { String::new() } else { format!("({})", declared.join(", ")) };
        format!("query Q{declared} {body} {}", author.fragments.join(" "))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn plans_answer_what_resolvers_answer(seed: u64) {
        thread_local!(static BENCH: (Bench, async_graphql::dynamic::Schema) = {
            let bench = Bench::new();
            let memory = bench.memory.clone();
            let resolvers = schema::render::builder(&bench.preparer.types, &|object, field| fixture::resolver(&memory, object, field));
            let schema = resolvers.limit_recursive_depth(200).finish().unwrap();
            (bench, schema)
        });
        BENCH.with(|(bench, schema)| {
            let document = Author::document(seed);
            let variables = json!({"yes": true, "n": 2});
            let request = Request::new(&document).variables(async_graphql::Variables::from_json(variables.clone()));
            let theirs = bench.runtime.block_on(schema.execute(request));
            prop_assert!(theirs.errors.is_empty(), "{document}\n{:?}", theirs.errors);
            let ours = match bench.try_run(&document, variables.as_object().unwrap()) {
                Ok(answer) => String::from_utf8(answer.body).unwrap(),
                // Random documents may be over a limit.
                Err(problems) if problems[0].error.code() == clientela_kernel::ErrorCode::QueryTooComplex => return Ok(()),
                Err(problems) => return Err(TestCaseError::fail(format!("{document}\n{problems:?}"))),
            };
            let theirs = serde_json::to_string(&theirs.data).unwrap();
            if !ours.contains("\"code\":\"QUERY_TOO_COMPLEX\"") {
                prop_assert!(ours.starts_with(&format!("{{\"data\":{theirs}")), "{document}\nours {ours}\ntheirs {theirs}");
            }
            Ok(())
        })?;
    }
}
