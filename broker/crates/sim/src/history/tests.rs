//! Histories written by hand: of each check one that it must accept and one that it must reject.

use barnabas_wire::ErrorCode;

use super::*;

const ALL: Guarantee = Guarantee { acks: -1, idempotent: true };
const PLAIN: Guarantee = Guarantee { acks: -1, idempotent: false };
const LEADER_ONLY: Guarantee = Guarantee { acks: 1, idempotent: false };

const fn value(number: u32) -> Value {
    Value { producer: 1, number }
}

/// Records with these values, one after the other from an offset.
fn reads(from: i64, values: &[u32]) -> Vec<Read> {
    let read = |(index, number): (usize, &u32)| Read {
        offset: from + index as i64,
        epoch: 1,
        value: Some(value(*number)),
    };
    values.iter().enumerate().map(read).collect()
}

/// A history of one partition.
struct Story {
    history: History,
    partition: Partition,
}

impl Story {
    fn begin(durable: bool) -> Self {
        let history = History::new(Trace::new(false), Promise { durable });
        Self { history, partition: Partition::new("topic", 0) }
    }

    fn durable() -> Self {
        Self::begin(true)
    }

    /// Each value is sent alone and acknowledged at the offset beside it.
    fn acked(self, guarantee: Guarantee, batches: &[(u32, i64)]) -> Self {
        for (number, offset) in batches {
            self.history.sent(&self.partition, value(*number), guarantee);
            self.history.acked(&self.partition, &[value(*number)], Some(*offset));
        }
        self
    }

    fn gave_up(self, number: u32, uncertain: bool) -> Self {
        self.history.sent(&self.partition, value(number), ALL);
        self.history.gave_up(&self.partition, &[value(number)], uncertain);
        self
    }

    fn read(self, from: i64, found: &[Read]) -> Self {
        self.history.read(&self.partition, from, found);
        self
    }

    fn finally(self, found: &[Read]) -> Self {
        self.history.read_finally(&self.partition, found);
        self
    }

    #[track_caller]
    fn is_accepted(&self) {
        assert_eq!(self.history.violations(), []);
    }

    #[track_caller]
    fn is_rejected(&self, kind: Kind) {
        let kinds: Vec<Kind> = self.history.violations().iter().map(|found| found.kind).collect();
        assert!(!kinds.is_empty() && kinds.iter().all(|found| *found == kind), "{kinds:?}");
    }
}

#[test]
fn what_is_acknowledged_is_there_in_the_end() {
    let acked = || Story::durable().acked(PLAIN, &[(0, 0), (1, 1)]);
    acked().finally(&reads(0, &[0, 1])).is_accepted();
    acked().finally(&reads(0, &[0])).is_rejected(Kind::AckedLost);
}

#[test]
fn what_only_the_leader_acknowledged_may_be_lost() {
    Story::durable().acked(LEADER_ONLY, &[(0, 0), (1, 1)]).finally(&reads(0, &[0])).is_accepted();
    let undurable = Story::begin(false).acked(PLAIN, &[(0, 0), (1, 1)]);
    undurable.finally(&reads(0, &[0])).is_accepted();
}

#[test]
fn a_value_of_an_idempotent_producer_is_there_once() {
    let found = reads(0, &[0, 1, 1]);
    Story::durable().acked(PLAIN, &[(0, 0), (1, 1)]).finally(&found).is_accepted();
    Story::durable().acked(ALL, &[(0, 0), (1, 1)]).finally(&found).is_rejected(Kind::Duplicate);
}

#[test]
fn values_of_an_idempotent_producer_are_in_order() {
    let found = reads(0, &[1, 0]);
    Story::durable().acked(PLAIN, &[(0, 1), (1, 0)]).finally(&found).is_accepted();
    Story::durable().acked(ALL, &[(0, 1), (1, 0)]).finally(&found).is_rejected(Kind::Reordered);
}

#[test]
fn an_offset_keeps_its_value() {
    let read = || Story::durable().acked(PLAIN, &[(0, 0), (1, 1)]).read(0, &reads(0, &[0, 1]));
    read().read(0, &reads(0, &[0, 1])).is_accepted();
    read().read(1, &reads(1, &[0])).is_rejected(Kind::InconsistentOffset);
}

#[test]
fn records_come_in_order_and_without_a_gap() {
    let acked = || Story::durable().acked(PLAIN, &[(0, 0), (1, 1), (2, 2)]);
    let mut found = reads(0, &[0, 1, 2]);
    acked().read(0, &found).is_accepted();
    acked().read(0, &[found[0], found[2]]).is_rejected(Kind::SkippedRead);
    acked().read(1, &found).is_rejected(Kind::NonMonotonicRead);
    found.swap(1, 2);
    let story = acked().read(0, &found);
    let kinds: Vec<Kind> = story.history.violations().iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [Kind::SkippedRead, Kind::NonMonotonicRead]);
}

