//! Facts written by hand: of each check some that it must accept and some that it must reject.

use barnabas_metadata::image::{Delta, PartitionImage, Provenance};
use barnabas_metadata::record::{
    MetadataRecord, PartitionRecord, RegisterBrokerRecord, TopicRecord,
};
use barnabas_storage::EpochEntry;
use barnabas_wire::Uuid;
use barnabas_wire::api::alter_partition::{
    BrokerState, RequestPartitionData, ResponsePartitionData,
};

use super::*;

const TOPIC: Uuid = Uuid([7; 16]);
const PARTITION: PartitionKey = PartitionKey { topic: TOPIC, partition: 0 };

/// The image that these records make, up to an offset.
fn image_of(records: &[MetadataRecord], offset: i64) -> Image {
    let mut delta = Delta::new(&Image::default());
    for record in records {
        delta.replay(record).unwrap();
    }
    delta.finish(Provenance { offset, ..Provenance::default() }).0
}

fn kind(finding: Option<Finding>) -> Option<Kind> {
    finding.map(|(kind, _)| kind)
}

mod of_elections {
    use super::*;
    use crate::network::VoterKey;

    const A: VoterKey = (1, Uuid([1; 16]));
    const B: VoterKey = (2, Uuid([2; 16]));
    const C: VoterKey = (3, Uuid([3; 16]));

    #[test]
    fn a_voter_has_one_vote_in_an_epoch() {
        let mut elections = Elections::default();
        assert_eq!(elections.voted(C, 1, A), None);
        assert_eq!(elections.voted(C, 1, A), None);
        assert_eq!(elections.voted(B, 1, B), None);
        assert_eq!(elections.voted(C, 2, B), None);
        assert_eq!(kind(elections.voted(C, 1, B)), Some(Kind::VotedTwice));
    }

    #[test]
    fn a_voter_with_a_new_directory_is_another_one() {
        let mut elections = Elections::default();
        assert_eq!(elections.voted(C, 1, A), None);
        assert_eq!(elections.voted((C.0, Uuid([4; 16])), 1, B), None);
    }

    #[test]
    fn an_epoch_has_one_controller() {
        let mut elections = Elections::default();
        assert_eq!(elections.leads(1, 1), None);
        assert_eq!(elections.leads(1, 1), None);
        assert_eq!(elections.leads(2, 2), None);
        assert_eq!(kind(elections.leads(1, 2)), Some(Kind::TwoControllers));
    }
}

mod of_leaders {
    use super::*;

    fn at(high_watermark: i64, log_start: i64) -> Marks {
        Marks { high_watermark, log_start }
    }

    #[test]
    fn an_epoch_has_one_leader() {
        let mut leaders = Leaders::default();
        assert_eq!(leaders.leads(PARTITION, 1, 1, at(0, 0)), None);
        assert_eq!(leaders.leads(PARTITION, 2, 2, at(0, 0)), None);
        let other = PartitionKey { partition: 1, ..PARTITION };
        assert_eq!(leaders.leads(other, 1, 2, at(0, 0)), None);
        let second = leaders.leads(PARTITION, 1, 2, at(0, 0));
        assert_eq!(kind(second), Some(Kind::TwoLeaders));
    }

    #[test]
    fn offsets_do_not_go_back_within_an_epoch() {
        for back in [at(9, 5), at(10, 4)] {
            let mut leaders = Leaders::default();
            assert_eq!(leaders.leads(PARTITION, 1, 1, at(10, 5)), None);
            assert_eq!(leaders.leads(PARTITION, 1, 1, at(10, 5)), None);
            assert_eq!(leaders.leads(PARTITION, 2, 1, back), None);
            assert_eq!(kind(leaders.leads(PARTITION, 1, 1, back)), Some(Kind::WentBack));
        }
    }
}

mod of_committed {
    use super::*;

    const ONE: [EpochEntry; 1] = [EpochEntry { epoch: 1, start_offset: 0 }];

