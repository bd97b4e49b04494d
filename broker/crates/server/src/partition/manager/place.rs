//! In which log directory a partition is, or goes (`LogManager.getOrCreateLog`, KIP-858).

use barnabas_wire::Uuid;

/// A log directory that is online.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) id: Uuid,
    /// The partition's directory was found in it.
    pub(super) has_it: bool,
    /// It gets no new partitions if there is another.
    pub(super) is_cordoned: bool,
    /// Partitions in it.
    pub(super) load: usize,
}

/// What is known of a partition that has no log yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The log directory in the metadata.
    pub(super) assigned: Option<Uuid>,
    /// Chosen by AlterReplicaLogDirs before the replica was there: an index.
    pub(super) preferred: Option<usize>,
    /// The partition was here, or may have been, before this process started.
    pub(super) is_old: bool,
    /// There are log directories of which nobody knows what is in them.
    pub(super) some_are_absent: bool,
    /// As far as is known, no other broker has all records.
    pub(super) is_only_copy: bool,
}

/// Where a partition's log is opened: an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It is there.
    Found(usize),
    /// It is made there.
    New(usize),
    /// It may be in a directory that is not online: a new log would pass for the whole of it.
    Unknown,
    /// It is in a directory that `log.dirs` does not name any more, and nowhere else: an empty log
    /// would lead.
    TakenAway,
}

/// Decides. Of several directories that have the partition the assigned one counts, else the
/// first.
pub(super) fn place(wanted: &Wanted, candidates: &[Candidate]) -> Place {
    let named = candidates.iter().position(|dir| Some(dir.id) == wanted.assigned);
    if let Some(index) = named.filter(|index| candidates[*index].has_it) {
        return Place::Found(index);
    }
    if let Some(index) = candidates.iter().position(|dir| dir.has_it) {
        return Place::Found(index);
    }
    let is_assigned = wanted.assigned.is_some_and(|id| !id.is_reserved_dir());
    let elsewhere = is_assigned && named.is_none();
    let unreported = !is_assigned && wanted.is_old;
    if wanted.some_are_absent && (elsewhere || unreported) {
        return Place::Unknown;
    }
    if elsewhere && wanted.is_only_copy && wanted.preferred.is_none() {
        return Place::TakenAway;
    }
    let emptiest = || {
        let all = candidates.iter().enumerate();
        all.min_by_key(|(_, dir)| (dir.is_cordoned, dir.load)).map(|(index, _)| index)
    };
    let chosen = wanted.preferred.filter(|index| *index < candidates.len());
    chosen.or(named).or_else(emptiest).map_or(Place::Unknown, Place::New)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Wanted = Wanted {
        assigned: None,
        preferred: None,
        is_old: true,
        some_are_absent: false,
        is_only_copy: false,
    };

    fn id(index: u8) -> Uuid {
        Uuid([index + 1; 16])
    }

    fn dirs(loads: [usize; 3]) -> Vec<Candidate> {
        let dir =
            |(index, load)| Candidate { id: id(index), has_it: false, is_cordoned: false, load };
        (0..).zip(loads).map(dir).collect()
    }

    fn assigned(id: Uuid) -> Wanted {
        Wanted { assigned: Some(id), ..WANTED }
    }

    #[test]
    fn a_partition_stays_where_it_is() {
        let mut dirs = dirs([0, 5, 9]);
        dirs[2].has_it = true;
        assert_eq!(place(&WANTED, &dirs), Place::Found(2));
        assert_eq!(place(&assigned(id(0)), &dirs), Place::Found(2), "the metadata follows");
        dirs[1].has_it = true;
        assert_eq!(place(&assigned(id(2)), &dirs), Place::Found(2));
        assert_eq!(place(&assigned(id(0)), &dirs), Place::Found(1));
        dirs[1].is_cordoned = true;
        assert_eq!(place(&assigned(id(1)), &dirs), Place::Found(1));
    }

    #[test]
    fn a_new_partition_goes_where_it_is_wanted_or_where_the_fewest_are() {
        let mut dirs = dirs([5, 2, 2]);
        assert_eq!(place(&assigned(Uuid::UNASSIGNED_DIR), &dirs), Place::New(1));
        assert_eq!(place(&assigned(id(0)), &dirs), Place::New(0));
        let preferred = Wanted { preferred: Some(2), ..assigned(id(0)) };
        assert_eq!(place(&preferred, &dirs), Place::New(2));
        dirs[1].is_cordoned = true;
        assert_eq!(place(&WANTED, &dirs), Place::New(2));
        dirs.iter_mut().for_each(|dir| dir.is_cordoned = true);
        assert_eq!(place(&WANTED, &dirs), Place::New(1), "there is no other");
        assert_eq!(place(&WANTED, &[]), Place::Unknown);
    }

    #[test]
    fn the_only_copy_is_not_made_anew_but_where_somebody_wants_it() {
        let dirs = dirs([0, 0, 0]);
        let only = |wanted: Wanted| Wanted { is_only_copy: true, ..wanted };
        assert_eq!(place(&only(assigned(id(9))), &dirs), Place::TakenAway);
        let preferred = Wanted { preferred: Some(1), ..assigned(id(9)) };
        assert_eq!(place(&only(preferred), &dirs), Place::New(1));
        assert_eq!(place(&only(assigned(id(1))), &dirs), Place::New(1), "its directory is empty");
        assert_eq!(place(&only(assigned(Uuid::UNASSIGNED_DIR)), &dirs), Place::New(0), "it is new");
    }

    #[test]
    fn nothing_is_made_anew_that_may_be_in_an_absent_directory() {
        let dirs = dirs([0, 0, 0]);
        let absent = |wanted: Wanted| Wanted { some_are_absent: true, ..wanted };
        let elsewhere = assigned(id(9));
        assert_eq!(place(&absent(elsewhere), &dirs), Place::Unknown);
        assert_eq!(place(&elsewhere, &dirs), Place::New(0), "its directory was taken away");
        assert_eq!(place(&absent(assigned(id(1))), &dirs), Place::New(1));
        let unassigned = assigned(Uuid::UNASSIGNED_DIR);
        assert_eq!(place(&absent(unassigned), &dirs), Place::Unknown);
        let new = Wanted { is_old: false, ..unassigned };
        assert_eq!(place(&absent(new), &dirs), Place::New(0));
    }
}
