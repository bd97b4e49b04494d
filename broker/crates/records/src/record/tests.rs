use super::*;
use crate::builder::{BatchBuilder, BatchOptions};
use proptest::prelude::*;

type Headers = Vec<(Vec<u8>, Option<Vec<u8>>)>;
type Fields = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Headers);

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..40)
}

fn fields() -> impl Strategy<Value = Fields> {
    let headers = proptest::collection::vec((bytes(), proptest::option::of(bytes())), 0..4);
    (0..4_000_000_000_000i64, proptest::option::of(bytes()), proptest::option::of(bytes()), headers)
}

proptest! {
    #[test]
    fn what_is_built_is_read(records in proptest::collection::vec(fields(), 1..20)) {
        let mut builder = BatchBuilder::new(BatchOptions { base_offset: 70, ..Default::default() });
        for (timestamp, key, value, headers) in &records {
            let headers: Vec<_> =
                headers.iter().map(|(k, v)| (k.as_slice(), v.as_deref())).collect();
            builder.append_with_headers(*timestamp, key.as_deref(), value.as_deref(), &headers);
        }
        let batch = builder.build();
        let read: Vec<_> = Records::new(batch.header(), batch.parts()[1])
            .collect::<Result<_, _>>()
            .unwrap();
        prop_assert_eq!(read.len(), records.len());
        for ((index, record), (timestamp, key, value, headers)) in (0..).zip(&read).zip(&records) {
            prop_assert_eq!(record.offset, 70 + index);
            prop_assert_eq!(record.timestamp, *timestamp);
            prop_assert_eq!(record.key, key.as_deref());
            prop_assert_eq!(record.value, value.as_deref());
            let got: Headers = record
                .headers()
                .map(|h| (h.key.to_vec(), h.value.map(<[u8]>::to_vec)))
                .collect();
            prop_assert_eq!(&got, headers);
        }
    }

    #[test]
    fn random_payloads_never_panic(
        payload in proptest::collection::vec(any::<u8>(), 0..200), count in 0..10i32,
    ) {
        let mut header = BatchBuilder::new(BatchOptions::default()).build().header();
        header.records_count = count;
        let read = Records::new(header, &payload).count();
        prop_assert!(read <= count as usize);
    }
}
