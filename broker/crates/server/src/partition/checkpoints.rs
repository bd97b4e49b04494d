//! The offset checkpoint files of a log directory, and what is in them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use barnabas_storage::directory::{OffsetCheckpoint, Offsets, TopicPartition};
use barnabas_storage::{Disk, DiskError};

const KINDS: [OffsetCheckpoint; 3] =
    [OffsetCheckpoint::LogStart, OffsetCheckpoint::RecoveryPoint, OffsetCheckpoint::Replication];

/// The files are read once, at the start; from then on this knows their content and writes them
/// only when it changes.
#[derive(Debug)]
pub(super) struct Checkpoints {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    recovery_points: Content,
    log_starts: Content,
    high_watermarks: Content,
    /// Counts the partitions that went, and the recovery points that were lowered.
    round: u64,
}

#[derive(Debug)]
struct Content {
    offsets: Offsets,
    /// Partitions that are gone but still in the file.
    stale: BTreeSet<TopicPartition>,
    /// The last attempt to write the file failed.
    unwritten: bool,
}

/// What a partition's log is opened with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Checkpointed {
    pub(super) recovery_point: i64,
    pub(super) log_start: i64,
    pub(super) high_watermark: i64,
}

/// When offsets were collected, see [`Checkpoints::begin`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Round(u64);

impl Checkpoints {
    pub(super) fn load(disk: Arc<dyn Disk>, dir: &Path) -> Result<Self, DiskError> {
        let load = |kind: OffsetCheckpoint| -> Result<Content, DiskError> {
            let offsets = kind.load(disk.as_ref(), dir)?;
            Ok(Content { offsets, stale: BTreeSet::new(), unwritten: false })
        };
        let held = Held {
            recovery_points: load(OffsetCheckpoint::RecoveryPoint)?,
            log_starts: load(OffsetCheckpoint::LogStart)?,
            high_watermarks: load(OffsetCheckpoint::Replication)?,
            round: 0,
        };
        Ok(Self { disk, dir: dir.to_path_buf(), held: Mutex::new(held) })
    }

    pub(super) fn of(&self, partition: &TopicPartition) -> Checkpointed {
        let held = self.held();
        let of = |content: &Content| content.offsets.get(partition).copied().unwrap_or(0);
        Checkpointed {
            recovery_point: of(&held.recovery_points),
            log_start: of(&held.log_starts),
            high_watermark: of(&held.high_watermarks),
        }
    }

    /// To be called before offsets are collected for [`Checkpoints::store`].
    pub(super) fn begin(&self) -> Round {
        Round(self.held().round)
    }

    /// Takes over the offsets of the partitions that there are: `None` removes one. What is known
    /// of others, that are not opened yet or cannot be, stays. If a partition went since `round`,
    /// nothing is done until the next time: the offsets may be its.
    pub(super) fn store(
        &self,
        round: Round,
        kind: OffsetCheckpoint,
        offsets: impl Iterator<Item = (TopicPartition, Option<i64>)>,
    ) -> Result<(), DiskError> {
        let mut held = self.held();
        if held.round != round.0 {
            return Ok(());
        }
        let Some(content) = held.of_mut(kind) else { return Ok(()) };
        let mut next = content.offsets.clone();
        for (partition, offset) in offsets {
            match offset {
                Some(offset) => next.insert(partition, offset),
                None => next.remove(&partition),
            };
        }
        if content.offsets == next && content.stale.is_empty() && !content.unwritten {
            return Ok(());
        }
        content.offsets = next;
        self.write(kind, content)
    }

    /// Forgets a partition that is gone. The files follow when they are next written, or when a
    /// new log takes the old one's place.
    pub(super) fn remove(&self, partition: &TopicPartition) {
        let mut held = self.held();
        held.round += 1;
        for kind in KINDS {
            let Some(content) = held.of_mut(kind) else { continue };
            if content.offsets.remove(partition).is_some() {
                content.stale.insert(partition.clone());
            }
        }
    }

    /// Makes sure that no file has the partition, before a new log takes the place of one that is
    /// gone: the old one's offsets would make recovery trust, or drop, records of the new one.
    pub(super) fn forget(&self, partition: &TopicPartition) -> Result<(), DiskError> {
        self.remove(partition);
        let mut held = self.held();
        for kind in KINDS {
            let Some(content) = held.of_mut(kind) else { continue };
            if content.stale.contains(partition) {
                self.write(kind, content)?;
            }
        }
        Ok(())
    }

    /// Takes over a partition that comes from another log directory; durable on return, but for
    /// the high watermark.
    pub(super) fn start(
        &self,
        partition: &TopicPartition,
        recovery_point: i64,
        log_start: Option<i64>,
        high_watermark: i64,
    ) -> Result<(), DiskError> {
        self.forget(partition)?;
        let mut held = self.held();
        held.high_watermarks.offsets.insert(partition.clone(), high_watermark);
        held.recovery_points.offsets.insert(partition.clone(), recovery_point);
        self.write(OffsetCheckpoint::RecoveryPoint, &mut held.recovery_points)?;
        if let Some(log_start) = log_start {
            held.log_starts.offsets.insert(partition.clone(), log_start);
            self.write(OffsetCheckpoint::LogStart, &mut held.log_starts)?;
        }
        Ok(())
    }

    /// Makes sure, durably, that the recovery point on the disk is not above `offset`.
    pub(super) fn lower_recovery_point(
        &self,
        partition: &TopicPartition,
        offset: i64,
    ) -> Result<(), DiskError> {
        let mut held = self.held();
        // What was collected before would bring the old one back.
        held.round += 1;
        let content = &mut held.recovery_points;
        match content.offsets.get_mut(partition) {
            Some(stored) if *stored > offset => *stored = offset,
            _ if content.unwritten => {}
            _ => return Ok(()),
        }
        self.write(OffsetCheckpoint::RecoveryPoint, content)
    }

