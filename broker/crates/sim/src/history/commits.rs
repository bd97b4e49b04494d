//! Committed offsets: each group has one committer, whose offsets only grow.

use std::collections::BTreeMap;

use super::{Kind, Partition, Promise};

#[derive(Debug, Default)]
pub(super) struct Commits {
    groups: BTreeMap<(String, Partition), Committed>,
}

#[derive(Debug)]
struct Committed {
    /// The highest that was acknowledged or seen.
    known: i64,
    /// The highest that was tried: a member that is none any more may try a lower one.
    tried: i64,
}

impl Commits {
    pub(super) fn committing(&mut self, group: &str, partition: &Partition, offset: i64) {
        let of = self.of(group, partition);
        of.tried = of.tried.max(offset);
    }

    pub(super) fn committed(&mut self, group: &str, partition: &Partition, offset: i64) {
        let of = self.of(group, partition);
        of.known = of.known.max(offset);
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
