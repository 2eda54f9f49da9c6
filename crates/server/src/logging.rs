//! Log lines: to standard error, for people or as JSON.

use crate::config::{Config, ConfigProblem, LogFormat};
use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// Starts logging for the whole process. The first call decides.
pub(crate) fn start(config: &Config) -> Result<(), ConfigProblem> {
    let filter = EnvFilter::try_new(&config.log).map_err(|error| {
        ConfigProblem(format!("The log filter \"{}\" cannot be read: {error}. Use for example info or clientela=debug.", config.log))
    })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process (tests) keeps the first logger.
    let _ = match config.log_format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    Ok(())
}
