//! What went wrong, said for the person at the terminal: a sentence, and below it its causes.

use std::error::Error;
use std::fmt;

/// A failure of the test bed or of what it tests.
pub struct Failure {
    message: String,
}

/// The result of every step of the test bed.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure described by one sentence.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            source = cause.source();
        }
        Self { message }
    }
}

/// Says what was being done when it failed.
pub trait Context<T> {
    /// Puts `what` before the message.
    ///
    /// # Errors
    /// Hands on the failure, with `what` before its message.
    fn context(self, what: impl fmt::Display) -> Result<T>;
}

impl<T, E: Into<Failure>> Context<T> for std::result::Result<T, E> {
    fn context(self, what: impl fmt::Display) -> Result<T> {
        self.map_err(|error| Failure::new(format!("{what}: {}", error.into())))
    }
}

impl<T> Context<T> for Option<T> {
    fn context(self, what: impl fmt::Display) -> Result<T> {
        self.ok_or_else(|| Failure::new(what.to_string()))
    }
}

/// Fails with a formatted message.
#[macro_export]
macro_rules! fail {
    ($($arg:tt)*) => {
        return Err($crate::failure::Failure::new(format!($($arg)*)))
    };
}

/// Fails with a formatted message unless a condition holds.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($arg:tt)*) => {
        // Not negated: a comparison with NaN is false either way round.
        if $condition {
        } else {
            return Err($crate::failure::Failure::new(format!($($arg)*)));
        }
    };
}