    fn copy(broker: i32, end: i64, high_watermark: i64, epochs: &[EpochEntry]) -> Copy<'_> {
        Copy { broker, log_start: 0, end, high_watermark, epochs }
    }

    #[test]
    fn an_in_sync_replica_has_what_is_committed() {
        let mut committed = Committed::default();
        assert_eq!(committed.shown(PARTITION, copy(1, 12, 10, &ONE)), None);
        assert_eq!(committed.in_sync(PARTITION, copy(2, 10, 8, &ONE)), None);
        let behind = committed.in_sync(PARTITION, copy(3, 9, 8, &ONE));
        assert_eq!(kind(behind), Some(Kind::InSyncBehind));
        // Said once.
        assert_eq!(committed.in_sync(PARTITION, copy(3, 9, 8, &ONE)), None);
    }

    #[test]
    fn what_is_committed_stays_so_when_its_leader_is_gone() {
        let mut committed = Committed::default();
        assert_eq!(committed.shown(PARTITION, copy(1, 12, 10, &ONE)), None);
        assert_eq!(committed.shown(PARTITION, copy(2, 9, 9, &ONE)), None);
        let behind = committed.in_sync(PARTITION, copy(2, 9, 9, &ONE));
        assert_eq!(kind(behind), Some(Kind::InSyncBehind));
    }

    #[test]
    fn committed_records_have_one_leader_epoch() {
        let changed = [ONE[0], EpochEntry { epoch: 3, start_offset: 5 }];
        let mut committed = Committed::default();
        assert_eq!(committed.shown(PARTITION, copy(1, 12, 10, &changed)), None);
        assert_eq!(committed.shown(PARTITION, copy(2, 12, 5, &ONE)), None);
        let other = committed.shown(PARTITION, copy(2, 12, 6, &ONE));
        assert_eq!(kind(other), Some(Kind::ReplicasDiffer));
    }

    #[test]
    fn what_is_above_the_high_watermark_may_differ() {
        let own = [ONE[0], EpochEntry { epoch: 2, start_offset: 6 }];
        let other = [ONE[0], EpochEntry { epoch: 3, start_offset: 5 }];
        let mut committed = Committed::default();
        assert_eq!(committed.shown(PARTITION, copy(1, 12, 5, &own)), None);
        assert_eq!(committed.shown(PARTITION, copy(2, 12, 9, &other)), None);
    }

    #[test]
    fn an_epoch_without_records_leaves_no_trace() {
        let [second, third] = [2, 3].map(|epoch| EpochEntry { epoch, start_offset: 5 });
        let (leader, follower) = ([ONE[0], second, third], [ONE[0], third]);
        let mut committed = Committed::default();
        assert_eq!(committed.shown(PARTITION, copy(1, 12, 10, &leader)), None);
        assert_eq!(committed.shown(PARTITION, copy(2, 12, 10, &follower)), None);
    }
}

mod of_changes {
    use super::*;

    /// Brokers 1 to 3, registered in epochs 11 to 13; some are fenced.
    fn cluster(fenced: &[i32]) -> Image {
        let register = |id: i32| {
            MetadataRecord::RegisterBroker(RegisterBrokerRecord {
                broker_id: id,
                broker_epoch: 10 + i64::from(id),
                fenced: fenced.contains(&id),
                ..RegisterBrokerRecord::default()
            })
        };
        let records: Vec<MetadataRecord> = (1..=3).map(register).collect();
        image_of(&records, 2)
    }

    fn partition(leader: i32, isr: &[i32], partition_epoch: i32) -> PartitionImage {
        let record = PartitionRecord {
            topic_id: TOPIC,
            replicas: vec![1, 2, 3],
            isr: isr.to_vec(),
            leader,
            leader_epoch: 4,
            partition_epoch,
            ..PartitionRecord::default()
        };
        PartitionImage::from_record(&record).unwrap()
    }

    fn look(changes: &mut Changes, now: &PartitionImage, fenced: &[i32]) -> Option<Kind> {
        kind(changes.look(PARTITION, now, &cluster(fenced).cluster))
    }

    /// A change that adds broker 3 of this epoch.
    fn wanted(partition_epoch: i32, broker_epoch: i64) -> RequestPartitionData {
        let member = |(broker_id, broker_epoch)| BrokerState { broker_id, broker_epoch };
        let members = [(1, 11), (3, broker_epoch)].into_iter().map(member).collect();
        RequestPartitionData {
            partition_epoch,
            new_isr_with_epochs: members,
            ..RequestPartitionData::default()
        }
    }

    fn made(partition_epoch: i32) -> ResponsePartitionData {
        ResponsePartitionData { partition_epoch, ..ResponsePartitionData::default() }
    }

    #[test]
    fn a_change_makes_the_next_epoch_or_none() {
        for (epoch, expected) in [(5, None), (6, None), (7, Some(Kind::StaleChange))] {
            let mut changes = Changes::default();
            let found = changes.altered(PARTITION, wanted(5, 13), &made(epoch));
            assert_eq!(kind(found), expected);
        }
    }

