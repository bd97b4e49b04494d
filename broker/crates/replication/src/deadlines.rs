//! Deadlines of many waiting things, earliest first.

use std::collections::BTreeSet;

/// A set of (deadline, id) pairs. The shell sleeps until [`Deadlines::next`] and nothing polls.
#[derive(Debug)]
pub struct Deadlines<I> {
    queue: BTreeSet<(i64, I)>,
}

impl<I> Default for Deadlines<I> {
    fn default() -> Self {
        Self { queue: BTreeSet::new() }
    }
}

impl<I: Copy + Ord> Deadlines<I> {
    /// Adds a deadline. The same id may wait for several.
    pub fn insert(&mut self, deadline_ms: i64, id: I) {
        self.queue.insert((deadline_ms, id));
    }

    /// Removes exactly this deadline; says whether it was there.
    pub fn remove(&mut self, deadline_ms: i64, id: I) -> bool {
        self.queue.remove(&(deadline_ms, id))
    }

    /// The earliest deadline.
    #[must_use]
    pub fn next(&self) -> Option<i64> {
        self.queue.first().map(|(deadline, _)| *deadline)
    }

    /// Takes the earliest id whose deadline is at or before `now_ms`.
    pub fn pop_due(&mut self, now_ms: i64) -> Option<I> {
        if self.next()? > now_ms {
            return None;
        }
        self.queue.pop_first().map(|(_, id)| id)
    }

    /// How many deadlines are pending.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether nothing is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
