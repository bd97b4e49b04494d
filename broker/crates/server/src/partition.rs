//! The partitions that this broker holds: logs, replication state, and the requests that wait.

mod append;
mod assignments;
mod checkpoints;
mod directory;
mod fault;
mod flushes;
mod following;
mod key;
mod leading;
mod loss;
mod maintenance;
mod manager;
mod moving;
mod offsets;
mod read;
mod replica;
mod settings;
mod space;
mod stored;
mod waiters;

pub use append::{Produced, Source};
pub use assignments::{Assignment, Assignments};
pub use directory::{LogDir, OpenDirError};
pub use fault::Fault;
pub use following::Replicated;
pub use key::PartitionKey;
pub use loss::Loss;
pub use maintenance::{Intervals, maintain};
pub use manager::Partitions;
pub use moving::{MoveError, Moving};
pub use offsets::FoundOffset;
pub use read::{Read, ReadKind, Wanted};
pub use replica::Replica;
pub use settings::Settings;
pub use space::Purpose;
pub use waiters::{Waiters, expire_waiters};
