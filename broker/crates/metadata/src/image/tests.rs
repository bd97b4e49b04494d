use std::sync::Arc;

use barnabas_wire::{Arbitrary, Message, Source, Uuid};
use proptest::prelude::*;

use crate::record::*;

use super::*;

fn uuid(number: u64) -> Uuid {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    bytes[0] = 1;
    Uuid(bytes)
}

fn topic(number: u64, partitions: i32) -> Vec<MetadataRecord> {
    let topic_id = uuid(number);
    let mut records = vec![TopicRecord { name: format!("topic-{number}"), topic_id }.into()];
    records.extend((0..partitions).map(|partition_id| partition(topic_id, partition_id).into()));
    records
}

fn partition(topic_id: Uuid, partition_id: i32) -> PartitionRecord {
    PartitionRecord {
        partition_id,
        topic_id,
        replicas: vec![1],
        isr: vec![1],
        leader: 1,
        leader_epoch: 0,
        partition_epoch: 0,
        directories: vec![uuid(99)],
        ..PartitionRecord::default()
    }
}

fn broker(id: i32, epoch: i64) -> MetadataRecord {
    RegisterBrokerRecord { broker_id: id, broker_epoch: epoch, ..RegisterBrokerRecord::default() }
        .into()
}

fn apply(base: &Image, records: &[MetadataRecord]) -> (Image, Changes) {
    let mut delta = Delta::new(base);
    for record in records {
        delta.replay(record).expect("fits");
    }
    delta.finish(Provenance::default())
}

#[test]
fn one_topic_more_shares_all_others() {
    let records: Vec<_> = (0..10_000).flat_map(|number| topic(number, 1)).collect();
    let (base, _) = apply(&Image::default(), &records);
    let (next, changes) = apply(&base, &topic(10_000, 3));
    assert_eq!(next.topics.len(), 10_001);
    assert_eq!(base.topics.len(), 10_000);
    assert_eq!(changes.topics.len(), 1);
    for number in 0..10_000 {
        let of = |image: &Image| Arc::clone(image.topics.by_id(uuid(number)).expect("exists"));
        assert!(Arc::ptr_eq(&of(&base), &of(&next)));
        let by_name = next.topics.by_name(&format!("topic-{number}")).expect("exists");
        assert!(Arc::ptr_eq(by_name, &of(&next)));
    }
}

#[test]
fn a_leader_in_a_change_bumps_the_leader_epoch_even_if_it_is_the_same() {
    let (base, _) = apply(&Image::default(), &topic(1, 2));
    let change = |leader| PartitionChangeRecord {
        partition_id: 1,
        topic_id: uuid(1),
        leader,
        ..PartitionChangeRecord::default()
    };
    let epochs = |image: &Image| {
        let topic = image.topics.by_id(uuid(1)).expect("exists");
        let partition = topic.partition(1).expect("exists");
        (partition.leader, partition.leader_epoch, partition.partition_epoch)
    };
    let (same, _) = apply(&base, &[change(1).into()]);
    assert_eq!(epochs(&same), (1, 1, 1));
    let (none, changes) = apply(&same, &[change(-1).into()]);
    assert_eq!(epochs(&none), (-1, 2, 2));
    assert_eq!(changes.topics.get(&uuid(1).0), Some(&TopicChange::Changed([1].into())));
    let (kept, _) = apply(&none, &[change(-2).into()]);
    assert_eq!(epochs(&kept), (-1, 2, 3));
}

#[test]
fn new_replicas_have_no_directory_until_they_report_one() {
    let (base, _) = apply(&Image::default(), &topic(1, 1));
    let change = PartitionChangeRecord {
        partition_id: 0,
        topic_id: uuid(1),
        replicas: Some(vec![2, 1]),
        ..PartitionChangeRecord::default()
    };
    let (next, _) = apply(&base, &[change.into()]);
    let topic = next.topics.by_id(uuid(1)).expect("exists");
    let partition = topic.partition(0).expect("exists");
    assert_eq!(partition.directory(1), Some(uuid(99)));
    let unassigned = Uuid(1u128.to_be_bytes());
    assert_eq!(partition.directory(2), Some(unassigned));
}

