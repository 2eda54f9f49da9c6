//! What the rules of customers derive, refuse and change along, without a database.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helpers panic as the test would")]

use async_trait::async_trait;
use clientela_engine::module::{ChangeKind, Companion, Draft, Found, RuleReader, Rules};
use clientela_kernel::{
    Actor, ActorKind, Comparison, Context, Date, ErrorCode, FieldProblem, Filter, Id, Result, Scopes, TenantId, Timestamp, Value,
};
use clientela_model::{Registry, ResourceDef, system};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

fn registry() -> Registry {
    // Stands in for the platform's users, which a domain crate does not know.
    let mut user = ResourceDef::named("user");
    (user.prefix, user.table, user.description) = ("usr".into(), "app_user".into(), "A user.".into());
    user.fields = system::fields("usr");
    Registry::new(clientela_customers::module().resources.into_iter().chain([user]).collect()).unwrap()
}

fn rules(resource: &str) -> Arc<dyn Rules> {
    Arc::clone(&clientela_customers::module().rules[resource])
}

fn id(number: u128) -> Value {
    Value::Id(Uuid::from_u128(number))
}

fn draft(resource: &str, number: u128, values: &[(&str, Value)]) -> Draft {
    let def = Arc::clone(registry().resource(resource).unwrap());
    let after = vec![Value::Null; def.fields.len()];
    let mut draft = Draft { def, id: Id(Uuid::from_u128(number)), kind: ChangeKind::Created, before: None, after, revealed: None };
    draft.set("id", id(number));
    values.iter().for_each(|(field, value)| draft.set(field, value.clone()));
    draft
}

/// The draft as stored, with a patch.
fn patched(draft: Draft, values: &[(&str, Value)]) -> Draft {
    let mut draft = Draft { kind: ChangeKind::Updated, before: Some(draft.after.clone()), ..draft };
    values.iter().for_each(|(field, value)| draft.set(field, value.clone()));
    draft
}

fn context() -> Context {
    Context {
        tenant: TenantId(Uuid::from_u128(1)),
        actor: Actor { kind: ActorKind::System, id: Id(Uuid::from_u128(1)) },
        client: None,
        scopes: Scopes::ALL,
        policy: None,
        request_id: Uuid::from_u128(1),
        now: Timestamp(0),
        zone: chrono_tz::Tz::UTC,
        allow_duplicates: false,
        address: None,
    }
}

/// Answers by resource, and by id where the filter is one; else each test lays out what its filter would let through.
#[derive(Default)]
struct Shelf(HashMap<&'static str, Vec<Draft>>);

#[async_trait]
impl RuleReader for Shelf {
    async fn find(&self, resource: &str, filter: Filter) -> Result<Vec<Found>> {
        let records = self.0.get(resource).map(Vec::as_slice).unwrap_or_default();
        let wanted = |draft: &&Draft| match &filter {
            Filter::Field { field, comparison: Comparison::Equal(id) } if field == "id" => draft.get("id") == id,
            _ => true,
        };
        Ok(records
            .iter()
            .filter(wanted)
            .map(|draft| Found { def: Arc::clone(&draft.def), id: draft.id, values: draft.after.clone() })
            .collect())
    }

    fn resource(&self, name: &str) -> Option<&Arc<ResourceDef>> {
        self.0.get(name)?.first().map(|draft| &draft.def)
    }
}

fn problems(resource: &str, draft: &Draft) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    rules(resource).check(&context(), draft, &mut problems);
    problems
}

fn derived(resource: &str, mut draft: Draft) -> Draft {
    rules(resource).derive(&context(), &mut draft);
    draft
}

#[test]
fn a_contact_is_named_after_its_parts_until_it_is_given_a_name() {
    let anna = derived("contact", draft("contact", 5, &[("firstName", "Anna".into()), ("lastName", "Gruber".into())]));
    assert_eq!((anna.get("name"), anna.get("partyId")), (&"Anna Gruber".into(), &id(5)));
    assert_eq!(problems("contact", &anna), []);
    let married = derived("contact", patched(anna.clone(), &[("lastName", "Berger".into())]));
    assert_eq!(married.get("name"), &"Anna Berger".into());
    let titled = derived("contact", patched(anna, &[("name", "Dr. Anna Gruber".into())]));
    let again = derived("contact", patched(titled, &[("lastName", "Berger".into())]));
    assert_eq!(again.get("name"), &"Dr. Anna Gruber".into());
    let nobody = derived("contact", draft("contact", 5, &[("firstName", "  ".into())]));
    assert_eq!(problems("contact", &nobody).len(), 1);
}

