use std::collections::BTreeMap;

use super::*;

const LAG: i64 = 30_000;
const SILENCE: i64 = 1_200;

struct Cluster(BTreeMap<NodeId, BrokerEpoch>);

impl Brokers for Cluster {
    fn active_epoch(&self, node: NodeId) -> Option<BrokerEpoch> {
        self.0.get(&node).copied()
    }
}

fn brokers(nodes: &[i32]) -> Cluster {
    Cluster(nodes.iter().map(|node| (NodeId(*node), BrokerEpoch(100))).collect())
}

fn metadata(isr: &[i32], partition_epoch: i32) -> Metadata {
    Metadata {
        leader: Some(NodeId(1)),
        leader_epoch: LeaderEpoch(5),
        partition_epoch: PartitionEpoch(partition_epoch),
        replicas: vec![NodeId(1), NodeId(2), NodeId(3)],
        isr: isr.iter().map(|node| NodeId(*node)).collect(),
        recovery_state: RecoveryState::Recovered,
    }
}

fn partition(min_isr: usize, end_offset: i64) -> Partition {
    let config =
        Config { node: NodeId(1), replica_lag_time_max_ms: LAG, replica_silence_max_ms: SILENCE };
    let log = LogBounds { start_offset: 0, end_offset, high_watermark: 0 };
    Partition::new(config, log, min_isr)
}

/// The leader, node 1 of three, with the given ISR.
fn leader(isr: &[i32], min_isr: usize) -> Partition {
    let mut partition = partition(min_isr, 0);
    assert_eq!(partition.apply_metadata(&metadata(isr, 1), 0), RoleChange::Leader);
    partition
}

fn fetch(replica: i32, fetch_offset: i64, leader_end_offset: i64) -> FollowerFetch {
    FollowerFetch {
        replica: NodeId(replica),
        broker_epoch: BrokerEpoch(100),
        has_leader_epoch: true,
        leader_epoch: LeaderEpoch(5),
        fetch_offset,
        log_start_offset: 0,
        leader_end_offset,
    }
}

fn isr_of(alter: &AlterPartition) -> Vec<i32> {
    alter.new_isr.iter().map(|(node, _)| node.0).collect()
}

/// The request that the leader could have sent now.
fn sent(leader: &Partition) -> AlterPartition {
    AlterPartition {
        leader_epoch: leader.leader_epoch(),
        partition_epoch: leader.partition_epoch(),
        new_isr: Vec::new(),
        recovery_state: RecoveryState::Recovered,
    }
}

fn answer(leader: &mut Partition, answer: AlterPartitionAnswer, now_ms: i64) -> Effects {
    let sent = sent(leader);
    leader.alter_answered(&sent, answer, &brokers(&[1, 2, 3]), now_ms)
}

fn committed(isr: &[i32], partition_epoch: i32) -> AlterPartitionAnswer {
    AlterPartitionAnswer::Committed(AlteredPartition {
        leader_epoch: LeaderEpoch(5),
        partition_epoch: PartitionEpoch(partition_epoch),
        isr: isr.iter().map(|node| NodeId(*node)).collect(),
        recovery_state: RecoveryState::Recovered,
    })
}

#[test]
fn what_is_not_synced_does_not_count_where_syncs_are_asked_for() {
    let mut alone = leader(&[1], 1);
    assert!(!alone.count_synced_only(true, 0));
    assert!(!alone.appended(10, 100, 0));
    assert_eq!((alone.end_offset(), alone.high_watermark()), (10, 0));
    assert!(alone.synced(7, 0));
    assert_eq!((alone.high_watermark(), alone.ack(10)), (7, Ack::Pending));
    assert!(!alone.synced(5, 0), "an older sync takes nothing back");
    assert!(alone.synced(99, 0), "no sync reaches beyond the log");
    assert_eq!((alone.high_watermark(), alone.ack(10)), (10, Ack::Done));

    assert!(!alone.appended(20, 100, 0));
    assert!(alone.count_synced_only(false, 0), "the config was taken back");
    assert_eq!(alone.high_watermark(), 20);
}

