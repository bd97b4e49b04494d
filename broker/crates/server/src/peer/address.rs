//! Where a peer is.

use std::fmt;

/// A node and one of its listeners.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerAddress {
    /// `node.id`; negative for an address of which only the place is known.
    pub id: i32,
    /// Host name or IP address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.id >= 0 {
            write!(f, "node {} at ", self.id)?;
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}
