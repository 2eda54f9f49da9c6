//! What is offered and at what price.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes products with their categories and components, price books, taxes, limits of discounts and exchange rates.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0060_catalog"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let category = Table::new("product_category")
            .required_folded("name")
            .optional("description", Kind::Text)
            .optional_reference("parent_id", "product_category")
            .custom();
        let product = Table::new("product")
            .required_folded("name")
            .required_folded("sku")
            .optional("description", Kind::Text)
            .optional_reference("category_id", "product_category")
            .required("kind", Kind::Text)
            .required("unit", Kind::Text)
            .required("active", Kind::Boolean)
            .money("cost")
            .required("tax_class", Kind::Text)
            .optional_folded("family")
            .tagged()
            .custom()
            .unique("product_sku_key", &["sku_folded"]);
        let component = Table::new("product_component")
            .required_reference("bundle_id", "product")
            .required_reference("product_id", "product")
            .required("quantity", Kind::Integer)
            .unique("product_component_bundle_product_key", &["bundle_id", "product_id"]);
        let book = Table::new("price_book")
            .required_folded("name")
            .optional("description", Kind::Text)
            .required("currency", Kind::Text)
            .optional("valid_from", Kind::Date)
            .optional("valid_until", Kind::Date)
            .required("active", Kind::Boolean)
            .required("is_default", Kind::Boolean)
            .optional_reference("account_id", "account")
            .optional("segment", Kind::Text)
            .optional("default_key", Kind::Text)
            .unique("price_book_name_key", &["name_folded"])
            .unique("price_book_default_key", &["default_key"])
            .index(&["segment", "id"]);
        let entry = Table::new("price_book_entry")
            .required_reference("price_book_id", "price_book")
            .required_reference("product_id", "product")
            .required_money("unit_price")
            .required("min_quantity", Kind::Integer)
            .optional("valid_from", Kind::Date)
            .optional("valid_until", Kind::Date)
            .optional("open_key", Kind::Text)
            .unique("price_book_entry_tier_key", &["price_book_id", "product_id", "min_quantity", "valid_from"])
            .unique("price_book_entry_open_key", &["open_key"]);
        let tax_rate = Table::new("tax_rate")
            .required_folded("name")
            .required("country", Kind::Text)
            .optional("region", Kind::Text)
            .required("tax_class", Kind::Text)
            .required("percent", Kind::Integer)
            .optional("valid_from", Kind::Date)
            .optional("valid_until", Kind::Date)
            .optional("open_key", Kind::Text)
            .unique("tax_rate_country_region_class_from_key", &["country", "region", "tax_class", "valid_from"])
            .unique("tax_rate_open_key", &["open_key"]);
        let limit = Table::new("discount_limit")
            .required_reference("role_id", "role")
            .required("percent", Kind::Integer)
            .unique("discount_limit_role_key", &["role_id"]);
        let rate = Table::new("exchange_rate")
            .required("from_currency", Kind::Text)
            .required("to_currency", Kind::Text)
            .required("valid_on", Kind::Date)
            .required("rate", Kind::Integer)
            .optional("source", Kind::Text)
            .unique("exchange_rate_from_to_on_key", &["from_currency", "to_currency", "valid_on"]);
        create(manager, &[category, product, component, book, entry, tax_rate, limit, rate]).await
    }
}
