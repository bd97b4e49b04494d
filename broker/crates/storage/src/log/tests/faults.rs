//! A disk that is full, fails or rots.

use super::*;
use crate::disk::{CrashKind, DiskError, Fault, FaultKind};

fn fault(operation: &'static str, path: &'static str, kind: FaultKind) -> Fault {
    Fault { operation, path, after: 0, times: u64::MAX, kind }
}

fn try_append(log: &Log) -> Result<AppendInfo, AppendError> {
    let appended = log.append_as_leader(&[batch(3, 70)], 0, Origin::Client, 1_000)?;
    Ok(*appended.info())
}

#[test]
fn a_full_disk_refuses_appends_and_nothing_else() {
    let disk = SimDisk::new(0);
    let mut small = options("/d/topic-0");
    small.config.segment_bytes = 600;
    let log = open_sim(&disk, small);
    append(&log, batch(3, 50));
    disk.limit_capacity(2_000);
    let mut accepted = 1;
    let refused = loop {
        match try_append(&log) {
            Ok(_) => accepted += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(&refused, AppendError::Disk(error) if error.is_full()), "{refused}");
    assert!(!log.has_failed());
    assert_eq!(log.end_offset(), 3 * accepted);
    let expected = usize::try_from(accepted).unwrap();
    assert_eq!(read_all(&log, 0).len(), expected, "reads go on");
    // Deletion goes on as well, and makes room for appends.
    let mut config = (*log.config()).clone();
    config.retention_bytes = 600;
    config.file_delete_delay_ms = 0;
    log.set_config(config);
    log.set_high_watermark(log.end_offset());
    let deleted = log.apply_retention(1_000);
    disk.limit_capacity(4_000);
    deleted.or_else(|_| log.apply_retention(1_000)).unwrap();
    log.remove_deleted(1_000).unwrap();
    assert_eq!(try_append(&log).unwrap().first_offset, 3 * accepted);
    drop(log);
    let mut unclean = options("/d/topic-0");
    unclean.clean_shutdown = false;
    let log = open_sim(&disk.restart(CrashKind::Kill, 1), unclean);
    assert_eq!(log.end_offset(), 3 * accepted + 3);
}

#[test]
fn a_write_error_leaves_the_log_as_it_was() {
    let disk = SimDisk::new(0);
    let log = open_sim(&disk, options("/d/topic-0"));
    append(&log, batch(3, 50));
    disk.inject(fault("write", ".log", FaultKind::Io));
    assert!(matches!(try_append(&log), Err(AppendError::Disk(_))));
    assert_eq!(log.end_offset(), 3);
    disk.heal();
    assert_eq!(try_append(&log).unwrap().first_offset, 3);
    assert_eq!(read_all(&log, 0), [(0, 2), (3, 5)]);
}

#[test]
fn a_write_that_cannot_be_undone_takes_the_log_offline() {
    let disk = SimDisk::new(0);
    let log = open_sim(&disk, options("/d/topic-0"));
    append(&log, batch(3, 50));
    disk.inject(fault("write", ".log", FaultKind::Io));
    disk.inject(fault("truncate", ".log", FaultKind::Io));
    assert!(matches!(try_append(&log), Err(AppendError::Disk(_))));
    disk.heal();
    assert!(matches!(try_append(&log), Err(AppendError::Offline)));
    assert_eq!(read_all(&log, 0), [(0, 2)], "what was there can be read");
}

#[test]
fn a_failed_sync_is_not_retried() {
    let disk = SimDisk::new(0);
    let log = open_sim(&disk, options("/d/topic-0"));
    append(&log, batch(3, 50));
    disk.inject(Fault { times: 1, ..fault("sync", ".log", FaultKind::Io) });
    assert!(matches!(log.flush_all(), Err(LogError::Disk(_))));
    assert_eq!(log.recovery_point(), 0);
    assert!(matches!(log.flush_all(), Err(LogError::Offline)));
    assert!(matches!(try_append(&log), Err(AppendError::Offline)));
}

#[test]
fn a_flush_without_space_for_an_index_can_be_tried_again() {
    let disk = SimDisk::new(0);
    let mut dense = options("/d/topic-0");
    dense.config.index_interval_bytes = 0;
    let log = open_sim(&disk, dense.clone());
    append(&log, batch(3, 50));
    append(&log, batch(3, 60));
    for file in [".index", ".timeindex", "leader-epoch"] {
        disk.inject(fault("write", file, FaultKind::Full));
        disk.inject(fault("create", file, FaultKind::Full));
        assert!(log.flush_all().is_err(), "{file}");
        assert!(!log.has_failed() && log.recovery_point() == 0, "{file}");
        disk.heal();
    }
    log.flush_all().unwrap();
    assert_eq!(log.recovery_point(), 6);
    dense.clean_shutdown = false;
    dense.recovery_point = 6;
    let log = open_sim(&disk.restart(CrashKind::Power, 1), dense);
    assert_eq!(read_all(&log, 0), [(0, 2), (3, 5)]);
}

#[test]
fn failures_are_told_apart() {
    use crate::disk::Severity;
    let error = |operation, source: std::io::Error| {
        DiskError::new(operation, std::path::Path::new("/d"), source).severity()
    };
    let os = std::io::Error::from_raw_os_error;
    let (io, space, quota, files, absent) = (5, 28, 122, 24, 2);
    assert_eq!(error("write", os(io)), Severity::Broken);
    assert_eq!(error("write", os(space)), Severity::Full);
    assert_eq!(error("write", os(quota)), Severity::Full);
    assert_eq!(error("sync", os(space)), Severity::Broken);
    assert_eq!(error("open", os(files)), Severity::Passing);
    assert_eq!(error("open", os(absent)), Severity::Missing);
}

#[test]
fn a_failed_roll_leaves_the_log_usable() {
    let disk = SimDisk::new(0);
    let log = open_sim(&disk, options("/d/topic-0"));
    append(&log, batch(3, 50));
    for path in [".snapshot", "3.log", "3.index"] {
        disk.inject(fault("create", path, FaultKind::Full));
        assert!(log.roll(0).is_err(), "{path}");
        disk.heal();
        assert!(try_append(&log).is_ok());
        log.truncate_to(3, 0).unwrap();
    }
    assert!(log.roll(0).unwrap());
    append(&log, batch(1, 60));
    assert_eq!(read_all(&log, 0), [(0, 2), (3, 3)]);
}

/// One bit, anywhere in the log: below the recovery point the log is either served as it is or
/// refused as damaged, never cut; above it, it is cut there.
#[test]
fn rot_is_not_taken_for_a_torn_end() {
    let disk = SimDisk::new(0);
    let log = open_sim(&disk, options("/d/topic-0"));
    for _ in 0..4 {
        append(&log, batch(3, 50));
    }
    log.flush(6).unwrap();
    assert_eq!(log.recovery_point(), 6);
    let size = log.size();
    drop(log);
    let path = std::path::Path::new("/d/topic-0/00000000000000000000.log");
    for position in 0..size {
        let rotten = disk.restart(CrashKind::Kill, 1);
        rotten.flip_bit(path, position, 4);
        let mut unclean = options("/d/topic-0");
        unclean.clean_shutdown = false;
        unclean.recovery_point = 6;
        let shared: Arc<dyn Disk> = Arc::new(rotten);
        match Log::open(&shared, unclean) {
            Ok(log) if position < size / 2 => assert_eq!(log.end_offset(), 12, "{position}"),
            // Above it, the checksum covers neither offset nor epoch.
            Ok(_) if position % (size / 4) < 16 => {}
            Ok(log) => assert!(matches!(log.end_offset(), 6 | 9 | 12), "{position}"),
            Err(LogError::Damaged { .. }) => assert!(position < size / 2, "{position}"),
            Err(error) => panic!("{position}: {error}"),
        }
    }
}

#[test]
fn missing_and_damaged_indexes_are_rebuilt() {
    let disk = SimDisk::new(0);
    let mut dense = options("/d/topic-0");
    dense.config.index_interval_bytes = 0;
    let log = open_sim(&disk, dense.clone());
    for number in 0..20 {
        append(&log, batch(200, 1_000 * number));
    }
    log.close().unwrap();
    let dir = std::path::Path::new("/d/topic-0");
    disk.remove_file(&dir.join("00000000000000000000.index")).unwrap();
    let log = open_sim(&disk, dense.clone());
    assert_eq!(log.offset_for_timestamp(15_000).unwrap().unwrap().offset, 3_000);
    log.close().unwrap();
    for name in ["00000000000000000000.index", "00000000000000000000.timeindex"] {
        let file = disk.open(&dir.join(name), crate::disk::OpenMode::Write).unwrap();
        file.truncate(file.size().unwrap() - 1).unwrap();
        let log = open_sim(&disk, dense.clone());
        assert_eq!(log.end_offset(), 4_000);
        assert_eq!(read_all(&log, 1_717)[0], (1_600, 1_799));
        assert_eq!(log.offset_for_timestamp(19_199).unwrap().unwrap().offset, 3_999);
        assert_eq!(log.max_timestamp().unwrap().unwrap().offset, 3_999);
        log.close().unwrap();
    }
}
