use barnabas_wire::Uuid;
use proptest::prelude::*;

use super::*;
use crate::{Endpoint, ReplicaKey, Voter};

fn voters() -> VoterSet {
    let voter = |id: i32| Voter {
        key: ReplicaKey::new(NodeId(id), Uuid([id as u8; 16])),
        endpoints: vec![Endpoint {
            listener: "CONTROLLER".into(),
            host: format!("node-{id}"),
            port: 9093,
        }],
        kraft_version_min: 0,
        kraft_version_max: 1,
    };
    VoterSet::new([voter(1), voter(2)])
}

fn samples() -> Vec<ControlRecord> {
    let change = LeaderChange {
        leader: NodeId(1),
        voters: vec![NodeId(1), NodeId(2)],
        granting: vec![NodeId(1)],
    };
    vec![
        ControlRecord::LeaderChange(change),
        ControlRecord::SnapshotHeader(SnapshotHeader { last_contained_log_timestamp_ms: 7 }),
        ControlRecord::SnapshotFooter,
        ControlRecord::KraftVersion(1),
        ControlRecord::Voters(voters()),
    ]
}

#[test]
fn every_record_survives_its_bytes() {
    for record in samples() {
        assert_eq!(ControlRecord::decode(&record.key(), &record.value()), Ok(record));
    }
}

#[test]
fn a_leader_change_has_kafkas_bytes() {
    let change =
        LeaderChange { leader: NodeId(3), voters: vec![NodeId(3)], granting: vec![NodeId(3)] };
    let record = ControlRecord::LeaderChange(change);
    assert_eq!(record.key().as_ref(), [0, 0, 0, 2]);
    let value = [0, 0, 0, 0, 0, 3, 2, 0, 0, 0, 3, 0, 2, 0, 0, 0, 3, 0, 0];
    assert_eq!(record.value().as_ref(), value);
}

#[test]
fn every_prefix_of_a_record_is_refused() {
    for record in samples() {
        let value = record.value();
        for length in 0..value.len() {
            assert!(ControlRecord::decode(&record.key(), &value[..length]).is_err());
        }
    }
}

#[test]
fn transaction_markers_do_not_belong_into_the_metadata_log() {
    assert_eq!(ControlRecord::decode(&[0, 0, 0, 1], &[]), Err(ControlError::UnknownType(1)));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(
        kind in 0_u8..8,
        value in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = ControlRecord::decode(&[0, 0, 0, kind], &value);
    }
}
