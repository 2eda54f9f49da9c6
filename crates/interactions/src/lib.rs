//! Every contact on every channel with its participants; what is to be done, with whom to meet, and notes about records; what
//! visitors do on web sites; who wants to hear of what.

pub mod calendar;
pub mod customer_event;
pub mod file;
pub mod follower;
pub mod identify;
pub mod interaction;
pub mod interaction_participant;
pub mod meeting;
pub mod meeting_attendee;
pub mod mention;
pub mod note;
pub mod notification;
mod recurrence;
pub mod tag;
pub mod task;
pub mod visitor;

use clientela_engine::Module;

/// The resources of this crate and their rules.
pub fn module() -> Module {
    Module::default()
        .resource::<interaction::Model>()
        .resource::<interaction_participant::Model>()
        .resource::<note::Model>()
        .resource::<task::Model>()
        .resource::<meeting::Model>()
        .resource::<meeting_attendee::Model>()
        .resource::<file::Model>()
        .resource::<tag::Model>()
        .resource::<follower::Model>()
        .resource::<mention::Model>()
        .resource::<notification::Model>()
        .resource::<visitor::Model>()
        .resource::<customer_event::Model>()
        .operation(calendar::export::ExportCalendar)
        .operation(calendar::import::ImportCalendar)
        .rules("interaction", interaction::InteractionRules)
        .rules("interactionParticipant", interaction_participant::InteractionParticipantRules)
        .rules("task", task::TaskRules)
        .rules("meeting", meeting::MeetingRules)
        .rules("meetingAttendee", meeting_attendee::MeetingAttendeeRules)
        .rules("file", file::FileRules)
        .rules("follower", follower::FollowerRules)
        .rules("mention", mention::MentionRules)
        .rules("visitor", visitor::VisitorRules)
        .rules("customerEvent", customer_event::CustomerEventRules)
        .operation(identify::IdentifyVisitor)
}
