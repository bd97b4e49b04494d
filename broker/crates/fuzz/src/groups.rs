//! Records of `__consumer_offsets`, loaded into a coordinator.

use barnabas_groups::{Config, Coordinator, GroupMetadata, Step, decode};
use barnabas_wire::{Arbitrary, Encoder, Message, Source};
use bytes::Bytes;

use crate::files::{push, split};
use crate::memory::proportional;

const NOW_MS: i64 = 1_700_000_000_000;
/// Rounds of timers after loading.
const EXPIRIES: usize = 4;
/// A value of this kind is a tombstone.
const NULL: usize = 1;

/// Reads pairs of key and value (see [`crate::files`]), loads them and runs the timers.
pub fn run(data: &[u8]) {
    let mut coordinator = Coordinator::new(Config::default());
    for pair in split(data, 2).chunks_exact(2) {
        let [(_, key), (kind, value)] = pair else { continue };
        let key = Bytes::copy_from_slice(key);
        let value = (*kind != NULL).then(|| Bytes::copy_from_slice(value));
        let length = key.len() + value.as_ref().map_or(0, Bytes::len);
        // Two decoders, each with its slack.
        let _ = proportional(length + 16 * 1024, || decode(key.clone(), value.clone()));
        let _ = coordinator.replay(key, value);
    }
    let mut step = Step::default();
    coordinator.loaded(NOW_MS, &mut step);
    for _ in 0..EXPIRIES {
        let Some(deadline) = coordinator.next_deadline() else { break };
        coordinator.expire(deadline, &mut step);
        let later = coordinator.next_deadline();
        assert!(later.is_none_or(|later| later > deadline), "a timer that is due stays");
    }
    for record in step.records {
        assert!(decode(record.key, record.value).is_ok());
    }
}

/// Some offsets, and the state of a group.
pub fn seed(source: &mut Source) -> Vec<u8> {
    let mut data = Vec::new();
    for _ in 0..=source.below(4) {
        let is_group = source.chance(2);
        let kind = if source.chance(6) { NULL as u8 } else { 0 };
        push(&mut data, 0, &key(is_group, source));
        push(&mut data, kind, &value(is_group, source));
    }
    data
}

fn key(is_group: bool, source: &mut Source) -> Vec<u8> {
    let mut key = vec![0, if is_group { 2 } else { 1 }, 0, 1, b'a' + source.below(2) as u8];
    if !is_group {
        key.extend([0, 1, b't', 0, 0, 0, source.below(3) as u8]);
    }
    key
}

fn value(is_group: bool, source: &mut Source) -> Vec<u8> {
    if is_group {
        let version = source.below(5) as i16;
        let mut encoder = Encoder::new();
        encoder.put(&version.to_be_bytes());
        let metadata = GroupMetadata::arbitrary(source, GroupMetadata::version(version));
        // What cannot be encoded is a poor seed, no more.
        let _ = metadata.encode(&mut encoder, version);
        return encoder.into_bytes().into();
    }
    let mut value = vec![0, 3];
    value.extend((source.below(100) as i64).to_be_bytes());
    value.extend([0xff; 4]);
    value.extend([0, 1, b'm']);
    value.extend(NOW_MS.to_be_bytes());
    value
}
