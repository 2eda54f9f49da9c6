//! Tasks, meetings, tags, followers, mentions and notifications, visitors and what they do.

use crate::table::{Kind, Table, create};
use sea_orm_migration::prelude::*;

/// Makes `task`, `meeting`, `meeting_attendee`, `tag`, `follower`, `mention`, `notification`, `visitor` and `customer_event`.
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0010_work"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let task = Table::new("task")
            .required_folded("subject")
            .optional("description", Kind::Text)
            .optional_any_reference("record")
            .optional("assignee_id", Kind::Uuid)
            .key("assignee_id", "app_user")
            .optional("due_at", Kind::Instant)
            .optional("reminder_at", Kind::Instant)
            .required("priority", Kind::Text)
            .required("status", Kind::Text)
            .optional("completed_at", Kind::Instant)
            .optional("recurrence", Kind::Text)
            .optional("time_zone", Kind::Text)
            .optional_reference("previous_task_id", "task")
            .tagged()
            .check("(completed_at IS NULL) = (status <> 'COMPLETED')")
            // What somebody is to do, in its order.
            .index(&["assignee_id", "due_at", "id"]);
        let meeting = Table::new("meeting")
            .required_folded("title")
            .optional("description", Kind::Text)
            .required("starts_at", Kind::Instant)
            .required("ends_at", Kind::Instant)
            .required("time_zone", Kind::Text)
            .optional_folded("location")
            .required("status", Kind::Text)
            .optional_any_reference("record")
            .required("uid", Kind::Text)
            .required("sequence", Kind::Integer)
            .owned()
            .tagged()
            .check("ends_at >= starts_at")
            .index(&["starts_at", "id"])
            .unique("meeting_uid_key", &["uid"]);
        let meeting_attendee = Table::new("meeting_attendee")
            .required_reference("meeting_id", "meeting")
            .required_folded("email")
            .optional_folded("name")
            .optional_reference("party_id", "party")
            .optional_reference("user_id", "app_user")
            .required("role", Kind::Text)
            .required("answer", Kind::Text)
            .optional("answered_at", Kind::Instant)
            .unique("meeting_attendee_meeting_email_key", &["meeting_id", "email_folded"]);
        let tag = Table::new("tag")
            .required_folded("name")
            .required("color", Kind::Text)
            .optional("description", Kind::Text)
            .unique("tag_name_key", &["name_folded"]);
        let follower = Table::new("follower")
            .required_reference("user_id", "app_user")
            .required_any_reference("record")
            .required("muted", Kind::Boolean)
            .required("user_with_record", Kind::Text)
            .unique("follower_user_record_key", &["user_id", "user_with_record"]);
        let mention = Table::new("mention")
            .required_reference("user_id", "app_user")
            .required_any_reference("record")
            .optional("excerpt", Kind::Text);
        let notification = Table::new("notification")
            .required_reference("user_id", "app_user")
            .required("kind", Kind::Text)
            .optional_any_reference("record")
            .optional("text", Kind::Text)
            .optional("read_at", Kind::Instant);
        let visitor = Table::new("visitor")
            .required("anonymous_id", Kind::Text)
            .optional_reference("party_id", "party")
            .required("first_seen_at", Kind::Instant)
            .required("last_seen_at", Kind::Instant)
            .optional("language", Kind::Text)
            .optional("referrer", Kind::Text)
            .optional("user_agent", Kind::Text)
            .check("last_seen_at >= first_seen_at")
            .unique("visitor_anonymous_id_key", &["anonymous_id"]);
        let customer_event = Table::new("customer_event")
            .required("kind", Kind::Text)
            .optional_folded("name")
            .optional("visitor_id", Kind::Uuid)
            .key("visitor_id", "visitor")
            .optional("party_id", Kind::Uuid)
            .key("party_id", "party")
            .required("occurred_at", Kind::Instant)
            .optional("url", Kind::Text)
            .money("value")
            .required("properties", Kind::TextSet)
            // What a visitor or a party did, in its order.
            .index(&["visitor_id", "occurred_at", "id"])
            .index(&["party_id", "occurred_at", "id"]);
        let tables = [task, meeting, meeting_attendee, tag, follower, mention, notification, visitor, customer_event];
        create(manager, &tables).await
    }
}
