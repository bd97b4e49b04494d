//! The text form of checkpoint files (`CheckpointFile`): version, count, one entry per line.

use std::fmt::Write;

const VERSION: &str = "0";

/// A checkpoint file is malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The second line is not the number of lines that follow.
    #[error("the count does not match the entries")]
    Count,
    /// An entry does not have the expected fields.
    #[error("entry {entry} is malformed")]
    Malformed {
        /// Number of the entry, from 0.
        entry: usize,
    },
    /// The content is not UTF-8.
    #[error("the content is not text")]
    NotText,
    /// The last line has no end: a crash may have cut a number short.
    #[error("the last line is incomplete")]
    Torn,
    /// The first line is not a version that we know.
    #[error("the version is not {VERSION}")]
    Version,
}

/// Splits the entries into their fields.
///
/// # Errors
/// If the version is another or the count is wrong.
pub fn parse(content: &[u8]) -> Result<Vec<Vec<&str>>, CheckpointError> {
    let text = std::str::from_utf8(content).map_err(|_| CheckpointError::NotText)?;
    if !text.ends_with('\n') {
        return Err(CheckpointError::Torn);
    }
    let mut lines = text.lines();
    if lines.next().map(str::trim) != Some(VERSION) {
        return Err(CheckpointError::Version);
    }
    let count = lines.next().and_then(|line| line.trim().parse::<usize>().ok());
    let entries: Vec<Vec<&str>> = lines.map(|line| line.split_whitespace().collect()).collect();
    if count == Some(entries.len()) { Ok(entries) } else { Err(CheckpointError::Count) }
}

/// Renders entries, one per line.
pub fn render(entries: impl Iterator<Item = String>) -> String {
    let mut body = String::new();
    let mut count: usize = 0;
    for entry in entries {
        body.push_str(&entry);
        body.push('\n');
        count += 1;
    }
    let mut text = String::with_capacity(body.len() + 16);
    let _ = write!(text, "{VERSION}\n{count}\n");
    text + &body
}
