use super::*;
use crate::builder::{BatchBuilder, BatchOptions};
use crate::record::Records;
use proptest::prelude::*;

const CODECS: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

fn metas(header: &BatchHeader, payload: &[u8]) -> Result<Vec<RecordMeta>, BatchError> {
    let mut seen = Vec::new();
    scan(header, payload, |meta| {
        seen.push(meta);
        ControlFlow::Continue(())
    })?;
    Ok(seen)
}

proptest! {
    #[test]
    fn sees_what_the_iterator_sees(
        records in proptest::collection::vec(
            (0..1000i64, proptest::option::of(0..60_000usize), 0..60_000usize), 1..12),
    ) {
        for codec in CODECS {
            let mut builder = BatchBuilder::new(BatchOptions { codec, ..Default::default() });
            for (timestamp, key, value) in &records {
                let key = key.map(|len| vec![1; len]);
                builder.append_with_headers(
                    *timestamp, key.as_deref(), Some(&vec![2; *value]), &[(b"h", None)]);
            }
            let batch = builder.build();
            let seen = metas(&batch.header(), batch.parts()[1]).unwrap();
            prop_assert_eq!(seen.len(), records.len());
            for ((index, meta), (timestamp, key, _)) in (0..).zip(&seen).zip(&records) {
                prop_assert_eq!(meta.offset_delta, index);
                prop_assert_eq!(meta.timestamp_delta, timestamp - records[0].0);
                prop_assert_eq!(meta.has_key, key.is_some());
            }
        }
    }

    #[test]
    fn agrees_with_the_iterator_about_garbage(
        payload in proptest::collection::vec(0..12u8, 0..60), count in 1..4i32,
    ) {
        let mut header = BatchBuilder::new(BatchOptions::default()).build().header();
        header.records_count = count;
        let iterated: Result<Vec<_>, _> = Records::new(header, &payload).collect();
        if metas(&header, &payload).is_ok() {
            prop_assert!(iterated.is_ok());
        }
    }
}

#[test]
fn count_must_match_the_bytes() {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    builder.append(0, None, Some(b"a"));
    builder.append(0, None, Some(b"b"));
    let batch = builder.build();
    let mut header = batch.header();
    header.records_count = 1;
    assert!(matches!(metas(&header, batch.parts()[1]), Err(BatchError::MalformedRecord(_))));
    header.records_count = 3;
    assert_eq!(metas(&header, batch.parts()[1]), Err(BatchError::Truncated));
}
