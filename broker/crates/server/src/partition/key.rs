//! Names of partitions inside the broker.

use std::fmt;

use barnabas_wire::Uuid;

/// A partition, by the id of its topic: a topic created anew under an old name is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionKey {
    /// Topic id.
    pub topic: Uuid,
    /// Partition number, from 0.
    pub partition: i32,
}

impl fmt::Display for PartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.topic, self.partition)
    }
}
