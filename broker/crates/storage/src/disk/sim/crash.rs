//! What is left after a crash.

use super::random::Random;
use super::tree::{Node, Tree, apply};

/// How much a crash takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashKind {
    /// The process was killed: what the kernel has stays.
    Kill,
    /// The machine lost power: what was not synced may be lost, whole or in part.
    Power,
}

pub(super) fn survivors(tree: &Tree, kind: CrashKind, random: &mut Random) -> Tree {
    let names = match kind {
        CrashKind::Kill => tree.live.clone(),
        CrashKind::Power => {
            let mut names = tree.durable.clone();
            let kept = random.up_to(tree.pending.len() as u64);
            let kept = usize::try_from(kept).unwrap_or(usize::MAX);
            for change in tree.pending.iter().take(kept) {
                apply(&mut names, change);
            }
            names
        }
    };
    let mut next = Tree { next_inode: tree.next_inode, ..Tree::default() };
    for node in names.values() {
        let Node::File(id) = node else { continue };
        let inode = match kind {
            CrashKind::Kill => tree.inode(*id).after_kill(),
            CrashKind::Power => tree.inode(*id).after_power_loss(random),
        };
        next.inodes.insert(*id, inode);
    }
    next.live.clone_from(&names);
    next.durable = names;
    next
}
