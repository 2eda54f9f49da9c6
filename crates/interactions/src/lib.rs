//! Every contact on every channel, with its participants, and notes about records.

pub mod interaction;
pub mod interaction_participant;
pub mod note;

use clientela_engine::Module;

/// The resources of this crate and their rules.
pub fn module() -> Module {
    Module::default()
        .resource::<interaction::Model>()
        .resource::<interaction_participant::Model>()
        .resource::<note::Model>()
        .rules("interaction", interaction::InteractionRules)
        .rules("interactionParticipant", interaction_participant::InteractionParticipantRules)
}
