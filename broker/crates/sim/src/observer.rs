//! Looks into the nodes: what no client can see, or only too late.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use barnabas_records::Batches;
use barnabas_server::Node;
use barnabas_server::partition::{PartitionKey, Replica};
use barnabas_storage::ReadRequest;

use crate::cluster::Cluster;
use crate::history::{History, Kind};

/// What was seen so far.
#[derive(Debug, Default)]
pub struct Observer {
    leaders: BTreeMap<(PartitionKey, i32), i32>,
    marks: BTreeMap<(PartitionKey, i32), Marks>,
    /// Hash of the image that ends at an offset, and who had it first.
    images: BTreeMap<i64, (u64, i32)>,
    /// The last image that was looked at, per node.
    looked: BTreeMap<i32, i64>,
}

#[derive(Clone, Copy, Debug)]
struct Marks {
    high_watermark: i64,
    log_start: i64,
}

impl Observer {
    /// Looks at every node.
    pub fn look(&mut self, cluster: &Cluster, history: &History) {
        for host in &cluster.hosts {
            if let Some(node) = host.node().filter(|_| host.is_running()) {
                self.replicas(host.id, node, history);
                self.image(host.id, node, history);
            }
        }
    }

    /// Compares the replicas of each partition below the high watermark that all of them know.
    pub fn compare(&self, cluster: &Cluster, history: &History) {
        let mut replicas: BTreeMap<PartitionKey, Vec<(i32, Arc<Replica>)>> = BTreeMap::new();
        for host in &cluster.hosts {
            for replica in host.node().map(|node| node.partitions.all()).unwrap_or_default() {
                replicas.entry(replica.key).or_default().push((host.id, replica));
            }
        }
        for copies in replicas.values() {
            let marks = copies.iter().map(|(_, replica)| replica.high_watermark());
            let Some(upper) = marks.min() else { continue };
            let mut contents = copies.iter().map(|(id, replica)| (id, content(replica, upper)));
            let Some((first, expected)) = contents.next() else { continue };
            for (id, found) in contents {
                if found != expected {
                    let partition = copies[0].1.log.partition();
                    let text = format!("{partition} below {upper}: {first} and {id}");
                    history.violation(Kind::ReplicasDiffer, text);
                }
            }
        }
    }

    fn replicas(&mut self, id: i32, node: &Node, history: &History) {
        for replica in node.partitions.all() {
            let Some(epoch) = replica.leading_epoch() else { continue };
            let place = (replica.key, epoch.0);
            let partition = replica.log.partition();
            let leader = *self.leaders.entry(place).or_insert(id);
            if leader != id {
                let text = format!("{partition}: {leader} and {id} in epoch {epoch:?}");
                history.violation(Kind::TwoLeaders, text);
            }
            let now = Marks {
                high_watermark: replica.high_watermark(),
                log_start: replica.log.start_offset(),
            };
            let before = self.marks.insert(place, now);
            if let Some(before) = before
                && (now.high_watermark < before.high_watermark || now.log_start < before.log_start)
            {
                let text = format!("{partition} of {id} in {epoch:?}: {before:?}, then {now:?}");
                history.violation(Kind::WentBack, text);
            }
        }
    }

    fn image(&mut self, id: i32, node: &Node, history: &History) {
        let image = node.image.load_full();
        let end = image.provenance.end_offset();
        if self.looked.insert(id, end) == Some(end) {
            return;
        }
        let mut hasher = DefaultHasher::new();
        let mut text = String::new();
        for record in image.records() {
            text.clear();
            let _ = write!(text, "{record:?}");
            text.hash(&mut hasher);
        }
        let hash = hasher.finish();
        let (known, first) = *self.images.entry(end).or_insert((hash, id));
        if known != hash {
            let text = format!("{first} and {id} differ at offset {end}");
            history.violation(Kind::MetadataDiverged, text);
        }
    }
}

/// Base offset, leader epoch and checksum of every batch below an offset; what cannot be read is
/// left out.
fn content(replica: &Replica, upper: i64) -> Vec<(i64, i32, u32)> {
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
