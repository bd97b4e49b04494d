//! Unsigned variable-length integers of 32 bits: base-128 groups, least significant first.

use bytes::{BufMut, BytesMut};

use crate::DecodeError;

/// The most bytes that one takes.
pub(crate) const MAX_LEN: usize = 5;

pub(crate) fn put(buffer: &mut BytesMut, mut value: u32) {
    while value >= 0x80 {
        buffer.put_u8((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    buffer.put_u8(value as u8);
}

/// The number at the start of `bytes`, and how many of them it takes.
pub(crate) fn get(bytes: &[u8]) -> Result<(u32, usize), DecodeError> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(MAX_LEN).enumerate() {
        let group = u32::from(byte & 0x7f);
        let shift = 7 * index as u32;
        if group.leading_zeros() < shift {
            return Err(DecodeError::Varint);
        }
        value |= group << shift;
        if byte & 0x80 == 0 {
            return Ok((value, index + 1));
        }
    }
    let remaining = bytes.len();
    if remaining < MAX_LEN {
        Err(DecodeError::Truncated { needed: remaining + 1, remaining })
    } else {
        Err(DecodeError::Varint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_no_prefix_does() {
        for shift in 0..32 {
            for value in [1u32 << shift, (1u32 << shift) - 1, u32::MAX >> shift] {
                let mut buffer = BytesMut::new();
                put(&mut buffer, value);
                assert_eq!(get(&buffer), Ok((value, buffer.len())));
                for cut in 0..buffer.len() {
                    let error = DecodeError::Truncated { needed: cut + 1, remaining: cut };
                    assert_eq!(get(&buffer[..cut]), Err(error));
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(get(&[0xff, 0xff, 0xff, 0xff, 0x0f]), Ok((u32::MAX, 5)));
        assert_eq!(get(&[0xff, 0xff, 0xff, 0xff, 0x1f]), Err(DecodeError::Varint));
        assert_eq!(get(&[0x80, 0x80, 0x80, 0x80, 0x80, 0]), Err(DecodeError::Varint));
    }

    #[test]
    fn longer_forms_than_needed_are_read() {
        assert_eq!(get(&[0x81, 0x80, 0x00]), Ok((1, 3)));
    }
}
