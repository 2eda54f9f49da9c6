//! What holds by all the entries of the ledger. Derived every time, never stored.

use super::ConsentState;
use crate::purpose::LegalBasis;
use clientela_engine::Call;
use clientela_engine::module::Found;
use clientela_kernel::{Comparison, Filter, Id, Result, Timestamp, Value};
use clientela_model::Choice as _;

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// What is asked: may this party be contacted for this purpose, on this channel, at this address, by this controller?
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) party: Id,
    pub(crate) channel: Option<String>,
    /// The normalized value of the contact point.
    pub(crate) address: Option<String>,
    pub(crate) controller: Option<Id>,
    pub(crate) at: Timestamp,
}

/// What holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// None where the party has said nothing that bears on the question.
    pub(crate) state: Option<ConsentState>,
    /// The entry that decides.
    pub(crate) entry: Option<Id>,
    /// Whether the party may be contacted.
    pub(crate) allowed: bool,
}

/// One entry, as far as it matters here.
#[derive(Clone, Debug)]
struct Entry {
    id: Id,
    state: ConsentState,
    channel: Option<String>,
    address: Option<String>,
    at: Timestamp,
}

/// What holds by the purpose and the entries about it.
pub(crate) async fn standing(call: &Call<'_>, purpose: &Found, question: &Question) -> Result<Standing> {
    let equals = |field: &'static str, id: Id| Filter::field(field, Comparison::Equal(Value::Id(id.0)));
    let controller = match question.controller {
        Some(controller) => equals("controllerId", controller),
        None => Filter::field("controllerId", Comparison::IsNull),
    };
    let filter = Filter::And(vec![equals("partyId", question.party), equals("purposeId", purpose.id), controller]);
    let entries: Vec<Entry> = call.find("consent", filter).await?.iter().filter_map(Entry::of).collect();
    let days = purpose.get("consentDays").as_integer();
    let by_consent = purpose.get("legalBasis").as_text() == Some(LegalBasis::Consent.as_str());
    Ok(decide(&entries, question, days, by_consent))
}

/// The most specific entry wins, then the latest; of two at the same moment the one that says no. One that waits for an answer says nothing
/// while another one speaks. A withdrawal or an objection also ends every grant that is more specific and older: who says no to all of it need
/// not say so of each channel (GDPR, articles 7 (3) and 21 (3)).
fn decide(entries: &[Entry], question: &Question, days: Option<i64>, by_consent: bool) -> Standing {
    let bears = |entry: &&Entry| {
        entry.at <= question.at
            && entry.channel.as_ref().is_none_or(|channel| question.channel.as_ref() == Some(channel))
            && entry.address.as_ref().is_none_or(|address| question.address.as_ref() == Some(address))
    };
    let weight = |entry: &&Entry| (entry.state != ConsentState::Pending, entry.specificity(), entry.at, !entry.grants(), entry.id);
    let Some(entry) = entries.iter().filter(bears).max_by_key(weight) else {
        return Standing { state: None, entry: None, allowed: !by_consent };
    };
    let ends = |other: &&Entry| {
        matches!(other.state, ConsentState::Withdrawn | ConsentState::Objected)
            && matches!(entry.state, ConsentState::Granted)
            && other.at > entry.at
    };
    let entry = entries.iter().filter(bears).filter(ends).max_by_key(weight).unwrap_or(entry);
    let ran_out = days.is_some_and(|days| question.at.0.saturating_sub(entry.at.0) >= days.saturating_mul(DAY));
    let state = if entry.grants() && ran_out { ConsentState::Expired } else { entry.state };
    let allowed = match state {
        ConsentState::Granted => true,
        // Where no consent is needed, one that is missing or has run out changes nothing.
        ConsentState::Pending | ConsentState::Expired => !by_consent,
        ConsentState::Denied | ConsentState::Withdrawn | ConsentState::Objected => false,
    };
    Standing { state: Some(state), entry: Some(entry.id), allowed }
}

impl Entry {
    fn of(found: &Found) -> Option<Entry> {
        let text = |field: &str| found.get(field).as_text().map(str::to_owned);
        let state = ConsentState::named(found.get("state").as_text()?)?;
        Some(Entry { id: found.id, state, channel: text("channel"), address: text("address"), at: found.get("occurredAt").as_instant()? })
    }

    fn grants(&self) -> bool {
        self.state == ConsentState::Granted
    }

    /// An address says more than a channel.
    fn specificity(&self) -> u8 {
        2 * u8::from(self.address.is_some()) + u8::from(self.channel.is_some())
    }
}