#[test]
fn a_cut_log_has_less_that_is_synced() {
    let mut replica = partition(1, 10);
    replica.count_synced_only(true, 0);
    replica.truncated(4);
    replica.appended(9, 100, 0);
    replica.apply_metadata(&metadata(&[1], 1), 0);
    assert_eq!(replica.high_watermark(), 4);
}

#[test]
fn a_single_replica_is_its_own_quorum() {
    let mut alone = partition(1, 7);
    let mut metadata = metadata(&[1], 1);
    metadata.replicas = vec![NodeId(1)];
    assert_eq!(alone.high_watermark(), 0);
    alone.apply_metadata(&metadata, 0);
    assert_eq!(alone.high_watermark(), 7);
    assert!(alone.appended(10, 300, 1));
    assert_eq!(alone.high_watermark(), 10);
    assert_eq!(alone.ack(10), Ack::Done);
    let all = Progress { log_end_bytes: 300, high_watermark_bytes: 300 };
    assert_eq!(alone.progress(), all);
}

#[test]
fn min_isr_is_never_more_than_the_replicas() {
    let mut alone = partition(2, 0);
    let mut metadata = metadata(&[1], 1);
    metadata.replicas = vec![NodeId(1)];
    alone.apply_metadata(&metadata, 0);
    assert!(alone.check_min_isr().is_ok());
    assert!(alone.appended(1, 10, 0));
}

#[test]
fn the_high_watermark_waits_for_all_of_the_isr() {
    let mut leader = leader(&[1, 2, 3], 1);
    let brokers = brokers(&[1, 2, 3]);
    assert!(!leader.appended(10, 500, 1));
    assert_eq!(leader.ack(10), Ack::Pending);
    leader.follower_fetched(&fetch(2, 10, 10), &brokers, 2).unwrap();
    assert_eq!(leader.high_watermark(), 0);
    let effects = leader.follower_fetched(&fetch(3, 6, 10), &brokers, 3).unwrap();
    assert!(effects.high_watermark_advanced);
    assert_eq!(leader.high_watermark(), 6);
    assert_eq!(leader.progress().high_watermark_bytes, 0);
    leader.follower_fetched(&fetch(3, 10, 10), &brokers, 4).unwrap();
    assert_eq!(leader.ack(10), Ack::Done);
    assert_eq!(leader.progress().high_watermark_bytes, 500);
}

#[test]
fn below_min_isr_nothing_becomes_visible_whatever_the_acks() {
    let mut leader = leader(&[1], 2);
    assert_eq!(leader.check_min_isr(), Err(NotEnoughReplicas { in_sync: 1, min: 2 }));
    assert!(!leader.appended(10, 500, 1));
    assert_eq!(leader.high_watermark(), 0);
    assert!(leader.is_under_min_isr());
    assert!(leader.min_insync_replicas_changed(1, 2));
    assert_eq!(leader.high_watermark(), 10);
}

#[test]
fn a_follower_that_caught_up_is_added_once() {
    let mut leader = leader(&[1, 2], 1);
    let brokers = brokers(&[1, 2, 3]);
    let effects = leader.follower_fetched(&fetch(3, 0, 0), &brokers, 1).unwrap();
    let alter = effects.alter_partition.unwrap();
    assert_eq!(isr_of(&alter), [1, 2, 3]);
    assert_eq!(alter.new_isr[2].1, BrokerEpoch(100));
    let again = leader.follower_fetched(&fetch(3, 0, 0), &brokers, 2).unwrap();
    assert_eq!(again.alter_partition, None);
    assert_eq!(leader.isr().len(), 2, "not committed yet");
    answer(&mut leader, committed(&[1, 2, 3], 2), 3);
    assert_eq!(leader.isr().len(), 3);
    assert_eq!(leader.partition_epoch(), PartitionEpoch(2));
}

#[test]
fn a_replica_being_added_holds_the_high_watermark_already() {
    let mut leader = leader(&[1], 1);
    let brokers = brokers(&[1, 2, 3]);
    let effects = leader.follower_fetched(&fetch(2, 0, 0), &brokers, 1).unwrap();
    assert!(effects.alter_partition.is_some());
    assert!(!leader.appended(10, 100, 2));
    answer(&mut leader, AlterPartitionAnswer::AwaitMetadata, 3);
    assert_eq!(leader.high_watermark(), 0);
    let effects = answer(&mut leader, AlterPartitionAnswer::Refused, 4);
    assert!(!effects.high_watermark_advanced, "it is caught up and may ask again");
    assert!(leader.brokers_changed(&Cluster(BTreeMap::new()), 5), "fenced");
    assert_eq!(leader.high_watermark(), 10);
}

