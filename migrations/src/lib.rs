//! The schema, step by step, for both databases. A step that has been released is never changed: add another.

mod m0001_system;
mod m0002_platform;
mod m0003_customers;
mod m0004_interactions;
mod m0005_reach;
mod m0006_external_ids;
mod m0007_notes;
mod m0008_consent;
mod m0009_relations;
mod m0010_work;
mod m0011_search;
mod m0012_contacting;
mod m0013_duplicates;
mod m0014_privacy;
mod m0015_timeline;
mod m0016_jobs;
mod m0017_files;
mod m0018_rights;
mod m0023_import_duplicates;
mod m0024_passwords;
mod m0025_sign_in;
mod m0026_published_keys;
mod m0027_provisioning;
mod m0028_identity_providers;
mod m0029_audiences;
mod m0030_custom_fields;
mod m0031_scopes;
mod m0032_audit;
mod m0033_second_factor;
mod m0034_record_locks;
mod m0035_custom_objects;
mod m0036_upkeep;
mod m0037_field_changes;
mod m0040_saved_views;
mod m0041_saved_view_shares;
mod m0042_webhooks;
mod m0046_jobs;
mod m0047_schedules;
mod m0050_feed;
mod m0051_inbox;
mod m0054_own_by_name;
mod m0055_retypings;
mod m0056_sync_scopes;
mod m0057_deals;
mod m0058_leads;
mod m0059_quotas;
mod m0060_catalog;
mod m0061_quotes;
pub mod table;
mod tables;
mod trigram;

use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
pub use sea_orm_migration::{MigratorTrait, sea_orm::DbErr};
pub use tables::{references, tables};

/// Every step, in order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn sea_orm_migration::MigrationTrait>> {
        vec![
            Box::new(m0001_system::Migration),
            Box::new(m0002_platform::Migration),
            Box::new(m0003_customers::Migration),
            Box::new(m0004_interactions::Migration),
            Box::new(m0005_reach::Migration),
            Box::new(m0006_external_ids::Migration),
            Box::new(m0007_notes::Migration),
            Box::new(m0008_consent::Migration),
            Box::new(m0009_relations::Migration),
            Box::new(m0010_work::Migration),
            Box::new(m0011_search::Migration),
            Box::new(m0012_contacting::Migration),
            Box::new(m0013_duplicates::Migration),
            Box::new(m0014_privacy::Migration),
            Box::new(m0015_timeline::Migration),
            Box::new(m0016_jobs::Migration),
            Box::new(m0017_files::Migration),
            Box::new(m0018_rights::Migration),
            Box::new(m0023_import_duplicates::Migration),
            Box::new(m0024_passwords::Migration),
            Box::new(m0025_sign_in::Migration),
            Box::new(m0026_published_keys::Migration),
            Box::new(m0027_provisioning::Migration),
            Box::new(m0028_identity_providers::Migration),
            Box::new(m0029_audiences::Migration),
            Box::new(m0030_custom_fields::Migration),
            Box::new(m0031_scopes::Migration),
            Box::new(m0032_audit::Migration),
            Box::new(m0033_second_factor::Migration),
            Box::new(m0034_record_locks::Migration),
            Box::new(m0035_custom_objects::Migration),
            Box::new(m0036_upkeep::Migration),
            Box::new(m0037_field_changes::Migration),
            Box::new(m0040_saved_views::Migration),
            Box::new(m0041_saved_view_shares::Migration),
            Box::new(m0042_webhooks::Migration),
            Box::new(m0046_jobs::Migration),
            Box::new(m0047_schedules::Migration),
            Box::new(m0050_feed::Migration),
            Box::new(m0051_inbox::Migration),
            Box::new(m0054_own_by_name::Migration),
            Box::new(m0055_retypings::Migration),
            Box::new(m0056_sync_scopes::Migration),
            Box::new(m0057_deals::Migration),
            Box::new(m0058_leads::Migration),
            Box::new(m0059_quotas::Migration),
            Box::new(m0060_catalog::Migration),
            Box::new(m0061_quotes::Migration),
        ]
    }
}

/// Key of the lock that lets one node migrate at a time on PostgreSQL: "clientela" in ASCII, cut to eight bytes.
const LOCK: &str = "SELECT pg_advisory_xact_lock(x'636c69656e74656c'::bigint)";

/// Carries out every pending step in one transaction, all or nothing, and answers their names. Nodes that start at the
/// same time wait for one another; the later ones find nothing to do.
pub async fn migrate(connection: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    // An immediate transaction is SQLite's lock against a second process.
    let options = TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
    let transaction = connection.begin_with_options(options).await?;
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(LOCK).await?;
    }
    let names = names(Migrator::get_pending_migrations(&transaction).await?);
    Migrator::up(&transaction, None).await?;
    transaction.commit().await?;
    Ok(names)
}

/// The names of the steps the database has not seen yet. Writes nothing.
pub async fn pending(connection: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    Ok(names(Migrator::get_pending_migrations_read_only(connection).await?))
}

fn names(steps: Vec<sea_orm_migration::Migration>) -> Vec<String> {
    steps.iter().map(|step| step.name().to_owned()).collect()
}
