//! What was sent, acknowledged and read, and what is wrong with it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::record::Id;

/// How many examples of a kind of violation are named.
const EXAMPLES: usize = 3;

/// What is known of a record that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Neither acknowledged nor given up.
    Open,
    /// Acknowledged by all in-sync replicas.
    Acked,
    /// Given up: it may be in the log or not.
    Failed,
}

/// An acknowledged batch.
#[derive(Clone, Copy, Debug)]
pub struct Ack {
    /// Where it was appended.
    pub partition: i32,
    /// When its first record was due to be sent.
    pub due: Instant,
    /// When it was acknowledged.
    pub at: Instant,
    /// How many records it holds.
    pub records: u32,
}

/// Everything that happened in a load.
#[derive(Debug, Default)]
pub struct History {
    outcomes: BTreeMap<u32, Vec<Outcome>>,
    /// By partition and offset: acknowledged, and read while the load ran.
    seen: BTreeMap<(i32, i64), Id>,
    acks: Vec<Ack>,
    wrong: Vec<String>,
}

/// What is wrong with a load; nothing, if all numbers are 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Records that were handed to the producer.
    pub sent: usize,
    /// Those that were acknowledged.
    pub acked: usize,
    /// Those that the producer gave up.
    pub failed: usize,
    /// Acknowledged, but not in the log.
    pub lost: usize,
    /// In the log more than once.
    pub duplicated: usize,
    /// In the log behind a record of the same key that was sent later.
    pub misordered: usize,
    /// Offsets that had one record at one time and another, or none, later.
    pub changed: usize,
    /// What else must not happen, and examples of the above.
    pub wrong: Vec<String>,
}

impl Verdict {
    /// Was everything kept that was promised? Sends may have failed.
    pub fn is_safe(&self) -> bool {
        self.lost + self.duplicated + self.misordered + self.changed == 0 && self.wrong.is_empty()
    }
}

impl History {
    /// The next record of a key is handed to the producer.
    pub fn sent(&mut self, key: u32) -> Id {
        let outcomes = self.outcomes.entry(key).or_default();
        let number = u32::try_from(outcomes.len()).unwrap_or(u32::MAX);
        outcomes.push(Outcome::Open);
        Id { key, number }
    }

    /// A batch is acknowledged; its first offset, unless the broker did not say.
    pub fn acked(&mut self, ack: Ack, ids: &[Id], offset: Option<i64>) {
        for id in ids {
            self.set(*id, Outcome::Acked);
        }
        if let Some(offset) = offset {
            for (id, offset) in ids.iter().zip(offset..) {
                self.saw(ack.partition, offset, *id);
            }
        }
        self.acks.push(ack);
    }

    /// A batch is given up.
    pub fn failed(&mut self, ids: &[Id]) {
        for id in ids {
            self.set(*id, Outcome::Failed);
        }
    }

    /// A record is read at an offset.
    pub fn saw(&mut self, partition: i32, offset: i64, id: Id) {
        let before = self.seen.insert((partition, offset), id);
        if let Some(before) = before.filter(|before| *before != id) {
            self.wrong(format!("{partition}@{offset} was {before:?}, then {id:?}"));
        }
    }

    /// Something happened that must not.
    pub fn wrong(&mut self, what: String) {
        if self.wrong.len() < 20 {
            self.wrong.push(what);
        }
    }

    /// What happened so far that must not.
    pub fn wrong_so_far(&self) -> &[String] {
        &self.wrong
    }

    /// The offset behind the last one that was ever seen in a partition.
    pub fn end_seen(&self, partition: i32) -> i64 {
        let last = self.seen.range((partition, 0)..(partition + 1, 0)).next_back();
        last.map_or(0, |((_, offset), _)| offset + 1)
    }

    /// The acknowledgements so far, in their order.
    pub fn acks(&self) -> &[Ack] {
        &self.acks
    }

    /// How long after `from` each of these partitions acknowledged a record that was due then or
    /// later: the longest of these times. Nothing, if one did not yet.
    pub fn resumed(&self, partitions: &[i32], from: Instant) -> Option<Duration> {
        let mut longest = Duration::ZERO;
        for partition in partitions {
            let of_it = self.acks.iter().rev().take_while(|ack| ack.at >= from);
            let new = of_it.filter(|ack| ack.partition == *partition && ack.due >= from);
            longest = longest.max(new.map(|ack| ack.at - from).min()?);
        }
        Some(longest)
    }

