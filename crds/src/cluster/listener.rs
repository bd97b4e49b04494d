//! Where clients connect.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// A port where clients connect, in plaintext.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(
    validation = Rule::new("!(self.name in ['controller', 'http', 'replication'])")
        .message(
            "controller, http and replication name the broker's own ports: choose another name"
        ),
    validation = Rule::new("!(self.port in [8080, 9090, 9091])")
        .message(
            "ports 8080, 9090 and 9091 are the broker's own (HTTP, controller, replication): \
             choose another, such as 9092"
        )
)]
pub struct Listener {
    /// Name of the listener, unique in the cluster; upper-cased it is Kafka's listener name.
    #[schemars(length(min = 1, max = 15), regex(pattern = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,

    /// TCP port, unique in the cluster, above 1023.
    #[schemars(range(min = 1024, max = 65535))]
    pub port: i32,
}