#[test]
fn an_account_of_a_person_is_the_persons() {
    let personal = derived("account", draft("account", 7, &[("kind", "PERSON".into()), ("contactId", id(5))]));
    assert_eq!(personal.get("partyId"), &id(5));
    assert_eq!(problems("account", &personal), []);
    let company = derived("account", draft("account", 7, &[("kind", "ORGANIZATION".into())]));
    assert_eq!(company.get("partyId"), &id(7));
    assert_eq!(problems("account", &draft("account", 7, &[("kind", "PERSON".into())])).len(), 1);
    assert_eq!(problems("account", &draft("account", 7, &[("kind", "HOUSEHOLD".into()), ("contactId", id(5))])).len(), 1);
}

#[tokio::test]
async fn an_identity_is_made_where_there_is_none_yet() {
    for (kind, mirrors) in [("ORGANIZATION", 1), ("HOUSEHOLD", 1), ("PERSON", 0)] {
        let account = draft("account", 7, &[("kind", kind.into()), ("name", "Bergblick".into()), ("contactId", id(5))]);
        let companions = rules("account").companions(&context(), &Shelf::default(), &account).await.unwrap();
        assert_eq!(companions.len(), mirrors, "{kind}");
        if let Some(Companion::Mirror { resource, id, values }) = companions.first() {
            assert_eq!((*resource, id.0), ("party", account.id.0));
            assert_eq!(values, &[("kind", kind.into()), ("name", "Bergblick".into())]);
        }
    }
}

#[test]
fn domains_are_kept_folded_sorted_and_once() {
    let given = Value::TextSet(vec!["b.example".to_owned(), "A.example".to_owned(), "a.example".to_owned()]);
    let account = derived("account", draft("account", 7, &[("domains", given)]));
    assert_eq!(account.get("domains"), &Value::TextSet(vec!["a.example".to_owned(), "b.example".to_owned()]));
}

#[tokio::test]
async fn a_group_is_never_its_own_parent() {
    let shelf = Shelf(HashMap::from([("account", vec![draft("account", 8, &[("parentId", id(7))])])]));
    let mut circle = draft("account", 7, &[("parentId", id(8))]);
    let refused = rules("account").look_up(&context(), &shelf, &mut circle).await.unwrap_err();
    assert_eq!((refused.code(), refused.fields()[0].pointer.as_str()), (ErrorCode::ValidationFailed, "/parentId"));
    let mut itself = draft("account", 7, &[("parentId", id(7))]);
    assert!(rules("account").look_up(&context(), &Shelf::default(), &mut itself).await.is_err());
    let mut fine = draft("account", 9, &[("parentId", id(8))]);
    assert!(rules("account").look_up(&context(), &Shelf::default(), &mut fine).await.is_ok());
}

fn patches(companions: &[Companion]) -> Vec<(&str, u128, &str, Value)> {
    let one = |companion: &Companion| match companion {
        Companion::Patch { resource, id, values } => Some((*resource, id.0.as_u128(), values[0].0, values[0].1.clone())),
        _ => None,
    };
    companions.iter().filter_map(one).collect()
}

#[tokio::test]
async fn one_role_is_the_primary_one() {
    let role = |number, account| {
        draft("accountContact", number, &[("accountId", id(account)), ("contactId", id(5)), ("primary", Value::Boolean(true))])
    };
    let shelf =
        Shelf(HashMap::from([("contact", vec![draft("contact", 5, &[("accountId", id(7))])]), ("accountContact", vec![role(21, 7)])]));
    let companions = rules("accountContact").companions(&context(), &shelf, &role(22, 8)).await.unwrap();
    let expected = [("contact", 5, "accountId", id(8)), ("accountContact", 21, "primary", Value::Boolean(false))];
    assert_eq!(patches(&companions), expected);
    let unmarked = patched(role(22, 8), &[("primary", Value::Boolean(false))]);
    assert!(rules("accountContact").companions(&context(), &shelf, &unmarked).await.unwrap().is_empty());
    let moved = patched(draft("contact", 5, &[("accountId", id(7)), ("name", "Anna".into())]), &[("accountId", id(8))]);
    let companions = rules("contact").companions(&context(), &shelf, &moved).await.unwrap();
    assert_eq!(patches(&companions), [("accountContact", 21, "primary", Value::Boolean(false))]);
    let renamed = patched(draft("contact", 5, &[("accountId", id(7)), ("name", "Anna".into())]), &[("name", "Anne".into())]);
    assert!(patches(&rules("contact").companions(&context(), &shelf, &renamed).await.unwrap()).is_empty());
}

#[test]
fn a_role_does_not_end_before_it_begins() {
    let days = |since, until| draft("accountContact", 21, &[("since", Value::Date(Date(since))), ("until", Value::Date(Date(until)))]);
    assert_eq!(problems("accountContact", &days(10, 10)), []);
    assert_eq!(problems("accountContact", &days(10, 9))[0].pointer, "/until");
}

