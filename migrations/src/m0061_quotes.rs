//! What is offered to whom: quotes, and what deals are about.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes quotes and their lines, and the line items of opportunities.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0061_quotes"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let amounts = |table: Table| ["subtotal", "discount", "net", "tax", "gross"].into_iter().fold(table, Table::required_money);
        let quote = Table::new("quote")
            .required_folded("number")
            .required("revision", Kind::Integer)
            .optional_folded("name")
            .required_reference("account_id", "account")
            .optional_reference("contact_id", "contact")
            .optional_reference("opportunity_id", "opportunity")
            .optional_reference("price_book_id", "price_book")
            .optional("segment", Kind::Text)
            .required("currency", Kind::Text)
            .required("valid_until", Kind::Date)
            .optional("tax_country", Kind::Text)
            .optional("tax_region", Kind::Text)
            .optional("terms", Kind::Text)
            .required("status", Kind::Text);
        let quote = amounts(quote)
            .required("line_count", Kind::Integer)
            .optional("sent_at", Kind::Instant)
            .optional("decided_at", Kind::Instant)
            .optional_folded("decided_by")
            .optional("rejection_reason", Kind::Text)
            .optional_reference("previous_id", "quote")
            .required("line_changes", Kind::Integer)
            .owned()
            .tagged()
            .custom()
            .unique("quote_number_revision_key", &["number_folded", "revision"]);
        let line = Table::new("quote_line")
            .required_reference("quote_id", "quote")
            .required("position", Kind::Integer)
            .optional_reference("product_id", "product")
            .required_folded("description")
            .required("quantity", Kind::Integer)
            .required_money("unit_price")
            .money("list_price")
            .required("discount_percent", Kind::Integer)
            .optional("tax_percent", Kind::Integer);
        let item = Table::new("opportunity_line_item")
            .required_reference("opportunity_id", "opportunity")
            .required("position", Kind::Integer)
            .optional_reference("product_id", "product")
            .required_folded("description")
            .required("quantity", Kind::Integer)
            .required_money("unit_price")
            .money("list_price")
            .required("discount_percent", Kind::Integer)
            .required_money("amount")
            .optional_reference("partner_id", "account")
            .required("partner_credit_percent", Kind::Integer)
            .money("partner_credit");
        create(manager, &[quote, amounts(line), item]).await
    }
}
