//! Following the log: what came into sight of a view and what went out of it, set by set, inside a transaction that holds the view alone.

use super::changes::within;
use super::view::one_of;
use super::{FeedCursor, FeedView};
use crate::filter::Filters;
use crate::sql::{Alias, Sql};
use crate::{Dialect, Scope};
use clientela_kernel::{DeletedMode, Filter, Result, Timestamp, Value};
use clientela_model::{Registry, ResourceDef};
use uuid::Uuid;

/// A stretch of the log: after one place, and not after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Exclusive.
    pub after: FeedCursor,
    /// Inclusive.
    pub until: FeedCursor,
}

/// What is looked at again of a resource.
#[derive(Clone, Copy, Debug)]
pub struct Follow<'a> {
    /// For relations inside filters.
    pub registry: &'a Registry,
    /// The resource.
    pub def: &'a ResourceDef,
    /// The view.
    pub view: Uuid,
    /// The step that begins.
    pub step: i64,
    /// What happened since the step before.
    pub window: Window,
    /// What the principal may see and asks for.
    pub seen: &'a Filter,
    /// What the principal may see, whatever it asks for.
    pub allowed: &'a Filter,
    /// These records, and those that satisfy a condition; all of them where there is none.
    pub only: Option<(&'a [Uuid], Option<&'a Filter>)>,
}

impl Window {
    /// How many changes lie in it at most, those of other tenants included.
    pub fn length(self) -> i64 {
        self.until.sequence.saturating_sub(self.after.sequence)
    }
}

const RECORD: Alias = Alias { letter: 't', number: 0 };

impl Scope {
    /// Which resources the log speaks of in a window.
    pub async fn touched_resources(&self, window: Window) -> Result<Vec<String>> {
        let compile = || {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            sql.push("SELECT DISTINCT resource FROM change_log WHERE ");
            within(&mut sql, window.after, Some(window.until));
            Ok(sql)
        };
        let rows = self.store().read(compile).await?;
        rows.iter().map(|row| Ok(row.text(0)?.unwrap_or_default().to_owned())).collect()
    }

    /// Which records of a resource the log speaks of in a window; at most so many.
    pub async fn touched_records(&self, resource: &str, window: Window, limit: u32) -> Result<Vec<Uuid>> {
        let compile = || {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            sql.push("SELECT DISTINCT record_id FROM change_log WHERE ");
            within(&mut sql, window.after, Some(window.until));
            sql.push(" AND resource = ").value(&Value::from(resource)).push(" LIMIT ").push_limit(limit);
            Ok(sql)
        };
        let rows = self.store().read(compile).await?;
        rows.iter().map(|row| Ok(row.uuid(0)?.unwrap_or_default())).collect()
    }

    /// Makes a view, where the principal has none of this fingerprint yet.
    pub async fn make_feed_view(&self, view: &FeedView, fingerprint: &str) -> Result<()> {
        let compile = || {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            sql.push("INSERT INTO feed_view (tenant_id, id, principal, fingerprint, request, state, step, xid, seq, used_at) VALUES (")
                .tenant();
            let values = [
                Value::Id(view.id),
                Value::from(view.principal.as_str()),
                Value::from(fingerprint),
                Value::from(view.request.as_str()),
                Value::from(view.state.as_str()),
                Value::Integer(view.step),
                Value::Integer(view.place.transaction),
                Value::Integer(view.place.sequence),
                Value::Instant(view.used_at),
            ];
            for value in &values {
                sql.push(", ").value(value);
            }
            sql.push(") ON CONFLICT DO NOTHING");
            Ok(sql)
        };
        self.store().read(compile).await.map(drop)
    }

    /// Writes down how far a view has been followed.
    pub async fn keep_feed_view(&self, view: &FeedView) -> Result<()> {
        let compile = || {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            sql.push("UPDATE feed_view SET state = ").value(&Value::from(view.state.as_str()));
            sql.push(", step = ").value(&Value::Integer(view.step));
            sql.push(", xid = ").value(&Value::Integer(view.place.transaction));
            sql.push(", seq = ").value(&Value::Integer(view.place.sequence));
            sql.push(", used_at = ").value(&Value::Instant(view.used_at));
            sql.push(" WHERE tenant_id = ").tenant().push(" AND id = ").value(&Value::Id(view.id));
            Ok(sql)
        };
        self.store().read(compile).await.map(drop)
    }

    /// Forgets the views that nobody has used since a moment.
    pub async fn forget_feed_views(&self, before: Timestamp) -> Result<()> {
        let compile = || {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            sql.push("DELETE FROM feed_view WHERE tenant_id = ").tenant().push(" AND used_at < ").value(&Value::Instant(before));
            Ok(sql)
        };
        self.store().read(compile).await.map(drop)
    }

