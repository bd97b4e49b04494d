use super::*;
use proptest::prelude::*;

const CODECS: [Codec; 4] = [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

fn compress(codec: Codec, plain: &[u8]) -> Bytes {
    let mut out = Vec::new();
    compress_into(codec, Levels::default(), &mut out, |writer| {
        writer.write_all(plain).map_err(|_| BatchError::Decompression)
    })
    .unwrap();
    Bytes::from(out)
}

proptest! {
    #[test]
    fn round_trips(plain in proptest::collection::vec(0..4u8, 0..10_000)) {
        for codec in CODECS {
            let compressed = compress(codec, &plain);
            prop_assert_eq!(&decompress(codec, &compressed, 100_000).unwrap()[..], &plain[..]);
        }
    }

    #[test]
    fn garbage_never_panics(garbage in proptest::collection::vec(any::<u8>(), 0..300)) {
        let garbage = Bytes::from(garbage);
        for codec in CODECS {
            let _ = decompress(codec, &garbage, 1 << 20);
        }
    }

    #[test]
    fn damage_never_panics(at in 0..2000usize, with: u8) {
        let plain: Vec<u8> = (0..9000u32).flat_map(|n| (n / 7).to_be_bytes()).collect();
        for codec in CODECS {
            let mut bytes = compress(codec, &plain).to_vec();
            let index = at % bytes.len();
            bytes[index] = with;
            let _ = decompress(codec, &Bytes::from(bytes), 1 << 20);
        }
    }
}

#[test]
fn raw_snappy_is_read() {
    let plain = b"no framing at all, as librdkafka writes it".repeat(30);
    let raw = snap::raw::Encoder::new().compress_vec(&plain).unwrap();
    assert_eq!(&decompress(Codec::Snappy, &Bytes::from(raw), 10_000).unwrap()[..], &plain[..]);
}

#[test]
fn concatenated_xerial_streams_are_read() {
    let mut joined = compress(Codec::Snappy, b"one ").to_vec();
    joined.extend_from_slice(&compress(Codec::Snappy, b"two"));
    assert_eq!(&decompress(Codec::Snappy, &Bytes::from(joined), 100).unwrap()[..], b"one two");
}

#[test]
fn snappy_that_lies_about_its_length_allocates_nothing() {
    let mut lie = MAGIC_AND_VERSIONS.to_vec();
    lie.extend_from_slice(&6i32.to_be_bytes());
    lie.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0]);
    let result = decompress(Codec::Snappy, &Bytes::from(lie), usize::MAX - 1);
    assert_eq!(result, Err(BatchError::Decompression));
}

#[test]
fn a_bomb_stops_at_the_limit() {
    let zeros = vec![0; 50 << 20];
    for codec in CODECS {
        let bomb = compress(codec, &zeros);
        assert_eq!(decompress(codec, &bomb, 1 << 20), Err(BatchError::TooLarge));
    }
}

#[test]
fn names_are_those_of_the_topic_config() {
    assert_eq!(Codec::from_name("uncompressed"), Some(Codec::None));
    assert_eq!(Codec::from_name("zstd"), Some(Codec::Zstd));
    assert_eq!(Codec::from_name("producer"), None);
    for codec in CODECS {
        assert_eq!(Codec::from_attributes(codec.bits() | 0x10), Ok(codec));
    }
    assert_eq!(Codec::from_attributes(5), Err(BatchError::UnknownCodec(5)));
}

const MAGIC_AND_VERSIONS: [u8; 16] =
    [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];
