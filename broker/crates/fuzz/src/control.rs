//! Control records of the metadata log: leader changes, snapshot marks, voters.

use barnabas_quorum::{ControlRecord, LeaderChange, NodeId, SnapshotHeader};
use barnabas_wire::Source;

use crate::files::{push, split};
use crate::memory::proportional;

/// Reads a key and a value (see [`crate::files`]). What is accepted must read back.
pub fn run(data: &[u8]) {
    for pair in split(data, 1).chunks_exact(2) {
        let [(_, key), (_, value)] = pair else { continue };
        let length = key.len() + value.len();
        let Ok(record) = proportional(length, || ControlRecord::decode(key, value)) else {
            continue;
        };
        let again = ControlRecord::decode(&record.key(), &record.value());
        assert_eq!(again, Ok(record));
    }
}

/// A record.
pub fn seed(source: &mut Source) -> Vec<u8> {
    let nodes = |source: &mut Source| (0..source.below(4)).map(|_| node(source)).collect();
    let record = match source.below(4) {
        0 => ControlRecord::LeaderChange(LeaderChange {
            leader: node(source),
            voters: nodes(source),
            granting: nodes(source),
        }),
        1 => ControlRecord::SnapshotHeader(SnapshotHeader::default()),
        2 => ControlRecord::SnapshotFooter,
        _ => ControlRecord::KraftVersion(1),
    };
    let mut data = Vec::new();
    push(&mut data, 0, &record.key());
    push(&mut data, 0, &record.value());
    data
}

fn node(source: &mut Source) -> NodeId {
    NodeId(source.below(5) as i32)
}