    /// What the tenant's views ask for, by their ids.
    pub async fn feed_questions(&self) -> Result<Vec<(Uuid, String)>> {
        let compile = || {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            sql.push("SELECT id, request FROM feed_view WHERE tenant_id = ").tenant();
            Ok(sql)
        };
        let rows = self.store().read(compile).await?;
        rows.iter().map(|row| Ok((row.uuid(0)?.unwrap_or_default(), row.text(1)?.unwrap_or_default().to_owned()))).collect()
    }

    /// Forgets a view: its cursors have expired.
    pub async fn forget_feed_view(&self, view: Uuid) -> Result<()> {
        let compile = || {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            sql.push("DELETE FROM feed_view WHERE tenant_id = ").tenant().push(" AND id = ").value(&Value::Id(view));
            Ok(sql)
        };
        self.store().read(compile).await.map(drop)
    }

    /// From a view that saw all of a resource to one that remembers what it sees: everything that was there before the window counts as seen from the beginning,
    /// what was deleted or erased in it as well.
    pub async fn count_as_seen(&self, follow: &Follow<'_>) -> Result<()> {
        let compile = || {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            follow.insert(&mut sql, 0, "t0.id");
            sql.push(" FROM ").push(&follow.def.source()).push(" t0 WHERE t0.tenant_id = ").tenant();
            sql.push(" AND (t0.deleted_at IS NULL OR ");
            follow.logged(&mut sql, "t0.id", Some("'DELETED'"));
            sql.push(") AND NOT ");
            follow.logged(&mut sql, "t0.id", Some("'CREATED'"));
            sql.push(" ON CONFLICT DO NOTHING");
            Ok(sql)
        };
        self.store().read(compile).await?;
        let compile = || {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            follow.insert(&mut sql, 0, "gone.record_id");
            sql.push(" FROM (SELECT DISTINCT record_id FROM change_log WHERE ");
            within(&mut sql, follow.window.after, Some(follow.window.until));
            sql.push(" AND kind = 'ERASED' AND resource = ").value(&Value::from(follow.def.name.as_ref())).push(") gone WHERE NOT ");
            follow.logged(&mut sql, "gone.record_id", Some("'CREATED'"));
            sql.push(" ON CONFLICT DO NOTHING");
            Ok(sql)
        };
        self.store().read(compile).await.map(drop)
    }

    /// Forgets when records were in sight that went out of it up to a step.
    pub async fn forget_feed_members(&self, view: Uuid, step: i64) -> Result<()> {
        let compile = || {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            sql.push("DELETE FROM feed_member WHERE tenant_id = ").tenant().push(" AND view_id = ").value(&Value::Id(view));
            sql.push(" AND lost IS NOT NULL AND lost <= ").value(&Value::Integer(step));
            Ok(sql)
        };
        self.store().read(compile).await.map(drop)
    }

    /// Looks at records again: what is out of sight now, and what is in sight.
    pub async fn follow(&self, follow: &Follow<'_>) -> Result<()> {
        self.store().read(|| self.losses(follow)).await?;
        self.store().read(|| self.gains(follow)).await.map(drop)
    }

    /// Whether anything came into sight or went out of it at a step.
    pub async fn feed_moved(&self, view: Uuid, step: i64) -> Result<bool> {
        let compile = || {
            let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
            for (place, column) in ["gained", "lost"].iter().enumerate() {
                sql.push(if place == 0 { "SELECT 1 WHERE EXISTS (" } else { " OR EXISTS (" })
                    .push("SELECT 1 FROM feed_member WHERE tenant_id = ");
                sql.tenant().push(" AND view_id = ").value(&Value::Id(view));
                // Said outright, since the index holds no others.
                sql.push(if place == 0 { " AND gained > 0 AND " } else { " AND lost IS NOT NULL AND " });
                sql.push(column).push(" = ").value(&Value::Integer(step)).push(")");
            }
            Ok(sql)
        };
        Ok(!self.store().read(compile).await?.is_empty())
    }