    /// The verdict, given what the log of each partition holds in the end.
    pub fn judge(&self, logs: &BTreeMap<i32, Vec<(i64, Id)>>) -> Verdict {
        let mut verdict = Verdict { wrong: self.wrong.clone(), ..Verdict::default() };
        let mut copies: BTreeMap<Id, usize> = BTreeMap::new();
        let mut last: BTreeMap<u32, u32> = BTreeMap::new();
        for (partition, log) in logs {
            for (offset, id) in log {
                let copies = copies.entry(*id).or_default();
                *copies += 1;
                let newest = last.entry(id.key).or_insert(id.number);
                if *copies > 1 {
                    count(&mut verdict.duplicated, &mut verdict.wrong, || {
                        format!("duplicated: {id:?} again at {partition}@{offset}")
                    });
                } else if id.number < *newest {
                    count(&mut verdict.misordered, &mut verdict.wrong, || {
                        format!("misordered: {id:?} at {partition}@{offset} behind {newest}")
                    });
                }
                *newest = id.number.max(*newest);
            }
        }
        self.compare(logs, &mut verdict);
        for (key, outcomes) in &self.outcomes {
            for (number, outcome) in (0..).zip(outcomes) {
                let id = Id { key: *key, number };
                verdict.sent += 1;
                verdict.failed += usize::from(*outcome != Outcome::Acked);
                if *outcome == Outcome::Acked {
                    verdict.acked += 1;
                    if !copies.contains_key(&id) {
                        count(&mut verdict.lost, &mut verdict.wrong, || format!("lost: {id:?}"));
                    }
                }
            }
        }
        verdict
    }

    fn compare(&self, logs: &BTreeMap<i32, Vec<(i64, Id)>>, verdict: &mut Verdict) {
        let held: BTreeMap<(i32, i64), Id> = logs
            .iter()
            .flat_map(|(partition, log)| log.iter().map(|(o, id)| ((*partition, *o), *id)))
            .collect();
        for (place, id) in &self.seen {
            let now = held.get(place);
            if now != Some(id) {
                count(&mut verdict.changed, &mut verdict.wrong, || {
                    format!("changed: {}@{} was {id:?}, is {now:?}", place.0, place.1)
                });
            }
        }
    }

    fn set(&mut self, id: Id, outcome: Outcome) {
        let outcomes = self.outcomes.get_mut(&id.key);
        if let Some(slot) = outcomes.and_then(|outcomes| outcomes.get_mut(id.number as usize)) {
            *slot = outcome;
        }
    }
}

fn count(number: &mut usize, wrong: &mut Vec<String>, example: impl Fn() -> String) {
    *number += 1;
    if *number <= EXAMPLES {
        wrong.push(example());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn id(key: u32, number: u32) -> Id {
        Id { key, number }
    }

    /// Two records of key 0, both acknowledged at offsets 0 and 1 of partition 0.
    fn two() -> History {
        let mut history = History::default();
        let ids = [history.sent(0), history.sent(0)];
        let now = Instant::now();
        history.acked(Ack { partition: 0, due: now, at: now, records: 2 }, &ids, Some(0));
        history
    }

    fn judged(history: &History, log: &[(i64, Id)]) -> Verdict {
        history.judge(&BTreeMap::from([(0, log.to_vec())]))
    }

    #[test]
    fn what_was_acknowledged_is_there() {
        let verdict = judged(&two(), &[(0, id(0, 0)), (1, id(0, 1))]);
        assert!(verdict.is_safe(), "{verdict:?}");
        assert_eq!((verdict.sent, verdict.acked, verdict.failed), (2, 2, 0));
    }

    #[test]
    fn a_lost_record_is_found() {
        let verdict = judged(&two(), &[(0, id(0, 0))]);
        assert_eq!((verdict.lost, verdict.changed), (1, 1));
        assert!(!verdict.is_safe());
    }

    #[test]
    fn a_duplicate_is_found() {
        let verdict = judged(&two(), &[(0, id(0, 0)), (1, id(0, 1)), (2, id(0, 1))]);
        assert_eq!((verdict.duplicated, verdict.misordered), (1, 0));
    }

    #[test]
    fn a_swap_is_found() {
        let verdict = judged(&two(), &[(0, id(0, 1)), (1, id(0, 0))]);
        assert_eq!((verdict.misordered, verdict.changed), (1, 2));
    }

    #[test]
    fn an_offset_with_two_records_is_found() {
        let mut history = two();
        history.saw(0, 1, id(0, 7));
        assert!(!judged(&history, &[(0, id(0, 0)), (1, id(0, 1))]).is_safe());
    }

    #[test]
    fn a_failed_send_may_be_there_or_not() {
        let mut history = two();
        let failed = history.sent(0);
        history.failed(&[failed]);
        let without = judged(&history, &[(0, id(0, 0)), (1, id(0, 1))]);
        let with = judged(&history, &[(0, id(0, 0)), (1, id(0, 1)), (2, failed)]);
        assert!(without.is_safe() && with.is_safe());
        assert_eq!((without.failed, with.failed), (1, 1));
    }

    #[test]
    fn only_what_was_due_afterwards_tells_that_sends_resumed() {
        let mut history = History::default();
        let from = Instant::now();
        let ms = Duration::from_millis;
        let early = from.checked_sub(ms(5)).unwrap_or(from);
        let ack = |partition, due, at| Ack { partition, due, at, records: 1 };
        history.acked(ack(0, early, from + ms(1)), &[], None);
        assert_eq!(history.resumed(&[0], from), None);
        history.acked(ack(0, from, from + ms(9)), &[], None);
        history.acked(ack(1, from, from + ms(30)), &[], None);
        assert_eq!(history.resumed(&[0], from), Some(ms(9)));
        assert_eq!(history.resumed(&[0, 1], from), Some(ms(30)));
        assert_eq!(history.resumed(&[0, 2], from), None);
    }
}