#[test]
fn a_removed_topic_takes_its_configs_with_it() {
    let config = ConfigRecord {
        resource_type: 2,
        resource_name: "topic-1".to_owned(),
        name: "retention.ms".to_owned(),
        value: Some("1".to_owned()),
    };
    let mut records = topic(1, 1);
    records.push(config.into());
    let (base, _) = apply(&Image::default(), &records);
    let resource = ConfigResource::topic("topic-1");
    assert_eq!(base.configs.value(&resource, "retention.ms"), Some("1"));
    let (next, changes) = apply(&base, &[RemoveTopicRecord { topic_id: uuid(1) }.into()]);
    assert!(next.topics.is_empty());
    assert_eq!(next.configs.get(&resource), None);
    assert!(matches!(changes.topics.get(&uuid(1).0), Some(TopicChange::Removed(_))));
}

#[test]
fn records_that_do_not_fit_are_refused() {
    let (base, _) = apply(&Image::default(), &[topic(1, 1), vec![broker(1, 5)]].concat());
    let refused = |record: MetadataRecord| Delta::new(&base).replay(&record).unwrap_err();
    assert!(matches!(
        refused(TopicRecord { name: "topic-1".to_owned(), topic_id: uuid(2) }.into()),
        ReplayError::DuplicateTopic { .. }
    ));
    assert!(matches!(refused(partition(uuid(7), 0).into()), ReplayError::UnknownTopicId { .. }));
    assert!(matches!(
        refused(PartitionRecord { directories: vec![uuid(1); 2], ..partition(uuid(1), 1) }.into()),
        ReplayError::DirectoryCount { replicas: 1, directories: 2, .. }
    ));
    let change = BrokerRegistrationChangeRecord {
        broker_id: 1,
        broker_epoch: 4,
        ..BrokerRegistrationChangeRecord::default()
    };
    assert!(matches!(
        refused(change.into()),
        ReplayError::BrokerEpoch { expected: 5, found: 4, .. }
    ));
    assert!(matches!(
        refused(UnregisterBrokerRecord { broker_id: 2, broker_epoch: 0 }.into()),
        ReplayError::UnknownBroker { broker_id: 2, .. }
    ));
}

#[test]
fn clearing_elr_touches_only_who_had_one() {
    let mut with_elr = partition(uuid(1), 0);
    with_elr.eligible_leader_replicas = Some(vec![3]);
    let records = [
        vec![TopicRecord { name: "topic-1".to_owned(), topic_id: uuid(1) }.into()],
        vec![with_elr.into()],
        topic(2, 1),
    ]
    .concat();
    let (base, _) = apply(&Image::default(), &records);
    let (next, changes) = apply(&base, &[ClearElrRecord { topic_name: String::new() }.into()]);
    let topic = next.topics.by_id(uuid(1)).expect("exists");
    assert!(topic.partition(0).is_some_and(|partition| partition.elr.is_empty()));
    assert_eq!(changes.topics.keys().collect::<Vec<_>>(), [&uuid(1).0]);
}

#[test]
fn a_log_transaction_is_published_whole_or_not_at_all() {
    let begin = || MetadataRecord::from(BeginTransactionRecord { name: None });
    let mut loader = Loader::default();
    let first = [vec![begin()], topic(1, 1)].concat();
    assert!(loader.apply(0, 1, 100, &first).expect("fits").is_none());
    let second = [topic(2, 1), vec![EndTransactionRecord {}.into()]].concat();
    let published = loader.apply(3, 1, 101, &second).expect("fits").expect("ended");
    assert_eq!(published.image.topics.len(), 2);
    assert_eq!(published.image.provenance.end_offset(), 6);
    assert_eq!(published.changes.topics.len(), 2);

    let dropped = [
        topic(3, 1),
        vec![begin()],
        topic(4, 1),
        vec![AbortTransactionRecord { reason: None }.into()],
    ]
    .concat();
    let published = loader.apply(6, 2, 102, &dropped).expect("fits").expect("aborted");
    assert!(published.image.topics.by_name("topic-3").is_some());
    assert!(published.image.topics.by_name("topic-4").is_none());
    assert_eq!(
        loader.apply(12, 2, 103, &[EndTransactionRecord {}.into()]).unwrap_err(),
        LoadError::NoTransaction { offset: 12 }
    );
}

