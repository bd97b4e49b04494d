//! A few short simulations; `barnabas-sim` runs more.

use barnabas_sim::scenario::{Faults, Scale};
use barnabas_sim::{Scenario, simulate};

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
