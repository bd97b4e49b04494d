use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn any_bytes_parse_or_fail(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(header) = BatchHeader::parse(&bytes) {
            prop_assert_eq!(&header.encode()[..], &bytes[..HEADER_LEN]);
            prop_assert!(header.size() >= HEADER_LEN);
        }
    }

    #[test]
    fn magic_two_round_trips(mut bytes in proptest::array::uniform32(any::<u8>())) {
        let mut whole = [7u8; HEADER_LEN];
        bytes[AT_MAGIC] = 2;
        bytes[AT_LENGTH] = 0;
        bytes[AT_LENGTH + 2] = 1;
        whole[..32].copy_from_slice(&bytes);
        let header = BatchHeader::parse(&whole).unwrap();
        prop_assert_eq!(header.encode(), whole);
    }
}

#[test]
fn last_sequence_wraps() {
    let mut bytes = [0u8; HEADER_LEN];
    bytes[AT_MAGIC] = 2;
    bytes[AT_LENGTH + 3] = 49;
    let mut header = BatchHeader::parse(&bytes).unwrap();
    header.base_sequence = i32::MAX;
    header.last_offset_delta = 1;
    assert_eq!(header.last_sequence(), 0);
    header.base_sequence = -1;
    assert_eq!(header.last_sequence(), -1);
}
