//! `clientela audit`.

use super::{Failure, house, print};
use crate::cli::AuditCommand;
use crate::config::Config;
use crate::tenants;
use clientela_kernel::TenantId;
use clientela_store::AuditReport;
use serde_json::{Value as Json, json};

/// Carries out a command. Answers the exit code: 1 where a chain is broken.
pub async fn run(config: &Config, command: &AuditCommand, as_json: bool) -> Result<u8, Failure> {
    let AuditCommand::Verify { tenant, anchor } = command;
    let anchor = anchor.as_deref().map(read_anchor).transpose()?;
    let house = house(config).await?;
    let tenants: Vec<TenantId> = match (tenant, &anchor) {
        // A place in a chain is a place in one tenant's.
        (Some(_), _) | (None, Some(_)) => vec![tenants::find(&house.store, tenant.as_deref()).await?],
        (None, None) => tenants::list(&house.store).await?.iter().map(|tenant| tenant.tenant_id).collect(),
    };
    let mut reports = Vec::with_capacity(tenants.len());
    for tenant in tenants {
        reports.push((tenant, house.store.scope(tenant).verify_audit(anchor.as_ref()).await?));
    }
    house.store.close().await;
    let intact = reports.iter().all(|(_, report)| report.broken.is_none());
    let shown: Vec<Json> = reports.iter().map(|(tenant, report)| shown(*tenant, report)).collect();
    let lines: Vec<String> = reports.iter().map(|(tenant, report)| line(*tenant, report)).collect();
    print(as_json, &json!({ "intact": intact, "tenants": shown }), &lines.join("\n"))?;
    Ok(u8::from(!intact))
}

/// `NUMBER:HASH`, as an earlier verification printed it.
fn read_anchor(text: &str) -> Result<(i64, String), Failure> {
    let read = || {
        let (number, hash) = text.split_once(':')?;
        let number = number.parse().ok().filter(|number| *number > 0)?;
        let sound = hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        sound.then(|| (number, hash.to_owned()))
    };
    read().ok_or_else(|| {
        Failure::Usage(format!(
            "--anchor is \"{text}\"; it must be a number and a hash as `clientela audit verify` prints them, 41:ba7816bf…"
        ))
    })
}

fn shown(tenant: TenantId, report: &AuditReport) -> Json {
    let broken = report.broken.as_ref().map(|broken| {
        let entry = broken.id.map(|id| id.to_text("aud"));
        json!({ "sequence": broken.sequence, "entry": entry, "reason": broken.reason })
    });
    let head = json!({ "sequence": report.head.0, "hash": report.head.1 });
    json!({ "tenant": tenant.to_string(), "entries": report.entries, "head": head, "broken": broken })
}

fn line(tenant: TenantId, report: &AuditReport) -> String {
    match &report.broken {
        None if report.entries == 0 => format!("{tenant}  no entries"),
        None => format!("{tenant}  {} entries hold; the last is {}:{}", report.entries, report.head.0, report.head.1),
        Some(broken) => {
            let id = broken.id.map_or_else(String::new, |id| format!(" ({})", id.to_text("aud")));
            format!("{tenant}  BROKEN at entry {}{id}: {}. The {} before it hold.", broken.sequence, broken.reason, report.entries)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_a_number_and_a_hash() {
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(read_anchor(&format!("41:{hash}")).unwrap(), (41, hash.to_owned()));
        for bad in ["", "41", hash, &format!("0:{hash}"), &format!("x:{hash}"), "41:ba78", &format!("41:{}", hash.to_uppercase())] {
            assert_eq!(read_anchor(bad).unwrap_err().exit_code(), 2, "{bad}");
        }
    }
}
