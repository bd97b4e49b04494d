//! Why a config is refused. Every one is `INVALID_CONFIG` to a client.

use barnabas_wire::ErrorCode;
use thiserror::Error;

use super::Scope;

/// A config that cannot be set; the client or the author of the file is at fault.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// No config has that name.
    #[error("Unknown {scope} config name: {name}.{}", did_you_mean(*nearest))]
    Unknown {
        /// `topic`, `broker` or `group`.
        scope: &'static str,
        /// The name given.
        name: String,
        /// The known name that is most alike, when one is alike at all.
        nearest: Option<&'static str>,
    },
    /// The value is not of the config's type.
    #[error("Invalid value {value} for configuration {name}: expected {expected}")]
    Type {
        /// Config name.
        name: String,
        /// Value given.
        value: String,
        /// What the type expects.
        expected: &'static str,
    },
    /// The value is out of bounds.
    #[error("Invalid value {value} for configuration {name}: must be {expected}")]
    OutOfBounds {
        /// Config name.
        name: String,
        /// Value given.
        value: String,
        /// The bounds.
        expected: String,
    },
    /// The value is longer than [`super::MAX_VALUE_LEN`].
    #[error(
        "The configuration value of {name} has {len} bytes, the most is {}",
        super::MAX_VALUE_LEN
    )]
    TooLong {
        /// Config name.
        name: String,
        /// Length given, bytes.
        len: usize,
    },
    /// No value where one is needed.
    #[error("Null value not supported for : {name}")]
    Null {
        /// Config name.
        name: String,
    },
    /// A config that must be set is not.
    #[error("Missing required configuration {name} which has no default value")]
    Missing {
        /// Config name.
        name: &'static str,
    },
    /// The value asks for what this broker does not do.
    #[error("Configuration {name} cannot be set to {value}: {reason}")]
    Unsupported {
        /// Config name.
        name: String,
        /// Value given.
        value: String,
        /// Why not.
        reason: &'static str,
    },
    /// The config can only be set in the file.
    #[error("Cannot update {name} dynamically: it is read at start, from the properties file")]
    NotDynamic {
        /// Config name.
        name: String,
    },
    /// The config can only be set for one broker at a time.
    #[error("Cannot update {name} at the default of all brokers: set it for each broker")]
    PerBrokerOnly {
        /// Config name.
        name: String,
    },
    /// Append or subtract on something that is not a list.
    #[error("Can't {op} to key {name} because its type is not LIST")]
    NotList {
        /// Config name.
        name: String,
        /// `APPEND` or `SUBTRACT`.
        op: &'static str,
    },
    /// Two configs contradict each other.
    #[error("{0}")]
    Conflict(String),
}

impl ConfigError {
    /// The error that Kafka answers an alteration with: a broker's configs are refused as
    /// `INVALID_REQUEST`, except for what has no counterpart in Kafka.
    #[must_use]
    pub fn code(&self, scope: Scope) -> ErrorCode {
        match self {
            Self::Null { .. } => ErrorCode::INVALID_REQUEST,
            Self::Unknown { .. } | Self::Unsupported { .. } | Self::NotList { .. } => {
                ErrorCode::INVALID_CONFIG
            }
            _ if scope == Scope::Broker => ErrorCode::INVALID_REQUEST,
            _ => ErrorCode::INVALID_CONFIG,
        }
    }
}

fn did_you_mean(nearest: Option<&'static str>) -> String {
    nearest.map(|name| format!(" Did you mean {name}?")).unwrap_or_default()
}
