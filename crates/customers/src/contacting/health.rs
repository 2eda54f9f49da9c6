//! `reportContactPointHealth`.

use crate::contact_point::ContactPointHealth;
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, FieldProblem, Id, ProblemCode, Result, Timestamp, Value};
use clientela_macros::{Choice, Shape};
use clientela_model::{Choice as _, OperationDef};

/// Reports what became of an address.
pub struct ReportContactPointHealth;

/// What can be told of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum ContactPointEvent {
    /// A message arrived, or a call was answered.
    Delivered,
    /// A message came back for the time being: the mailbox is full, the line is out of order.
    Bounced,
    /// It does not exist, or is somebody else's.
    Invalid,
    /// The party proved that it can be reached there.
    Verified,
}

/// What is reported.
#[derive(Shape)]
pub struct ContactPointReport {
    /// What happened.
    #[field(example = "\"BOUNCED\"")]
    pub event: ContactPointEvent,
    /// How it is known: the answer of the mail server, who called.
    #[field(max = 500, example = "\"452 4.2.2 The mailbox is full.\"")]
    pub reason: Option<String>,
    /// When it happened, not in the future; now where left out.
    #[field(example = "null")]
    pub occurred_at: Option<Timestamp>,
}

/// What came of it.
#[derive(Shape)]
pub struct ContactPointReported {
    /// The contact point as it is now.
    #[field(record = "contactPoint")]
    pub contact_point: Id,
    /// Whether the report counts: not where a later one is known already, nor one that tells nothing new.
    #[field(example = "true")]
    pub changed: bool,
}

#[async_trait]
impl Operation for ReportContactPointHealth {
    type Input = ContactPointReport;
    type Output = ContactPointReported;

    fn definition() -> OperationDef {
        OperationDef::writing::<ContactPointReport, ContactPointReported>(
            "reportContactPointHealth",
            "contactPoint",
            "report-health",
            "Reports what became of a message or a call. A bounce makes the contact point `BOUNCING` until something is delivered there, \
             and an `INVALID` one stays so until it is verified or its address changes; `decideContact` sends to neither. Being verified \
             sets `verifiedAt`, being invalid empties it. Of two reports the one that happened later counts, whichever comes first.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, report: ContactPointReport) -> Result<ContactPointReported> {
        let point = call.target()?;
        let now = call.now();
        let at = report.occurred_at.unwrap_or(now);
        if at > now {
            let text = format!("occurredAt is {}, which is in the future: it is {}.", at.to_text(), now.to_text());
            return Err(Error::validation(vec![FieldProblem::new("/occurredAt", ProblemCode::Contradiction, text)]));
        }
        let known = point.get("healthReportedAt").as_instant();
        let invalid = point.get("health").as_text() == Some(ContactPointHealth::Invalid.as_str());
        // What is invalid may take messages that nobody reads: only a proof makes it good again.
        let silent = invalid && matches!(report.event, ContactPointEvent::Delivered | ContactPointEvent::Bounced);
        if silent || known.is_some_and(|known| known > at) {
            return Ok(ContactPointReported { contact_point: point.id, changed: false });
        }
        let health = match report.event {
            ContactPointEvent::Delivered | ContactPointEvent::Verified => ContactPointHealth::Ok,
            ContactPointEvent::Bounced => ContactPointHealth::Bouncing,
            ContactPointEvent::Invalid => ContactPointHealth::Invalid,
        };
        let mut values = vec![
            ("health", health.as_str().into()),
            ("healthReason", report.reason.map_or(Value::Null, Value::Text)),
            ("healthReportedAt", Value::Instant(at)),
        ];
        match report.event {
            ContactPointEvent::Verified => values.push(("verifiedAt", Value::Instant(at))),
            ContactPointEvent::Invalid => values.push(("verifiedAt", Value::Null)),
            ContactPointEvent::Delivered | ContactPointEvent::Bounced => {}
        }
        let outcome = call.set("contactPoint", point.id, values, None).await?;
        Ok(ContactPointReported { contact_point: point.id, changed: outcome.changed })
    }
}
