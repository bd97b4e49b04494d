//! Names: what the process sees, and what the medium has of it.

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use super::inode::Inode;
use crate::disk::{Entry, Metadata};

/// `durable` becomes `live` by applying `pending` in order: a journal, of which a crash keeps a
/// prefix and a sync of a directory commits everything up to its last change.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    pub(super) live: Names,
    pub(super) durable: Names,
    pub(super) pending: Vec<NameChange>,
    pub(super) inodes: BTreeMap<u64, Inode>,
    pub(super) next_inode: u64,
}

pub(super) type Names = BTreeMap<PathBuf, Node>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Dir,
    File(u64),
}

#[derive(Clone, Debug)]
pub(super) enum NameChange {
    Add(PathBuf, Node),
    Remove(PathBuf),
    Rename(PathBuf, PathBuf),
}

impl Tree {
    pub(super) fn inode(&self, id: u64) -> &Inode {
        &self.inodes[&id]
    }

    pub(super) fn inode_mut(&mut self, id: u64) -> &mut Inode {
        self.inodes.entry(id).or_default()
    }

    pub(super) fn file(&self, path: &Path) -> Option<u64> {
        match self.live.get(path) {
            Some(Node::File(inode)) => Some(*inode),
            _ => None,
        }
    }

    pub(super) fn is_dir(&self, path: &Path) -> bool {
        path.parent().is_none() || self.live.get(path) == Some(&Node::Dir)
    }

    /// Bytes of all named files.
    pub(super) fn bytes(&self) -> u64 {
        let files = self.live.values().filter_map(|node| match node {
            Node::File(inode) => Some(self.inode(*inode).size()),
            Node::Dir => None,
        });
        files.sum()
    }

    pub(super) fn create_dir(&mut self, path: &Path) -> io::Result<()> {
        let mut missing: Vec<&Path> =
            path.ancestors().take_while(|dir| !self.is_dir(dir)).collect();
        missing.reverse();
        for dir in missing {
            if self.live.contains_key(dir) {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            self.change(NameChange::Add(dir.to_path_buf(), Node::Dir));
        }
        Ok(())
    }

    pub(super) fn create_file(&mut self, path: &Path) -> io::Result<u64> {
        self.check_parent(path)?;
        let id = self.next_inode;
        self.next_inode += 1;
        self.inodes.insert(id, Inode::default());
        self.change(NameChange::Add(path.to_path_buf(), Node::File(id)));
        Ok(id)
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        if !self.live.contains_key(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        if self.is_dir(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.check_parent(to)?;
        self.change(NameChange::Rename(from.to_path_buf(), to.to_path_buf()));
        Ok(())
    }

    pub(super) fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        if self.file(path).is_none() {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.change(NameChange::Remove(path.to_path_buf()));
        Ok(())
    }

    pub(super) fn remove_dir(&mut self, path: &Path) {
        if self.is_dir(path) {
            self.change(NameChange::Remove(path.to_path_buf()));
        }
    }

    pub(super) fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        if !self.is_dir(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inside = below(&self.live, dir).filter(|(path, _)| path.parent() == Some(dir));
        let entry = |(path, node): (&PathBuf, &Node)| {
            let name = path.file_name()?.to_str()?.to_owned();
            Some(Entry { name, metadata: self.describe(*node) })
        };
        Ok(inside.filter_map(entry).collect())
    }

    pub(super) fn metadata(&self, path: &Path) -> Option<Metadata> {
        self.live.get(path).map(|node| self.describe(*node))
    }

    pub(super) fn sync_dir(&mut self, dir: &Path) -> io::Result<()> {
        if !self.is_dir(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let touches = |change: &NameChange| change.paths().iter().any(|p| p.parent() == Some(dir));
        let committed = self.pending.iter().rposition(touches).map_or(0, |last| last + 1);
        for change in self.pending.drain(..committed) {
            apply(&mut self.durable, &change);
        }
        Ok(())
    }

    fn check_parent(&self, path: &Path) -> io::Result<()> {
        match path.parent() {
            Some(dir) if self.is_dir(dir) => Ok(()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn describe(&self, node: Node) -> Metadata {
        match node {
            Node::Dir => Metadata { is_dir: true, size: 0, modified_ms: 0 },
            Node::File(inode) => {
                let inode = self.inode(inode);
                Metadata { is_dir: false, size: inode.size(), modified_ms: inode.modified_ms }
            }
        }
    }

    fn change(&mut self, change: NameChange) {
        apply(&mut self.live, &change);
        self.pending.push(change);
    }
}

pub(super) fn apply(names: &mut Names, change: &NameChange) {
    match change {
        NameChange::Add(path, node) => {
            names.insert(path.clone(), *node);
        }
        NameChange::Remove(path) => {
            take(names, path);
        }
        NameChange::Rename(from, to) => {
            for (old, node) in take(names, from) {
                let rest = old.strip_prefix(from).unwrap_or(Path::new(""));
                let new = if rest.as_os_str().is_empty() { to.clone() } else { to.join(rest) };
                names.insert(new, node);
            }
        }
    }
}

/// A path and everything in it: paths are ordered by their components.
fn below<'a>(names: &'a Names, path: &'a Path) -> impl Iterator<Item = (&'a PathBuf, &'a Node)> {
    let from = (Bound::Included(path), Bound::Unbounded);
    names.range::<Path, _>(from).take_while(move |(name, _)| name.starts_with(path))
}

fn take(names: &mut Names, path: &Path) -> Vec<(PathBuf, Node)> {
    let taken: Vec<PathBuf> = below(names, path).map(|(name, _)| name.clone()).collect();
    taken.into_iter().filter_map(|name| names.remove_entry(&name)).collect()
}

impl NameChange {
    fn paths(&self) -> Vec<&Path> {
        match self {
            Self::Add(path, _) | Self::Remove(path) => vec![path],
            Self::Rename(from, to) => vec![from, to],
        }
    }
}
