//! The known name that a mistyped one is most like.

/// Longest name that is compared; a longer one is like nothing we know.
const MAX_LEN: usize = 128;

/// The candidate with the least edit distance, if at most a third of the name was mistyped.
pub(super) fn nearest<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    if name.len() > MAX_LEN {
        return None;
    }
    let normal = name.to_ascii_lowercase().replace(['_', '-'], ".");
    let close = |distance: usize, candidate: &str| distance * 3 <= name.len().max(candidate.len());
    candidates
        // What is much longer or shorter need not be compared letter by letter.
        .filter(|candidate| close(candidate.len().abs_diff(name.len()), candidate))
        .map(|candidate| (distance(&normal, candidate), candidate))
        .min_by_key(|(distance, candidate)| (*distance, *candidate))
        .filter(|(distance, candidate)| close(*distance, candidate))
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, substitutions and swaps of neighbours that turn one into the other.
fn distance(from: &str, to: &str) -> usize {
    let (from, to) = (from.as_bytes(), to.as_bytes());
    let mut before = vec![0; to.len() + 1];
    let mut previous: Vec<usize> = (0..=to.len()).collect();
    let mut current = before.clone();
    for (i, a) in from.iter().enumerate() {
        current[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let substitute = previous[j] + usize::from(a != b);
            let mut best = substitute.min(previous[j + 1] + 1).min(current[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                best = best.min(before[j - 1] + 1);
            }
            current[j + 1] = best;
        }
        std::mem::swap(&mut before, &mut previous);
        std::mem::swap(&mut previous, &mut current);
    }
    previous[to.len()]
}
