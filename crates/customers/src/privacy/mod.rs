//! What persons may ask for: everything that is known about them, and that it be forgotten.

pub mod check;
pub mod erase;
pub mod export;
pub mod request;
pub(crate) mod suppression;

use clientela_engine::Call;
use clientela_engine::person::Footprint;
use clientela_kernel::{Error, FieldProblem, Id, ProblemCode, Result};

/// The footprint of the party that a field of the input names; `VALIDATION_FAILED` where there is none.
async fn footprint(call: &Call<'_>, party: Id) -> Result<Footprint> {
    call.footprint("party", party).await?.ok_or_else(|| {
        let text = "partyId names no party, contact or account that there is. It may be erased already.";
        Error::validation(vec![FieldProblem::new("/partyId", ProblemCode::ReferenceNotFound, text)])
    })
}
