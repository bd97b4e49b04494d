//! The encoding of each type that a message is made of.

use bytes::Bytes;

use crate::{DecodeError, Decoder, EncodeError, Encoder, ErrorCode, Uuid, Version};

/// A type that messages are made of.
pub trait Value: Sized {
    /// The fewest bytes that a value takes on the wire.
    const LEAST: usize = 1;

    /// Reads a value.
    ///
    /// # Errors
    /// The bytes are not one.
    fn read(decoder: &mut Decoder, version: Version) -> Result<Self, DecodeError>;

    /// Appends the value.
    ///
    /// # Errors
    /// The version cannot carry it.
    fn write(&self, encoder: &mut Encoder, version: Version) -> Result<(), EncodeError>;

    /// Whether the value is another one than the default of its type.
    fn is_filled(&self) -> bool;
}

/// A value that has an encoding of its absence.
pub trait Nullable: Value {
    /// Reads a value or null.
    ///
    /// # Errors
    /// The bytes are neither.
    fn read_nullable(d: &mut Decoder, version: Version) -> Result<Option<Self>, DecodeError>;

    /// Appends a value or null.
    ///
    /// # Errors
    /// The version cannot carry the value.
    fn write_nullable(
        value: Option<&Self>,
        encoder: &mut Encoder,
        version: Version,
    ) -> Result<(), EncodeError>;
}

/// A derived struct. One that may be null is preceded by a byte: -1 for null, 1 otherwise.
pub trait Struct: Value {}

impl<T: Struct> Nullable for T {
    fn read_nullable(d: &mut Decoder, version: Version) -> Result<Option<Self>, DecodeError> {
        if i8::from_be_bytes(d.array()?) < 0 {
            return Ok(None);
        }
        T::read(d, version).map(Some)
    }

    fn write_nullable(
        value: Option<&Self>,
        encoder: &mut Encoder,
        version: Version,
    ) -> Result<(), EncodeError> {
        let Some(value) = value else {
            encoder.put(&(-1i8).to_be_bytes());
            return Ok(());
        };
        encoder.put(&1i8.to_be_bytes());
        value.write(encoder, version)
    }
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl Value for $type {
            const LEAST: usize = size_of::<$type>();

            fn read(decoder: &mut Decoder, _: Version) -> Result<Self, DecodeError> {
                Ok(Self::from_be_bytes(decoder.array()?))
            }

            fn write(&self, encoder: &mut Encoder, _: Version) -> Result<(), EncodeError> {
                encoder.put(&self.to_be_bytes());
                Ok(())
            }

            fn is_filled(&self) -> bool {
                *self != Self::default()
            }
        }
    )*};
}

numbers!(i8, i16, u16, i32, u32, i64, f64);

impl Value for bool {
    fn read(decoder: &mut Decoder, version: Version) -> Result<Self, DecodeError> {
        Ok(i8::read(decoder, version)? != 0)
    }

    fn write(&self, encoder: &mut Encoder, version: Version) -> Result<(), EncodeError> {
        i8::from(*self).write(encoder, version)
    }

    fn is_filled(&self) -> bool {
        *self
    }
}

impl Value for ErrorCode {
    const LEAST: usize = 2;

    fn read(decoder: &mut Decoder, version: Version) -> Result<Self, DecodeError> {
        i16::read(decoder, version).map(Self)
    }

    fn write(&self, encoder: &mut Encoder, version: Version) -> Result<(), EncodeError> {
        self.0.write(encoder, version)
    }

    fn is_filled(&self) -> bool {
        *self != Self::NONE
    }
}

impl Value for Uuid {
    const LEAST: usize = 16;

    fn read(decoder: &mut Decoder, _: Version) -> Result<Self, DecodeError> {
        decoder.array().map(Self)
    }

    fn write(&self, encoder: &mut Encoder, _: Version) -> Result<(), EncodeError> {
        encoder.put(&self.0);
        Ok(())
    }

    fn is_filled(&self) -> bool {
        *self != Self::ZERO
    }
}

impl Value for String {
    fn read(decoder: &mut Decoder, version: Version) -> Result<Self, DecodeError> {
        Self::read_nullable(decoder, version)?.ok_or(DecodeError::Null)
    }

    fn write(&self, encoder: &mut Encoder, version: Version) -> Result<(), EncodeError> {
        encoder.put_string_length(Some(self.len()), version.flexible)?;
        encoder.put(self.as_bytes());
        Ok(())
    }

    fn is_filled(&self) -> bool {
        !self.is_empty()
    }
}

impl Nullable for String {
    fn read_nullable(d: &mut Decoder, version: Version) -> Result<Option<Self>, DecodeError> {
        d.string_length(version.flexible)?.map(|length| d.string(length)).transpose()
    }

    fn write_nullable(
        value: Option<&Self>,
        encoder: &mut Encoder,
        version: Version,
    ) -> Result<(), EncodeError> {
        match value {
            Some(value) => value.write(encoder, version),
            None => encoder.put_string_length(None, version.flexible),
        }
    }
}

impl Value for Bytes {
    fn read(decoder: &mut Decoder, version: Version) -> Result<Self, DecodeError> {
        Self::read_nullable(decoder, version)?.ok_or(DecodeError::Null)
    }

    fn write(&self, encoder: &mut Encoder, version: Version) -> Result<(), EncodeError> {
        encoder.put_length(Some(self.len()), version.flexible)?;
        encoder.put(self);
        Ok(())
    }

    fn is_filled(&self) -> bool {
        !self.is_empty()
    }
}

impl Nullable for Bytes {
    fn read_nullable(d: &mut Decoder, version: Version) -> Result<Option<Self>, DecodeError> {
        d.length(version.flexible)?.map(|length| d.slice(length)).transpose()
    }

    fn write_nullable(
        value: Option<&Self>,
        encoder: &mut Encoder,
        version: Version,
    ) -> Result<(), EncodeError> {
        match value {
            Some(value) => value.write(encoder, version),
            None => encoder.put_length(None, version.flexible),
        }
    }
}

impl<T: Value> Value for Vec<T> {
    fn read(decoder: &mut Decoder, version: Version) -> Result<Self, DecodeError> {
        Self::read_nullable(decoder, version)?.ok_or(DecodeError::Null)
    }

    fn write(&self, encoder: &mut Encoder, version: Version) -> Result<(), EncodeError> {
        encoder.put_length(Some(self.len()), version.flexible)?;
        self.iter().try_for_each(|value| value.write(encoder, version))
    }

    fn is_filled(&self) -> bool {
        !self.is_empty()
    }
}

impl<T: Value> Nullable for Vec<T> {
    fn read_nullable(d: &mut Decoder, version: Version) -> Result<Option<Self>, DecodeError> {
        let Some(length) = d.length(version.flexible)? else { return Ok(None) };
        let mut values = d.vec(length, T::LEAST)?;
        for _ in 0..length {
            values.push(T::read(d, version)?);
        }
        Ok(Some(values))
    }

    fn write_nullable(
        value: Option<&Self>,
        encoder: &mut Encoder,
        version: Version,
    ) -> Result<(), EncodeError> {
        match value {
            Some(value) => value.write(encoder, version),
            None => encoder.put_length(None, version.flexible),
        }
    }
}
