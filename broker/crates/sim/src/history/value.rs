//! Partitions and values.

use std::fmt::{self, Debug, Display, Formatter};
use std::sync::Arc;

/// A partition, as a client names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Partition {
    /// Topic name.
    pub topic: Arc<str>,
    /// Number, from 0.
    pub number: i32,
}

impl Partition {
    /// The partition of a topic.
    #[must_use]
    pub fn new(topic: &str, number: i32) -> Self {
        Self { topic: Arc::from(topic), number }
    }
}

impl Display for Partition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.number)
    }
}

/// The value of a record, of which there is only one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value {
    /// Who sent it.
    pub producer: u32,
    /// Which of the sender's it is.
    pub number: u32,
}

impl Value {
    /// Reads the text of a value.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (producer, number) = text.trim_end().strip_prefix('p')?.split_once(':')?;
        Some(Self { producer: producer.parse().ok()?, number: number.parse().ok()? })
    }

    /// A timestamp for it.
    #[must_use]
    pub fn timestamp_ms(self) -> i64 {
        crate::clock::EPOCH_MS + i64::from(self.number)
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "p{}:{}", self.producer, self.number)
    }
}

impl Debug for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

/// A record that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// Its offset.
    pub offset: i64,
    /// The leader epoch of its batch.
    pub epoch: i32,
    /// Its value, if it is one of the simulation's.
    pub value: Option<Value>,
}
