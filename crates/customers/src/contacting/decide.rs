//! `decideContact`.

use super::decision::{ContactReason, ContactVerdict};
use super::quiet;
use crate::consent::standing::{Question, Standing, standing};
use crate::consent::status::point;
use crate::consent::{ConsentState, ContactChannel};
use crate::contact_point::ContactPointKind;
use crate::privacy::suppression;
use async_trait::async_trait;
use chrono_tz::Tz;
use clientela_engine::module::Found;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Comparison, Filter, Id, Result, Timestamp, Value};
use clientela_macros::Shape;
use clientela_model::{Choice as _, OperationDef};

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// Decides before a contact.
pub struct DecideContact;

/// The contact that somebody wants to make.
#[derive(Shape)]
pub struct WantedContact {
    /// Whom: the id of a party, a contact or an account.
    #[field(refers = "party", example = "\"con_01h455vb4pex5vsknk084sn02q\"")]
    pub party_id: Id,
    /// What for.
    #[field(refers = "purpose", example = "\"pur_01h455vb4pex5vsknk084sn02q\"")]
    pub purpose_id: Id,
    /// On which channel.
    #[field(example = "\"EMAIL\"")]
    pub channel: ContactChannel,
    /// At which of the party's contact points; where left out the preferred one of the channel, or another one that messages reach where
    /// they do not reach that.
    #[field(refers = "contactPoint", example = "null")]
    pub contact_point_id: Option<Id>,
    /// By whom, where that is not us.
    #[field(refers = "account", example = "null")]
    pub controller_id: Option<Id>,
    /// Whether another channel will do where this one will not.
    #[field(default = "true", example = "true")]
    pub other_channels: bool,
}

/// Why not.
#[derive(Shape)]
pub struct ContactObstacle {
    /// The kind of obstacle.
    #[field()]
    pub reason: ContactReason,
    /// What stands in the way, and what would help.
    #[field(max = 500, example = "\"The purpose needs a consent, and the party has given none.\"")]
    pub detail: String,
}

/// What was decided.
#[derive(Shape)]
pub struct DecidedContact {
    /// Whether to make the contact.
    #[field()]
    pub verdict: ContactVerdict,
    /// Everything that speaks against the channel that was asked for; empty where the verdict is `SEND`.
    #[field(shape, most = 20)]
    pub reasons: Vec<ContactObstacle>,
    /// The channel to use instead, where the verdict is `OTHER_CHANNEL`.
    #[field()]
    pub other_channel: Option<ContactChannel>,
    /// The contact point to use; null where nothing may be sent, or the channel needs none.
    #[field(record = "contactPoint")]
    pub contact_point: Option<Id>,
    /// When to ask again, where only time stands in the way.
    #[field()]
    pub not_before: Option<Timestamp>,
    /// The decision as it is kept.
    #[field(record = "contactDecision")]
    pub decision: Id,
}

#[async_trait]
impl Operation for DecideContact {
    type Input = WantedContact;
    type Output = DecidedContact;

    fn definition() -> OperationDef {
        OperationDef::writing::<WantedContact, DecidedContact>(
            "decideContact",
            "contactDecision",
            "decide",
            "Decides whether a party may be contacted now, for a purpose and on a channel: by the purpose, by what the party wishes, by its \
             consent, by its address and by how often it was contacted. Ask before every contact; the decision is kept, and one that \
             says yes counts as a contact.",
        )
    }

