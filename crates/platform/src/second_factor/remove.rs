//! `removeSecondFactor`.

use super::emptied;
use async_trait::async_trait;
use clientela_engine::{Call, Operation};
use clientela_kernel::{Error, ErrorCode, Id, Result};
use clientela_macros::Shape;
use clientela_model::OperationDef;

/// Takes somebody's second factor away.
pub struct RemoveSecondFactor;

/// Nothing more needs to be said.
#[derive(Shape)]
pub struct SecondFactorRemoval {}

/// What is left.
#[derive(Shape)]
pub struct SecondFactorRemoved {
    /// The second factor, which is set up no more.
    #[field(record = "secondFactor")]
    pub second_factor: Id,
}

#[async_trait]
impl Operation for RemoveSecondFactor {
    type Input = SecondFactorRemoval;
    type Output = SecondFactorRemoved;

    fn definition() -> OperationDef {
        OperationDef::writing::<SecondFactorRemoval, SecondFactorRemoved>(
            "removeSecondFactor",
            "secondFactor",
            "remove",
            "Takes the second factor of somebody away who has lost it: the password alone lets the user in until another one is set up. Only administrators may.",
        )
        .on_record()
    }

    async fn run(&self, call: &Call<'_>, _given: SecondFactorRemoval) -> Result<SecondFactorRemoved> {
        let found = call.target()?;
        if !call.context.is_administrator() {
            return Err(Error::new(ErrorCode::Forbidden, "Only administrators take second factors of others away. Ask one of them."));
        }
        call.set("secondFactor", found.id, emptied(), None).await?;
        Ok(SecondFactorRemoved { second_factor: found.id })
    }
}
