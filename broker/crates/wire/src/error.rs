//! Why bytes are not a message, or a message has no bytes.

use crate::Version;

/// The bytes of a peer are not a message of the expected type and version: the peer's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end before the value does.
    #[error("need {needed} bytes, {remaining} remain")]
    Truncated {
        /// Bytes that the value takes.
        needed: usize,
        /// Bytes that are left.
        remaining: usize,
    },
    /// An array claims more elements than bytes remain.
    #[error("array of {length} elements in {remaining} bytes")]
    ArrayTooLong {
        /// The claimed number of elements.
        length: usize,
        /// Bytes that are left.
        remaining: usize,
    },
    /// Decoding would allocate out of proportion to the frame.
    #[error("message takes more memory than its frame of {frame} bytes warrants")]
    OverBudget {
        /// Size of the whole frame in bytes.
        frame: usize,
    },
    /// A value that this version does not let be null is null, or its length is negative.
    #[error("null where a value is required")]
    Null,
    /// A string is longer than strings may be.
    #[error("string of {length} bytes")]
    StringTooLong {
        /// The claimed number of bytes.
        length: usize,
    },
    /// A string is not UTF-8.
    #[error("string is not valid UTF-8")]
    Utf8,
    /// A variable-length integer is longer than its type.
    #[error("variable-length integer overflows")]
    Varint,
    /// Tags of a struct are not strictly ascending.
    #[error("tagged field {tag} is out of order or repeated")]
    TagOrder {
        /// The offending tag.
        tag: u32,
    },
    /// A tagged field has another size than it says.
    #[error("tagged field {tag} has {left} bytes left over")]
    TagSize {
        /// The offending tag.
        tag: u32,
        /// Bytes within the field that its value did not use.
        left: usize,
    },
    /// More unknown tagged fields than a peer has reason to send.
    #[error("too many unknown tagged fields")]
    TooManyTags,
    /// The message has no such version.
    #[error("{message} has no version {version}")]
    Version {
        /// The message's name.
        message: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// No API has this key.
    #[error("unknown API key {0}")]
    ApiKey(i16),
    /// The message ended before its frame did.
    #[error("{0} bytes after the end of the message")]
    Trailing(usize),
}

/// A message cannot be expressed in the asked version: the caller's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A field has a value, but the version does not carry it and it may not be dropped.
    #[error("{message}.{field} is set, but version {version} does not have it")]
    Unsupported {
        /// The struct's name.
        message: &'static str,
        /// The field's name.
        field: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// A field is null, but may not be in this version.
    #[error("{message}.{field} is null, which version {version} does not permit")]
    Null {
        /// The struct's name.
        message: &'static str,
        /// The field's name.
        field: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// A string, array or byte sequence is longer than its length field can say.
    #[error("length {0} does not fit its field")]
    Length(usize),
    /// The message has no such version.
    #[error("{message} has no version {version}")]
    Version {
        /// The message's name.
        message: &'static str,
        /// The version asked for.
        version: i16,
    },
}

impl EncodeError {
    /// The error of a field that `version` does not carry.
    pub fn unsupported(message: &'static str, field: &'static str, version: Version) -> Self {
        Self::Unsupported { message, field, version: version.number }
    }

    /// The error of a null field that `version` wants present.
    pub fn null(message: &'static str, field: &'static str, version: Version) -> Self {
        Self::Null { message, field, version: version.number }
    }
}
