//! Seeds that found something once. A seed is another simulation after most changes: what it found
//! has a test of its own where it was mended. Here are those that are cheap to keep.

use barnabas_sim::scenario::Scale;
use barnabas_sim::{Scenario, simulate};

const KEPT: [(u64, &str); 5] = [
    (31, "a node that was still stopping when the faults ended was not started again"),
    (397, "groups were served from a log directory that had failed"),
    (540, "a producer was not known again after a clean restart"),
    (708, "a new leader was believed that its log ends early"),
    (891, "a leader of an older epoch was believed"),
];

#[test]
fn what_was_found_once_is_not_found_again() {
    for (seed, found) in KEPT {
        let scenario = Scenario::new(seed, Scale { nodes: None, seconds: 20 });
        assert_eq!(simulate(&scenario, false).violations, [], "seed {seed}: {found}");
    }
}
