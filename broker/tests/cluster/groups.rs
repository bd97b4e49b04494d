//! A group whose coordinator is killed finds what it committed at the next one.

use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use barnabas_wire::ErrorCode;
use barnabas_wire::api::find_coordinator::FindCoordinatorRequest;
use barnabas_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use barnabas_wire::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};

use crate::client::Client;
use crate::nodes::{Nodes, eventually};

const GROUP: &str = "g";
const TOPIC: &str = "t";
/// What may take its time on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// Commits before the coordinator is killed in the middle of them.
const COMMITS: i64 = 30;

/// Commits one offset after the other, from `first` on, until the coordinator ends. Returns the
/// last one that it has acknowledged.
fn commit(mut coordinator: Client, first: i64, acked: &AtomicI64) -> i64 {
    for offset in first.. {
        let partition = OffsetCommitRequestPartition {
            committed_offset: offset,
            ..OffsetCommitRequestPartition::default()
        };
        let request = OffsetCommitRequest {
            group_id: GROUP.into(),
            topics: vec![OffsetCommitRequestTopic {
                name: TOPIC.into(),
                partitions: vec![partition],
                ..OffsetCommitRequestTopic::default()
            }],
            ..OffsetCommitRequest::default()
        };
        let Ok(answer) = coordinator.try_ask(9, &request) else { break };
        let code = answer.topics[0].partitions[0].error_code;
        if code != ErrorCode::NONE {
            assert!(code.is_retriable(), "{code:?}");
            break;
        }
        acked.store(offset, Ordering::SeqCst);
    }
    acked.load(Ordering::SeqCst)
}

/// The coordinator, as a node sees it; none while there is none.
fn coordinator(node: &mut Client) -> Option<i32> {
    let request = FindCoordinatorRequest {
        coordinator_keys: vec![GROUP.into()],
        ..FindCoordinatorRequest::default()
    };
    let found = node.ask(4, &request).coordinators.remove(0);
    (found.error_code == ErrorCode::NONE).then_some(found.node_id)
}

/// The committed offset; `None` while the coordinator has not loaded it.
fn committed(coordinator: &mut Client) -> io::Result<Option<i64>> {
    let request = OffsetFetchRequest {
        groups: vec![OffsetFetchRequestGroup {
            group_id: GROUP.into(),
            topics: Some(vec![OffsetFetchRequestTopics {
                name: TOPIC.into(),
                partition_indexes: vec![0],
                ..OffsetFetchRequestTopics::default()
            }]),
            ..OffsetFetchRequestGroup::default()
        }],
        ..OffsetFetchRequest::default()
    };
    let group = coordinator.try_ask(8, &request)?.groups.remove(0);
    let partition = group.topics.first().map(|topic| topic.partitions[0].clone());
    let codes = [Some(group.error_code), partition.as_ref().map(|found| found.error_code)];
    assert!(codes.iter().flatten().all(|code| *code == ErrorCode::NONE || code.is_retriable()));
    let is_known = codes.iter().flatten().all(|code| *code == ErrorCode::NONE);
    Ok(partition.filter(|_| is_known).map(|found| found.committed_offset))
}

#[test]
fn committed_offsets_survive_each_coordinator_that_is_killed() {
    let mut nodes = Nodes::start("min.insync.replicas=2\noffsets.topic.num.partitions=1\n");
    assert_eq!(nodes.client(0).create(TOPIC), ErrorCode::NONE);
    let mut known = -1;
    for _ in 0..3 {
        let mut victim = None;
        eventually(PATIENCE, || {
            victim = coordinator(&mut nodes.client(0));
            victim.is_some_and(|id| committed(&mut nodes.client(id)).is_ok_and(|at| at.is_some()))
        });
        let victim = victim.expect("found");
        let (client, acked) = (nodes.client(victim), AtomicI64::new(known));
        let last = std::thread::scope(|scope| {
            let committer = scope.spawn(|| commit(client, known + 1, &acked));
            eventually(PATIENCE, || acked.load(Ordering::SeqCst) >= known + COMMITS);
            nodes.kill(victim);
            committer.join().expect("commits")
        });
        let start = Instant::now();
        let mut survivor = nodes.client((victim + 1) % 3);
        let mut found = None;
        eventually(PATIENCE, || {
            let next = coordinator(&mut survivor).filter(|next| *next != victim);
            found = next.and_then(|next| committed(&mut nodes.client(next)).ok()?);
            found.is_some()
        });
        let took = start.elapsed();
        // broker.session.timeout.ms is 9 s.
        assert!(took < Duration::from_secs(6), "the group had no coordinator for {took:?}");
        known = found.expect("found");
        assert!(known == last || known == last + 1, "committed {last}, found {known}");
        nodes.run(victim);
        let mut back = nodes.client(victim);
        eventually(PATIENCE, || back.brokers() == 3);
    }
}
