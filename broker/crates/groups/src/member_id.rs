//! Member ids: a readable prefix and a random UUID.

/// Sixteen random bytes from the shell, for one member id.
#[derive(Clone, Copy, Debug)]
pub struct Randomness(pub [u8; 16]);

impl Randomness {
    /// `prefix-xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx`, as Kafka's coordinator names members.
    pub(crate) fn member_id(self, prefix: &str) -> String {
        let mut bytes = self.0;
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let mut id = String::with_capacity(prefix.len() + 37);
        id.push_str(prefix);
        for (index, byte) in bytes.iter().enumerate() {
            if matches!(index, 0 | 4 | 6 | 8 | 10) {
                id.push('-');
            }
            for nibble in [byte >> 4, byte & 0x0f] {
                id.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
            }
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::Randomness;

    #[test]
    fn a_member_id_ends_in_a_version_4_uuid() {
        let id = Randomness([0xff; 16]).member_id("app");
        assert_eq!(id, "app-ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
