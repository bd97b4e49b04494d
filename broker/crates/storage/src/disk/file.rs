//! Whole small files: read with a bound, replace atomically.

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};

use super::{Disk, DiskError, DiskFile, OpenMode};

/// Reads a whole file of at most `limit` bytes; `None` if it does not exist.
pub fn read_file(disk: &dyn Disk, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, DiskError> {
    let file = match disk.open(path, OpenMode::Read) {
        Ok(file) => file,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error),
    };
    let size = file.size()?;
    if size > limit {
        let source = io::Error::new(
            io::ErrorKind::InvalidData,
            format!("has {size} bytes, more than the {limit} that are plausible"),
        );
        return Err(DiskError::new("read", path, source));
    }
    let mut content = vec![0; usize::try_from(size).unwrap_or(0)];
    let read = read_full(file.as_ref(), &mut content, 0)?;
    content.truncate(read);
    Ok(Some(content))
}

/// Replaces a file by way of `<name>.tmp` and a rename, so that a crash leaves the old content or
/// the new. With `sync`, the new content is durable on return.
pub fn write_atomically(
    disk: &dyn Disk,
    path: &Path,
    content: &[u8],
    sync: bool,
) -> Result<(), DiskError> {
    let temporary = temporary_path(path);
    let written =
        write_new(disk, &temporary, content, sync).and_then(|()| disk.rename(&temporary, path));
    if let Err(error) = written {
        // On a full disk even this little counts; if it stays, the next writer replaces it.
        let _ = disk.remove_file(&temporary);
        return Err(error);
    }
    if sync && let Some(dir) = path.parent() {
        disk.sync_dir(dir)?;
    }
    Ok(())
}

fn write_new(disk: &dyn Disk, path: &Path, content: &[u8], sync: bool) -> Result<(), DiskError> {
    let file = disk.open(path, OpenMode::Truncate)?;
    file.write_at(&[IoSlice::new(content)], 0)?;
    if sync { file.sync() } else { Ok(()) }
}

/// Reads until the buffer is full or the file ends; returns the bytes read.
pub(crate) fn read_full(
    file: &dyn DiskFile,
    buffer: &mut [u8],
    position: u64,
) -> Result<usize, DiskError> {
    let mut done = 0;
    while done < buffer.len() {
        match file.read_at(&mut buffer[done..], position + done as u64)? {
            0 => break,
            read => done += read,
        }
    }
    Ok(done)
}

fn temporary_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    PathBuf::from(name)
}
