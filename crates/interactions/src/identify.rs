//! `identifyVisitor`: it is known who the visitor is.

use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Comparison, DeletedMode, Error, FieldProblem, Filter, Id, ProblemCode, Result, Value};
use clientela_macros::Shape;
use clientela_model::OperationDef;

const PARTY: &str = "partyId";

/// Joins a visitor to a party.
pub struct IdentifyVisitor;

/// Who it is.
#[derive(Shape)]
pub struct Identification {
    /// Who the visitor is: the id of a party, a contact or an account.
    #[field(refers = "party", example = "\"con_01h455vb4pex5vsknk084sn02q\"")]
    pub party_id: Id,
}

/// The visitor, known.
#[derive(Shape)]
pub struct Identified {
    /// The visitor, who is the party from now on.
    #[field(record = "visitor")]
    pub visitor: Id,
    /// How many events of the visitor named nobody and name the party now; 0 where all of them did before.
    #[field(min = 0, max = 1_000_000_000, example = "12")]
    pub joined_events: i64,
}

#[async_trait]
impl Operation for IdentifyVisitor {
    type Input = Identification;
    type Output = Identified;

    fn definition() -> OperationDef {
        OperationDef::writing::<Identification, Identified>(
            "identifyVisitor",
            "visitor",
            "identify",
            "Joins a visitor to a party: in one transaction the visitor and every event of it that names nobody name the party, and later events \
             of the visitor name it from the start. Events that were told with a party of their own keep it. Doing it again changes \
             nothing. A visitor who is somebody else already is refused.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, said: Identification) -> Result<Identified> {
        let visitor = call.target()?;
        let party = call.referenced(PARTY, "party", said.party_id).await?;
        match visitor.get(PARTY).as_id() {
            None => {
                call.set("visitor", visitor.id, vec![(PARTY, Value::Id(party.id.0))], None).await?;
            }
            Some(known) if known == party.id.0 => {}
            Some(known) => {
                let text = format!(
                    "The visitor is {} already. If both are the same person merge them (mergeParties); if the visitor was taken for the wrong \
                     one, empty partyId of the visitor first, and then identify it.",
                    Id(known).to_text("pty")
                );
                return Err(Error::validation(vec![FieldProblem::new("/partyId", ProblemCode::Contradiction, text)]));
            }
        }
        let nameless = Filter::And(vec![
            Filter::field("visitorId", Comparison::Equal(Value::Id(visitor.id.0))),
            Filter::field(PARTY, Comparison::IsNull),
        ]);
        let joined_events =
            call.change_each("customerEvent", &nameless, DeletedMode::Include, &|event| event.set(PARTY, Value::Id(party.id.0))).await?;
        Ok(Identified { visitor: visitor.id, joined_events })
    }
}
