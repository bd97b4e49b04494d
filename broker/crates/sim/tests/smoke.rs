//! A few short simulations; `barnabas-sim` runs more.

#![allow(unexpected_cfgs, reason = "tokio_unstable is tokio's")]

use barnabas_sim::scenario::{Faults, Scale};
use barnabas_sim::{Outcome, Scenario, simulate};

fn run(seed: u64, nodes: i32) -> Outcome {
    let scale = Scale { nodes: Some(nodes), seconds: 5 };
    simulate(&Scenario::new(seed, scale), false)
}

/// Without `--cfg tokio_unstable` the order of waiters is tokio's secret: the stage of `make test`
/// that simulates has it.
#[cfg(tokio_unstable)]
#[test]
fn the_same_seed_is_the_same_simulation() {
    for nodes in [1, 3] {
        let (once, again) = (run(0, nodes), run(0, nodes));
        assert!(once.events > 1000);
        assert_eq!((once.trace, once.events), (again.trace, again.events));
        assert_ne!(once.trace, run(1, nodes).trace);
    }
}

#[test]
fn without_faults_everything_is_acknowledged_and_read_back() {
    for nodes in [1, 3] {
        let mut scenario = Scenario::new(0, Scale { nodes: Some(nodes), seconds: 5 });
        scenario.faults = Faults::default();
        let outcome = simulate(&scenario, false);
        assert_eq!(outcome.violations, []);
        assert_eq!(outcome.counts.sent, outcome.counts.acked);
        assert!(outcome.counts.read >= outcome.counts.sent && outcome.counts.committed > 0);
    }
}
