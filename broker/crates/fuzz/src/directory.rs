//! The small files of a log directory, and the names of directories in it.

use std::path::Path;

use barnabas_storage::directory::{
    CleanShutdown, DirectoryName, MetaProperties, OffsetCheckpoint, PartitionMetadata,
};
use barnabas_storage::{Disk, SimDisk};
use barnabas_wire::Source;

use crate::files::{push, split, write};
use crate::memory::bounded;

const NAMES: [&str; 5] = [
    "meta.properties",
    "recovery-point-offset-checkpoint",
    "replication-offset-checkpoint",
    "partition.metadata",
    ".kafka_cleanshutdown",
];
/// Memory of reading all of them, for each byte of the input.
const MEMORY_PER_BYTE: usize = 256;
const MEMORY_SLACK: usize = 1 << 20;

/// Reads files (see [`crate::files`]); what is read must be read again once it is written.
pub fn run(data: &[u8]) {
    let disk = SimDisk::new(1);
    let dir = Path::new("/data");
    if disk.create_dir(dir).is_err() {
        return;
    }
    for (name, content) in split(data, NAMES.len()) {
        if write(&disk, &dir.join(NAMES[name]), &content).is_err() {
            return;
        }
        if let Ok(text) = std::str::from_utf8(&content) {
            let _ = DirectoryName::parse(text);
        }
    }
    bounded(MEMORY_SLACK + data.len() * MEMORY_PER_BYTE, || read(&disk, dir));
}

fn read(disk: &SimDisk, dir: &Path) {
    if let Ok(Some(meta)) = MetaProperties::load(disk, dir) {
        assert!(meta.store(disk, dir).is_ok());
        assert_eq!(MetaProperties::load(disk, dir).ok().flatten(), Some(meta));
    }
    for checkpoint in [OffsetCheckpoint::RecoveryPoint, OffsetCheckpoint::Replication] {
        if let Ok(offsets) = checkpoint.load(disk, dir) {
            assert!(checkpoint.store(disk, dir, &offsets).is_ok());
            assert_eq!(checkpoint.load(disk, dir).ok(), Some(offsets));
        }
    }
    if let Ok(Some(metadata)) = PartitionMetadata::load(disk, dir) {
        assert!(metadata.store(disk, dir).is_ok());
        assert_eq!(PartitionMetadata::load(disk, dir).ok().flatten(), Some(metadata));
    }
    let _ = CleanShutdown::load(disk, dir);
}

/// The files as a broker writes them.
pub fn seed(source: &mut Source) -> Vec<u8> {
    let mut data = Vec::new();
    let contents: [&[u8]; 5] = [
        b"#\nversion=1\ncluster.id=3s9oQZTES4mPlexVPLo_XA\nnode.id=1\n\
          directory.id=AAAAAAAAQACAAAAAAAAAAA\n",
        b"0\n2\ntopic 0 12\ntopic 1 -1\n",
        b"0\n1\n__consumer_offsets 49 9223372036854775807\n",
        b"version: 0\ntopic_id: 3s9oQZTES4mPlexVPLo_XA",
        b"{\"version\":0,\"brokerEpoch\":42}",
    ];
    for (name, content) in contents.iter().enumerate() {
        if !source.chance(3) {
            push(&mut data, name as u8, content);
        }
    }
    data
}
