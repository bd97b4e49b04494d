//! What is known of one partition's records.

use std::collections::BTreeMap;

use super::{Guarantee, Kind, Promise, Read, Value};

#[derive(Debug, Default)]
pub(super) struct PartitionHistory {
    values: BTreeMap<Value, Sent>,
    /// Every record that was ever read, by offset: they are below the high watermark.
    seen: BTreeMap<i64, Option<Value>>,
}

#[derive(Debug)]
struct Sent {
    guarantee: Guarantee,
    /// Where it is, if that was said.
    offset: Option<i64>,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Open,
    Acked,
    Uncertain,
    Failed,
}

type Findings = Vec<(Kind, String)>;

impl PartitionHistory {
    pub(super) fn sent(&mut self, value: Value, guarantee: Guarantee) {
        self.values.insert(value, Sent { guarantee, offset: None, outcome: Outcome::Open });
    }

    pub(super) fn acked(
        &mut self,
        values: &[Value],
        base: Option<i64>,
        promise: Promise,
    ) -> Findings {
        let mut findings = Findings::new();
        for (index, value) in values.iter().enumerate() {
            let Some(sent) = self.values.get_mut(value) else { continue };
            sent.outcome = Outcome::Acked;
            // The answer to a duplicate may leave the offset open.
            sent.offset = base.filter(|base| *base >= 0).map(|base| base + index as i64);
            let seen = sent.offset.and_then(|offset| self.seen.get(&offset));
            if let Some(seen) = seen.filter(|seen| **seen != Some(*value))
                && promise.keeps(sent.guarantee)
            {
                let offset = sent.offset;
                let text = format!("{value} was acknowledged at {offset:?}, which has {seen:?}");
                findings.push((Kind::WrongOffset, text));
            }
        }
        findings
    }

    pub(super) fn gave_up(&mut self, values: &[Value], uncertain: bool) {
        for value in values {
            if let Some(sent) = self.values.get_mut(value) {
                sent.outcome = if uncertain { Outcome::Uncertain } else { Outcome::Failed };
            }
        }
    }

    pub(super) fn read(&mut self, from: i64, reads: &[Read], promise: Promise) -> Findings {
        let mut findings = Findings::new();
        let mut expected = from;
        for read in reads {
            if read.offset < expected {
                let text = format!("{} came after {}", read.offset, expected - 1);
                findings.push((Kind::NonMonotonicRead, text));
            } else if read.offset > expected && promise.durable {
                let text = format!("{} came where {expected} was expected", read.offset);
                findings.push((Kind::SkippedRead, text));
            }
            expected = read.offset + 1;
            findings.extend(self.look(read, promise));
        }
        findings
    }

    fn look(&mut self, read: &Read, promise: Promise) -> Findings {
        let mut findings = Findings::new();
        let Read { offset, value, epoch } = *read;
        let before = self.seen.insert(offset, value);
        if let Some(before) = before.filter(|before| *before != value)
            && promise.durable
        {
            let text = format!("offset {offset} had {before:?}, now {value:?} of epoch {epoch}");
            findings.push((Kind::InconsistentOffset, text));
        }
        let Some(sent) = value.and_then(|value| self.values.get(&value)) else {
            findings.push((Kind::Foreign, format!("offset {offset} has {value:?}")));
            return findings;
        };
        if sent.outcome == Outcome::Failed {
            findings.push((Kind::FailedRead, format!("offset {offset} has {value:?}")));
        }
        if sent.outcome == Outcome::Acked
            && sent.offset.is_some_and(|told| told != offset)
            && promise.keeps(sent.guarantee)
            && sent.guarantee.idempotent
        {
            let text = format!("{value:?} is at {offset}, was acknowledged at {:?}", sent.offset);
            findings.push((Kind::WrongOffset, text));
        }
        findings
    }

    /// Values of one idempotent producer are in the order in which it sent them.
    fn order(&self, reads: &[Read]) -> Findings {
        let mut findings = Findings::new();
        let mut last: BTreeMap<u32, Value> = BTreeMap::new();
        for value in reads.iter().filter_map(|read| read.value) {
            let idempotent = self.values.get(&value).is_some_and(|s| s.guarantee.idempotent);
            let before = last.insert(value.producer, value);
            if let Some(before) = before.filter(|before| idempotent && *before > value) {
                findings.push((Kind::Reordered, format!("{value} came after {before}")));
            }
        }
        findings
    }

    /// Where the log ends at least, as far as clients were told.
    pub(super) fn end(&self) -> i64 {
        let seen = self.seen.last_key_value().map(|(offset, _)| *offset);
        let kept = self.values.values().filter(|sent| sent.outcome == Outcome::Acked);
        let acked = kept.filter(|sent| sent.guarantee.acks == -1).filter_map(|sent| sent.offset);
        acked.chain(seen).max().map_or(0, |last| last + 1)
    }

    pub(super) fn finish(&mut self, reads: &[Read], promise: Promise) -> Findings {
        let mut findings = Findings::new();
        let mut places: BTreeMap<Value, Vec<i64>> = BTreeMap::new();
        for read in reads {
            if let Some(value) = read.value {
                places.entry(value).or_default().push(read.offset);
            }
        }
        for (value, sent) in &self.values {
            let found = places.get(value).map_or(0, Vec::len);
            if found == 0 && sent.outcome == Outcome::Acked && promise.keeps(sent.guarantee) {
                let text = format!("{value}, acknowledged at {:?}", sent.offset);
                findings.push((Kind::AckedLost, text));
            }
            if found > 1 && sent.guarantee.idempotent {
                findings.push((Kind::Duplicate, format!("{value} is at {:?}", places[value])));
            }
        }
        findings.extend(self.order(reads));
        let idle = !self.values.values().any(|sent| sent.outcome == Outcome::Acked);
        if idle {
            findings.push((Kind::Unavailable, "nothing was ever acknowledged".to_owned()));
        }
        let end = reads.last().map_or(0, |read| read.offset + 1);
        if let Some((offset, value)) = self.seen.range(end..).next()
            && promise.durable
        {
            let text = format!("{value:?} at {offset} was read, the log ends at {end}");
            findings.push((Kind::Vanished, text));
        }
        findings
    }
}
