//! Group coordination: the classic protocol and committed offsets.
//!
//! A [`Coordinator`] is the state of one `__consumer_offsets` partition. Requests and timers change
//! it at once and yield a [`Step`]: records for the log, and replies. The shell appends the records
//! and gives out every reply only when all that was appended so far is below the high watermark, so
//! that nobody is told what could still be lost. A failed append is undone by rebuilding the state
//! from the log. Other kinds of groups (KIP-848, KIP-932) stand beside `classic`.

#[cfg(test)]
mod bench;
mod classic;
mod config;
mod coordinator;
mod error;
mod member_id;
mod offsets;
mod record;
mod step;
mod timers;

pub use config::Config;
pub use coordinator::{Coordinator, GROUPS_MAX};
pub use error::GroupError;
pub use member_id::Randomness;
pub use offsets::CommittedOffset;
pub use record::{Decoded, GroupMetadata, MemberMetadata, Record, RecordError, decode};
pub use step::{Client, Reply, Step, Ticket};

/// The partition of `__consumer_offsets` that a group belongs to: Java's `String.hashCode`, as
/// every Kafka tool computes it.
#[must_use]
pub fn partition_of(group_id: &str, partitions: i32) -> i32 {
    let hash = group_id
        .encode_utf16()
        .fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    (hash & i32::MAX) % partitions.max(1)
}

#[cfg(test)]
mod tests {
    use super::partition_of;

    #[test]
    fn groups_are_placed_as_java_hashes_strings() {
        assert_eq!(partition_of("", 50), 0);
        assert_eq!(partition_of("console-consumer-1", 50), 24);
        assert_eq!(partition_of("größe-€-😀", i32::MAX), 1_958_612_064);
    }
}
