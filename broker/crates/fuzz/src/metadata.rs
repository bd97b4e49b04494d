//! Records of `__cluster_metadata`, which come from other controllers and from disk.

use barnabas_metadata::feature::MetadataVersion;
use barnabas_metadata::image::{Delta, Image};
use barnabas_metadata::record::{
    BrokerRegistrationChangeRecord, ConfigRecord, FeatureLevelRecord, MetadataRecord,
    PartitionChangeRecord, PartitionRecord, RegisterBrokerRecord, RegisterControllerRecord,
    TopicRecord,
};
use barnabas_wire::{Arbitrary, Encoder, Message, Source};
use bytes::Bytes;

use crate::memory::proportional;

/// Reads values of records, two bytes of length before each, and applies them to an empty image.
/// What is accepted must read back from what it is written as, in the newest version.
pub fn run(mut data: &[u8]) {
    let empty = Image::default();
    let mut delta = Delta::new(&empty);
    while let Some((length, rest)) = data.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (value, rest) = rest.split_at(length);
        data = rest;
        let value = Bytes::copy_from_slice(value);
        let decoded = proportional(length, || MetadataRecord::decode(value));
        let Ok(record) = decoded else { continue };
        if let Ok(bytes) = record.encode(MetadataVersion::LATEST_PRODUCTION) {
            assert!(MetadataRecord::decode(bytes).is_ok(), "{record:?}");
        }
        // Refusing it is fine, panicking is not.
        let _ = delta.replay(&record);
    }
}

macro_rules! record_types {
    ($($key:literal => $record:ident,)*) => {
        /// Random records of types that every cluster has.
        pub fn seed(source: &mut Source) -> Vec<u8> {
            let writers: &[fn(&mut Source) -> Vec<u8>] =
                &[$(|source| write::<$record>($key, source)),*];
            let mut bytes = Vec::new();
            for _ in 0..=source.below(4) {
                let value = writers[source.below(writers.len() as u64) as usize](source);
                bytes.extend((value.len() as u16).to_be_bytes());
                bytes.extend(value);
            }
            bytes
        }
    };
}

record_types! {
    0 => RegisterBrokerRecord,
    2 => TopicRecord,
    3 => PartitionRecord,
    4 => ConfigRecord,
    5 => PartitionChangeRecord,
    12 => FeatureLevelRecord,
    17 => BrokerRegistrationChangeRecord,
    27 => RegisterControllerRecord,
}

fn write<M: Message + Arbitrary>(key: u32, source: &mut Source) -> Vec<u8> {
    let count = (M::VERSIONS.max - M::VERSIONS.min) as u64 + 1;
    let version = M::VERSIONS.min + source.below(count) as i16;
    let mut encoder = Encoder::new();
    encoder.put_uvarint(1);
    encoder.put_uvarint(key);
    encoder.put_uvarint(u32::from(version.unsigned_abs()));
    // What cannot be encoded is a poor seed, no more.
    let _ = M::arbitrary(source, M::version(version)).encode(&mut encoder, version);
    encoder.into_bytes().into()
}
