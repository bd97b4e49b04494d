//! Zig-zag LEB128 integers of the record format (`ByteUtils.readVarint`, `readVarlong`).

use crate::header::BatchError;

/// Longest encoding of a 32-bit value, in bytes.
pub const MAX_VARINT: usize = 5;
/// Longest encoding of a 64-bit value, in bytes.
pub const MAX_VARLONG: usize = 10;

/// Reads a `varint` byte by byte from `next`.
///
/// # Errors
/// Whatever `next` fails with; [`BatchError::BadVarint`] if it is longer than 5 bytes.
#[inline]
pub fn read_varint<F>(mut next: F) -> Result<i32, BatchError>
where
    F: FnMut() -> Result<u8, BatchError>,
{
    let mut value = 0u32;
    for shift in (0..MAX_VARINT as u32 * 7).step_by(7) {
        let byte = next()?;
        value |= u32::from(byte & 0x7f).wrapping_shl(shift);
        if byte & 0x80 == 0 {
            return Ok((value >> 1) as i32 ^ -((value & 1) as i32));
        }
    }
    Err(BatchError::BadVarint)
}

/// Reads a `varlong` byte by byte from `next`.
///
/// # Errors
/// Whatever `next` fails with; [`BatchError::BadVarint`] if it is longer than 10 bytes.
#[inline]
pub fn read_varlong<F>(mut next: F) -> Result<i64, BatchError>
where
    F: FnMut() -> Result<u8, BatchError>,
{
    let mut value = 0u64;
    for shift in (0..MAX_VARLONG as u32 * 7).step_by(7) {
        let byte = next()?;
        value |= u64::from(byte & 0x7f).wrapping_shl(shift);
        if byte & 0x80 == 0 {
            return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    Err(BatchError::BadVarint)
}

/// Appends a `varint`.
pub fn put_varint(out: &mut Vec<u8>, value: i32) {
    put_unsigned(out, u64::from(((value << 1) ^ (value >> 31)) as u32));
}

/// Appends a `varlong`.
pub fn put_varlong(out: &mut Vec<u8>, value: i64) {
    put_unsigned(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// Bytes that [`put_varint`] writes.
#[must_use]
pub fn varint_len(value: i32) -> usize {
    unsigned_len(u64::from(((value << 1) ^ (value >> 31)) as u32))
}

/// Bytes that [`put_varlong`] writes.
#[must_use]
pub fn varlong_len(value: i64) -> usize {
    unsigned_len(((value << 1) ^ (value >> 63)) as u64)
}

fn put_unsigned(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn unsigned_len(value: u64) -> usize {
    ((64 - (value | 1).leading_zeros()) as usize).div_ceil(7)
}

#[cfg(test)]
mod tests;
