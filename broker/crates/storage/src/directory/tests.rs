use std::path::{Path, PathBuf};

use super::*;
use crate::disk::{Disk, OpenMode, SimDisk, read_file};

const ID: &str = "3s9oQZTES4mPlexVPLo_XA";

fn disk_with(file: &str, content: &[u8]) -> SimDisk {
    let disk = SimDisk::new(0);
    disk.create_dir(Path::new("/d")).unwrap();
    let file = disk.open(&Path::new("/d").join(file), OpenMode::Create).unwrap();
    file.write_at(&[std::io::IoSlice::new(content)], 0).unwrap();
    disk
}

fn text(disk: &SimDisk, file: &str) -> String {
    let content = read_file(disk, &Path::new("/d").join(file), 1 << 20).unwrap();
    String::from_utf8(content.expect("file exists")).unwrap()
}

#[test]
fn directory_names_parse_from_the_last_dash() {
    let partition = |topic, number| TopicPartition::new(topic, number);
    let unique = "0123456789abcdef0123456789abcdef";
    let parse = DirectoryName::parse;
    assert_eq!(parse("a.b-c-3"), Some(DirectoryName::Partition(partition("a.b-c", 3))));
    assert_eq!(
        parse(&format!("a.b-c-3.{unique}-delete")),
        Some(DirectoryName::Deleted(partition("a.b-c", 3)))
    );
    assert_eq!(
        parse(&format!("t-0.{unique}-future")),
        Some(DirectoryName::Future(partition("t", 0)))
    );
    assert_eq!(
        parse(&format!("t-12.{unique}-stray")),
        Some(DirectoryName::Stray(partition("t", 12)))
    );
    for name in ["t", "-1", "t-", "t-x", "t--", "remote-log-index-cache", "t-1.x-delete", ""] {
        assert_eq!(parse(name), None, "{name}");
    }
}

#[test]
fn doomed_directory_names_fit_the_file_system() {
    let long = TopicPartition::new(&"x".repeat(249), 2_147_483_647);
    for name in [long.deleted_directory(u128::MAX), long.stray_directory(0)] {
        assert!(name.len() <= 255, "{name}");
        let parsed = DirectoryName::parse(&name);
        assert!(matches!(
            parsed,
            Some(DirectoryName::Deleted(p) | DirectoryName::Stray(p))
                if p.partition == 2_147_483_647
        ));
    }
}

#[test]
fn offset_checkpoints_are_written_as_kafka_writes_them() {
    let disk = disk_with("other", b"");
    let offsets =
        Offsets::from([(TopicPartition::new("a.b-c", 3), 12), (TopicPartition::new("z", 0), 0)]);
    let checkpoint = OffsetCheckpoint::RecoveryPoint;
    checkpoint.store(&disk, Path::new("/d"), &offsets).unwrap();
    assert_eq!(text(&disk, checkpoint.file_name()), "0\n2\na.b-c 3 12\nz 0 0\n");
    assert_eq!(checkpoint.load(&disk, Path::new("/d")).unwrap(), offsets);
}

#[test]
fn malformed_offset_checkpoints_count_as_empty() {
    let good = "0\n1\nt 0 7\n";
    let file = OffsetCheckpoint::LogStart;
    let load = |content: &str| {
        let disk = disk_with(file.file_name(), content.as_bytes());
        file.load(&disk, Path::new("/d")).unwrap()
    };
    assert_eq!(load(good).len(), 1);
    let bad = ["", "1\n0\n", "0\n2\nt 0 7\n", "0\n1\nt 0\n", "0\n1\nt x 7\n", "0\n1\nt 0 7", "\0"];
    for content in bad {
        assert_eq!(load(content), Offsets::new(), "{content:?}");
    }
}

#[test]
fn partition_metadata_is_as_kafka_writes_it() {
    let disk = disk_with("other", b"");
    let metadata = PartitionMetadata { topic_id: ID.parse().unwrap() };
    metadata.store(&disk, Path::new("/d")).unwrap();
    assert_eq!(text(&disk, "partition.metadata"), format!("version: 0\ntopic_id: {ID}"));
    let loaded = PartitionMetadata::load(&disk, Path::new("/d")).unwrap();
    assert_eq!(loaded, Some(metadata));
    assert_eq!(PartitionMetadata::parse(b"version: 0\ntopic_id: 3s9o"), None);
    assert_eq!(PartitionMetadata::parse(b""), None);
}

#[test]
fn clean_shutdown_is_as_kafka_writes_it() {
    let disk = disk_with("other", b"");
    let dir = Path::new("/d");
    assert_eq!(CleanShutdown::load(&disk, dir).unwrap(), None);
    CleanShutdown::store(&disk, dir, 42).unwrap();
    assert_eq!(text(&disk, ".kafka_cleanshutdown"), "{\"version\":0,\"brokerEpoch\":42}");
    let loaded = CleanShutdown::load(&disk, dir).unwrap().unwrap();
    assert_eq!(loaded.broker_epoch, Some(42));
    CleanShutdown::remove(&disk, dir).unwrap();
    CleanShutdown::remove(&disk, dir).unwrap();
    assert_eq!(CleanShutdown::load(&disk, dir).unwrap(), None);
}

