use super::*;
use proptest::prelude::*;

fn reader(bytes: &[u8]) -> impl FnMut() -> Result<u8, BatchError> + '_ {
    let mut rest = bytes.iter();
    move || rest.next().copied().ok_or(BatchError::Truncated)
}

proptest! {
    #[test]
    fn varint_round_trips(value: i32) {
        let mut out = Vec::new();
        put_varint(&mut out, value);
        prop_assert_eq!(out.len(), varint_len(value));
        prop_assert_eq!(read_varint(reader(&out)), Ok(value));
    }

    #[test]
    fn varlong_round_trips(value: i64) {
        let mut out = Vec::new();
        put_varlong(&mut out, value);
        prop_assert_eq!(out.len(), varlong_len(value));
        prop_assert_eq!(read_varlong(reader(&out)), Ok(value));
    }
}

#[test]
fn overlong_is_refused() {
    assert_eq!(read_varint(reader(&[0x80; 6])), Err(BatchError::BadVarint));
    assert_eq!(read_varlong(reader(&[0xff; 11])), Err(BatchError::BadVarint));
    assert_eq!(read_varint(reader(&[0x80])), Err(BatchError::Truncated));
}
