//! Variable-length integers: base-128 groups, least significant first; signed ones in zigzag.

use bytes::{BufMut, BytesMut};

/// The most bytes that a 32-bit variable-length integer takes.
pub const MAX_VARINT_LEN: usize = 5;
/// The most bytes that a 64-bit variable-length integer takes.
pub const MAX_VARLONG_LEN: usize = 10;

/// Bytes that `value` takes as an unsigned variable-length integer.
pub fn uvarint_len(value: u32) -> usize {
    ulong_len(u64::from(value))
}

/// Bytes that `value` takes as a zigzag variable-length integer.
pub fn varint_len(value: i32) -> usize {
    ulong_len(zigzag(i64::from(value)))
}

/// Bytes that `value` takes as a zigzag variable-length integer.
pub fn varlong_len(value: i64) -> usize {
    ulong_len(zigzag(value))
}

fn ulong_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// Maps small magnitudes of either sign to small unsigned numbers.
pub(crate) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

pub(crate) fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

pub(crate) fn put_ulong(buffer: &mut BytesMut, mut value: u64) {
    while value >= 0x80 {
        buffer.put_u8((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    buffer.put_u8(value as u8);
}

/// A number of at most `bits` bits and the bytes it took, or `None` if it is too long.
/// `Some(Err(()))` means that `bytes` end within it.
pub(crate) fn get_ulong(bytes: &[u8], bits: u32) -> Option<Result<(u64, usize), ()>> {
    let mut value = 0u64;
    let mut shift = 0;
    for (index, byte) in bytes.iter().enumerate() {
        let group = u64::from(byte & 0x7f);
        if shift >= bits || (shift + 7 > bits && group >> (bits - shift) != 0) {
            return None;
        }
        value |= group << shift;
        if byte & 0x80 == 0 {
            return Some(Ok((value, index + 1)));
        }
        shift += 7;
    }
    if shift >= bits { None } else { Some(Err(())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_agree_with_what_is_written() {
        for shift in 0..64 {
            for value in [1u64 << shift, (1u64 << shift) - 1, u64::MAX >> shift] {
                let mut buffer = BytesMut::new();
                put_ulong(&mut buffer, value);
                assert_eq!(buffer.len(), ulong_len(value), "{value}");
                assert_eq!(get_ulong(&buffer, 64), Some(Ok((value, buffer.len()))));
                for cut in 0..buffer.len() {
                    assert_eq!(get_ulong(&buffer[..cut], 64), Some(Err(())));
                }
            }
        }
    }

    #[test]
    fn zigzag_is_its_own_inverse_at_the_ends() {
        for value in [0, -1, 1, i64::MIN, i64::MAX, i64::from(i32::MIN)] {
            assert_eq!(unzigzag(zigzag(value)), value);
        }
        assert_eq!(zigzag(-1), 1);
        assert_eq!(varint_len(i32::MIN), MAX_VARINT_LEN);
        assert_eq!(varlong_len(i64::MIN), MAX_VARLONG_LEN);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(get_ulong(&[0xff, 0xff, 0xff, 0xff, 0x0f], 32), Some(Ok((0xffff_ffff, 5))));
        assert_eq!(get_ulong(&[0xff, 0xff, 0xff, 0xff, 0x1f], 32), None);
        assert_eq!(get_ulong(&[0x80; 6], 32), None);
        assert_eq!(get_ulong(&[0xff; 11], 64), None);
    }
}
