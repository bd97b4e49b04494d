//! The addresses of a bed. Each has a network namespace of its own, so only what the host must
//! reach needs to differ from bed to bed: a slot number is part of every address.

use std::fmt;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

/// How many beds may exist at once on one host.
pub const SLOTS: u8 = 16;

/// One of the places for a bed on this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot(pub u8);

impl Slot {
    /// The name of the network namespace.
    pub fn namespace(self) -> String {
        format!("barnabas-{}", self.0)
    }

    /// The host's end of the link to the bed.
    pub fn host(self) -> Ipv4Addr {
        Ipv4Addr::new(10, 192 + self.0, 0, 1)
    }

    /// The bed's end of the link to the host.
    pub fn uplink(self) -> Ipv4Addr {
        Ipv4Addr::new(10, 192 + self.0, 0, 2)
    }

    /// The name of the host's end of the link.
    pub fn host_link(self) -> String {
        format!("barnabas{}", self.0)
    }

    /// The bridge of all pods; the API server and the DNS server listen here.
    pub fn bridge(self) -> Ipv4Addr {
        self.pod_address(0, 1)
    }

    /// The address of a node (from 1).
    pub fn node(self, node: u8) -> Ipv4Addr {
        self.pod_address(0, 10 + node)
    }

    /// All pods.
    pub fn pods(self) -> String {
        format!("{}/16", self.pod_address(0, 0))
    }

    /// The first and the last address for pods of a node (from 1).
    pub fn pod_range(self, node: u8) -> (Ipv4Addr, Ipv4Addr) {
        (self.pod_address(node, 1), self.pod_address(node, 254))
    }

    /// All Services.
    pub fn services(self) -> String {
        format!("{}/16", Ipv4Addr::new(10, 160 + self.0, 0, 0))
    }

    /// The Service `kubernetes`.
    pub fn api_service(self) -> Ipv4Addr {
        Ipv4Addr::new(10, 160 + self.0, 0, 1)
    }

    /// The Service of the DNS server.
    pub fn dns_service(self) -> Ipv4Addr {
        Ipv4Addr::new(10, 160 + self.0, 0, 10)
    }

    fn pod_address(self, third: u8, fourth: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 128 + self.0, third, fourth)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
