//! Elections of the metadata quorum: a voter has one vote in an epoch, an epoch one leader.

use std::collections::BTreeMap;

use super::Finding;
use crate::history::Kind;
use crate::network::VoterKey;

#[derive(Debug, Default)]
pub(super) struct Elections {
    /// Whom a voter gave its vote in an epoch.
    votes: BTreeMap<(VoterKey, i32), VoterKey>,
    leaders: BTreeMap<i32, i32>,
}

impl Elections {
    /// A voter gave its vote.
    pub(super) fn voted(
        &mut self,
        voter: VoterKey,
        epoch: i32,
        candidate: VoterKey,
    ) -> Option<Finding> {
        let first = *self.votes.entry((voter, epoch)).or_insert(candidate);
        (first != candidate).then(|| {
            let (voter, first, candidate) = (voter.0, first.0, candidate.0);
            let text = format!("{voter} voted for {first} and {candidate} in epoch {epoch}");
            (Kind::VotedTwice, text)
        })
    }

    /// A controller says that it leads.
    pub(super) fn leads(&mut self, epoch: i32, leader: i32) -> Option<Finding> {
        let first = *self.leaders.entry(epoch).or_insert(leader);
        let text = || format!("{first} and {leader} are controllers of epoch {epoch}");
        (first != leader).then(|| (Kind::TwoControllers, text()))
    }
}
