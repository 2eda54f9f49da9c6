//! `findDuplicates`.

use super::candidates::{Candidate, Reads as _, candidates, face, of_kind};
use super::rule::Rule;
use super::score::DuplicateReason;
use super::subject::{Subject, complete};
use crate::contact_point::ContactPointKind;
use crate::party::PartyKind;
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Comparison, Date, Error, ErrorCode, FieldProblem, Filter, Id, ProblemCode, Result, Value};
use clientela_macros::Shape;
use clientela_model::{Choice as _, OperationDef, system};
use uuid::Uuid;

/// Pairs that an answer holds at most.
const MOST: usize = 1_000;
/// The kinds of parties, in the order in which a whole tenant is looked through.
const KINDS: [PartyKind; 3] = [PartyKind::Person, PartyKind::Organization, PartyKind::Household];

/// Finds duplicates.
pub struct FindDuplicates;

/// Whose duplicates are looked for: one party's, those of somebody who is given by values, or everybody's.
#[derive(Shape)]
pub struct DuplicateSearch {
    /// Whose: the id of a party, a contact or an account.
    #[field(refers = "party", example = "null")]
    pub party_id: Option<Id>,
    /// Whose, where there is no record yet. Not along with `partyId`.
    #[field(shape)]
    pub values: Option<DuplicateValues>,
    /// By this rule alone, whether it is active or not; by all active rules where left out.
    #[field(refers = "duplicateRule", example = "\"dup_01h455vb4pex5vsknk084sn02q\"")]
    pub rule_id: Option<Id>,
    /// How many parties are looked at before the answer is given, where everybody's duplicates are looked for.
    #[field(min = 1, max = 500, default = "100", example = "100")]
    pub limit: i64,
    /// Where to go on: `next` of the answer before. Only where everybody's duplicates are looked for.
    #[field(max = 60, example = "null")]
    pub after: Option<String>,
}

/// What is known of somebody.
#[derive(Shape)]
pub struct DuplicateValues {
    /// What they are.
    #[field(default = "\"PERSON\"", example = "\"PERSON\"")]
    pub party_kind: PartyKind,
    /// What they are called.
    #[field(max = 200, example = "\"Anna Gruber\"")]
    pub name: Option<String>,
    /// An e-mail address.
    #[field(format = "email", max = 254, example = "\"anna.gruber@bergkaeserei.example\"")]
    pub email: Option<String>,
    /// A telephone number. One without a country code is read as one of `country`.
    #[field(format = "phone", max = 40, example = "\"+43 512 555 0101\"")]
    pub phone: Option<String>,
    /// The address of a web site.
    #[field(format = "url", max = 500, example = "\"https://bergkaeserei.example\"")]
    pub website: Option<String>,
    /// A tax number, with the country's letters where it has any.
    #[field(max = 60, example = "\"ATU13585627\"")]
    pub tax_id: Option<String>,
    /// The day of birth.
    #[field(example = "\"1984-05-17\"")]
    pub birth_date: Option<Date>,
    /// The town.
    #[field(max = 100, example = "\"Innsbruck\"")]
    pub city: Option<String>,
    /// ISO 3166-1 alpha-2 code of the country.
    #[field(format = "country", max = 2, example = "\"AT\"")]
    pub country: Option<String>,
}

/// What was found.
#[derive(Shape)]
pub struct Duplicates {
    /// Pairs of parties that may be the same: those of one party the best first, everybody's in the order of the parties, each pair
    /// once, only of parties that you may see.
    #[field(shape, most = 1000)]
    pub pairs: Vec<DuplicatePair>,
    /// Where to go on; null where everybody has been looked at. A page may hold no pairs at all and be followed by others.
    #[field(max = 60, example = "null")]
    pub next: Option<String>,
}

