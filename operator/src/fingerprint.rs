//! A short, stable fingerprint of text: FNV-1a, which never changes between versions of the
//! operator or of its compiler.

/// Sixteen hexadecimal digits that differ when `text` does.
#[must_use]
pub fn of(text: &str) -> String {
    format!("{:016x}", fnv(text))
}

/// The same as a number.
#[must_use]
pub fn fnv(text: &str) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    text.bytes().fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    #[test]
    fn is_fnv_1a() {
        assert_eq!(super::of(""), "cbf29ce484222325");
        assert_eq!(super::of("foobar"), "85944171f73967e8");
    }
}
