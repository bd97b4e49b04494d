//! Rolling, deletion by size, time and start, truncation.

use super::*;
use crate::disk::read_file;

fn small(disk: &SimDisk, change: impl FnOnce(&mut LogConfig)) -> Log {
    let mut options = options("/d/topic-0");
    options.config.segment_bytes = 400;
    options.config.file_delete_delay_ms = 50;
    change(&mut options.config);
    open_sim(disk, options)
}

fn fill(log: &Log, batches: i64) {
    for number in 0..batches {
        let end = append(log, batch(2, 1_000 + 100 * number)).log_end_offset;
        log.set_high_watermark(end);
    }
}

fn bases(log: &Log) -> Vec<i64> {
    lock(&log.view).segments.iter().map(|segment| segment.base()).collect()
}

fn names(disk: &SimDisk) -> Vec<String> {
    let entries = disk.list(std::path::Path::new("/d/topic-0")).unwrap();
    entries.into_iter().map(|entry| entry.name).collect()
}

#[test]
fn segments_roll_by_size() {
    let log = small(&SimDisk::new(0), |_| {});
    fill(&log, 10);
    let bases = bases(&log);
    assert!(bases.len() > 3, "{bases:?}");
    let view = lock(&log.view).clone();
    assert!(view.segments.iter().all(|segment| segment.size() <= 400));
    assert_eq!(read_all(&log, 0).len(), 10);
}

#[test]
fn segments_roll_by_the_time_of_their_records() {
    let log = small(&SimDisk::new(0), |config| {
        config.segment_bytes = 1 << 20;
        config.segment_ms = 1_000;
    });
    append(&log, batch(1, 5_000));
    assert!(!append(&log, batch(1, 6_000)).rolled);
    assert!(append(&log, batch(1, 6_001)).rolled);
    assert_eq!(bases(&log), [0, 2]);
}

#[test]
fn segments_roll_when_an_index_is_full() {
    let log = small(&SimDisk::new(0), |config| {
        config.segment_bytes = 1 << 20;
        config.index_interval_bytes = 0;
        config.segment_index_bytes = 64;
    });
    fill(&log, 30);
    let bases = bases(&log);
    assert!(bases.len() >= 4, "{bases:?}");
}

#[test]
fn retention_by_size_keeps_at_least_the_limit() {
    let disk = SimDisk::new(0);
    let log = small(&disk, |config| config.retention_bytes = 900);
    fill(&log, 20);
    let deleted = log.apply_retention(0).unwrap();
    assert!(deleted.over_size > 0 && deleted.over_time == 0);
    assert!(log.size() >= 900 && log.size() < 900 + 400);
    assert_eq!(log.start_offset(), bases(&log)[0]);
    assert_eq!(log.apply_retention(0).unwrap().deleted(), 0);
    let request =
        ReadRequest { offset: 0, max_bytes: 10, upper: 40, min_one: true, aborted: false };
    assert!(matches!(log.read(&request), Err(ReadError::OutOfRange { .. })));
}

#[test]
fn retention_by_time_may_empty_the_log() {
    let log = small(&SimDisk::new(0), |config| config.retention_ms = 10_000);
    fill(&log, 10);
    assert_eq!(log.apply_retention(11_500).unwrap().over_time, 1);
    let before = log.start_offset();
    assert!(before > 0 && before < log.end_offset());
    log.apply_retention(1_000_000).unwrap();
    assert_eq!((log.start_offset(), log.end_offset()), (20, 20));
    assert_eq!(append(&log, batch(1, 1_000_000)).first_offset, 20);
}

#[test]
fn nothing_above_the_high_watermark_is_deleted() {
    let log = small(&SimDisk::new(0), |config| config.retention_ms = 1);
    for number in 0..10 {
        append(&log, batch(2, 1_000 + number));
    }
    log.set_high_watermark(5);
    log.apply_retention(1_000_000).unwrap();
    assert!(log.start_offset() <= 5);
}

#[test]
fn files_of_deleted_segments_stay_for_the_delay() {
    let disk = SimDisk::new(0);
    let log = small(&disk, |config| config.retention_bytes = 0);
    fill(&log, 10);
    let request =
        ReadRequest { offset: 0, max_bytes: 4_000, upper: 20, min_one: true, aborted: false };
    let range = log.read(&request).unwrap().range.unwrap();
    let content = range.read().unwrap();
    log.apply_retention(1_000).unwrap();
    assert!(names(&disk).iter().any(|name| name.ends_with(".deleted")));
    assert_eq!(range.read().unwrap(), content, "an open range is not disturbed");
    assert!(log.remove_deleted(1_049).unwrap() > 0);
    assert_eq!(log.remove_deleted(1_050).unwrap(), 0);
    assert!(!names(&disk).iter().any(|name| name.ends_with(".deleted")));
}

