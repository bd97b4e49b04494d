//! The numbers of the replication protocol that must not be mixed up.

use std::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// A broker's `node.id`.
    NodeId(i32)
}
number! {
    /// Counts the leaders of a partition; -1 before the first.
    LeaderEpoch(i32)
}
number! {
    /// Counts the changes of a partition's metadata record; -1 before the first.
    PartitionEpoch(i32)
}
number! {
    /// Identifies one registration of a broker; -1 is "not known" and passes every check (KIP-903).
    BrokerEpoch(i64)
}
