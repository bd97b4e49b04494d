//! Where the racks of brokers come from.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// The label with the zone of a node (Kubernetes: well-known labels).
pub const ZONE: &str = "topology.kubernetes.io/zone";

/// Where the racks of brokers come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rack {
    /// Label of Kubernetes nodes whose value is the rack of the brokers on the node, and over
    /// whose values the pods spread. A `rack` of a node pool goes first.
    #[serde(default = "zone")]
    #[schemars(
        length(min = 1, max = 317),
        regex(
            pattern = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
        )
    )]
    pub topology_key: String,
}

fn zone() -> String {
    ZONE.to_owned()
}
