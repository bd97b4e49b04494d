//! Append, read, roll, reopen.

use super::*;

#[test]
fn appended_batches_are_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let log = open_real(options(dir.path().join("topic-0")));
    let first = append(&log, batch(3, 100));
    assert_eq!((first.first_offset, first.last_offset, first.log_end_offset), (0, 2, 3));
    append(&log, batch(2, 200));
    assert_eq!(read_all(&log, 0), [(0, 2), (3, 4)]);
    assert_eq!(read_all(&log, 4), [(3, 4)]);
    let epoch = log.latest_epoch().unwrap();
    assert_eq!((epoch.epoch, epoch.start_offset), (0, 0));
}

#[test]
fn a_closed_log_opens_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let options = options(dir.path().join("topic-0"));
    let log = open_real(options.clone());
    let all: Vec<_> = (0..40).map(|n| append(&log, batch(3, 100 * n))).collect();
    log.roll(5_000).unwrap();
    append(&log, batch(1, 9_000));
    log.close().unwrap();
    let log = open_real(options);
    assert_eq!(log.end_offset(), 121);
    assert_eq!(log.recovery_point(), 121);
    let read = read_all(&log, 0);
    assert_eq!(read.len(), 41);
    assert!(all.iter().zip(&read).all(|(a, b)| (a.first_offset, a.last_offset) == *b));
    assert_eq!(append(&log, batch(1, 9_100)).first_offset, 121);
}

#[test]
fn reads_obey_bounds() {
    let disk = SimDisk::new(1);
    let log = open_sim(&disk, options("/d/topic-0"));
    for _ in 0..5 {
        append(&log, batch(2, 50));
    }
    let size = append(&log, batch(2, 50)).bytes;
    let size = usize::try_from(size).unwrap();
    let read = |offset, max_bytes, upper, min_one| {
        let request = ReadRequest { offset, max_bytes, upper, min_one, aborted: false };
        log.read(&request).map(|r| r.range.map_or((0, 0), |r| (r.position(), r.len())))
    };
    assert_eq!(read(0, usize::MAX, 12, true).unwrap(), (0, 6 * size));
    assert_eq!(read(3, usize::MAX, 12, true).unwrap(), (size as u64, 5 * size));
    assert_eq!(read(0, usize::MAX, 4, true).unwrap(), (0, 2 * size));
    assert_eq!(read(0, size + 1, 12, true).unwrap(), (0, size + 1));
    assert_eq!(read(0, 1, 12, true).unwrap(), (0, size));
    assert_eq!(read(0, 1, 12, false).unwrap(), (0, 0));
    assert_eq!(read(12, 100, 12, true).unwrap(), (0, 0));
    assert_eq!(read(6, 100, 4, true).unwrap(), (0, 0));
    assert!(matches!(read(13, 100, 12, true), Err(ReadError::OutOfRange { .. })));
    assert!(matches!(read(-1, 100, 12, true), Err(ReadError::OutOfRange { .. })));
}
