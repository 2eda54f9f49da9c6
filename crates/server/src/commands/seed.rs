//! `clientela seed`.

use super::{Failure, house, print};
use crate::cli::Size;
use crate::config::Config;
use crate::demo::{self, Sowing};
use serde_json::json;
use std::time::Instant;

/// Makes a tenant with made-up customers.
pub async fn run(config: &Config, size: Size, as_json: bool) -> Result<(), Failure> {
    let house = house(config).await?;
    let begun = Instant::now();
    let sowing = match size {
        Size::S => Sowing::SMALL,
        Size::M => Sowing::MEDIUM,
        Size::L => Sowing::LARGE,
    };
    let context = demo::context_of(sowing, house.clock.now());
    let seeded = demo::sow(&house.engine, &context, sowing).await?;
    house.store.close().await;
    let took = begun.elapsed();
    let tenant = context.tenant.to_string();
    let user = seeded.users.first().map(|(_, _, email)| email.clone()).unwrap_or_default();
    let answer = json!({
        "tenant": tenant,
        "user": user,
        "records": seeded.counts,
        "total": seeded.records,
        "milliseconds": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    });
    let mut lines = vec![format!("tenant   {tenant}")];
    if seeded.records == 0 {
        lines.push("It was planted before; nothing was added.".to_owned());
    } else {
        lines.extend(seeded.counts.iter().map(|(resource, count)| format!("{count:>8} {resource}")));
        lines.push(format!("{:>8} records in {:.1} s", seeded.records, took.as_secs_f64()));
    }
    lines.push(format!("\nGet a token: clientela token --user {user} --tenant {tenant}"));
    print(as_json, &answer, &lines.join("\n"))
}
