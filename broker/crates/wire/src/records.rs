//! Record data inside a response.

use bytes::Bytes;

use crate::{DecodeError, Decoder, EncodeError, Encoder, Nullable, Value, Version};

/// Record batches: bytes at hand, or bytes that stay where they are (in a log file).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Records {
    /// The batches themselves.
    Inline(Bytes),
    /// Only their size: the encoder leaves them out and registers a [`Cut`](crate::Cut).
    External {
        /// Size in bytes.
        len: usize,
    },
}

impl Records {
    /// Size in bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Inline(bytes) => bytes.len(),
            Self::External { len } => *len,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes, when they are at hand.
    pub fn bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Inline(bytes) => Some(bytes),
            Self::External { .. } => None,
        }
    }
}

impl Default for Records {
    fn default() -> Self {
        Self::Inline(Bytes::new())
    }
}

impl From<Bytes> for Records {
    fn from(bytes: Bytes) -> Self {
        Self::Inline(bytes)
    }
}

impl Value for Records {
    fn read(decoder: &mut Decoder, version: Version) -> Result<Self, DecodeError> {
        Bytes::read(decoder, version).map(Self::Inline)
    }

    fn write(&self, encoder: &mut Encoder, version: Version) -> Result<(), EncodeError> {
        match self {
            Self::Inline(bytes) => bytes.write(encoder, version),
            Self::External { len } => {
                encoder.put_length(Some(*len), version.flexible)?;
                encoder.cut(*len);
                Ok(())
            }
        }
    }

    fn is_filled(&self) -> bool {
        !self.is_empty()
    }
}

impl Nullable for Records {
    fn read_nullable(d: &mut Decoder, version: Version) -> Result<Option<Self>, DecodeError> {
        Ok(Bytes::read_nullable(d, version)?.map(Self::Inline))
    }

    fn write_nullable(
        value: Option<&Self>,
        encoder: &mut Encoder,
        version: Version,
    ) -> Result<(), EncodeError> {
        match value {
            Some(records) => records.write(encoder, version),
            None => encoder.put_length(None, version.flexible),
        }
    }
}
