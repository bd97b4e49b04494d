//! What the records of the load carry: who they are.

/// A record: its key, and its number among the records of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    /// The key. Its partition is its remainder by the number of partitions.
    pub key: u32,
    /// How many records of the key came before.
    pub number: u32,
}

/// Bytes of the smallest value.
const ID_LEN: usize = 8;

impl Id {
    /// A value of (at least) this many bytes.
    pub fn value(self, bytes: usize) -> Vec<u8> {
        let mut value = Vec::with_capacity(bytes.max(ID_LEN));
        value.extend(self.key.to_be_bytes());
        value.extend(self.number.to_be_bytes());
        // The rest tells the record apart from any other, too: a torn or mixed one is noticed.
        let filling = self.filling();
        value.resize(bytes.max(ID_LEN), filling);
        value
    }

    /// The record of a value, if it is one of ours and whole.
    pub fn of(value: &[u8]) -> Option<Self> {
        let (key, rest) = value.split_first_chunk::<4>()?;
        let (number, filling) = rest.split_first_chunk::<4>()?;
        let id = Self { key: u32::from_be_bytes(*key), number: u32::from_be_bytes(*number) };
        filling.iter().all(|byte| *byte == id.filling()).then_some(id)
    }

    fn filling(self) -> u8 {
        self.key.wrapping_mul(31).wrapping_add(self.number).to_le_bytes()[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_names_its_record() {
        let id = Id { key: 7, number: 90_000 };
        assert_eq!(Id::of(&id.value(100)), Some(id));
        assert_eq!(Id::of(&id.value(0)), Some(id));
    }

    #[test]
    fn a_damaged_value_is_none() {
        let mut value = Id { key: 7, number: 9 }.value(100);
        value[50] ^= 1;
        assert_eq!(Id::of(&value), None);
        assert_eq!(Id::of(&value[..5]), None);
    }
}