#[test]
fn who_may_not_join_the_isr() {
    let mut leader = leader(&[1], 1);
    leader.appended(10, 100, 1);
    let behind = leader.follower_fetched(&fetch(2, 9, 10), &brokers(&[1, 2]), 1).unwrap();
    assert_eq!(behind.alter_partition, None, "below the high watermark");
    let fenced = leader.follower_fetched(&fetch(2, 10, 10), &brokers(&[1]), 2).unwrap();
    assert_eq!(fenced.alter_partition, None, "fenced or shutting down");
    let other = FollowerFetch { broker_epoch: BrokerEpoch(99), ..fetch(3, 10, 10) };
    let other = leader.follower_fetched(&other, &brokers(&[1, 3]), 3).unwrap();
    assert_eq!(other.alter_partition, None, "another registration");
    let unknown = FollowerFetch { broker_epoch: BrokerEpoch(-1), ..fetch(3, 10, 10) };
    let unknown = leader.follower_fetched(&unknown, &brokers(&[1, 3]), 4).unwrap();
    assert!(unknown.alter_partition.is_some(), "-1 passes");
}

#[test]
fn a_follower_below_the_start_of_the_epoch_cannot_join() {
    let mut leader = partition(2, 20);
    leader.apply_metadata(&metadata(&[1], 1), 0);
    assert_eq!(leader.high_watermark(), 0, "min ISR holds it back");
    assert!(!leader.is_caught_up_with_epoch());
    let early = leader.follower_fetched(&fetch(2, 19, 20), &brokers(&[1, 2]), 1).unwrap();
    assert_eq!(early.alter_partition, None);
    let late = leader.follower_fetched(&fetch(2, 20, 20), &brokers(&[1, 2]), 2).unwrap();
    assert!(late.alter_partition.is_some());
}

#[test]
fn fetches_of_strangers_and_the_past_change_nothing() {
    let mut leader = leader(&[1, 2], 1);
    let brokers = brokers(&[1, 2]);
    leader.follower_fetched(&fetch(2, 0, 0), &brokers, 1).unwrap();
    let old = FollowerFetch { broker_epoch: BrokerEpoch(99), ..fetch(2, 0, 0) };
    let stale = leader.follower_fetched(&old, &brokers, 2);
    assert_eq!(stale, Err(FollowerFetchError::StaleBrokerEpoch));
    let stranger = leader.follower_fetched(&fetch(9, 0, 0), &brokers, 2);
    assert_eq!(stranger, Err(FollowerFetchError::UnknownReplicaWithEpoch));
    let bare = FollowerFetch { has_leader_epoch: false, ..fetch(9, 0, 0) };
    assert_eq!(
        leader.follower_fetched(&bare, &brokers, 2),
        Err(FollowerFetchError::UnknownReplica)
    );
}

#[test]
fn a_silent_follower_leaves_and_the_high_watermark_goes_on() {
    let mut leader = leader(&[1, 2, 3], 1);
    let brokers = brokers(&[1, 2, 3]);
    leader.appended(10, 100, 1);
    leader.follower_fetched(&fetch(2, 10, 10), &brokers, LAG).unwrap();
    assert_eq!(leader.tick(&brokers, LAG, LAG).alter_partition, None);
    let effects = leader.tick(&brokers, LAG + 1, LAG);
    assert_eq!(isr_of(&effects.alter_partition.unwrap()), [1, 2]);
    assert_eq!(leader.high_watermark(), 0, "a pending shrink removes nobody");
    let effects = answer(&mut leader, committed(&[1, 2], 2), LAG + 2);
    assert_eq!(effects.isr_change, Some(IsrChange::Shrunk));
    assert!(effects.high_watermark_advanced);
    assert_eq!(leader.high_watermark(), 10);
}

