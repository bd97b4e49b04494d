//! What is wrong with a request, and what is wrong with us.

use barnabas_metadata::image::ReplayError;
use barnabas_wire::ErrorCode;

/// A refusal: the code, and words for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// Kafka's code.
    pub code: ErrorCode,
    /// What is wrong and what to do.
    pub message: String,
}

impl ApiError {
    /// A refusal with its words.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// The controller made a record that does not fit its own state: it must resign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record of the controller does not fit its own state: {0}")]
pub struct Fault(#[from] pub ReplayError);
