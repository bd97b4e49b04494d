//! `server.properties` of a pool's nodes: what they share. What differs from node to node is on
//! the command line of each.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::super::validate::{Cluster, Pool};
use super::{CONTROLLER_PORT, REPLICATION_PORT, pod};

/// The file's text; the same properties give the same text.
pub fn text(cluster: &Cluster, pool: &Pool) -> String {
    let mut properties = internal_topics(cluster);
    properties.extend(cluster.config.clone());
    let names: Vec<(String, i32)> = listeners(cluster);
    let plaintext: Vec<String> =
        names.iter().map(|(name, _)| format!("{name}:PLAINTEXT")).collect();
    let sockets: Vec<String> =
        names.iter().map(|(name, port)| format!("{name}://:{port}")).collect();
    let managed = [
        ("process.roles", "broker,controller".to_owned()),
        ("controller.listener.names", "CONTROLLER".to_owned()),
        ("inter.broker.listener.name", "REPLICATION".to_owned()),
        ("listener.security.protocol.map", plaintext.join(",")),
        ("listeners", sockets.join(",")),
        ("controller.quorum.voters", voters(cluster)),
        ("log.dirs", pod::DATA_DIR.to_owned()),
    ];
    properties.extend(managed.map(|(name, value)| (name.to_owned(), value)));
    if let Some(rack) = &pool.rack {
        properties.insert("broker.rack".to_owned(), rack.clone());
    }
    let mut text = String::new();
    for (name, value) in properties {
        let _ = writeln!(text, "{name}={}", escaped(&value));
    }
    text
}

/// The topic of committed offsets has three replicas by default, and is never created on fewer
/// brokers: then groups would not work.
fn internal_topics(cluster: &Cluster) -> BTreeMap<String, String> {
    let brokers: usize = cluster.pools.iter().map(|pool| pool.node_ids().count()).sum();
    let replicas = brokers.clamp(1, 3).to_string();
    BTreeMap::from([("offsets.topic.replication.factor".to_owned(), replicas)])
}

/// Kafka's listener names with their ports; the first is the controllers'.
pub fn listeners(cluster: &Cluster) -> Vec<(String, i32)> {
    let own =
        [("CONTROLLER".to_owned(), CONTROLLER_PORT), ("REPLICATION".to_owned(), REPLICATION_PORT)];
    let clients = cluster
        .listeners
        .iter()
        .map(|listener| (listener.name.to_uppercase().replace('-', "_"), listener.port));
    own.into_iter().chain(clients).collect()
}

fn voters(cluster: &Cluster) -> String {
    let voter = |pool: &Pool, node_id: i32| {
        format!("{node_id}@{}:{CONTROLLER_PORT}", pod::host(cluster, &pool.pod(node_id)))
    };
    let voters: Vec<String> = cluster
        .pools
        .iter()
        .flat_map(|pool| pool.node_ids().map(move |node_id| voter(pool, node_id)))
        .collect();
    voters.join(",")
}

/// A value that a reader of Java properties gets back unchanged.
fn escaped(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
    match escaped.strip_prefix(' ') {
        Some(rest) => format!("\\ {rest}"),
        None => escaped,
    }
}
