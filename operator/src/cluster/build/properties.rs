//! `server.properties` of a pool's nodes: what they share. What differs from node to node is on
//! the command line of each.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::super::defaults;
use super::super::validate::{Cluster, Pool};
use super::{CONTROLLER_PORT, REPLICATION_PORT, pod, quorum};

/// Kafka's name of the listener among controllers.
pub const CONTROLLER: &str = "CONTROLLER";

/// Where controllers are found by who knows none yet.
const BOOTSTRAP: &str = "controller.quorum.bootstrap.servers";

/// The file's text; the same properties give the same text.
pub fn text(cluster: &Cluster, pool: &Pool) -> String {
    written(&properties(cluster, pool))
}

/// What of it a node has to be restarted for. Where controllers are found is not: a node that runs
/// follows the quorum, and asks for it again only when it starts.
pub fn that_restart(cluster: &Cluster, pool: &Pool) -> String {
    let mut properties = properties(cluster, pool);
    properties.remove(BOOTSTRAP);
    written(&properties)
}

fn properties(cluster: &Cluster, pool: &Pool) -> BTreeMap<String, String> {
    let mut properties = defaults::of_brokers(cluster);
    properties.extend(cluster.config.clone());
    properties.extend(managed(cluster, pool).map(|(name, value)| (name.to_owned(), value)));
    if pool.controller {
        properties.insert("controller.quorum.auto.join.enable".to_owned(), true.to_string());
    }
    if let Some(rack) = pool.rack.as_ref().filter(|_| pool.broker) {
        properties.insert("broker.rack".to_owned(), rack.clone());
    }
    if pool.broker {
        let name = "inter.broker.listener.name".to_owned();
        properties.insert(name, "REPLICATION".to_owned());
    }
    properties
}

fn written(properties: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (name, value) in properties {
        let _ = writeln!(text, "{name}={}", escaped(value));
    }
    text
}

fn managed(cluster: &Cluster, pool: &Pool) -> [(&'static str, String); 6] {
    let roles: Vec<&str> = [("broker", pool.broker), ("controller", pool.controller)]
        .into_iter()
        .filter_map(|(role, has)| has.then_some(role))
        .collect();
    let plaintext: Vec<String> =
        all_listeners(cluster).iter().map(|(name, _)| format!("{name}:PLAINTEXT")).collect();
    let sockets: Vec<String> =
        listeners(cluster, pool).iter().map(|(name, port)| format!("{name}://:{port}")).collect();
    [
        ("process.roles", roles.join(",")),
        ("controller.listener.names", CONTROLLER.to_owned()),
        ("listener.security.protocol.map", plaintext.join(",")),
        ("listeners", sockets.join(",")),
        (BOOTSTRAP, quorum::bootstrap_servers(cluster)),
        ("log.dirs", pod::DATA_DIR.to_owned()),
    ]
}

/// Kafka's listener names with their ports, as a pool's nodes have them.
pub fn listeners(cluster: &Cluster, pool: &Pool) -> Vec<(String, i32)> {
    let has = |name: &str| if name == CONTROLLER { pool.controller } else { pool.broker };
    all_listeners(cluster).into_iter().filter(|(name, _)| has(name)).collect()
}

/// Those of all nodes: the protocol of a listener must be known to whoever connects to it, too.
fn all_listeners(cluster: &Cluster) -> Vec<(String, i32)> {
    let own =
        [(CONTROLLER.to_owned(), CONTROLLER_PORT), ("REPLICATION".to_owned(), REPLICATION_PORT)];
    let clients = cluster
        .listeners
        .iter()
        .map(|listener| (listener.name.to_uppercase().replace('-', "_"), listener.port));
    own.into_iter().chain(clients).collect()
}

/// A value that a reader of Java properties gets back unchanged.
fn escaped(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
    match escaped.strip_prefix(' ') {
        Some(rest) => format!("\\ {rest}"),
        None => escaped,
    }
}