    async fn run(&self, call: &Call<'_>, wanted: WantedContact) -> Result<DecidedContact> {
        call.referenced("partyId", "party", wanted.party_id).await?;
        let purpose = call.referenced("purposeId", "purpose", wanted.purpose_id).await?;
        if let Some(controller) = wanted.controller_id {
            call.referenced("controllerId", "account", controller).await?;
        }
        let named = point(call, wanted.party_id, wanted.contact_point_id).await?;
        let own = |field| Filter::field(field, Comparison::Equal(Value::Id(wanted.party_id.0)));
        let preference = call.find("communicationPreference", own("partyId")).await?.pop();
        let points = call.find("contactPoint", own("partyId")).await?;
        let case = Case { call, wanted: &wanted, purpose: &purpose, preference: preference.as_ref(), points: &points };

        let asked = case.channel(wanted.channel, named.as_ref()).await?;
        let mut general = case.general().await?;
        let quiet = case.quiet(wanted.channel);
        let only_channel = general.is_empty() && quiet.is_none() && !asked.obstacles.is_empty();
        let mut other = None;
        if only_channel && wanted.other_channels {
            for channel in case.others() {
                let way = case.channel(channel, None).await?;
                if way.obstacles.is_empty() && case.quiet(channel).is_none() {
                    other = Some((channel, way));
                    break;
                }
            }
        }
        general.extend(quiet);
        let not_before = if asked.obstacles.is_empty() { later(&general) } else { None };
        let mut obstacles: Vec<ContactObstacle> = general.into_iter().map(|(obstacle, _)| obstacle).collect();
        obstacles.extend(asked.obstacles);
        let (verdict, other_channel, point, consent) = match other {
            Some((channel, way)) => (ContactVerdict::OtherChannel, Some(channel), way.point, way.consent),
            None if obstacles.is_empty() => (ContactVerdict::Send, None, asked.point, asked.consent),
            None => (ContactVerdict::Hold, None, None, asked.consent),
        };
        let optional = |id: Option<Id>| id.map_or(Value::Null, |id| Value::Id(id.0));
        let mut names: Vec<String> = obstacles.iter().map(|obstacle| obstacle.reason.as_str().to_owned()).collect();
        names.sort();
        names.dedup();
        let kept = vec![
            ("partyId", Value::Id(wanted.party_id.0)),
            ("purposeId", Value::Id(wanted.purpose_id.0)),
            ("channel", wanted.channel.as_str().into()),
            ("contactPointId", optional(point)),
            ("controllerId", optional(wanted.controller_id)),
            ("verdict", verdict.as_str().into()),
            ("otherChannel", other_channel.map_or(Value::Null, |channel| channel.as_str().into())),
            ("reasons", Value::TextSet(names)),
            ("decidedAt", Value::Instant(call.now())),
            ("notBefore", not_before.map_or(Value::Null, Value::Instant)),
            ("consentId", optional(consent)),
        ];
        let decision = call.create("contactDecision", kept).await?.id;
        Ok(DecidedContact { verdict, reasons: obstacles, other_channel, contact_point: point, not_before, decision })
    }
}

/// An obstacle, and the moment it goes by itself, if it does.
type Passing = (ContactObstacle, Option<Timestamp>);

/// When all have gone; none where one of them stays, or there is none.
fn later(obstacles: &[Passing]) -> Option<Timestamp> {
    let moments: Option<Vec<Timestamp>> = obstacles.iter().map(|(_, until)| *until).collect();
    moments?.into_iter().max()
}

/// What stands in the way on one channel, and by which way it would go.
struct Way {
    obstacles: Vec<ContactObstacle>,
    point: Option<Id>,
    consent: Option<Id>,
}

struct Case<'a> {
    call: &'a Call<'a>,
    wanted: &'a WantedContact,
    purpose: &'a Found,
    preference: Option<&'a Found>,
    points: &'a [Found],
}

fn obstacle(reason: ContactReason, detail: impl Into<String>) -> ContactObstacle {
    ContactObstacle { reason, detail: detail.into() }
}

