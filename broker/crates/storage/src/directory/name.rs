//! Names of partition directories (`UnifiedLog.parseTopicPartitionName`).

use std::fmt;
use std::sync::Arc;

/// Longest file name that Linux file systems take.
const NAME_MAX: usize = 255;

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// Topic name.
    pub topic: Arc<str>,
    /// Partition number, from 0.
    pub partition: i32,
}

impl TopicPartition {
    /// Names a partition.
    #[must_use]
    pub fn new(topic: &str, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }

    /// `<topic>-<partition>`.
    #[must_use]
    pub fn directory(&self) -> String {
        format!("{}-{}", self.topic, self.partition)
    }

    /// Name of the directory of a deleted partition; `unique` keeps it apart from earlier ones.
    #[must_use]
    pub fn deleted_directory(&self, unique: u128) -> String {
        self.suffixed(unique, "-delete")
    }

    /// Name of the directory of a partition that is not assigned to this broker.
    #[must_use]
    pub fn stray_directory(&self, unique: u128) -> String {
        self.suffixed(unique, "-stray")
    }

    /// The topic is cut so that the name fits.
    fn suffixed(&self, unique: u128, end: &str) -> String {
        let tail = format!("-{}.{unique:032x}{end}", self.partition);
        let keep = NAME_MAX.saturating_sub(tail.len()).min(self.topic.len());
        let cut = (0..=keep).rev().find(|at| self.topic.is_char_boundary(*at)).unwrap_or(0);
        format!("{}{tail}", &self.topic[..cut])
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// What the name of a directory in a log directory says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryName {
    /// To be deleted.
    Deleted(TopicPartition),
    /// The future place of a partition that is being moved between log directories.
    Future(TopicPartition),
    /// In use.
    Partition(TopicPartition),
    /// Not assigned to this broker.
    Stray(TopicPartition),
}

impl DirectoryName {
    /// Parses a name; `None` if it is not a partition's.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let staged = |end: &str| {
            let (name, unique) = name.strip_suffix(end)?.rsplit_once('.')?;
            let is_unique =
                unique.len() == 32 && unique.bytes().all(|digit| digit.is_ascii_hexdigit());
            is_unique.then(|| parse_partition(name)).flatten()
        };
        if let Some(partition) = staged("-delete") {
            return Some(Self::Deleted(partition));
        }
        if let Some(partition) = staged("-future") {
            return Some(Self::Future(partition));
        }
        if let Some(partition) = staged("-stray") {
            return Some(Self::Stray(partition));
        }
        parse_partition(name).map(Self::Partition)
    }
}

/// The number is after the last dash; topics may contain dashes and dots.
fn parse_partition(name: &str) -> Option<TopicPartition> {
    let (topic, partition) = name.rsplit_once('-')?;
    let digits = !partition.is_empty() && partition.bytes().all(|digit| digit.is_ascii_digit());
    if topic.is_empty() || !digits {
        return None;
    }
    Some(TopicPartition::new(topic, partition.parse().ok()?))
}
