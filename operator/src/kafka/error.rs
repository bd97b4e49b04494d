//! Why a request to a broker came to nothing.

use barnabas_wire::{ApiKey, DecodeError, EncodeError, ErrorCode};

/// The whole request failed: nothing is known of what it asked for. Worth a new connection and
/// another try.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The broker could not be reached or hung up.
    #[error("cannot talk to {address}: {source}")]
    Io {
        /// Who was talked to.
        address: String,
        /// The cause.
        source: std::io::Error,
    },
    /// The broker did not answer in time.
    #[error("no answer from {address} within {seconds} s")]
    TimedOut {
        /// Who was talked to.
        address: String,
        /// The limit.
        seconds: u64,
    },
    /// The broker and this client have no version of an API in common.
    #[error("the broker does not speak {0:?} in a version that the operator speaks")]
    Unsupported(ApiKey),
    /// The broker's answer is not one.
    #[error("the broker's answer makes no sense: {0}")]
    Decode(#[from] DecodeError),
    /// The answer is larger than the operator takes.
    #[error("the broker's answer is larger than the {0} bytes that the operator takes")]
    TooLarge(i32),
    /// The answer belongs to another request.
    #[error("the broker answered another request")]
    Correlation,
    /// The request cannot be put on the wire.
    #[error("the request cannot be encoded: {0}")]
    Encode(#[from] EncodeError),
    /// The broker refused the whole request.
    #[error("the broker refused: {0}")]
    Refused(ErrorCode),
}

/// The broker refused one item of a request, such as one topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// Kafka's code.
    pub code: ErrorCode,
    /// The broker's words; empty if it had none.
    pub message: String,
}

impl Refusal {
    /// `Ok` for [`ErrorCode::NONE`].
    pub(super) fn unless_none(code: ErrorCode, message: Option<String>) -> Result<(), Self> {
        if code.is_none() {
            return Ok(());
        }
        Err(Self { code, message: message.unwrap_or_default() })
    }
}