#[test]
fn the_start_moves_up_and_segments_follow() {
    let disk = SimDisk::new(0);
    let log = small(&disk, |config| config.delete = false);
    fill(&log, 10);
    assert!(log.increment_start_offset(13).unwrap());
    assert!(!log.increment_start_offset(13).unwrap());
    assert!(matches!(log.increment_start_offset(21), Err(LogError::OutOfRange { .. })));
    assert!(log.start_needs_checkpoint());
    assert!(log.apply_retention(0).unwrap().below_start > 0);
    assert_eq!(log.start_offset(), 13);
    assert!(bases(&log)[0] <= 13);
    assert_eq!(log.epochs()[0].start_offset, 13);
    assert_eq!(read_all(&log, 13)[0], (12, 13));
}

#[test]
fn a_log_below_its_checkpointed_start_begins_there() {
    let disk = SimDisk::new(0);
    let log = small(&disk, |_| {});
    fill(&log, 3);
    log.close().unwrap();
    let mut options = options("/d/topic-0");
    options.log_start_offset = 100;
    let log = open_sim(&disk, options);
    assert_eq!((log.start_offset(), log.end_offset()), (100, 100));
    assert_eq!(append(&log, batch(1, 5)).first_offset, 100);
}

#[test]
fn truncation_removes_whole_batches() {
    let disk = SimDisk::new(0);
    let log = small(&disk, |_| {});
    fill(&log, 10);
    log.assign_epoch(3, 20);
    log.flush_all().unwrap();
    assert!(log.truncate_to(9, 0).unwrap());
    assert_eq!(log.end_offset(), 8, "the batch of offset 9 starts at 8");
    assert_eq!(log.recovery_point(), 8);
    assert_eq!(log.latest_epoch().unwrap().epoch, 0);
    assert!(!log.truncate_to(8, 0).unwrap());
    assert_eq!(read_all(&log, 0).last(), Some(&(6, 7)));
    assert_eq!(append(&log, batch(1, 9)).first_offset, 8);
    log.truncate_fully_and_start_at(70, 0).unwrap();
    assert_eq!((log.start_offset(), log.end_offset(), log.epochs().len()), (70, 70, 0));
    assert_eq!(append(&log, batch(1, 9)).first_offset, 70);
}

#[test]
fn leftovers_of_a_crash_are_cleaned_up() {
    let disk = SimDisk::new(0);
    let log = small(&disk, |_| {});
    fill(&log, 6);
    log.close().unwrap();
    let dir = std::path::Path::new("/d/topic-0");
    let leftovers = [
        "00000000000000000000.log.cleaned",
        "00000000000000000099.index",
        "00000000000000000500.log.deleted",
        "leader-epoch-checkpoint.tmp",
    ];
    for name in leftovers {
        disk.open(&dir.join(name), crate::disk::OpenMode::Create).unwrap();
    }
    let log = open_sim(&disk, options("/d/topic-0"));
    assert_eq!(log.end_offset(), 12);
    assert!(leftovers.iter().all(|left| names(&disk).iter().all(|name| name != left)));
}

#[test]
fn a_finished_cleaning_is_swapped_in() {
    let disk = SimDisk::new(0);
    let log = small(&disk, |_| {});
    fill(&log, 10);
    let bases = bases(&log);
    log.close().unwrap();
    let dir = std::path::Path::new("/d/topic-0");
    let first = read_file(&disk, &dir.join("00000000000000000000.log"), 1 << 20).unwrap().unwrap();
    let second = dir.join(format!("{:020}.log", bases[1]));
    let second = read_file(&disk, &second, 1 << 20).unwrap().unwrap();
    let merged = disk
        .open(&dir.join("00000000000000000000.log.swap"), crate::disk::OpenMode::Create)
        .unwrap();
    let slices = [std::io::IoSlice::new(&first), std::io::IoSlice::new(&second)];
    merged.write_at(&slices, 0).unwrap();
    let log = open_sim(&disk, options("/d/topic-0"));
    let now: Vec<i64> = lock(&log.view).segments.iter().map(|s| s.base()).collect();
    assert_eq!(now, [&[0], &bases[2..]].concat());
    assert_eq!(read_all(&log, 0).len(), 10);
}
