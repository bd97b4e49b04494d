//! Committed offsets: each group has one committer, whose offsets only grow.

use std::collections::BTreeMap;

use super::{Kind, Partition, Promise};

#[derive(Debug, Default)]
pub(super) struct Commits {
    groups: BTreeMap<(String, Partition), Committed>,
}

#[derive(Debug)]
struct Committed {
    /// The last that was acknowledged or seen.
    known: i64,
    /// The last that was tried.
    tried: i64,
}

impl Commits {
    pub(super) fn committing(&mut self, group: &str, partition: &Partition, offset: i64) {
        self.of(group, partition).tried = offset;
    }

    pub(super) fn committed(&mut self, group: &str, partition: &Partition, offset: i64) {
        self.of(group, partition).known = offset;
    }

    pub(super) fn fetched(
        &mut self,
        group: &str,
        partition: &Partition,
        offset: i64,
        promise: Promise,
    ) -> Option<(Kind, String)> {
        let of = self.of(group, partition);
        if offset > of.tried {
            let tried = of.tried;
            return Some((Kind::CommitForeign, format!("{group}: {offset} is above {tried}")));
        }
        if offset < of.known && promise.durable {
            let known = of.known;
            return Some((Kind::CommitLost, format!("{group}: {offset} after {known}")));
        }
        of.known = offset;
        None
    }

    fn of(&mut self, group: &str, partition: &Partition) -> &mut Committed {
        let key = (group.to_owned(), partition.clone());
        self.groups.entry(key).or_insert(Committed { known: -1, tried: -1 })
    }
}
