use barnabas_wire::api::assign_replicas_to_dirs::{
    AssignReplicasToDirsRequest, RequestDirectoryData, RequestPartitionData, RequestTopicData,
};
use barnabas_wire::{ErrorCode, Uuid};

use crate::tests::{Cluster, heartbeat, registration};
use crate::{Request, Response};

const FIRST: Uuid = Uuid([120; 16]);
const SECOND: Uuid = Uuid([121; 16]);

/// Brokers 0 and 1; broker 1 has two directories.
fn cluster() -> Cluster {
    let mut cluster = Cluster::new(1);
    let mut request = registration(1, 1);
    request.log_dirs = vec![FIRST, SECOND];
    let epoch = cluster.register_with(request).broker_epoch;
    cluster.heartbeat(heartbeat(1, epoch));
    cluster
}

fn assign(cluster: &mut Cluster, broker_id: i32, id: Uuid, topic_id: Uuid) -> ErrorCode {
    let partitions = vec![RequestPartitionData { partition_index: 0 }];
    let topics = vec![RequestTopicData { topic_id, partitions }];
    let request = AssignReplicasToDirsRequest {
        broker_id,
        broker_epoch: cluster.broker(broker_id).epoch,
        directories: vec![RequestDirectoryData { id, topics }],
    };
    match cluster.ask(&Request::AssignReplicasToDirs(request)) {
        Response::AssignReplicasToDirs(response) => {
            assert_eq!(response.error_code, ErrorCode::NONE);
            response.directories[0].topics[0].partitions[0].error_code
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_broker_says_where_its_replica_is() {
    let mut cluster = cluster();
    let id = cluster.create_on("t", &[1, 0]);
    assert_eq!(cluster.partition("t").directories, [Uuid::UNASSIGNED_DIR, Uuid([100; 16])]);
    assert_eq!(assign(&mut cluster, 1, SECOND, id), ErrorCode::NONE);
    let partition = cluster.partition("t");
    assert_eq!(partition.directories, [SECOND, Uuid([100; 16])]);
    assert_eq!((partition.leader, partition.leader_epoch), (1, 0));
    assert_eq!(assign(&mut cluster, 1, SECOND, id), ErrorCode::NONE);
    assert_eq!(cluster.records, [], "it is there already");
}

#[test]
fn a_replica_in_a_failed_directory_is_out_of_sync_and_leads_nothing() {
    let mut cluster = cluster();
    let id = cluster.create_on("t", &[1, 0]);
    assert_eq!(assign(&mut cluster, 1, FIRST, id), ErrorCode::NONE);
    let mut failing = heartbeat(1, cluster.broker(1).epoch);
    failing.offline_log_dirs = vec![FIRST];
    cluster.heartbeat(failing);
    let partition = cluster.partition("t");
    assert_eq!((partition.leader, &partition.isr[..]), (0, &[0][..]));
    assert_eq!(assign(&mut cluster, 1, SECOND, id), ErrorCode::NONE);
    assert_eq!(cluster.alter_isr("t", &[0, 1]), ErrorCode::NONE);
    assert_eq!(cluster.elect_preferred(), 1);
    assert_eq!(assign(&mut cluster, 1, FIRST, id), ErrorCode::NONE, "where it cannot be");
    let partition = cluster.partition("t");
    assert_eq!((partition.leader, &partition.isr[..]), (0, &[0][..]));
}

#[test]
fn only_replicas_that_exist_are_assigned() {
    let mut cluster = cluster();
    let id = cluster.create_on("t", &[0]);
    assert_eq!(assign(&mut cluster, 1, FIRST, id), ErrorCode::NOT_LEADER_OR_FOLLOWER);
    let other = Uuid([9; 16]);
    assert_eq!(assign(&mut cluster, 1, FIRST, other), ErrorCode::UNKNOWN_TOPIC_ID);
}
