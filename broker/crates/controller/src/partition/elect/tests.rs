use barnabas_wire::ErrorCode;
use barnabas_wire::api::elect_leaders::{ElectLeadersRequest, TopicPartitions};

use crate::tests::Cluster;
use crate::{Request, Response};

fn elect(cluster: &mut Cluster, election_type: i8, partitions: Option<&[i32]>) -> Vec<ErrorCode> {
    let topic_partitions = partitions.map(|partitions| {
        vec![TopicPartitions { topic: "t".to_owned(), partitions: partitions.to_vec() }]
    });
    let request =
        ElectLeadersRequest { election_type, topic_partitions, ..ElectLeadersRequest::default() };
    match cluster.ask(&Request::ElectLeaders(request)) {
        Response::ElectLeaders(response) => {
            assert_eq!(response.error_code == ErrorCode::NONE, election_type < 2);
            let topics = response.replica_election_results.iter();
            topics.flat_map(|topic| topic.partition_result.iter().map(|p| p.error_code)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_preferred_replica_leads_again_when_it_is_in_sync() {
    let mut cluster = Cluster::new(2);
    cluster.create_on("t", &[0, 1]);
    assert_eq!(elect(&mut cluster, 0, Some(&[0])), [ErrorCode::ELECTION_NOT_NEEDED]);
    assert_eq!(elect(&mut cluster, 0, None), []);
    cluster.lose(0);
    assert_eq!(elect(&mut cluster, 0, None), [ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE]);
    cluster.come_back(0, true);
    assert_eq!(elect(&mut cluster, 0, Some(&[0])), [ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE]);
    assert_eq!(cluster.alter_isr("t", &[0, 1]), ErrorCode::NONE);
    let epoch = cluster.partition("t").leader_epoch;
    assert_eq!(elect(&mut cluster, 0, None), [ErrorCode::NONE]);
    let partition = cluster.partition("t");
    assert_eq!((partition.leader, partition.leader_epoch), (0, epoch + 1));
}

#[test]
fn an_unclean_election_takes_anybody_who_is_up() {
    let mut cluster = Cluster::new(2);
    cluster.create_on("t", &[0, 1]);
    assert_eq!(elect(&mut cluster, 1, Some(&[0])), [ErrorCode::ELECTION_NOT_NEEDED]);
    cluster.lose(1);
    cluster.lose(0);
    assert_eq!(elect(&mut cluster, 1, None), [ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE]);
    cluster.come_back(1, true);
    assert_eq!(cluster.partition("t").leader, -1);
    assert_eq!(elect(&mut cluster, 1, Some(&[0])), [ErrorCode::NONE]);
    let partition = cluster.partition("t");
    assert_eq!((partition.leader, partition.leader_recovery_state.value()), (1, 1));
}

#[test]
fn what_does_not_exist_is_not_elected() {
    let mut cluster = Cluster::new(1);
    let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    assert_eq!(elect(&mut cluster, 0, Some(&[0])), [unknown]);
    cluster.create_on("t", &[0]);
    assert_eq!(elect(&mut cluster, 0, Some(&[7])), [unknown]);
    assert_eq!(elect(&mut cluster, 2, None), []);
}
