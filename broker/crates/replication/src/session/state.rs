//! One session: its partitions in the order in which they are read.

use std::collections::BTreeMap;

use super::SessionRequest;

/// A partition as a Fetch request names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchPartition {
    /// `fetch_offset`.
    pub fetch_offset: i64,
    /// `partition_max_bytes`.
    pub max_bytes: i32,
    /// `current_leader_epoch`, -1 when not given.
    pub current_leader_epoch: i32,
    /// `last_fetched_epoch`, -1 when not given.
    pub last_fetched_epoch: i32,
    /// `log_start_offset` of a follower, else -1.
    pub log_start_offset: i64,
    /// `high_watermark` of a follower that wants to hear at once when it moves, else `i64::MAX`.
    pub high_watermark: i64,
}

/// What was found out for a partition, as far as sessions care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The high watermark to be told.
    pub high_watermark: i64,
    /// The log start offset to be told.
    pub log_start_offset: i64,
    /// Whether there are records.
    pub has_records: bool,
    /// Whether there is an error.
    pub has_error: bool,
    /// Whether there is a diverging epoch or a preferred read replica to tell.
    pub redirects: bool,
}

#[derive(Debug)]
pub(super) struct Session<K> {
    pub(super) epoch: i32,
    pub(super) follower: bool,
    pub(super) uses_topic_ids: bool,
    pub(super) created_ms: i64,
    pub(super) last_used_ms: i64,
    /// Partitions by place in line; one that had records goes to the end (fairness of KIP-227).
    line: BTreeMap<u64, Cached<K>>,
    places: BTreeMap<K, u64>,
    next_place: u64,
}

#[derive(Debug)]
struct Cached<K> {
    key: K,
    request: FetchPartition,
    told_high_watermark: i64,
    told_log_start_offset: i64,
}

impl<K: Clone + Ord> Session<K> {
    pub(super) fn new(follower: bool, uses_topic_ids: bool, now_ms: i64) -> Self {
        Self {
            epoch: 1,
            follower,
            uses_topic_ids,
            created_ms: now_ms,
            last_used_ms: now_ms,
            line: BTreeMap::new(),
            places: BTreeMap::new(),
            next_place: 0,
        }
    }

    pub(super) fn add(&mut self, key: &K, request: FetchPartition, answered: &Answered) {
        self.put(key.clone(), request);
        self.tell(key, answered);
    }

    pub(super) fn update(&mut self, request: &SessionRequest<K>) {
        for (key, partition) in &request.partitions {
            self.put(key.clone(), *partition);
        }
        for key in &request.forgotten {
            if let Some(place) = self.places.remove(key) {
                self.line.remove(&place);
            }
        }
    }

    pub(super) fn plan(&self) -> Vec<(K, FetchPartition)> {
        self.line.values().map(|cached| (cached.key.clone(), cached.request)).collect()
    }

    /// Notes what the client is told and says whether there is anything to tell.
    pub(super) fn tell(&mut self, key: &K, answered: &Answered) -> bool {
        let Some(place) = self.places.get(key).copied() else { return false };
        let Some(cached) = self.line.get_mut(&place) else { return false };
        let news = cached.told_high_watermark != answered.high_watermark
            || cached.told_log_start_offset != answered.log_start_offset;
        cached.told_log_start_offset = answered.log_start_offset;
        // After an error the next good answer has to be told even if nothing else is new.
        cached.told_high_watermark = if answered.has_error { -1 } else { answered.high_watermark };
        if answered.has_records {
            self.move_to_end(place);
        }
        news || answered.has_records || answered.has_error || answered.redirects
    }

    pub(super) fn len(&self) -> usize {
        self.line.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    fn put(&mut self, key: K, request: FetchPartition) {
        if let Some(cached) = self.places.get(&key).and_then(|place| self.line.get_mut(place)) {
            cached.request = request;
            return;
        }
        let place = self.next_place;
        self.next_place += 1;
        self.places.insert(key.clone(), place);
        let cached = Cached { key, request, told_high_watermark: -1, told_log_start_offset: -1 };
        self.line.insert(place, cached);
    }

    fn move_to_end(&mut self, place: u64) {
        let Some(cached) = self.line.remove(&place) else { return };
        let last = self.next_place;
        self.next_place += 1;
        if let Some(known) = self.places.get_mut(&cached.key) {
            *known = last;
        }
        self.line.insert(last, cached);
    }
}
