//! Names of the files of a partition directory (`LogFileUtils`).

/// What a file of a segment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Suffix {
    Log,
    OffsetIndex,
    TimeIndex,
    TxnIndex,
    Snapshot,
}

impl Suffix {
    pub(crate) const ALL: [Self; 5] =
        [Self::Log, Self::OffsetIndex, Self::TimeIndex, Self::TxnIndex, Self::Snapshot];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Log => ".log",
            Self::OffsetIndex => ".index",
            Self::TimeIndex => ".timeindex",
            Self::TxnIndex => ".txnindex",
            Self::Snapshot => ".snapshot",
        }
    }
}

/// A parsed name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentFile {
    pub(crate) offset: i64,
    pub(crate) suffix: Suffix,
    pub(crate) stage: Stage,
}

/// A step in the life of a file, appended to its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    InUse,
    /// Scheduled for deletion.
    Deleted,
    /// Output of an unfinished cleaning.
    Cleaned,
    /// Output of a finished cleaning, being swapped in.
    Swap,
}

/// 20 decimal digits and the suffix.
pub(crate) fn file_name(offset: i64, suffix: Suffix) -> String {
    format!("{offset:020}{}", suffix.as_str())
}

/// `None` for a name that belongs to no segment.
pub(crate) fn parse_file_name(name: &str) -> Option<SegmentFile> {
    let stages =
        [(".deleted", Stage::Deleted), (".cleaned", Stage::Cleaned), (".swap", Stage::Swap)];
    let (name, stage) = stages
        .iter()
        .find_map(|(end, stage)| Some((name.strip_suffix(end)?, *stage)))
        .unwrap_or((name, Stage::InUse));
    let (digits, rest) = name.split_at_checked(20)?;
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let suffix = Suffix::ALL.into_iter().find(|suffix| suffix.as_str() == rest)?;
    Some(SegmentFile { offset: digits.parse().ok()?, suffix, stage })
}