#[test]
fn a_clean_shutdown_marker_without_content_still_counts() {
    let disk = disk_with(".kafka_cleanshutdown", b"");
    let loaded = CleanShutdown::load(&disk, Path::new("/d")).unwrap();
    assert_eq!(loaded, Some(CleanShutdown { broker_epoch: None }));
}

#[test]
fn meta_properties_of_kafka_are_read() {
    let content = format!(
        "#\n#Sat Nov 21 12:08:06 UTC 2026\nnode.id=5\ndirectory.id={ID}\nversion=1\n\
         cluster.id=J8qXRwI-Qyi2G0guFTiuYw\n"
    );
    let disk = disk_with("meta.properties", content.as_bytes());
    let meta = MetaProperties::load(&disk, Path::new("/d")).unwrap().unwrap();
    assert_eq!(meta.cluster_id, "J8qXRwI-Qyi2G0guFTiuYw");
    assert_eq!((meta.node_id, meta.directory_id), (5, ID.parse().unwrap()));
    meta.store(&disk, Path::new("/d")).unwrap();
    assert_eq!(MetaProperties::load(&disk, Path::new("/d")).unwrap(), Some(meta));
}

#[test]
fn meta_properties_say_what_is_wrong() {
    let parse = |content: &str| MetaProperties::parse(Path::new("/d"), content.as_bytes());
    let property = |content: &str| match parse(content) {
        Err(MetaPropertiesError::Invalid { property, .. }) => property,
        other => panic!("{content:?}: {other:?}"),
    };
    assert_eq!(property("version=2\n"), "version");
    assert_eq!(property("version=1\ncluster.id=c\nnode.id=1\n"), "directory.id");
    let id = "directory.id=AAAAAAAAAAAAAAAAAAAAAQ\n";
    assert_eq!(property(&format!("version=1\ncluster.id=c\nnode.id=1\n{id}")), "directory.id");
    let id = format!("directory.id={ID}\n");
    assert_eq!(property(&format!("version=1\nnode.id=1\n{id}")), "cluster.id");
    assert_eq!(property(&format!("version=1\ncluster.id=c\nnode.id=x\n{id}")), "node.id");
    assert_eq!(parse(&format!("cluster.id=c\nbroker.id=7\n{id}")).unwrap().node_id, 7);
}

#[test]
fn directories_of_another_cluster_or_node_are_refused() {
    let meta = |cluster: &str, node_id, id: u8| MetaProperties {
        cluster_id: cluster.into(),
        node_id,
        directory_id: barnabas_wire::Uuid([id; 16]),
    };
    let check = |cluster_id, dirs: &[MetaProperties]| {
        let dirs: Vec<_> = dirs
            .iter()
            .enumerate()
            .map(|(n, meta)| (PathBuf::from(format!("/d{n}")), meta.clone()))
            .collect();
        MetaProperties::check(&dirs, cluster_id, 1)
    };
    let good = meta("c", 1, 7);
    assert!(check(Some("c"), &[good.clone(), meta("c", 1, 8)]).is_ok());
    assert!(check(None, &[]).is_ok());
    let other = check(Some("d"), std::slice::from_ref(&good));
    assert!(matches!(other, Err(MetaPropertiesError::ClusterId { .. })));
    let mixed = check(None, &[good.clone(), meta("d", 1, 8)]);
    assert!(matches!(mixed, Err(MetaPropertiesError::ClusterId { .. })));
    let node = check(None, &[meta("c", 2, 7)]);
    assert!(matches!(node, Err(MetaPropertiesError::NodeId { .. })));
    let copied = check(None, &[good.clone(), good]);
    assert!(matches!(copied, Err(MetaPropertiesError::SameDirectoryId { .. })));
}

#[test]
fn new_directory_ids_are_usable() {
    let (a, b) = (new_directory_id().unwrap(), new_directory_id().unwrap());
    assert_ne!(a, b);
    assert!(!a.is_reserved_dir() && !a.to_string().starts_with('-'));
}

#[test]
fn a_log_directory_is_locked_once() {
    let dir = tempfile::tempdir().unwrap();
    let real = crate::disk::RealDisk;
    let sim = disk_with("other", b"");
    let disks: [(&dyn Disk, &Path); 2] = [(&real, dir.path()), (&sim, Path::new("/d"))];
    for (disk, dir) in disks {
        let held = lock_directory(disk, dir).unwrap();
        assert!(matches!(lock_directory(disk, dir), Err(LockError::InUse { .. })));
        drop(held);
        lock_directory(disk, dir).unwrap();
    }
}
