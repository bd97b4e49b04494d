//! Metadata: at one offset of its log, all nodes have the same.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};

use barnabas_metadata::Image;

use super::Finding;
use crate::history::Kind;

#[derive(Debug, Default)]
pub(super) struct Images {
    /// Hash of the image that ends at an offset, and who had it first.
    hashes: BTreeMap<i64, (u64, i32)>,
    /// The last image that was looked at, per node.
    looked: BTreeMap<i32, i64>,
}

impl Images {
    /// A node has this image.
    pub(super) fn look(&mut self, node: i32, image: &Image) -> Option<Finding> {
        let end = image.provenance.end_offset();
        if self.looked.insert(node, end) == Some(end) {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        let mut text = String::new();
        for record in image.records() {
            text.clear();
            let _ = write!(text, "{record:?}");
            text.hash(&mut hasher);
        }
        let hash = hasher.finish();
        let (known, first) = *self.hashes.entry(end).or_insert((hash, node));
        let text = || format!("{first} and {node} differ at offset {end}");
        (known != hash).then(|| (Kind::MetadataDiverged, text()))
    }
}
