//! The quorum of controllers: who votes first, and where it is found.
//!
//! A quorum is made once, of controllers whose directory ids are known before they exist: each
//! writes the same list of voters on its empty disk. Afterwards the list is empty, and a controller
//! that has lost its disk joins the others. With the list it would come back as the voter that it
//! was, and vote about metadata that it does not have any more.

use barnabas_wire::Uuid;
use serde_json::Value;

use super::super::validate::Cluster;
use super::{CONTROLLER_PORT, config_map, pod};

/// Where controllers are found: `controller.quorum.bootstrap.servers`.
pub fn bootstrap_servers(cluster: &Cluster) -> String {
    let servers = controllers(cluster).into_iter().map(|(_, address)| address);
    servers.collect::<Vec<_>>().join(",")
}

/// What `--initial-controllers` is given: the first voters, none once the quorum was formed.
pub fn initial_controllers(cluster: &Cluster) -> String {
    if cluster.quorum_formed {
        return String::new();
    }
    let voter =
        |(id, address): (i32, String)| format!("{id}@{address}:{}", directory_id(&cluster.id, id));
    controllers(cluster).into_iter().map(voter).collect::<Vec<_>>().join(",")
}

/// The ids of the voters that a pool's ConfigMap names, if it does.
pub fn voters_of(config_map: &Value) -> Vec<i32> {
    let text = config_map["data"][config_map::INITIAL_CONTROLLERS].as_str().unwrap_or_default();
    text.split(',').filter_map(|voter| voter.split_once('@')?.0.parse().ok()).collect()
}

fn controllers(cluster: &Cluster) -> Vec<(i32, String)> {
    let controllers = cluster.nodes().filter(|(_, pool)| pool.controller);
    controllers
        .map(|(id, pool)| (id, format!("{}:{CONTROLLER_PORT}", pod::host(cluster, &pool.pod(id)))))
        .collect()
}

/// The id of a controller's first disk: always the same for a node of a cluster, and of no other.
fn directory_id(cluster_id: &str, node_id: i32) -> Uuid {
    let half = |part: &str| hash(&format!("{cluster_id}/{node_id}/{part}")).to_be_bytes();
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&half("high"));
    bytes[8..].copy_from_slice(&half("low"));
    // A random UUID (version 4) to whoever looks; never one of Kafka's reserved ones.
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    Uuid(bytes)
}

/// FNV-1a with the finish of `MurmurHash3`, which spreads the last characters over all bits.
fn hash(text: &str) -> u64 {
    let mut hash = crate::fingerprint::fnv(text);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::super::fixtures::{ID, separate, three};
    use super::*;

    #[test]
    fn directory_ids_are_stable_and_differ() {
        // Written on disks: it must never change.
        assert_eq!(directory_id(ID, 0).to_string(), "shIwXHXvQeyz5DWbqF2G8w");
        let ids: BTreeSet<String> =
            (0..100).map(|node| directory_id(ID, node).to_string()).collect();
        assert_eq!(ids.len(), 100);
        assert_ne!(directory_id("another", 0), directory_id(ID, 0));
    }

    #[test]
    fn all_controllers_vote_first_and_nobody_else() {
        let voters = initial_controllers(&separate());
        let ids: Vec<&str> = voters.split(',').filter_map(|v| Some(v.split_once('@')?.0)).collect();
        assert_eq!(ids, ["0", "1", "2"]);
        let first = "0@events-control-0.events-brokers.kafka.svc:9090:";
        assert!(voters.starts_with(first), "{voters}");
        let servers = bootstrap_servers(&three());
        assert!(
            servers.starts_with("events-brokers-0.events-brokers.kafka.svc:9090,"),
            "{servers}"
        );
    }

    #[test]
    fn a_quorum_is_formed_once() {
        let mut cluster = three();
        cluster.quorum_formed = true;
        assert_eq!(initial_controllers(&cluster), "");
    }
}