/// What becomes of whom: the resource, its number (none where it is new) and the values.
type Named<'a> = (&'a str, &'a str, Option<u128>, Vec<(&'a str, Value)>);

fn named(companions: &[Companion]) -> Vec<Named<'_>> {
    let one = |companion: &Companion| match companion {
        Companion::Mirror { .. } => None,
        Companion::Patch { resource, id, values } => Some(("patch", *resource, Some(id.0.as_u128()), values.clone())),
        Companion::Create { resource, values } => Some(("create", *resource, None, values.clone())),
        Companion::Delete { resource, id } => Some(("delete", *resource, Some(id.0.as_u128()), Vec::new())),
    };
    companions.iter().filter_map(one).collect()
}

fn email(number: u128, value: &str, preferred: bool) -> Draft {
    let values = [("partyId", id(5)), ("kind", "EMAIL".into()), ("value", value.into()), ("preferred", Value::Boolean(preferred))];
    derived("contactPoint", draft("contactPoint", number, &values))
}

#[tokio::test]
async fn a_new_contact_brings_its_points_without_a_look() {
    let anna =
        draft("contact", 5, &[("name", "Anna".into()), ("partyId", id(5)), ("email", "A@b.example".into()), ("city", "Graz".into())]);
    let companions = rules("contact").companions(&context(), &Unread, &anna).await.unwrap();
    let values = vec![
        ("partyId", id(5)),
        ("kind", "EMAIL".into()),
        ("value", "A@b.example".into()),
        ("normalized", "a@b.example".into()),
        ("preferred", Value::Boolean(true)),
    ];
    assert_eq!(named(&companions), [("create", "contactPoint", None, values)]);
    let renamed = patched(anna, &[("name", "Anne".into())]);
    assert_eq!(named(&rules("contact").companions(&context(), &Unread, &renamed).await.unwrap()), []);
}

/// Rules that ask it do more than they need to.
struct Unread;

#[async_trait]
impl RuleReader for Unread {
    fn resource(&self, _name: &str) -> Option<&Arc<ResourceDef>> {
        None
    }

    async fn find(&self, resource: &str, _filter: Filter) -> Result<Vec<Found>> {
        panic!("{resource} was asked for");
    }
}

#[tokio::test]
async fn a_point_speaks_for_the_field_as_long_as_it_lives_with_the_mark() {
    let anna = draft("contact", 5, &[("name", "Anna".into()), ("email", "a@b.example".into())]);
    let shelf = Shelf(HashMap::from([("contact", vec![anna])]));
    let of = async |draft: Draft| rules("contactPoint").companions(&context(), &shelf, &draft).await.unwrap();
    let told = |value: Value| vec![("patch", "contact", Some(5), vec![("email", value)])];
    let point = email(31, "a@b.example", true);
    assert_eq!(named(&of(patched(point.clone(), &[("value", "c@d.example".into())])).await), told("c@d.example".into()));
    assert_eq!(named(&of(patched(point.clone(), &[("preferred", Value::Boolean(false))])).await), told(Value::Null));
    let deleted = Draft { kind: ChangeKind::Deleted, ..patched(point, &[(system::DELETED_AT, Value::Instant(Timestamp(9)))]) };
    assert_eq!(named(&of(deleted.clone()).await), told(Value::Null));
    let back = Draft { kind: ChangeKind::Restored, before: Some(deleted.after.clone()), ..email(31, "a@b.example", true) };
    assert_eq!(named(&of(back).await), told("a@b.example".into()));
    // One that was deleted long ago, and one that is not preferred, have nothing to say.
    let long_gone = Draft { before: Some(deleted.after.clone()), ..deleted };
    assert_eq!(named(&of(long_gone).await), []);
    assert_eq!(named(&of(email(32, "e@f.example", false)).await), []);
}

#[test]
fn what_was_known_of_an_address_goes_with_it() {
    let known = |point: Draft| {
        let point = patched(point, &[("verifiedAt", Value::Instant(Timestamp(7))), ("health", "BOUNCING".into())]);
        Draft { before: Some(point.after.clone()), ..point }
    };
    let mut moved = known(email(31, "a@b.example", true));
    moved.set("value", "c@d.example".into());
    let moved = derived("contactPoint", moved);
    assert_eq!((moved.get("verifiedAt"), moved.get("health")), (&Value::Null, &"OK".into()));
    let mut respelled = known(email(31, "a@b.example", true));
    respelled.set("value", "A@B.example".into());
    let respelled = derived("contactPoint", respelled);
    assert_eq!((respelled.get("verifiedAt"), respelled.get("health")), (&Value::Instant(Timestamp(7)), &"BOUNCING".into()));
}