#[test]
fn topics_can_be_paged_by_name() {
    let records: Vec<_> = (1..4).flat_map(|number| topic(number, 1)).collect();
    let (image, _) = apply(&Image::default(), &records);
    let names = |after| -> Vec<String> {
        image.topics.after(after).map(|topic| topic.name.to_string()).collect()
    };
    assert_eq!(names(None), ["topic-1", "topic-2", "topic-3"]);
    assert_eq!(names(Some("topic-1")), ["topic-2", "topic-3"]);
    assert_eq!(names(Some("topic-10")), ["topic-2", "topic-3"]);
    assert!(names(Some("topic-3")).is_empty());
}

/// A value of a record type as random as its fields, at its latest version.
fn random<R: Message + Arbitrary>(source: &mut Source) -> R {
    R::arbitrary(source, R::version(R::VERSIONS.max))
}

/// Records that fit each other, with random contents.
fn random_records(source: &mut Source) -> Vec<MetadataRecord> {
    let mut records = vec![
        FeatureLevelRecord { name: "metadata.version".to_owned(), feature_level: 30 }.into(),
        FeatureLevelRecord { name: "group.version".to_owned(), feature_level: 1 }.into(),
        random::<ProducerIdsRecord>(source).into(),
    ];
    for number in 0..source.below(6) {
        let id = i32::try_from(number).unwrap_or(0);
        let mut broker = random::<RegisterBrokerRecord>(source);
        broker.broker_id = id;
        records.push(broker.into());
        let mut controller = random::<RegisterControllerRecord>(source);
        controller.controller_id = id;
        records.push(controller.into());
        records.push(
            TopicRecord { name: format!("t{}", source.number()), topic_id: uuid(number) }.into(),
        );
        for partition_id in 0..4 {
            let mut partition = random::<PartitionRecord>(source);
            partition.partition_id = partition_id;
            partition.topic_id = uuid(number);
            partition.leader_recovery_state = 1;
            partition.directories = vec![uuid(7); partition.replicas.len()];
            records.push(partition.into());
        }
        let mut config = random::<ConfigRecord>(source);
        config.resource_type = [2, 4, 16, 32][usize::try_from(source.below(4)).unwrap_or(0)];
        records.push(config.into());
        let mut quota = random::<ClientQuotaRecord>(source);
        quota.value = 0.5;
        quota.remove = false;
        records.push(quota.into());
        records.push(random::<AccessControlEntryRecord>(source).into());
        records.push(random::<UserScramCredentialRecord>(source).into());
        records.push(random::<DelegationTokenRecord>(source).into());
    }
    records
}

proptest! {
    #[test]
    fn an_image_is_the_image_of_its_snapshot(seed: u64) {
        let (image, _) = apply(&Image::default(), &random_records(&mut Source::new(seed)));
        let records = image.records();
        let again = Image::from_records(&records, image.provenance);
        prop_assert_eq!(again.as_ref(), Ok(&image));
        prop_assert_eq!(again.map(|image| image.records()), Ok(records));
    }
}

#[test]
fn a_replica_is_online_where_its_directory_is() {
    let dir = |number| Uuid([number; 16]);
    let mut delta = Delta::new(&Image::default());
    let registered = RegisterBrokerRecord {
        broker_id: 1,
        fenced: false,
        log_dirs: vec![dir(7), dir(8)],
        ..RegisterBrokerRecord::default()
    };
    delta.replay(&MetadataRecord::from(registered)).expect("fits");
    let image = delta.image().clone();
    let broker = image.cluster.broker(1).expect("registered");
    assert!(broker.has_online_dir(dir(8)) && !broker.has_online_dir(dir(9)));
    assert!(broker.has_online_dir(Uuid::UNASSIGNED_DIR), "it may be anywhere");
    assert!(!broker.has_online_dir(Uuid::LOST_DIR));
}
