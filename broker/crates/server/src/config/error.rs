//! What is wrong with a node's configuration. The author of the file is at fault.

use std::fmt;
use std::path::PathBuf;

use barnabas_metadata::config::ConfigError;
use thiserror::Error;

use super::properties::SyntaxError;

/// Where a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A line of a file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// `--override`.
    Override,
    /// The defaults of `dev`.
    Preset,
}

/// A configuration that the broker cannot start with.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a properties file.
    #[error("{}: {source}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: SyntaxError,
    },
    /// An override has no `=`.
    #[error("--override {0}: expected name=value")]
    Override(String),
    /// A setting is unknown, ill-typed, out of bounds or not supported.
    #[error("{origin}: {source}")]
    Setting {
        /// Where it is.
        origin: Origin,
        /// Why it is refused.
        source: ConfigError,
    },
    /// Settings that are fine alone do not fit each other.
    #[error("{name}: {reason}")]
    Invalid {
        /// Config name.
        name: &'static str,
        /// What is wrong and what to do.
        reason: String,
    },
}

impl SettingsError {
    pub(super) fn invalid(name: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { name, reason: reason.into() }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Override => f.write_str("--override"),
            Self::Preset => f.write_str("preset"),
        }
    }
}
