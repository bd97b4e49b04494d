//! Scenarios on real pods: what a person or a failure does, and what must be true after it. Each
//! has a namespace of its own; all share one Kubernetes and one operator.

mod broken;
mod brokers;
mod chart;
mod disk;
mod expansion;
mod figures;
mod growth;
mod namespace;
mod outage;
mod refusal;
mod resumption;
mod roll;
mod scale;
mod stage;
mod survival;
mod topic;
mod watch;
mod zones;

use std::time::Instant;

use crate::bed::Bed;
use crate::cache;
use crate::checkout::Binaries;
use crate::checks::Tally;
use crate::deployment;
use crate::failure::{Failure, Result};
use crate::kubernetes::Kubernetes;
use crate::progress::step;
use stage::Stage;

/// A scenario.
struct Scenario {
    name: &'static str,
    run: fn(&Stage<'_>) -> Result<()>,
}

/// In this order: the chart is removed last. Those of a group run side by side: none of them
/// touches what others have, or measures what others disturb.
const GROUPS: &[&[Scenario]] = &[
    &[
        Scenario { name: "refuse-bad-manifests", run: refusal::run },
        Scenario { name: "survive-pod-deletion-and-kill", run: survival::run },
        Scenario { name: "manage-topics", run: topic::run },
    ],
    &[Scenario { name: "survive-the-loss-of-a-zone", run: zones::run }],
    &[Scenario { name: "roll-under-load", run: roll::run }],
    &[
        Scenario { name: "stop-at-a-broken-image", run: broken::run },
        Scenario { name: "scale-out-and-in", run: scale::run },
    ],
    &[
        Scenario { name: "grow-from-one-broker", run: expansion::run },
        Scenario { name: "lose-a-disk", run: disk::run },
    ],
    &[Scenario { name: "survive-the-kill-of-all", run: outage::run }],
    &[Scenario { name: "resume-after-operator-kill", run: resumption::run }],
    &[
        Scenario { name: "grow-volumes", run: growth::run },
        Scenario { name: "delete-namespaces", run: namespace::run },
    ],
    &[Scenario { name: "reach-the-figures", run: figures::run }],
    &[Scenario { name: "upgrade-and-uninstall-the-chart", run: chart::run }],
];

/// The name of the bed that scenarios run on.
pub fn bed_name() -> String {
    format!("test-{}", cache::hash(&[crate::repository().display().to_string().as_bytes()]))
}

/// Installs the operator on a bed and runs the scenarios of these names (all, if there are none).
///
/// # Errors
/// When there is no scenario of a name, or the operator cannot be installed.
pub fn run(bed: &Bed, names: &[String]) -> Result<Tally> {
    let known: Vec<&str> = GROUPS.iter().flat_map(|group| *group).map(|one| one.name).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Failure::new(format!("no scenario {name}: there are {}", known.join(", "))));
    }
    let binaries = Binaries::build()?;
    let kubernetes = Kubernetes::of(bed);
    step("install the operator", || {
        deployment::load_into_bed(bed, &binaries)?;
        deployment::install(&kubernetes, &[])
    })?;
    let mut tally = Tally::default();
    for group in GROUPS {
        let is_chosen = |one: &&Scenario| names.is_empty() || names.iter().any(|n| n == one.name);
        let chosen: Vec<&Scenario> = group.iter().filter(is_chosen).collect();
        let is_shared = chosen.len() > 1;
        std::thread::scope(|scope| {
            let running: Vec<_> = chosen
                .iter()
                .map(|scenario| scope.spawn(|| one(bed, &kubernetes, scenario, is_shared)))
                .collect();
            for scenario in running {
                let passed = scenario.join().unwrap_or(false);
                tally.passed += usize::from(passed);
                tally.failed += usize::from(!passed);
            }
        });
    }
    Ok(tally)
}

/// Runs a scenario, prints what came of it, and says whether it passed.
fn one(bed: &Bed, kubernetes: &Kubernetes, scenario: &Scenario, is_shared: bool) -> bool {
    let begun = Instant::now();
    println!("  {} …", scenario.name);
    let outcome = in_namespace(bed, kubernetes, scenario, is_shared);
    let seconds = begun.elapsed().as_secs_f64();
    match outcome {
        Ok(()) => println!("  ok    {} ({seconds:.1} s)", scenario.name),
        Err(error) => {
            let log = operator_log(kubernetes);
            println!("  FAIL  {} ({seconds:.1} s): {error}\n{log}", scenario.name);
            return false;
        }
    }
    true
}

fn in_namespace(
    bed: &Bed,
    kubernetes: &Kubernetes,
    scenario: &Scenario,
    is_shared: bool,
) -> Result<()> {
    let namespace = scenario.name.to_owned();
    kubernetes.restricted_namespace(&namespace)?;
    let stage = Stage { bed, kubernetes: kubernetes.clone(), namespace, is_shared };
    let outcome = (scenario.run)(&stage);
    // The next scenario is not to share the machine with the brokers of this one.
    let swept = sweep(&stage);
    outcome?;
    swept
}

/// Kubernetes looks only half a pod's grace period later whether a namespace is empty: the pods go
/// first, and without grace.
fn sweep(stage: &Stage<'_>) -> Result<()> {
    stage.kubectl(&["delete", "kafkaclusters", "--all", "--timeout=60s"])?;
    stage.kubectl(&["delete", "pods", "--all", "--grace-period=0", "--force"])?;
    let namespace = stage.namespace.as_str();
    let arguments = ["delete", "namespace", namespace, "--timeout=180s"];
    stage.kubernetes.kubectl(&arguments).map(|_| ())
}

fn operator_log(kubernetes: &Kubernetes) -> String {
    let arguments = ["logs", "-n", deployment::SYSTEM, "-l", OPERATOR_LABEL, "--tail=30"];
    kubernetes.kubectl(&arguments).unwrap_or_else(|error| error.to_string())
}

/// Selects the pods of the operator.
const OPERATOR_LABEL: &str = "app.kubernetes.io/name=barnabas-operator";