#[test]
fn a_follower_at_the_end_is_in_sync_however_long_ago_it_fetched() {
    let mut leader = leader(&[1, 2], 1);
    let brokers = brokers(&[1, 2]);
    leader.follower_fetched(&fetch(2, 0, 0), &brokers, 1).unwrap();
    assert_eq!(leader.tick(&brokers, 10 * LAG, 0).alter_partition, None);
}

#[test]
fn a_follower_that_reaches_each_previous_end_stays_in_sync() {
    let mut leader = leader(&[1, 2], 1);
    let brokers = brokers(&[1, 2]);
    for round in 1..10 {
        let now = round * (LAG / 2);
        leader.appended(round * 10, 100, now);
        let fetch = fetch(2, (round - 1) * 10, round * 10);
        leader.follower_fetched(&fetch, &brokers, now).unwrap();
        assert_eq!(leader.tick(&brokers, now, now).alter_partition, None, "round {round}");
    }
}

#[test]
fn shrunk_below_min_isr_an_append_is_not_acknowledged() {
    let mut leader = leader(&[1, 2], 2);
    let brokers = brokers(&[1, 2, 3]);
    leader.appended(10, 100, 1);
    leader.follower_fetched(&fetch(2, 10, 10), &brokers, 2).unwrap();
    assert_eq!(leader.ack(10), Ack::Done);
    leader.apply_metadata(&metadata(&[1], 2), 3);
    assert_eq!(leader.ack(10), Ack::NotEnoughReplicas);
    assert!(leader.check_min_isr().is_err());
}

#[test]
fn answers_of_another_time_are_ignored_and_errors_tried_again() {
    let mut leader = leader(&[1, 2], 1);
    let brokers = brokers(&[1, 2, 3]);
    let first = leader.follower_fetched(&fetch(3, 0, 0), &brokers, 1).unwrap().alter_partition;
    let again = answer(&mut leader, AlterPartitionAnswer::Retry, 2);
    assert_eq!(again.alter_partition, first);
    answer(&mut leader, committed(&[1], 0), 3);
    assert_eq!(leader.isr().len(), 2, "an older partition epoch");
    let overtaken = sent(&leader);
    leader.apply_metadata(&metadata(&[1, 2, 3], 4), 4);
    leader.alter_answered(&overtaken, committed(&[1, 2], 5), &brokers, 5);
    assert_eq!(leader.isr().len(), 3);
}

#[test]
fn epochs_of_clients_are_checked() {
    let leader = leader(&[1], 1);
    assert_eq!(leader.check_epoch(LeaderEpoch(-1)), Ok(()));
    assert_eq!(leader.check_epoch(LeaderEpoch(5)), Ok(()));
    assert_eq!(leader.check_epoch(LeaderEpoch(4)), Err(EpochError::Fenced));
    assert_eq!(leader.check_epoch(LeaderEpoch(6)), Err(EpochError::Unknown));
}

#[test]
fn metadata_moves_the_role_forward_only() {
    let mut replica = leader(&[1, 2], 1);
    let mut moved = metadata(&[1, 2], 2);
    moved.leader = Some(NodeId(2));
    moved.leader_epoch = LeaderEpoch(6);
    assert_eq!(replica.apply_metadata(&moved, 1), RoleChange::Follower);
    assert!(!replica.is_leader());
    assert_eq!(replica.apply_metadata(&metadata(&[1, 2], 1), 2), RoleChange::Stale);
    assert!(!replica.is_leader());
    assert_eq!(replica.apply_metadata(&moved, 3), RoleChange::Unchanged);
    assert!(!replica.appended(5, 10, 4), "only the leader tells");
    assert!(replica.leader_high_watermark(3));
    assert_eq!(replica.high_watermark(), 3);
    assert!(replica.leader_high_watermark(100));
    assert_eq!(replica.high_watermark(), 5, "never above the own log end");
}

#[test]
fn a_follower_that_truncates_takes_its_high_watermark_back() {
    let mut replica = partition(1, 10);
    let mut moved = metadata(&[1, 2], 2);
    moved.leader = Some(NodeId(2));
    replica.apply_metadata(&moved, 1);
    replica.leader_high_watermark(9);
    replica.truncated(4);
    assert_eq!((replica.high_watermark(), replica.end_offset()), (4, 4));
}

