//! CRC-32C (Castagnoli), as the batch header and producer snapshots carry it.

use crc_fast::CrcAlgorithm::Crc32Iscsi;

/// The checksum of `bytes`.
#[must_use]
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc_fast::checksum(Crc32Iscsi, bytes) as u32
}

/// A checksum in the making, over pieces that lie apart.
///
/// To combine two checksums that are known already takes microseconds, more than a pass over a
/// batch of 16 KiB: there is no such function.
#[derive(Clone, Copy, Debug)]
pub struct Crc32c {
    digest: crc_fast::Digest,
}

impl Default for Crc32c {
    fn default() -> Self {
        Self { digest: crc_fast::Digest::new(Crc32Iscsi) }
    }
}

impl Crc32c {
    /// Adds the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
    }

    /// The checksum of all pieces so far.
    #[must_use]
    pub fn value(&self) -> u32 {
        self.digest.finalize() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_value_of_rfc_3720() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn pieces_equal_the_whole() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for cut in [0, 1, 40, 999, 1000] {
            let (a, b) = bytes.split_at(cut);
            let mut crc = Crc32c::default();
            crc.update(a);
            crc.update(b);
            assert_eq!(crc.value(), crc32c(&bytes));
        }
    }
}