    fn losses(&self, follow: &Follow<'_>) -> Result<Sql> {
        let (def, dialect) = (follow.def, self.dialect());
        let mut filters = Filters::new(follow.registry);
        let mut sql = Sql::of_tenant(dialect, self.tenant());
        sql.push("UPDATE feed_member SET lost = ").value(&Value::Integer(follow.step)).push(", lost_by = CASE WHEN NOT ");
        follow.record(&mut sql, DeletedMode::Include, None, &mut filters)?;
        sql.push(" THEN 'ERASED' WHEN ");
        follow.record(&mut sql, DeletedMode::Only, None, &mut filters)?;
        sql.push(" AND ");
        follow.logged(&mut sql, "feed_member.record_id", Some("'DELETED'"));
        sql.push(" THEN 'DELETED' WHEN ");
        follow.record(&mut sql, DeletedMode::Exclude, Some(follow.allowed), &mut filters)?;
        sql.push(" THEN 'LEFT' ELSE 'ACCESS_LOST' END WHERE tenant_id = ").tenant();
        sql.push(" AND view_id = ").value(&Value::Id(follow.view)).push(" AND resource = ").value(&Value::from(def.name.as_ref()));
        sql.push(" AND lost IS NULL");
        if let Some((ids, condition)) = follow.only {
            sql.push(" AND (record_id ");
            one_of(&mut sql, ids);
            if let Some(condition) = condition {
                sql.push(" OR record_id IN (SELECT t0.id FROM ")
                    .push(&def.source())
                    .push(" t0 WHERE t0.tenant_id = ")
                    .tenant()
                    .push(" AND ");
                filters.push(&mut sql, def, RECORD, condition)?;
                sql.push(")");
            }
            sql.push(")");
        }
        sql.push(" AND NOT ");
        follow.record(&mut sql, DeletedMode::Exclude, Some(follow.seen), &mut filters)?;
        Ok(sql)
    }

    fn gains(&self, follow: &Follow<'_>) -> Result<Sql> {
        let def = follow.def;
        let mut filters = Filters::new(follow.registry);
        let mut sql = Sql::of_tenant(self.dialect(), self.tenant());
        follow.insert(&mut sql, follow.step, "t0.id");
        sql.push(" FROM ").push(&def.source()).push(" t0 WHERE t0.tenant_id = ").tenant().push(" AND t0.deleted_at IS NULL AND ");
        filters.push(&mut sql, def, RECORD, follow.seen)?;
        if let Some((ids, condition)) = follow.only {
            sql.push(" AND (t0.id ");
            one_of(&mut sql, ids);
            if let Some(condition) = condition {
                sql.push(" OR ");
                filters.push(&mut sql, def, RECORD, condition)?;
            }
            sql.push(")");
        }
        sql.push(" AND NOT EXISTS (SELECT 1 FROM feed_member m WHERE m.tenant_id = ").tenant();
        sql.push(" AND m.view_id = ").value(&Value::Id(follow.view)).push(" AND m.resource = ").value(&Value::from(def.name.as_ref()));
        sql.push(" AND m.record_id = t0.id AND m.lost IS NULL)");
        Ok(sql)
    }
}

impl Follow<'_> {
    /// `INSERT INTO … SELECT` of members that are in sight from a step on.
    fn insert(&self, sql: &mut Sql, step: i64, record: &str) {
        sql.push("INSERT INTO feed_member (tenant_id, view_id, resource, record_id, gained, gained_by) SELECT ").tenant();
        let postgres = sql.dialect == Dialect::Postgres;
        sql.push(if postgres { "::uuid, " } else { ", " }).value(&Value::Id(self.view));
        sql.push(if postgres { "::uuid, " } else { ", " }).value(&Value::from(self.def.name.as_ref()));
        sql.push(if postgres { "::text, " } else { ", " }).push(record).push(", ").value(&Value::Integer(step));
        sql.push(if postgres { "::bigint, CASE WHEN " } else { ", CASE WHEN " });
        self.logged(sql, record, Some("'CREATED', 'RESTORED'"));
        sql.push(" THEN 'LOGGED' ELSE 'ACCESS' END");
    }

    /// `EXISTS (…)`: whether the log speaks of a record in the window, by changes of these kinds.
    fn logged(&self, sql: &mut Sql, record: &str, kinds: Option<&str>) {
        sql.push("EXISTS (SELECT 1 FROM change_log WHERE ");
        within(sql, self.window.after, Some(self.window.until));
        sql.push(" AND resource = ").value(&Value::from(self.def.name.as_ref())).push(" AND record_id = ").push(record);
        if let Some(kinds) = kinds {
            sql.push(" AND kind IN (").push(kinds).push(")");
        }
        sql.push(")");
    }

    /// `EXISTS (…)`: whether the member's record is there, deleted or not, and satisfies a condition.
    fn record(&self, sql: &mut Sql, deleted: DeletedMode, condition: Option<&Filter>, filters: &mut Filters<'_>) -> Result<()> {
        sql.push("EXISTS (SELECT 1 FROM ").push(&self.def.source()).push(" t0 WHERE t0.tenant_id = ").tenant();
        sql.push(" AND t0.id = feed_member.record_id").push(match deleted {
            DeletedMode::Exclude => " AND t0.deleted_at IS NULL",
            DeletedMode::Include => "",
            DeletedMode::Only => " AND t0.deleted_at IS NOT NULL",
        });
        if let Some(condition) = condition {
            sql.push(" AND ");
            filters.push(sql, self.def, RECORD, condition)?;
        }
        sql.push(")");
        Ok(())
    }
}