#[test]
fn a_leader_elected_again_starts_a_new_epoch() {
    let mut leader = leader(&[1, 2], 1);
    leader.appended(10, 100, 1);
    let mut again = metadata(&[1, 2], 2);
    again.leader_epoch = LeaderEpoch(6);
    assert_eq!(leader.apply_metadata(&again, 2), RoleChange::Leader);
    assert!(!leader.is_caught_up_with_epoch());
    let brokers = brokers(&[1, 2]);
    let read_before = leader.follower_fetched(&fetch(2, 10, 10), &brokers, 3);
    assert_eq!(read_before, Err(FollowerFetchError::NotLeader));
    let read_now = FollowerFetch { leader_epoch: LeaderEpoch(6), ..fetch(2, 10, 10) };
    leader.follower_fetched(&read_now, &brokers, 3).unwrap();
    assert!(leader.is_caught_up_with_epoch());
}

#[test]
fn a_follower_that_catches_up_under_load_is_not_outrun() {
    let mut leader = leader(&[1], 1);
    let brokers = brokers(&[1, 2]);
    let now = 2 * LAG;
    leader.appended(10, 100, now);
    leader.follower_fetched(&fetch(2, 0, 10), &brokers, now).unwrap();
    assert!(leader.appended(20, 100, now + 1), "it is far behind");
    // From here on, every fetch finds that the log has grown since the one before.
    leader.follower_fetched(&fetch(2, 10, 20), &brokers, now + 2).unwrap();
    assert!(!leader.appended(30, 100, now + 3), "the high watermark waits for it");
    let effects = leader.follower_fetched(&fetch(2, 20, 30), &brokers, now + 4).unwrap();
    assert!(effects.alter_partition.is_some());
}

#[test]
fn a_stopped_follower_leaves_early() {
    let mut leader = leader(&[1, 2, 3], 2);
    let brokers = brokers(&[1, 2, 3]);
    leader.follower_fetched(&fetch(2, 0, 0), &brokers, 0).unwrap();
    leader.follower_fetched(&fetch(3, 0, 0), &brokers, 0).unwrap();
    assert_eq!(leader.tick(&brokers, 10 * SILENCE, 0).alter_partition, None, "holds nothing back");
    leader.appended(10, 100, 10 * SILENCE);
    leader.follower_fetched(&fetch(2, 10, 10), &brokers, 10 * SILENCE).unwrap();
    let now = 10 * SILENCE + 1;
    assert_eq!(leader.tick(&brokers, now, now - 1).alter_partition, None, "it may be our fault");
    let alter = leader.tick(&brokers, now, 0).alter_partition.unwrap();
    assert_eq!(isr_of(&alter), [1, 2]);
    let effects = leader.alter_answered(&alter, committed(&[1, 2], 2), &brokers, now);
    assert!(effects.high_watermark_advanced, "nobody waits for it to join again");
}

#[test]
fn stopped_followers_stay_where_leaving_would_cost_too_much() {
    let mut below_min = leader(&[1, 2, 3], 3);
    below_min.appended(10, 100, 1);
    let brokers = brokers(&[1, 2, 3]);
    below_min.follower_fetched(&fetch(2, 10, 10), &brokers, 2 * SILENCE).unwrap();
    assert_eq!(below_min.tick(&brokers, 2 * SILENCE, 0).alter_partition, None);
    let mut alone = leader(&[1, 2, 3], 1);
    alone.appended(10, 100, 1);
    assert_eq!(alone.tick(&brokers, 2 * SILENCE, 0).alter_partition, None, "one copy of three");
    assert!(alone.tick(&brokers, LAG + 2, 0).alter_partition.is_some(), "as Kafka");
}

