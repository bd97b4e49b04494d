//! Files on a simulated disk, from the bytes of an input: for each a byte that chooses its name,
//! two bytes of length, and its content.

use std::io::IoSlice;
use std::path::Path;

use barnabas_storage::disk::OpenMode;
use barnabas_storage::{Disk, DiskError, SimDisk};

/// Splits an input into file numbers below `names` and contents.
pub fn split(mut data: &[u8], names: usize) -> Vec<(usize, Vec<u8>)> {
    let mut files = Vec::new();
    while let Some((head, rest)) = data.split_first_chunk::<3>() {
        let [name, high, low] = *head;
        let length = usize::from(u16::from_be_bytes([high, low])).min(rest.len());
        let (content, rest) = rest.split_at(length);
        files.push((usize::from(name) % names, content.to_vec()));
        data = rest;
    }
    files
}

/// Appends a file to an input.
pub fn push(data: &mut Vec<u8>, name: u8, content: &[u8]) {
    let length = content.len().min(usize::from(u16::MAX));
    data.push(name);
    data.extend_from_slice(&(length as u16).to_be_bytes());
    data.extend_from_slice(&content[..length]);
}

/// Writes a file.
pub fn write(disk: &SimDisk, path: &Path, content: &[u8]) -> Result<(), DiskError> {
    let file = disk.open(path, OpenMode::Truncate)?;
    file.write_at(&[IoSlice::new(content)], 0)
}
