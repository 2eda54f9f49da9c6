//! A small registry and a context for the unit tests of this crate.

use clientela_kernel::{Actor, ActorKind, Context, Id, Scopes, TenantId, Timestamp};
use clientela_model::{FieldDef, FieldType, OnDelete, ReferenceDef, Registry, ResourceDef, TextFormat, system};
use uuid::Uuid;

/// `keeper` (name) and `animal` (name, bornAt, value, weight, keeperId → keeper, inverse `animals`).
pub(crate) fn registry() -> Registry {
    let text = || FieldType::Text { max: 20, format: TextFormat::Plain };
    let field = |name: &'static str, column: &'static str, kind| FieldDef::new(name, column, kind, "A field.", "null");
    let resource = |name: &str, prefix: &'static str, fields: Vec<FieldDef>| {
        let mut def = ResourceDef::named(name);
        def.prefix = prefix.into();
        def.description = "A resource of the tests.".into();
        def.fields = system::fields(prefix);
        def.fields.extend(fields);
        def
    };
    let mut name = field("name", "name", text());
    (name.required, name.folded) = (true, true);
    let keeper = ReferenceDef {
        target: "keeper".into(),
        relation: "keeper".into(),
        inverse: Some("animals".into()),
        inverse_description: "Who is kept.".into(),
        on_delete: OnDelete::Clear,
        personal: clientela_model::Personal::AsDeleted,
        prefix: "".into(),
        table: "".into(),
        also_accepts: Vec::new(),
    };
    let animal = vec![
        name.clone(),
        field("bornAt", "born_at", FieldType::Instant),
        field("value", "value", FieldType::Money),
        field("weight", "weight", FieldType::Integer { min: 0, max: 1_000 }),
        field("keeperId", "keeper_id", FieldType::Reference(keeper)),
    ];
    Registry::new(vec![resource("keeper", "kee", vec![name]), resource("animal", "ani", animal)]).unwrap()
}

/// Someone who may do everything.
pub(crate) fn context() -> Context {
    Context {
        tenant: TenantId(Uuid::nil()),
        actor: Actor { kind: ActorKind::User, id: Id(Uuid::nil()) },
        client: None,
        scopes: Scopes::ALL,
        policy: None,
        request_id: Uuid::nil(),
        now: Timestamp(1_760_000_000_000),
        zone: chrono_tz::UTC,
        allow_duplicates: false,
        address: None,
    }
}
