use std::time::Duration;

use barnabas_metadata::image::{Image, Provenance};
use barnabas_metadata::record::{MetadataRecord, PartitionRecord, TopicRecord};
use barnabas_wire::{ApiKey, Uuid};

use super::*;

fn line(metrics: &Metrics, start: &str) -> Option<String> {
    let text = metrics.render();
    text.lines().find(|line| line.starts_with(start)).map(str::to_owned)
}

#[test]
fn counters_have_the_names_that_dashboards_look_for() {
    let metrics = Metrics::new();
    let topic = metrics.topics.topic("orders");
    topic.produced(3, 100);
    metrics.topics.topic("orders").fetched(50);
    metrics.requests.answered(ApiKey::Produce, Duration::from_millis(3));
    for expected in [
        "kafka_server_brokertopicmetrics_messagesin_total{topic=\"orders\"} 3",
        "kafka_server_brokertopicmetrics_messagesin_total{topic=\"\"} 3",
        "kafka_server_brokertopicmetrics_bytesin_total{topic=\"orders\"} 100",
        "kafka_server_brokertopicmetrics_bytesout_total{topic=\"orders\"} 50",
        "kafka_network_requestmetrics_requests_total{request=\"Produce\"} 1",
        "kafka_network_requestmetrics_totaltimems_bucket{request=\"Produce\",le=\"5\"} 1",
        "kafka_network_requestmetrics_totaltimems_bucket{request=\"Produce\",le=\"2\"} 0",
    ] {
        assert_eq!(line(&metrics, expected).as_deref(), Some(expected));
    }
    let resident = line(&metrics, "process_resident_memory_bytes ").expect("there");
    assert_ne!(resident, "process_resident_memory_bytes 0");
}

#[test]
fn topics_above_the_cap_share_one_series() {
    let metrics = Metrics::new();
    for number in 0..MAX_TOPICS + 2 {
        metrics.topics.topic(&format!("t{number}")).produced(1, 1);
    }
    let name = "kafka_server_brokertopicmetrics_messagesin_total";
    let text = metrics.render();
    let series = text.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!(series, MAX_TOPICS + 2);
    let other = format!("{name}{{topic=\"/other\"}} 2");
    assert!(text.lines().any(|line| line == other));

    metrics.topics.forget("t0");
    assert_eq!(line(&metrics, &format!("{name}{{topic=\"t0\"}}")), None);
    metrics.topics.topic("late").produced(5, 5);
    assert!(line(&metrics, &format!("{name}{{topic=\"late\"}} 5")).is_some());
}

#[test]
fn gauges_tell_what_the_image_tells() {
    let topic_id = Uuid([7; 16]);
    let partition = |partition_id, leader, replicas: &[i32], isr: &[i32]| {
        MetadataRecord::from(PartitionRecord {
            partition_id,
            topic_id,
            leader,
            replicas: replicas.to_vec(),
            isr: isr.to_vec(),
            ..PartitionRecord::default()
        })
    };
    let records = [
        TopicRecord { name: "t".to_owned(), topic_id }.into(),
        partition(0, 1, &[1, 2], &[1]),
        partition(1, 2, &[2, 1], &[2, 1]),
        partition(2, -1, &[3], &[3]),
    ];
    let image = Image::from_records(&records, Provenance::default()).expect("fits");
    let metrics = Metrics::new();
    metrics.gauges.set_image(1, &image, |_| 2);
    for expected in [
        "kafka_server_replicamanager_partitioncount 2",
        "kafka_server_replicamanager_leadercount 1",
        "kafka_server_replicamanager_underreplicatedpartitions 1",
        "kafka_server_replicamanager_underminisrpartitioncount 1",
        "kafka_controller_kafkacontroller_globalpartitioncount 3",
        "kafka_controller_kafkacontroller_offlinepartitionscount 1",
        "kafka_controller_kafkacontroller_globaltopiccount 1",
    ] {
        assert_eq!(line(&metrics, expected).as_deref(), Some(expected));
    }
}