impl ConsentState {
    /// The state by its name.
    pub(crate) fn named(name: &str) -> Option<ConsentState> {
        use ConsentState::{Denied, Expired, Granted, Objected, Pending, Withdrawn};
        [Pending, Granted, Denied, Withdrawn, Expired, Objected].into_iter().find(|state| state.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn entry(number: u128, state: ConsentState, channel: Option<&str>, address: Option<&str>, day: i64) -> Entry {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Entry { id: Id(Uuid::from_u128(number)), state, channel: text(channel), address: text(address), at: Timestamp(day * DAY) }
    }

    fn on(channel: Option<&str>, address: Option<&str>, day: i64) -> Question {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Question { party: Id(Uuid::nil()), channel: text(channel), address: text(address), controller: None, at: Timestamp(day * DAY) }
    }

    fn state(entries: &[Entry], question: &Question) -> (Option<ConsentState>, bool) {
        let standing = decide(entries, question, Some(100), true);
        (standing.state, standing.allowed)
    }

    #[test]
    fn the_most_specific_wins_then_the_latest_then_the_no() {
        use ConsentState::{Denied, Granted, Objected, Pending, Withdrawn};
        let email = Some("EMAIL");
        let general = entry(1, Denied, None, None, 9);
        let channel = entry(2, Granted, email, None, 5);
        let address = entry(3, Withdrawn, email, Some("a@b"), 1);
        let all = [general.clone(), channel.clone(), address];
        assert_eq!(state(&all, &on(email, Some("a@b"), 10)), (Some(Withdrawn), false));
        assert_eq!(state(&all, &on(email, Some("c@d"), 10)), (Some(Granted), true));
        assert_eq!(state(&all, &on(Some("PHONE"), None, 10)), (Some(Denied), false));
        assert_eq!(state(&all, &on(Some("PHONE"), None, 8)), (None, false), "what comes later does not count yet");
        let later = entry(4, Objected, email, None, 6);
        assert_eq!(state(&[channel.clone(), later], &on(email, None, 10)), (Some(Objected), false));
        let tie = entry(0, Withdrawn, email, None, 5);
        assert_eq!(state(&[channel.clone(), tie.clone()], &on(email, None, 10)), (Some(Withdrawn), false));
        assert_eq!(state(&[tie, channel.clone()], &on(email, None, 10)), (Some(Withdrawn), false));
        let waits = entry(5, Pending, email, None, 7);
        assert_eq!(state(&[channel, waits.clone()], &on(email, None, 10)), (Some(Granted), true), "a question takes nothing back");
        assert_eq!(state(&[waits], &on(email, None, 10)), (Some(Pending), false));
    }

    #[test]
    fn a_later_no_to_all_of_it_ends_a_grant_for_a_part() {
        use ConsentState::{Granted, Objected, Withdrawn};
        let (email, address) = (Some("EMAIL"), Some("a@b"));
        let granted = entry(1, Granted, email, address, 5);
        for no in [Withdrawn, Objected] {
            let later = entry(2, no, None, None, 6);
            assert_eq!(state(&[granted.clone(), later.clone()], &on(email, address, 10)), (Some(no), false));
            assert_eq!(state(&[granted.clone(), later.clone()], &on(email, address, 5)), (Some(Granted), true));
            let again = entry(3, Granted, email, address, 7);
            assert_eq!(state(&[granted.clone(), later, again], &on(email, address, 10)), (Some(Granted), true));
            let before = entry(4, no, None, None, 4);
            assert_eq!(state(&[granted.clone(), before], &on(email, address, 10)), (Some(Granted), true));
        }
    }

    #[test]
    fn grants_run_out_and_other_bases_hold_without_them() {
        let granted = [entry(1, ConsentState::Granted, None, None, 0)];
        assert_eq!(state(&granted, &on(None, None, 99)), (Some(ConsentState::Granted), true));
        assert_eq!(state(&granted, &on(None, None, 100)), (Some(ConsentState::Expired), false));
        assert!(decide(&granted, &on(None, None, 100), Some(100), false).allowed);
        assert!(decide(&granted, &on(None, None, 10_000), None, true).allowed);
        assert!(decide(&[], &on(None, None, 1), None, false).allowed, "a contract needs no consent");
        assert!(!decide(&[], &on(None, None, 1), None, true).allowed);
        let objected = [entry(1, ConsentState::Objected, None, None, 0)];
        assert!(!decide(&objected, &on(None, None, 1), None, false).allowed);
    }
}