#[test]
fn a_consumer_is_sent_to_the_most_caught_up_replica_of_its_rack() {
    let mut leader = leader(&[1, 2, 3], 1);
    let brokers = brokers(&[1, 2, 3]);
    leader.appended(10, 100, 1);
    leader.follower_fetched(&fetch(2, 10, 10), &brokers, 2).unwrap();
    let third = FollowerFetch { log_start_offset: 4, ..fetch(3, 8, 10) };
    leader.follower_fetched(&third, &brokers, 3).unwrap();
    let far = |node: NodeId| Some(if node.0 == 1 { "a" } else { "b" });
    assert_eq!(leader.preferred_read_replica(5, "b", far), Some(NodeId(2)));
    assert_eq!(leader.preferred_read_replica(5, "a", far), None, "the leader is near");
    assert_eq!(leader.preferred_read_replica(5, "c", far), None);
    let third_only = |node: NodeId| (node.0 == 3).then_some("b");
    assert_eq!(leader.preferred_read_replica(5, "b", third_only), Some(NodeId(3)));
    assert_eq!(leader.preferred_read_replica(3, "b", third_only), None, "deleted there");
    assert_eq!(leader.preferred_read_replica(9, "b", third_only), None, "not there yet");
}

#[test]
fn records_are_deleted_where_every_live_replica_has_deleted_them() {
    let mut leader = leader(&[1, 2, 3], 1);
    let brokers = brokers(&[1, 2, 3]);
    leader.appended(10, 100, 1);
    let second = FollowerFetch { log_start_offset: 4, ..fetch(2, 8, 10) };
    leader.follower_fetched(&second, &brokers, 3).unwrap();
    assert_eq!(leader.low_watermark(5, |_| true), None, "the third has not told");
    assert_eq!(leader.low_watermark(5, |node| node.0 == 2), Some(4));
    assert_eq!(leader.low_watermark(3, |node| node.0 == 2), Some(3));
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Event {
        Append(i64),
        Fetch { replica: i32, behind: i64 },
        Tick,
        Answer(bool),
        Later(i64),
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            (1..5_i64).prop_map(Event::Append),
            (2..4_i32, 0..4_i64).prop_map(|(replica, behind)| Event::Fetch { replica, behind }),
            Just(Event::Tick),
            any::<bool>().prop_map(Event::Answer),
            (1..LAG).prop_map(Event::Later),
        ]
    }

    proptest! {
        /// Whatever happens under one leader: the high watermark never goes back, never passes the
        /// log end of a committed member, and no two AlterPartition requests are in flight.
        #[test]
        fn the_high_watermark_is_safe(events in prop::collection::vec(event(), 1..200)) {
            let mut leader = leader(&[1, 2, 3], 2);
            let brokers = brokers(&[1, 2, 3]);
            let mut ends = BTreeMap::from([(2, 0_i64), (3, 0)]);
            let (mut now, mut epoch, mut in_flight) = (0_i64, 1, None);
            for event in events {
                let before = leader.high_watermark();
                let end = leader.end_offset();
                let mut sent = None;
                match event {
                    Event::Append(count) => {
                        leader.appended(end + count, 10, now);
                    }
                    Event::Fetch { replica, behind } => {
                        let at = ends[&replica].max(end - behind);
                        ends.insert(replica, at);
                        sent = leader
                            .follower_fetched(&fetch(replica, at, end), &brokers, now)
                            .unwrap()
                            .alter_partition;
                    }
                    Event::Tick => sent = leader.tick(&brokers, now, now).alter_partition,
                    Event::Answer(accepted) => {
                        if let Some(alter) = in_flight.take() {
                            let answer = if accepted {
                                epoch += 1;
                                committed(&isr_of(&alter), epoch)
                            } else {
                                AlterPartitionAnswer::Refused
                            };
                            sent = leader
                                .alter_answered(&alter, answer, &brokers, now)
                                .alter_partition;
                        }
                    }
                    Event::Later(by) => now += by,
                }
                if let Some(alter) = sent {
                    prop_assert!(in_flight.is_none(), "two requests in flight");
                    in_flight = Some(alter);
                }
                let high_watermark = leader.high_watermark();
                prop_assert!(high_watermark >= before);
                prop_assert!(high_watermark <= leader.end_offset());
                if high_watermark > before {
                    prop_assert!(leader.isr().len() >= 2);
                    for member in leader.isr().iter().filter(|node| node.0 != 1) {
                        prop_assert!(high_watermark <= ends[&member.0]);
                    }
                }
            }
        }
    }
}
