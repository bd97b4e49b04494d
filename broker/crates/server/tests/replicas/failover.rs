//! Leaders change: nothing acknowledged is lost or doubled, what was not is cut.

use barnabas_records::{BatchOptions, ProducerFields};
use barnabas_wire::ErrorCode;

use super::cluster::{Cluster, batch, batch_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deposed_leader_cuts_what_nobody_else_has() {
    let cluster = Cluster::start(&[]).await;
    cluster.produce(0, -1, batch(b"committed")).await;
    cluster.suspend(1).await;
    cluster.suspend(2).await;
    for _ in 0..5 {
        let answer = cluster.produce(0, 1, batch(b"lost with its leader")).await;
        assert_eq!(answer.error_code, ErrorCode::NONE);
    }
    assert_eq!(cluster.replica(0).log.end_offset(), 6);
    cluster.elect(1, &[1, 2]).await;
    cluster.resume(1);
    cluster.resume(2);
    let answer = cluster.produce(1, -1, batch(b"of the new leader")).await;
    assert_eq!((answer.error_code, answer.base_offset), (ErrorCode::NONE, 1));
    cluster.until_isr(&[0, 1, 2]).await;
    cluster.produce(1, -1, batch(b"and of all")).await;
    cluster.until_same(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaders_that_appended_nothing_do_not_stand_in_the_way() {
    let cluster = Cluster::start(&[]).await;
    cluster.produce(0, -1, batch(b"first")).await;
    for leader in [1, 2, 0, 2, 1] {
        cluster.elect(leader, &[0, 1, 2]).await;
    }
    let answer = cluster.produce(1, -1, batch(b"second")).await;
    assert_eq!((answer.error_code, answer.base_offset), (ErrorCode::NONE, 1));
    cluster
        .until("both everywhere", |cluster| {
            (0..3).all(|id| cluster.replica(id).high_watermark() == 2)
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_at_the_new_leader_is_recognised() {
    let cluster = Cluster::start(&[]).await;
    let producer = |sequence| BatchOptions {
        producer: ProducerFields { id: 7, epoch: 0, base_sequence: sequence },
        ..BatchOptions::default()
    };
    for sequence in 0..3 {
        let answer = cluster.produce(0, -1, batch_with(producer(sequence), b"once")).await;
        assert_eq!(answer.base_offset, i64::from(sequence));
    }
    cluster.elect(2, &[0, 1, 2]).await;
    let again = cluster.produce(2, -1, batch_with(producer(2), b"once")).await;
    assert_eq!((again.error_code, again.base_offset), (ErrorCode::NONE, 2));
    let next = cluster.produce(2, -1, batch_with(producer(3), b"once")).await;
    assert_eq!((next.error_code, next.base_offset), (ErrorCode::NONE, 3));
    let gap = cluster.produce(2, -1, batch_with(producer(9), b"gap")).await;
    assert_eq!(gap.error_code, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    cluster.until_same(4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_an_unclean_election_the_others_cut_their_logs() {
    let cluster = Cluster::start(&[]).await;
    cluster.suspend(2).await;
    cluster.elect(0, &[0, 1]).await;
    for _ in 0..4 {
        cluster.produce(0, -1, batch(b"acknowledged, then lost")).await;
    }
    cluster.elect(2, &[2]).await;
    cluster.resume(2);
    cluster.until_isr(&[0, 1, 2]).await;
    let answer = cluster.produce(2, -1, batch(b"of the new leader")).await;
    assert_eq!((answer.error_code, answer.base_offset), (ErrorCode::NONE, 0));
    cluster.until_same(1).await;
}
