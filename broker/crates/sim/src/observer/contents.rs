//! The batches of replicas, compared.

use std::collections::BTreeMap;
use std::sync::Arc;

use barnabas_records::Batches;
use barnabas_server::partition::{PartitionKey, Replica};
use barnabas_storage::ReadRequest;

use super::Finding;
use crate::cluster::Cluster;
use crate::history::Kind;

/// Base offset, leader epoch and checksum of a batch.
pub(super) type Batch = (i64, i32, u32);

/// Compares the replicas of each partition below the high watermark that all of them know.
pub(super) fn compare(cluster: &Cluster) -> Vec<Finding> {
    let mut replicas: BTreeMap<PartitionKey, Vec<(i32, Arc<Replica>)>> = BTreeMap::new();
    for host in &cluster.hosts {
        for replica in host.node().map(|node| node.partitions.all()).unwrap_or_default() {
            replicas.entry(replica.key).or_default().push((host.id, replica));
        }
    }
    let differences = replicas.iter().filter_map(|(partition, copies)| {
        let upper = copies.iter().map(|(_, replica)| replica.high_watermark()).min()?;
        let contents = copies.iter().map(|(id, replica)| (*id, content(replica, upper)));
        let (first, other) = different(contents)?;
        let text = format!("{partition} below {upper}: {first} and {other}");
        Some((Kind::ReplicasDiffer, text))
    });
    differences.collect()
}

/// Two brokers that do not have the same.
pub(super) fn different(
    contents: impl IntoIterator<Item = (i32, Vec<Batch>)>,
) -> Option<(i32, i32)> {
    let mut contents = contents.into_iter();
    let (first, expected) = contents.next()?;
    let other = contents.find(|(_, found)| *found != expected)?;
    Some((first, other.0))
}

/// Every batch below an offset; what cannot be read is left out.
fn content(replica: &Replica, upper: i64) -> Vec<Batch> {
    let mut found = Vec::new();
    let mut offset = replica.log.start_offset();
    while offset < upper {
        let request =
            ReadRequest { offset, max_bytes: 1 << 20, upper, min_one: true, aborted: false };
        let range = replica.log.read(&request).ok().and_then(|read| read.range);
        let Some(bytes) = range.and_then(|range| range.read().ok()) else { break };
        let before = offset;
        for batch in Batches::new(bytes).map_while(Result::ok) {
            let header = batch.header;
            offset = header.next_offset();
            found.push((header.base_offset, header.partition_leader_epoch, header.crc));
        }
        if offset == before {
            break;
        }
    }
    found
}
