//! A log whose unflushed tail is lost in a crash.

use barnabas_quorum::{ControlRecord, Election, Epoch, LogPosition, LogView};
use bytes::{Buf, BufMut, Bytes, BytesMut};

#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub epoch: Epoch,
    pub data: Bytes,
    pub control: Option<ControlRecord>,
}

impl Entry {
    fn write(&self, out: &mut BytesMut) {
        out.put_i32(self.epoch.0);
        let (key, data) = match &self.control {
            Some(record) => (record.key(), record.value()),
            None => (Bytes::new(), self.data.clone()),
        };
        out.put_u8(key.len() as u8);
        out.put_slice(&key);
        out.put_u32(data.len() as u32);
        out.put_slice(&data);
    }

    fn read(input: &mut Bytes) -> Self {
        let epoch = Epoch(input.get_i32());
        let key_len = input.get_u8() as usize;
        let key = input.split_to(key_len);
        let len = input.get_u32() as usize;
        let data = input.split_to(len);
        if key.is_empty() {
            return Self { epoch, data, control: None };
        }
        let control = Some(ControlRecord::decode(&key, &data).expect("a control record"));
        Self { epoch, data: Bytes::new(), control }
    }
}

pub fn encode(entries: &[Entry]) -> Bytes {
    let mut out = BytesMut::new();
    entries.iter().for_each(|entry| entry.write(&mut out));
    out.freeze()
}

pub fn decode(mut bytes: Bytes) -> Vec<Entry> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        entries.push(Entry::read(&mut bytes));
    }
    entries
}

#[derive(Clone, Debug, Default)]
pub struct Disk {
    pub election: Election,
    /// All entries from offset 0, those below the start only for the checks.
    pub entries: Vec<Entry>,
    pub start: i64,
    pub flushed: i64,
    pub snapshots: Vec<(LogPosition, Bytes)>,
    pub partial: Option<(LogPosition, BytesMut)>,
}

impl Disk {
    pub fn end_offset(&self) -> i64 {
        self.entries.len() as i64
    }

    pub fn crash(&mut self) {
        self.entries.truncate(self.flushed as usize);
        self.partial = None;
    }

    pub fn truncate(&mut self, end: i64) {
        assert!(end >= self.start, "the log is cut below its start");
        self.entries.truncate(end as usize);
        self.flushed = self.flushed.min(end);
    }

    /// A snapshot of everything below the offset; the log then starts there.
    pub fn snapshot(&mut self, end: i64) {
        let epoch = self.entries[end as usize - 1].epoch;
        let bytes = encode(&self.entries[..end as usize]);
        self.snapshots.retain(|(id, _)| id.offset < end);
        self.snapshots.push((LogPosition { offset: end, epoch }, bytes));
        if self.snapshots.len() > 1 {
            self.snapshots.remove(0);
        }
        self.start = end;
    }

    pub fn install(&mut self, id: LogPosition) -> Vec<ControlRecord> {
        let (partial, bytes) = self.partial.take().expect("a fetched snapshot");
        assert_eq!(partial, id);
        let bytes = bytes.freeze();
        self.entries = decode(bytes.clone());
        assert_eq!(self.end_offset(), id.offset, "a snapshot is complete");
        self.start = id.offset;
        self.flushed = id.offset;
        self.snapshots = vec![(id, bytes)];
        self.entries.iter().filter_map(|entry| entry.control.clone()).collect()
    }
}

impl LogView for Disk {
    fn end(&self) -> LogPosition {
        let epoch = self.entries.last().map_or(Epoch(0), |entry| entry.epoch);
        LogPosition { offset: self.end_offset(), epoch }
    }

    fn start_offset(&self) -> i64 {
        self.start
    }

    fn end_for_epoch(&self, epoch: Epoch) -> LogPosition {
        let offset = self.entries.iter().take_while(|entry| entry.epoch <= epoch).count() as i64;
        match self.entries[..offset as usize].last() {
            Some(entry) if offset >= self.start => LogPosition { offset, epoch: entry.epoch },
            _ => LogPosition { offset: self.start, epoch },
        }
    }

    fn latest_snapshot(&self) -> Option<LogPosition> {
        self.snapshots.last().map(|(id, _)| *id)
    }

    fn earliest_snapshot(&self) -> Option<LogPosition> {
        self.snapshots.first().map(|(id, _)| *id)
    }

    fn snapshot_size(&self, id: LogPosition) -> Option<u64> {
        self.snapshots.iter().find(|(known, _)| *known == id).map(|(_, bytes)| bytes.len() as u64)
    }
}