impl Case<'_> {
    fn wish(&self, field: &str) -> &Value {
        self.preference.map_or(&Value::Null, |preference| preference.get(field))
    }

    /// What stands in the way of any contact.
    async fn general(&self) -> Result<Vec<Passing>> {
        let mut found = Vec::new();
        if self.purpose.get("active") == &Value::Boolean(false) {
            found.push((obstacle(ContactReason::PurposeInactive, "The purpose is not in use. Set active on it, or choose another."), None));
        }
        if self.wish("doNotContact") == &Value::Boolean(true) {
            found.push((obstacle(ContactReason::DoNotContact, "The party wishes never to be contacted."), None));
        }
        if let Some(until) = self.wish("pausedUntil").as_instant().filter(|until| *until > self.call.now()) {
            let detail = format!("The party wishes to hear nothing until {}.", until.to_text());
            found.push((obstacle(ContactReason::Paused, detail), Some(until)));
        }
        for (field, days, reason, words) in
            [("mostPerDay", 1, ContactReason::EnoughToday, "24 hours"), ("mostPerWeek", 7, ContactReason::EnoughThisWeek, "seven days")]
        {
            let Some(most) = self.wish(field).as_integer() else { continue };
            let contacts = self.contacts(Timestamp(self.call.now().0.saturating_sub(days * DAY))).await?;
            let most = usize::try_from(most).unwrap_or(0);
            if contacts.len() >= most {
                let detail = format!("The party was contacted {} times within {words}; it wishes for {most} at most.", contacts.len());
                // The one that must have gone by before there is room again.
                let oldest = contacts.len().checked_sub(most).and_then(|place| contacts.get(place));
                let until = oldest.map(|at| Timestamp(at.0.saturating_add(days * DAY).saturating_add(1)));
                found.push((obstacle(reason, detail), until));
            }
        }
        Ok(found)
    }

    /// When the party was contacted since a moment, the earliest first.
    async fn contacts(&self, since: Timestamp) -> Result<Vec<Timestamp>> {
        let verdicts = [ContactVerdict::Send, ContactVerdict::OtherChannel].map(|verdict| verdict.as_str().into()).into();
        let filter = Filter::And(vec![
            Filter::field("partyId", Comparison::Equal(Value::Id(self.wanted.party_id.0))),
            Filter::field("verdict", Comparison::In(verdicts)),
            Filter::field("decidedAt", Comparison::GreaterOrEqual(Value::Instant(since))),
        ]);
        let mut found: Vec<Timestamp> =
            self.call.find("contactDecision", filter).await?.iter().filter_map(|decision| decision.get("decidedAt").as_instant()).collect();
        found.sort();
        Ok(found)
    }

    /// Whether the channel rings, and the party's clock says quiet.
    fn quiet(&self, channel: ContactChannel) -> Option<Passing> {
        use ContactChannel::{CertifiedMail, Chat, Email, Fax, InPerson, Phone, Postal, Push, Sms, Social};
        match channel {
            Email | CertifiedMail | Postal | Social | Fax => return None,
            Phone | Sms | Chat | Push | InPerson => {}
        }
        let time = |field: &str| self.wish(field).as_text().and_then(quiet::minutes);
        let zone = self.wish("timeZone").as_text().and_then(|zone| zone.parse::<Tz>().ok()).unwrap_or(self.call.context.zone);
        let until = quiet::ends(self.call.now(), time("quietFrom")?, time("quietUntil")?, zone)?;
        let detail = format!("It is quiet hours for the party, until {}.", until.to_text());
        Some((obstacle(ContactReason::QuietHours, detail), Some(until)))
    }

    /// The channels to try instead: those the party prefers, in its order.
    fn others(&self) -> Vec<ContactChannel> {
        let wishes =
            ["firstChannel", "secondChannel", "thirdChannel"].into_iter().filter_map(|field| ContactChannel::named(self.wish(field)));
        let wished: Vec<ContactChannel> = wishes.collect();
        // Who has no wish is tried on what most people read.
        let tried = if wished.is_empty() { vec![ContactChannel::Email, ContactChannel::Phone, ContactChannel::Postal] } else { wished };
        tried.into_iter().filter(|channel| *channel != self.wanted.channel).collect()
    }

    /// What stands in the way on one channel. A point that is named is the one to use.
    async fn channel(&self, channel: ContactChannel, named: Option<&Found>) -> Result<Way> {
        let mut obstacles = Vec::new();
        let point = match named {
            Some(point) => Some(point),
            None => self.point(channel),
        };
        let health = point.and_then(|point| point.get("health").as_text());
        match (point, health) {
            (None, _) if !channel.kinds().is_empty() => {
                obstacles.push(obstacle(ContactReason::NoAddress, "The party has no contact point on this channel. Add one."));
            }
            (Some(_), Some("BOUNCING")) => {
                obstacles.push(obstacle(ContactReason::AddressBouncing, "Messages to the contact point come back for the time being."));
            }
            (Some(_), Some("INVALID")) => {
                obstacles
                    .push(obstacle(ContactReason::AddressInvalid, "The contact point does not exist or is somebody else's. Correct it."));
            }
            _ => {}
        }
        let question = Question {
            party: self.wanted.party_id,
            channel: Some(channel.as_str().to_owned()),
            address: point.and_then(|point| point.get("normalized").as_text()).map(str::to_owned),
            controller: self.wanted.controller_id,
            at: self.call.now(),
        };
        let Standing { state, entry, allowed } = standing(self.call, self.purpose, &question).await?;
        if let Some(since) = self.erased_since(point).await? {
            let entry = match entry.filter(|_| state == Some(ConsentState::Granted)) {
                Some(entry) => self.call.record("consent", entry).await?,
                None => None,
            };
            if entry.and_then(|entry| entry.get("occurredAt").as_instant()).is_none_or(|at| at < since) {
                let text =
                    "The address belonged to somebody who was erased, and whoever has it now has not consented since. Ask for a consent.";
                obstacles.push(obstacle(ContactReason::Erased, text));
            }
        }
        if !allowed {
            obstacles.push(match state {
                None | Some(ConsentState::Granted) => {
                    obstacle(ContactReason::NoConsent, "The purpose needs a consent, and the party has given none. Ask for it.")
                }
                Some(ConsentState::Pending) => {
                    obstacle(ContactReason::ConsentPending, "The party was asked and has not answered, or not confirmed yet.")
                }
                Some(ConsentState::Expired) => obstacle(ContactReason::ConsentExpired, "The consent has run out. Ask for a new one."),
                Some(ConsentState::Denied | ConsentState::Withdrawn | ConsentState::Objected) => {
                    obstacle(ContactReason::Refused, "The party has refused, taken its consent back, or objected.")
                }
            });
        }
        Ok(Way { obstacles, point: point.map(|point| point.id), consent: entry })
    }

    /// When somebody who had this address was erased, if somebody was.
    async fn erased_since(&self, point: Option<&Found>) -> Result<Option<Timestamp>> {
        let address = point.and_then(|point| Some((ContactPointKind::named(point.get("kind"))?, point.get("normalized").as_text()?)));
        match (suppression::key(self.call).await?, address) {
            (Some(key), Some((kind, normalized))) => suppression::suppressed_since(self.call, key.hash(kind, normalized)).await,
            _ => Ok(None),
        }
    }

    /// The party's contact point for a channel: the preferred one of the first kind that it has, or one that messages reach where they do
    /// not reach that.
    fn point(&self, channel: ContactChannel) -> Option<&Found> {
        let of = |kind: &str| {
            let mut points: Vec<&Found> = self.points.iter().filter(|point| point.get("kind").as_text() == Some(kind)).collect();
            let ill = |point: &Found| match point.get("health").as_text() {
                Some("INVALID") => 2,
                Some("BOUNCING") => 1,
                _ => 0,
            };
            points.sort_by_key(|point| (ill(point), point.get("preferred") != &Value::Boolean(true), point.id));
            points.first().copied()
        };
        channel.kinds().iter().find_map(|kind| of(kind))
    }
}

impl ContactChannel {
    /// The channel by its name.
    fn named(name: &Value) -> Option<ContactChannel> {
        use ContactChannel::{CertifiedMail, Chat, Email, Fax, InPerson, Phone, Postal, Push, Sms, Social};
        let all = [Email, Phone, Sms, Fax, Postal, Social, Chat, Push, CertifiedMail, InPerson];
        all.into_iter().find(|channel| name.as_text() == Some(channel.as_str()))
    }

    /// The kinds of contact points that serve it, the best first; none where it needs none. Mail on paper goes to a street address as
    /// well, so it needs no contact point.
    const fn kinds(self) -> &'static [&'static str] {
        match self {
            ContactChannel::Email => &["EMAIL"],
            ContactChannel::Phone => &["MOBILE", "PHONE"],
            ContactChannel::Sms => &["MOBILE"],
            ContactChannel::Fax => &["FAX"],
            ContactChannel::Social => &["SOCIAL"],
            ContactChannel::Chat => &["CHAT"],
            ContactChannel::Push => &["PUSH"],
            ContactChannel::CertifiedMail => &["CERTIFIED_MAIL"],
            ContactChannel::Postal | ContactChannel::InPerson => &[],
        }
    }
}
