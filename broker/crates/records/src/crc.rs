//! CRC-32C (Castagnoli), as the batch header and producer snapshots carry it.

use crc_fast::CrcAlgorithm::Crc32Iscsi;

/// The checksum of `bytes`.
#[must_use]
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc_fast::checksum(Crc32Iscsi, bytes) as u32
}

/// The checksum of `a ++ b`, from the checksums of both and the length of `b`.
#[must_use]
pub fn combine(a: u32, b: u32, b_len: usize) -> u32 {
    crc_fast::checksum_combine(Crc32Iscsi, u64::from(a), u64::from(b), b_len as u64) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_value_of_rfc_3720() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn combined_equals_whole() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for cut in [0, 1, 40, 999, 1000] {
            let (a, b) = bytes.split_at(cut);
            assert_eq!(combine(crc32c(a), crc32c(b), b.len()), crc32c(&bytes));
        }
    }
}
