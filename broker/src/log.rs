//! Where log lines go.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::cli::{LogArguments, LogFormat};
use crate::error::StartError;

/// Logs to standard error from now on.
pub(crate) fn start(arguments: &LogArguments) -> Result<(), StartError> {
    let filter = EnvFilter::try_new(&arguments.log)
        .map_err(|error| StartError::LogFilter(arguments.log.clone(), error.to_string()))?;
    let terminal = std::io::stderr().is_terminal();
    let format = match arguments.log_format {
        Some(format) => format,
        None if terminal => LogFormat::Text,
        None => LogFormat::Json,
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => builder.with_ansi(terminal).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}