    fn write(&self, kind: OffsetCheckpoint, content: &mut Content) -> Result<(), DiskError> {
        content.unwritten = true;
        kind.store(self.disk.as_ref(), &self.dir, &content.offsets)?;
        content.unwritten = false;
        content.stale.clear();
        Ok(())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn of_mut(&mut self, kind: OffsetCheckpoint) -> Option<&mut Content> {
        match kind {
            OffsetCheckpoint::RecoveryPoint => Some(&mut self.recovery_points),
            OffsetCheckpoint::LogStart => Some(&mut self.log_starts),
            OffsetCheckpoint::Replication => Some(&mut self.high_watermarks),
            OffsetCheckpoint::Cleaner => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use barnabas_storage::SimDisk;

    use super::*;

    const DIR: &str = "/data";

    fn checkpoints(disk: &SimDisk) -> Checkpoints {
        disk.create_dir(Path::new(DIR)).unwrap();
        Checkpoints::load(Arc::new(disk.clone()), Path::new(DIR)).unwrap()
    }

    fn store(files: &Checkpoints, kind: OffsetCheckpoint, entries: &[(&str, Option<i64>)]) {
        store_of(files, files.begin(), kind, entries);
    }

    fn store_of(
        files: &Checkpoints,
        round: Round,
        kind: OffsetCheckpoint,
        entries: &[(&str, Option<i64>)],
    ) {
        let entries = entries.iter().map(|(topic, at)| (TopicPartition::new(topic, 0), *at));
        files.store(round, kind, entries).unwrap();
    }

    #[test]
    fn what_is_stored_is_there_at_the_next_start() {
        let disk = SimDisk::new(0);
        let files = checkpoints(&disk);
        store(&files, OffsetCheckpoint::RecoveryPoint, &[("a", Some(7)), ("b", Some(5))]);
        store(&files, OffsetCheckpoint::LogStart, &[("a", Some(3)), ("b", Some(2))]);
        let written = disk.operations();
        store(&files, OffsetCheckpoint::LogStart, &[("a", Some(3))]);
        assert_eq!(disk.operations(), written, "nothing changed, nothing is written");
        store(&files, OffsetCheckpoint::LogStart, &[("a", None)]);
        let files = checkpoints(&disk);
        let expected = Checkpointed { recovery_point: 7, log_start: 0, high_watermark: 0 };
        assert_eq!(files.of(&TopicPartition::new("a", 0)), expected);
        let kept = files.of(&TopicPartition::new("b", 0));
        assert_eq!(kept.log_start, 2, "a partition that was not mentioned keeps its offsets");
    }

    #[test]
    fn a_forgotten_partition_is_in_no_file() {
        for removed_before in [true, false] {
            let disk = SimDisk::new(0);
            let files = checkpoints(&disk);
            let both = [("a", Some(7)), ("b", Some(8))];
            store(&files, OffsetCheckpoint::RecoveryPoint, &both);
            store(&files, OffsetCheckpoint::LogStart, &both);
            let before = files.begin();
            let partition = TopicPartition::new("a", 0);
            if removed_before {
                files.remove(&partition);
            }
            files.forget(&partition).unwrap();
            // Collected while the old log was still there.
            store_of(&files, before, OffsetCheckpoint::RecoveryPoint, &[("a", Some(9))]);
            let files = checkpoints(&disk);
            assert_eq!(files.of(&partition), Checkpointed::default());
            assert_eq!(files.of(&TopicPartition::new("b", 0)).log_start, 8);
        }
    }

    #[test]
    fn a_recovery_point_is_lowered_at_once_and_stays_low() {
        let disk = SimDisk::new(0);
        let files = checkpoints(&disk);
        let kind = OffsetCheckpoint::RecoveryPoint;
        store(&files, kind, &[("a", Some(7)), ("b", Some(8))]);
        let before = files.begin();
        files.lower_recovery_point(&TopicPartition::new("a", 0), 3).unwrap();
        store_of(&files, before, kind, &[("a", Some(7))]);
        let written = disk.operations();
        files.lower_recovery_point(&TopicPartition::new("b", 0), 9).unwrap();
        files.lower_recovery_point(&TopicPartition::new("c", 0), 9).unwrap();
        assert_eq!(disk.operations(), written, "none of them is too high");
        disk.limit_capacity(0);
        for _ in 0..2 {
            assert!(files.lower_recovery_point(&TopicPartition::new("b", 0), 5).is_err());
        }
        disk.limit_capacity(u64::MAX);
        files.lower_recovery_point(&TopicPartition::new("b", 0), 5).unwrap();
        let after = disk.restart(barnabas_storage::disk::CrashKind::Power, 1);
        let files = checkpoints(&after);
        assert_eq!(files.of(&TopicPartition::new("a", 0)).recovery_point, 3);
        assert_eq!(files.of(&TopicPartition::new("b", 0)).recovery_point, 5);
    }

    #[test]
    fn a_removed_partition_leaves_the_file_when_that_is_next_written() {
        let disk = SimDisk::new(0);
        let files = checkpoints(&disk);
        store(&files, OffsetCheckpoint::LogStart, &[("a", Some(7)), ("b", Some(8))]);
        files.remove(&TopicPartition::new("a", 0));
        store(&files, OffsetCheckpoint::LogStart, &[("b", Some(8))]);
        let at = checkpoints(&disk).of(&TopicPartition::new("a", 0));
        assert_eq!(at, Checkpointed::default());
    }
}
