//! Messages and their versions.

use crate::{ApiKey, DecodeError, Decoder, EncodeError, Encoder, Value};

/// A version of a message, with what it implies for every value inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// The version.
    pub number: i16,
    /// Whether lengths are compact and structs end in tagged fields (KIP-482).
    pub flexible: bool,
}

/// An inclusive range of versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VersionRange {
    /// The lowest version.
    pub min: i16,
    /// The highest version.
    pub max: i16,
}

impl VersionRange {
    /// Whether the range holds `version`.
    pub fn contains(self, version: i16) -> bool {
        (self.min..=self.max).contains(&version)
    }

    /// The versions, ascending.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = i16> {
        self.min..=self.max
    }
}

/// A struct that stands on its own on the wire or in a record: derived by `#[derive(Message)]`.
pub trait Message: Value {
    /// Kafka's name of the message.
    const NAME: &'static str;
    /// The versions that can be decoded and encoded.
    const VERSIONS: VersionRange;
    /// The first flexible version, if any is.
    const FLEXIBLE: Option<i16>;

    /// What `number` means for this message.
    fn version(number: i16) -> Version {
        Version { number, flexible: Self::FLEXIBLE.is_some_and(|first| number >= first) }
    }

    /// Reads the message in the version `number`; bytes after it are left in `decoder`.
    ///
    /// # Errors
    /// The message has no such version, or the bytes are not one.
    fn decode(decoder: &mut Decoder, number: i16) -> Result<Self, DecodeError> {
        if !Self::VERSIONS.contains(number) {
            return Err(DecodeError::Version { message: Self::NAME, version: number });
        }
        Self::read(decoder, Self::version(number))
    }

    /// Appends the message in the version `number`.
    ///
    /// # Errors
    /// The message has no such version, or has values that the version cannot carry; then what
    /// was already written stays in `encoder`.
    fn encode(&self, encoder: &mut Encoder, number: i16) -> Result<(), EncodeError> {
        if !Self::VERSIONS.contains(number) {
            return Err(EncodeError::Version { message: Self::NAME, version: number });
        }
        self.write(encoder, Self::version(number))
    }
}

/// The request of an API.
pub trait Request: Message {
    /// The API.
    const KEY: ApiKey;
    /// What answers it, in the same version.
    type Response: Message;
}
