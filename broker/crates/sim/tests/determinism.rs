//! The same seed is the same simulation. Without `--cfg tokio_unstable` the order of waiters is
//! tokio's secret; the stage of `make test` that simulates has it, and compares its seeds, too.

#![allow(unexpected_cfgs, reason = "tokio_unstable is tokio's")]
#![cfg(tokio_unstable)]

use barnabas_sim::scenario::Scale;
use barnabas_sim::{Outcome, Scenario, simulate};

fn run(seed: u64, nodes: i32) -> Outcome {
    let scale = Scale { nodes: Some(nodes), seconds: 5 };
    simulate(&Scenario::new(seed, scale), false)
}

#[test]
fn the_same_seed_is_the_same_simulation() {
    for nodes in [1, 3] {
        let (once, again) = (run(0, nodes), run(0, nodes));
        assert!(once.events > 1000);
        assert_eq!((once.trace, once.events), (again.trace, again.events));
        assert_ne!(once.trace, run(1, nodes).trace);
    }
}
