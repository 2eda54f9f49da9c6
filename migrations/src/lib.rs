//! The schema, step by step, for both databases.

pub mod m0001_system;

pub use sea_orm_migration::MigratorTrait;

/// Every step, in order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn sea_orm_migration::MigrationTrait>> {
        vec![Box::new(m0001_system::Migration)]
    }
}
