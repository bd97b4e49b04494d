//! `meta.properties`: to which cluster and node a log directory belongs (`MetaProperties`).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use barnabas_wire::Uuid;

use crate::disk::{Disk, DiskError, read_file, write_atomically};

const FILE: &str = "meta.properties";
const BYTES_MAX: u64 = 64 << 10;

/// Content of the file, version 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaProperties {
    /// Id of the cluster.
    pub cluster_id: String,
    /// Id of the node.
    pub node_id: i32,
    /// Id of this directory, unique in the cluster.
    pub directory_id: Uuid,
}

/// The directory must not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetaPropertiesError {
    /// It belongs to another cluster.
    #[error(
        "{} belongs to cluster {found}, not to {expected}: \
         wrong volume, or format the directory for this cluster",
        dir.display()
    )]
    ClusterId {
        /// The directory.
        dir: PathBuf,
        /// Its cluster.
        found: String,
        /// Ours.
        expected: String,
    },
    /// The disk fails.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A property is absent or has no valid value.
    #[error("{FILE} in {} has no valid {property}", dir.display())]
    Invalid {
        /// The directory.
        dir: PathBuf,
        /// Name of the property.
        property: &'static str,
    },
    /// It belongs to another node.
    #[error(
        "{} belongs to node {found}, not to {expected}: wrong volume, or wrong node.id",
        dir.display()
    )]
    NodeId {
        /// The directory.
        dir: PathBuf,
        /// Its node.
        found: i32,
        /// Ours.
        expected: i32,
    },
    /// Two directories of the node have the same id: one was copied from the other.
    #[error("{} and {} have the same directory.id {id}", first.display(), second.display())]
    SameDirectoryId {
        /// One of them.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// Their id.
        id: Uuid,
    },
}

impl MetaProperties {
    /// Reads the file of a log directory; `None` if the directory is not formatted.
    ///
    /// # Errors
    /// If the disk fails or the content is not valid.
    pub fn load(disk: &dyn Disk, dir: &Path) -> Result<Option<Self>, MetaPropertiesError> {
        match read_file(disk, &dir.join(FILE), BYTES_MAX)? {
            None => Ok(None),
            Some(content) => Self::parse(dir, &content).map(Some),
        }
    }

    /// Writes the file; durable on return.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn store(&self, disk: &dyn Disk, dir: &Path) -> Result<(), DiskError> {
        write_atomically(disk, &dir.join(FILE), self.render().as_bytes(), true)
    }

    /// Checks the directories of one node against its configuration and one another.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn check(
        directories: &[(PathBuf, Self)],
        cluster_id: Option<&str>,
        node_id: i32,
    ) -> Result<(), MetaPropertiesError> {
        let expected = cluster_id.or(directories.first().map(|(_, meta)| &*meta.cluster_id));
        let mut ids: BTreeMap<Uuid, &Path> = BTreeMap::new();
        for (dir, meta) in directories {
            if let Some(expected) = expected.filter(|expected| **expected != meta.cluster_id) {
                return Err(MetaPropertiesError::ClusterId {
                    dir: dir.clone(),
                    found: meta.cluster_id.clone(),
                    expected: expected.to_owned(),
                });
            }
            if meta.node_id != node_id {
                return Err(MetaPropertiesError::NodeId {
                    dir: dir.clone(),
                    found: meta.node_id,
                    expected: node_id,
                });
            }
            if let Some(first) = ids.insert(meta.directory_id, dir) {
                return Err(MetaPropertiesError::SameDirectoryId {
                    first: first.to_path_buf(),
                    second: dir.clone(),
                    id: meta.directory_id,
                });
            }
        }
        Ok(())
    }

    pub(crate) fn parse(dir: &Path, content: &[u8]) -> Result<Self, MetaPropertiesError> {
        let invalid = |property| MetaPropertiesError::Invalid { dir: dir.to_path_buf(), property };
        let text = String::from_utf8_lossy(content);
        let properties: BTreeMap<String, String> = text.lines().filter_map(property).collect();
        let get = |name: &'static str| properties.get(name).ok_or(invalid(name));
        let version = properties.get("version").map_or("0", String::as_str);
        let node_property = match version {
            "0" => "broker.id",
            "1" => "node.id",
            _ => return Err(invalid("version")),
        };
        let directory_id: Uuid =
            get("directory.id")?.parse().map_err(|_| invalid("directory.id"))?;
        if directory_id.is_reserved_dir() {
            return Err(invalid("directory.id"));
        }
        Ok(Self {
            cluster_id: get("cluster.id")?.clone(),
            node_id: get(node_property)?.parse().map_err(|_| invalid(node_property))?,
            directory_id,
        })
    }

    pub(crate) fn render(&self) -> String {
        let mut text = String::from("#\n");
        let _ = write!(
            text,
            "cluster.id={}\ndirectory.id={}\nnode.id={}\nversion=1\n",
            escape(&self.cluster_id),
            self.directory_id,
            self.node_id
        );
        text
    }
}

/// A random id for a new log directory.
///
/// # Errors
/// If the kernel has no randomness.
pub fn new_directory_id() -> std::io::Result<Uuid> {
    loop {
        let mut bytes = [0; 16];
        rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
        if let Some(id) = Uuid::from_random(bytes).filter(|id| !id.is_reserved_dir()) {
            return Ok(id);
        }
    }
}

/// One line of Java properties, without continuation lines, which nobody writes here.
fn property(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with(['#', '!']) {
        return None;
    }
    let (name, value) = line.split_once(['=', ':'])?;
    Some((unescape(name.trim()), unescape(value.trim())))
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\\' {
            out.extend(characters.next());
        } else {
            out.push(character);
        }
    }
    out
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '=' | ':' | '#' | '!' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}