/// Two parties that may be the same.
#[derive(Shape)]
pub struct DuplicatePair {
    /// The one that was looked at; null where it was given by values.
    #[field(refers = "party", example = "\"pty_01h455vb4pex5vsknk084sn02q\"")]
    pub party_id: Option<Id>,
    /// The other one.
    #[field(refers = "party", example = "\"pty_01h455vb4pex5vsknk084sn02r\"")]
    pub candidate_id: Id,
    /// How alike they are: the mean of the similarities by weight, rounded down.
    #[field(min = 1, max = 100, example = "92")]
    pub score: i64,
    /// The rule by which they are most alike.
    #[field(refers = "duplicateRule", example = "\"dup_01h455vb4pex5vsknk084sn02q\"")]
    pub rule_id: Id,
    /// The comparisons that the score is made of.
    #[field(shape, most = 10)]
    pub reasons: Vec<DuplicateReason>,
}

#[async_trait]
impl Operation for FindDuplicates {
    type Input = DuplicateSearch;
    type Output = Duplicates;

    fn definition() -> OperationDef {
        OperationDef::reading::<DuplicateSearch, Duplicates>(
            "findDuplicates",
            "party",
            "find-duplicates",
            "Finds parties that may be the same, by the duplicate rules: those of one party, of somebody who is given by values, or of \
             everybody, page by page. Every pair comes with its score and what that is made of; `mergeParties` makes one of the two. A key \
             that more than 200 parties share, such as the telephone number of a switchboard, is looked up for the first 200 of them.",
        )
    }

    async fn run(&self, call: &Call<'_>, asked: DuplicateSearch) -> Result<Duplicates> {
        let rules = rules(call, asked.rule_id).await?;
        match (asked.party_id, asked.values) {
            (Some(_), Some(_)) => Err(contradiction("values", "values stands there along with partyId. Give one of the two, or neither.")),
            (None, None) => everybody(call, &rules, asked.limit, asked.after.as_deref()).await,
            _ if asked.after.is_some() => {
                Err(contradiction("after", "after is for a search through everybody, and this one is for one party. Leave it out."))
            }
            (Some(party), None) => {
                let party = call.referenced("partyId", "party", party).await?;
                let kind = party.get("kind").as_text().unwrap_or_default().to_owned();
                let only = Filter::field(system::ID, Comparison::Equal(Value::Id(party.id.0)));
                let faces = call.some(face(&kind), of_kind(&kind, only), None, 1).await?;
                let mut subjects: Vec<Subject> = faces.iter().map(Subject::of_face).collect();
                complete(call, &mut subjects).await?;
                of_one(call, &rules, subjects).await
            }
            (None, Some(values)) => of_one(call, &rules, vec![subject(&values)]).await,
        }
    }
}

/// The rules to go by.
async fn rules(call: &Call<'_>, only: Option<Id>) -> Result<Vec<Rule>> {
    let found = match only {
        Some(rule) => vec![call.referenced("ruleId", "duplicateRule", rule).await?],
        None => call.find("duplicateRule", Filter::field("active", Comparison::Equal(Value::Boolean(true)))).await?,
    };
    Ok(found.iter().map(Rule::of).collect())
}

fn of_the_kind(rules: &[Rule], kind: &str) -> Vec<Rule> {
    rules.iter().filter(|rule| rule.kind == kind).cloned().collect()
}

fn subject(values: &DuplicateValues) -> Subject {
    let mut subject = Subject { kind: values.party_kind.as_str().to_owned(), ..Subject::default() };
    if let Some(name) = &values.name {
        subject.call(name);
    }
    let country = values.country.as_deref();
    for (kind, value) in
        [(ContactPointKind::Email, &values.email), (ContactPointKind::Phone, &values.phone), (ContactPointKind::Web, &values.website)]
    {
        if let Some(value) = value {
            subject.reach(kind, value, country);
        }
    }
    subject.tax_ids.extend(
        values
            .tax_id
            .as_ref()
            .map(|number| number.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect::<String>()),
    );
    subject.birth_date = values.birth_date;
    subject.city = values.city.as_deref().map(clientela_kernel::fold::fold);
    subject
}