#[test]
fn what_was_read_does_not_vanish() {
    let read = || Story::durable().acked(LEADER_ONLY, &[(0, 0), (1, 1)]);
    let read = || read().read(0, &reads(0, &[0, 1]));
    read().finally(&reads(0, &[0, 1])).is_accepted();
    read().finally(&reads(0, &[0])).is_rejected(Kind::Vanished);
    let story = read();
    story.history.out_of_range(&story.partition, 2);
    story.is_rejected(Kind::Vanished);
}

#[test]
fn a_value_is_where_it_was_said_to_be() {
    let acked = |offset| Story::durable().acked(ALL, &[(0, 0), (1, offset)]);
    acked(1).read(0, &reads(0, &[0, 1])).is_accepted();
    acked(0).read(0, &reads(0, &[0, 1])).is_rejected(Kind::WrongOffset);
    // The other way round: read first, acknowledged then.
    let early = |offset| {
        let story = Story::durable();
        story.history.sent(&story.partition, value(0), ALL);
        story.history.sent(&story.partition, value(1), ALL);
        let story = story.read(0, &reads(0, &[0, 1]));
        story.history.acked(&story.partition, &[value(1)], Some(offset));
        story
    };
    early(1).is_accepted();
    early(0).is_rejected(Kind::WrongOffset);
}

#[test]
fn the_answer_to_a_duplicate_may_leave_the_offset_open() {
    for unknown in [None, Some(-1)] {
        let story = Story::durable();
        story.history.sent(&story.partition, value(0), ALL);
        story.history.acked(&story.partition, &[value(0)], unknown);
        story.read(0, &reads(0, &[0])).finally(&reads(0, &[0])).is_accepted();
    }
}

#[test]
fn what_surely_failed_is_not_read() {
    let gave_up = |uncertain| Story::durable().acked(ALL, &[(0, 0)]).gave_up(1, uncertain);
    gave_up(true).read(0, &reads(0, &[0, 1])).is_accepted();
    gave_up(true).read(0, &reads(0, &[0])).is_accepted();
    gave_up(false).read(0, &reads(0, &[0, 1])).is_rejected(Kind::FailedRead);
}

#[test]
fn what_nobody_sent_is_not_read() {
    Story::durable().acked(ALL, &[(0, 0)]).read(0, &reads(0, &[0, 1])).is_rejected(Kind::Foreign);
}

#[test]
fn a_partition_that_acknowledges_nothing_is_not_available() {
    Story::durable().gave_up(0, true).finally(&[]).is_rejected(Kind::Unavailable);
}

#[test]
fn a_producer_keeps_its_sequence() {
    let lost = |durable, guarantee| {
        let story = Story::begin(durable);
        let code = ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER;
        story.history.sequence_lost(&story.partition, code, guarantee);
        story
    };
    lost(false, ALL).is_accepted();
    lost(true, LEADER_ONLY).is_accepted();
    lost(true, ALL).is_rejected(Kind::SequenceLost);
}

#[test]
fn a_producer_id_is_given_out_once() {
    let given = |ids: [(i64, i16); 2]| {
        let story = Story::durable();
        for (id, epoch) in ids {
            story.history.producer_id(id, epoch);
        }
        story
    };
    given([(1, 0), (2, 0)]).is_accepted();
    given([(1, 0), (1, 1)]).is_accepted();
    given([(1, 0), (1, 0)]).is_rejected(Kind::ProducerId);
}

/// A group that commits offsets, each acknowledged or not, and then asks for what it has.
fn commits(durable: bool, tried: &[(i64, bool)], fetched: &[i64]) -> Story {
    let story = Story::begin(durable);
    let Story { history, partition } = &story;
    for (offset, acked) in tried {
        history.committing("group", partition, *offset);
        if *acked {
            history.committed("group", partition, *offset);
        }
    }
    for offset in fetched {
        history.fetched_commit("group", partition, *offset);
    }
    story
}

#[test]
fn a_committed_offset_is_neither_lost_nor_older() {
    commits(true, &[(5, true)], &[5]).is_accepted();
    commits(true, &[(5, true)], &[-1]).is_rejected(Kind::CommitLost);
    commits(true, &[(5, true), (7, true)], &[5]).is_rejected(Kind::CommitLost);
    commits(false, &[(5, true)], &[-1]).is_accepted();
}

#[test]
fn a_commit_without_an_answer_is_there_or_not_but_does_not_go() {
    let tried = [(5, true), (7, false)];
    commits(true, &tried, &[5, 7]).is_accepted();
    commits(true, &tried, &[7]).is_accepted();
    commits(true, &tried, &[7, 5]).is_rejected(Kind::CommitLost);
}

#[test]
fn an_offset_that_was_never_committed_is_not_found() {
    commits(true, &[(5, true)], &[6]).is_rejected(Kind::CommitForeign);
    commits(true, &[], &[0]).is_rejected(Kind::CommitForeign);
    commits(true, &[], &[-1]).is_accepted();
}

#[test]
fn the_first_violations_are_kept() {
    let story = Story::durable();
    for number in 0..100 {
        story.history.violation(Kind::Panic, number.to_string());
    }
    let kept = story.history.violations();
    assert_eq!(kept.len(), VIOLATIONS_MAX);
    assert_eq!(kept[0], Violation { kind: Kind::Panic, text: "0".to_owned() });
}
