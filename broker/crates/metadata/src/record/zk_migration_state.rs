//! `ZkMigrationStateRecord`, key 21.

use barnabas_wire::Message;

/// State of a migration from ZooKeeper. Ignored since 4.0.
#[derive(Clone, Debug, PartialEq, Message)]
#[message(versions = "0", flexible = "0+")]
pub struct ZkMigrationStateRecord {
    /// The state.
    pub zk_migration_state: i8,
}