    #[test]
    fn a_member_is_the_process_that_was_meant() {
        for (epoch, expected) in [(13, None), (-1, None), (9, Some(Kind::Ineligible))] {
            let mut changes = Changes::default();
            assert_eq!(changes.altered(PARTITION, wanted(5, epoch), &made(6)), None);
            assert_eq!(look(&mut changes, &partition(1, &[1], 5), &[]), None);
            assert_eq!(look(&mut changes, &partition(1, &[1, 3], 6), &[]), expected);
        }
    }

    #[test]
    fn a_member_that_a_finished_reassignment_dropped_may_be_any_process() {
        let mut changes = Changes::default();
        assert_eq!(changes.altered(PARTITION, wanted(5, 9), &made(6)), None);
        assert_eq!(look(&mut changes, &partition(1, &[1], 6), &[]), None);
    }

    #[test]
    fn a_change_that_was_overtaken_says_nothing() {
        let mut changes = Changes::default();
        assert_eq!(changes.altered(PARTITION, wanted(5, 9), &made(6)), None);
        assert_eq!(look(&mut changes, &partition(1, &[1], 7), &[]), None);
    }

    #[test]
    fn a_member_is_not_fenced_unless_nobody_leads() {
        let mut changes = Changes::default();
        assert_eq!(look(&mut changes, &partition(1, &[1, 2], 5), &[3]), None);
        assert_eq!(look(&mut changes, &partition(-1, &[2], 6), &[2]), None);
        let fenced = look(&mut changes, &partition(1, &[1, 2], 7), &[2]);
        assert_eq!(fenced, Some(Kind::Ineligible));
    }

    #[test]
    fn a_leader_is_in_sync() {
        let mut changes = Changes::default();
        assert_eq!(look(&mut changes, &partition(2, &[1, 2], 5), &[]), None);
        assert_eq!(look(&mut changes, &partition(3, &[1, 2], 6), &[]), Some(Kind::Ineligible));
    }

    #[test]
    fn a_reassignment_ends_when_its_replicas_are_in_sync() {
        let moving = PartitionImage {
            replicas: vec![1, 2, 3],
            adding_replicas: vec![3],
            removing_replicas: vec![2],
            ..partition(1, &[1, 2], 5)
        };
        let moved = |isr: &[i32], epoch: i32| PartitionImage {
            replicas: vec![1, 3],
            ..partition(1, isr, epoch)
        };
        let cancelled = PartitionImage { replicas: vec![1, 2], ..partition(1, &[1], 6) };
        for (now, expected) in [
            (moved(&[1, 3], 6), None),
            (cancelled, None),
            (moved(&[1], 6), Some(Kind::MovedEarly)),
            // In sync for a moment, for all that is known.
            (moved(&[1], 7), None),
        ] {
            let mut changes = Changes::default();
            assert_eq!(look(&mut changes, &moving, &[]), None);
            assert_eq!(look(&mut changes, &now, &[]), expected);
        }
    }

    #[test]
    fn the_epochs_of_a_partition_do_not_go_back() {
        let mut changes = Changes::default();
        assert_eq!(look(&mut changes, &partition(1, &[1, 2], 5), &[]), None);
        assert_eq!(look(&mut changes, &partition(1, &[1, 2], 5), &[]), None);
        assert_eq!(look(&mut changes, &partition(1, &[1, 2], 4), &[]), Some(Kind::WentBack));
    }
}

mod of_images {
    use super::*;

    fn image(name: &str, offset: i64) -> Image {
        let topic = TopicRecord { name: name.to_owned(), topic_id: TOPIC };
        image_of(&[MetadataRecord::Topic(topic)], offset)
    }

    #[test]
    fn nodes_have_the_same_metadata_at_the_same_offset() {
        let mut images = Images::default();
        assert_eq!(images.look(1, &image("a", 5)), None);
        assert_eq!(images.look(2, &image("a", 5)), None);
        assert_eq!(images.look(2, &image("b", 6)), None);
        assert_eq!(kind(images.look(3, &image("b", 5))), Some(Kind::MetadataDiverged));
    }
}

mod of_contents {
    use super::contents::different;

    #[test]
    fn replicas_have_the_same_batches() {
        let batches = vec![(0, 1, 77), (3, 2, 78)];
        let same = [(1, batches.clone()), (2, batches.clone()), (3, batches.clone())];
        assert_eq!(different(same), None);
        for other in [(3, 2, 79), (3, 1, 78), (4, 2, 78)] {
            let third = vec![batches[0], other];
            let one_differs = [(1, batches.clone()), (2, batches.clone()), (3, third)];
            assert_eq!(different(one_differs), Some((1, 3)));
        }
    }
}
