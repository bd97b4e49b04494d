//! Kafka's UUIDs.

use std::fmt;
use std::str::FromStr;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Characters of the text form.
const TEXT_LEN: usize = 22;

/// An identifier of 128 bits, written as 22 characters of URL-safe base64
/// (`org.apache.kafka.common.Uuid`).
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

/// A text is not the form of a [`Uuid`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID of 22 URL-safe base64 characters")]
pub struct ParseUuidError;

impl Uuid {
    /// Stands for the absence of an id.
    pub const ZERO: Self = Self([0; 16]);
    /// The id 1, which no topic of a user has.
    pub const ONE: Self = Self::low(1);
    /// The id of the topic `__cluster_metadata`.
    pub const METADATA_TOPIC: Self = Self::ONE;
    /// The directory of a replica from before directories were assigned (KIP-858).
    pub const MIGRATING_DIR: Self = Self::ZERO;
    /// A log directory that was not assigned yet (KIP-858).
    pub const UNASSIGNED_DIR: Self = Self::ONE;
    /// A log directory that is offline, known to be none of the online ones (KIP-858).
    pub const LOST_DIR: Self = Self::low(2);
    /// Log directory ids below this number, taken as an integer, have meanings of their own.
    const RESERVED_DIRS: u128 = 100;

    /// A random id from 16 random bytes: a version 4 UUID. `None` for the few that Kafka does not
    /// hand out, because their text starts with `-` and would look like an option in a command.
    pub fn from_random(mut bytes: [u8; 16]) -> Option<Self> {
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let first = ALPHABET[usize::from(bytes[0] >> 2)];
        (first != b'-').then_some(Self(bytes))
    }

    /// Whether this is [`ZERO`](Self::ZERO).
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// Whether the id cannot be the one of an actual log directory (KIP-858).
    pub fn is_reserved_dir(self) -> bool {
        u128::from_be_bytes(self.0) < Self::RESERVED_DIRS
    }

    const fn low(number: u8) -> Self {
        let mut bytes = [0; 16];
        bytes[15] = number;
        Self(bytes)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = u128::from_be_bytes(self.0);
        let mut text = [0; TEXT_LEN];
        for (index, slot) in text.iter_mut().enumerate() {
            // 21 groups of 6 bits, and the last 2 bits followed by zeros.
            let group = match 122usize.checked_sub(6 * index) {
                Some(shift) => number >> shift,
                None => number << 4,
            };
            *slot = ALPHABET[(group & 0x3f) as usize];
        }
        f.pad(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uuid({self})")
    }
}

impl FromStr for Uuid {
    type Err = ParseUuidError;

    fn from_str(text: &str) -> Result<Self, ParseUuidError> {
        let text = text.strip_suffix("==").unwrap_or(text);
        if text.len() != TEXT_LEN {
            return Err(ParseUuidError);
        }
        let mut number = 0u128;
        for (index, byte) in text.bytes().enumerate() {
            let group = ALPHABET.iter().position(|c| *c == byte).ok_or(ParseUuidError)? as u128;
            match 122usize.checked_sub(6 * index) {
                Some(shift) => number |= group << shift,
                None => number |= group >> 4,
            }
        }
        Ok(Self(number.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_that_of_kafka() {
        assert_eq!(Uuid::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(Uuid::ONE.to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        let bytes = 0xdecf_6841_94c4_4b89_8f95_ec55_3cba_3f5cu128.to_be_bytes();
        assert_eq!(Uuid(bytes).to_string(), "3s9oQZTES4mPlexVPLo_XA");
    }

    #[test]
    fn text_reads_back() {
        for bytes in [[0; 16], [0xff; 16], [0x5a; 16], *b"0123456789abcdef"] {
            assert_eq!(Uuid(bytes).to_string().parse(), Ok(Uuid(bytes)));
        }
        for text in ["", "AAAA", "AAAAAAAAAAAAAAAAAAAAA+", "AAAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(text.parse::<Uuid>(), Err(ParseUuidError), "{text}");
        }
    }

    #[test]
    fn random_ids_are_neither_reserved_nor_options() {
        let id = Uuid::from_random([0; 16]).unwrap();
        assert!(!id.is_reserved_dir());
        assert_eq!(Uuid::from_random([0b1111_1000; 16]), None);
        assert!(Uuid::LOST_DIR.is_reserved_dir());
    }
}