async fn of_one(call: &Call<'_>, rules: &[Rule], subjects: Vec<Subject>) -> Result<Duplicates> {
    let rules = of_the_kind(rules, subjects.first().map_or("", |subject| &subject.kind));
    let found = candidates(call, &rules, &subjects).await?;
    let pairs = subjects.iter().zip(found).flat_map(|(subject, found)| found.into_iter().map(|candidate| pair(subject.id, candidate)));
    Ok(Duplicates { pairs: pairs.take(MOST).collect(), next: None })
}

fn pair(party: Uuid, candidate: Candidate) -> DuplicatePair {
    DuplicatePair {
        party_id: (!party.is_nil()).then_some(Id(party)),
        candidate_id: Id(candidate.id),
        score: candidate.score,
        rule_id: candidate.rule,
        reasons: candidate.reasons,
    }
}

/// A page of everybody: kind after kind, each in the order of the ids.
async fn everybody(call: &Call<'_>, rules: &[Rule], limit: i64, after: Option<&str>) -> Result<Duplicates> {
    let (first, mut beyond) = match after {
        Some(text) => place(text)?,
        None => (0, None),
    };
    let mut left = u32::try_from(limit).unwrap_or(1);
    let mut pairs: Vec<DuplicatePair> = Vec::new();
    for (number, kind) in KINDS.iter().enumerate().skip(first) {
        let rules = of_the_kind(rules, kind.as_str());
        if rules.is_empty() {
            beyond = None;
            continue;
        }
        let faces = call.some(face(kind.as_str()), of_kind(kind.as_str(), Filter::And(Vec::new())), beyond, left).await?;
        let mut subjects: Vec<Subject> = faces.iter().map(Subject::of_face).collect();
        complete(call, &mut subjects).await?;
        for (subject, found) in subjects.iter().zip(candidates(call, &rules, &subjects).await?) {
            // The pair is told where the first of the two is looked at.
            let mut own: Vec<Candidate> = found.into_iter().filter(|candidate| candidate.id > subject.id).collect();
            own.truncate(MOST);
            if pairs.len() + own.len() > MOST {
                return Ok(Duplicates { pairs, next: Some(text(number, beyond)) });
            }
            pairs.extend(own.into_iter().map(|candidate| pair(subject.id, candidate)));
            beyond = Some(Id(subject.id));
        }
        left = left.saturating_sub(u32::try_from(subjects.len()).unwrap_or(u32::MAX));
        if left == 0 {
            return Ok(Duplicates { pairs, next: Some(text(number, beyond)) });
        }
        beyond = None;
    }
    Ok(Duplicates { pairs, next: None })
}

/// A place among everybody: the kind and the last party that was looked at.
fn text(kind: usize, beyond: Option<Id>) -> String {
    format!("{kind}.{}", beyond.map_or(Uuid::nil(), |id| id.0).simple())
}

fn place(text: &str) -> Result<(usize, Option<Id>)> {
    let parsed = text.split_once('.').and_then(|(kind, id)| {
        let (kind, id) = (kind.parse::<usize>().ok().filter(|kind| *kind < KINDS.len())?, Uuid::try_parse(id).ok()?);
        Some((kind, (!id.is_nil()).then_some(Id(id))))
    });
    let refused = || Error::new(ErrorCode::InvalidCursor, "after is no place that this server gave out. Start again without it.");
    parsed.ok_or_else(refused)
}

fn contradiction(field: &str, text: &str) -> Error {
    Error::validation(vec![FieldProblem::new(format!("/{field}"), ProblemCode::Contradiction, text)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_back() {
        let id = Id(Uuid::from_u128(7));
        assert_eq!(place(&text(2, Some(id))).unwrap(), (2, Some(id)));
        assert_eq!(place(&text(1, None)).unwrap(), (1, None));
        for bad in ["", ".", "3.00000000000000000000000000000000", "x.1", "0.", "-1.0"] {
            assert_eq!(place(bad).unwrap_err().code(), ErrorCode::InvalidCursor, "{bad}");
        }
    }
}
