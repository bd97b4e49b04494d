//! The records that Apache Kafka 4.3.1's `PartitionChangeBuilder` makes of random partitions.
//!
//! A line of `vectors.txt` is: replicas, ISR, removing, adding, ELR, last known leader, leader,
//! recovery state, acceptable leaders, whether ELR is on, min.insync.replicas, election, target
//! ISR, unclean shutdown, target replicas, adding, removing, target recovery state,
//! metadata.version; and the record: leader, ISR, replicas, removing, adding, ELR, last known
//! leader, recovery state. Left out are moves that end with an ISR below the minimum: there Kafka
//! keeps as eligible who is no replica any more, which nobody is here.

use barnabas_metadata::feature::MetadataVersion;
use barnabas_metadata::image::{LeaderRecoveryState, PartitionImage};
use barnabas_wire::Uuid;

use super::{Change, Election, Rules, Target};

fn list(text: &str) -> Vec<i32> {
    if text == "-" { Vec::new() } else { text.split(',').map(|id| id.parse().unwrap()).collect() }
}

fn maybe(text: &str) -> Option<Vec<i32>> {
    (text != "null").then(|| list(text))
}

fn shown(list: Option<&Vec<i32>>) -> String {
    match list.map(|list| list.iter().map(i32::to_string).collect::<Vec<_>>()) {
        None => "null".to_owned(),
        Some(list) if list.is_empty() => "-".to_owned(),
        Some(list) => list.join(","),
    }
}

fn recovery(text: &str) -> LeaderRecoveryState {
    LeaderRecoveryState::from_value(text.parse().unwrap()).unwrap()
}

fn record(line: &str) -> String {
    let cells: Vec<&str> = line.split(' ').collect();
    let replicas = list(cells[0]);
    let partition = PartitionImage {
        directories: vec![Uuid::UNASSIGNED_DIR; replicas.len()],
        replicas,
        isr: list(cells[1]),
        removing_replicas: list(cells[2]),
        adding_replicas: list(cells[3]),
        elr: list(cells[4]),
        last_known_elr: list(cells[5]),
        leader: cells[6].parse().unwrap(),
        leader_recovery_state: recovery(cells[7]),
        leader_epoch: 3,
        partition_epoch: 4,
    };
    let acceptable_leaders = list(cells[8]);
    let acceptable = |id: i32| acceptable_leaders.contains(&id);
    let rules = Rules {
        version: MetadataVersion::from_level(cells[18].parse().unwrap()).unwrap(),
        elr_enabled: cells[9] == "1",
        min_isr: cells[10].parse().unwrap(),
    };
    let election = match cells[11] {
        "ONLINE" => Election::Online,
        "PREFERRED" => Election::Preferred,
        _ => Election::Unclean,
    };
    let mut change = Change::new(Uuid([1; 16]), 0, &partition, &acceptable, rules)
        .election(election)
        .recovery(recovery(cells[17]))
        .unclean_shutdown(list(cells[13]).first().copied());
    if let Some(isr) = maybe(cells[12]) {
        change = change.isr(isr);
    }
    if let Some(replicas) = maybe(cells[14]) {
        let replicas = replicas.into_iter().map(|id| (id, Uuid::UNASSIGNED_DIR)).collect();
        let (adding, removing) = (list(cells[15]), list(cells[16]));
        change = change.reassign(Target { replicas, adding, removing });
    }
    let Some(mut record) = change.build() else { return "none".to_owned() };
    if let Some(elr) = &mut record.eligible_leader_replicas {
        elr.sort_unstable();
    }
    format!(
        "{} {} {} {} {} {} {} {}",
        record.leader,
        shown(record.isr.as_ref()),
        shown(record.replicas.as_ref()),
        shown(record.removing_replicas.as_ref()),
        shown(record.adding_replicas.as_ref()),
        shown(record.eligible_leader_replicas.as_ref()),
        shown(record.last_known_elr.as_ref()),
        record.leader_recovery_state
    )
}

#[test]
fn records_are_those_of_kafka() {
    let mut different = Vec::new();
    for line in include_str!("vectors.txt").lines() {
        let (input, expected) = line.split_once(" => ").unwrap();
        let found = record(input);
        if found != expected {
            different.push(format!("{input}\n  Kafka {expected}\n  here  {found}"));
        }
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}
