//! Schedules: what is done again and again, at the times of a cron expression in a zone.

mod cron;
pub mod definition;
mod run;

pub(crate) use cron::Cron;
