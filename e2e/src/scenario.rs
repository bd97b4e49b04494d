//! Scenarios on real pods: what a person or a failure does, and what must be true after it. Each
//! has a namespace of its own; all share one Kubernetes and one operator.

mod chart;
mod figures;
mod growth;
mod namespace;
mod refusal;
mod resumption;
mod survival;
mod topic;
mod zones;

use std::time::{Duration, Instant};

use crate::bed::Bed;
use crate::cache;
use crate::checkout::Binaries;
use crate::checks::Tally;
use crate::deployment;
use crate::failure::{Failure, Result};
use crate::kafka::Connection;
use crate::kubernetes::{Forward, Kubernetes};
use crate::progress::step;

/// Images are present and the machine is small: nothing takes longer.
const READY_MAX: Duration = Duration::from_secs(60);

/// What a scenario has to work with.
pub struct Stage<'a> {
    /// The test bed.
    pub bed: &'a Bed,
    /// Its Kubernetes.
    pub kubernetes: Kubernetes,
    /// The namespace of the scenario.
    pub namespace: String,
}

/// A scenario.
struct Scenario {
    name: &'static str,
    run: fn(&Stage<'_>) -> Result<()>,
}

/// In this order: the chart is removed last.
const SCENARIOS: &[Scenario] = &[
    Scenario { name: "refuse-bad-manifests", run: refusal::run },
    Scenario { name: "survive-pod-deletion-and-kill", run: survival::run },
    Scenario { name: "survive-the-loss-of-a-zone", run: zones::run },
    Scenario { name: "manage-topics", run: topic::run },
    Scenario { name: "resume-after-operator-kill", run: resumption::run },
    Scenario { name: "grow-volumes", run: growth::run },
    Scenario { name: "delete-namespaces", run: namespace::run },
    Scenario { name: "reach-the-figures", run: figures::run },
    Scenario { name: "upgrade-and-uninstall-the-chart", run: chart::run },
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
    if let Some(name) = names.iter().find(|name| !SCENARIOS.iter().any(|s| s.name == **name)) {
        let known: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        return Err(Failure::new(format!("no scenario {name}: there are {}", known.join(", "))));
    }
    let binaries = Binaries::build()?;
    let kubernetes = Kubernetes::of(bed);
    step("install the operator", || {
        deployment::load_into_bed(bed, &binaries)?;
        deployment::install(&kubernetes, &[])
    })?;
    let mut tally = Tally::default();
    let chosen = |name: &str| names.is_empty() || names.iter().any(|n| n == name);
    for scenario in SCENARIOS.iter().filter(|scenario| chosen(scenario.name)) {
        let begun = Instant::now();
        println!("  {} …", scenario.name);
        let outcome = one(bed, &kubernetes, scenario);
        let seconds = begun.elapsed().as_secs_f64();
        match outcome {
            Ok(()) => {
                tally.passed += 1;
                println!("  ok    {} ({seconds:.1} s)", scenario.name);
            }
            Err(error) => {
                tally.failed += 1;
                println!("  FAIL  {} ({seconds:.1} s): {error}", scenario.name);
                println!("{}", operator_log(&kubernetes));
            }
        }
    }
    Ok(tally)
}

fn one(bed: &Bed, kubernetes: &Kubernetes, scenario: &Scenario) -> Result<()> {
    let namespace = scenario.name.to_owned();
    kubernetes.restricted_namespace(&namespace)?;
    let stage = Stage { bed, kubernetes: kubernetes.clone(), namespace };
    let outcome = (scenario.run)(&stage);
    // The next scenario is not to share the machine with the brokers of this one.
    let namespace = stage.namespace.as_str();
    let swept = kubernetes.kubectl(&["delete", "namespace", namespace, "--timeout=180s"]);
    outcome?;
    swept.map(|_| ())
}

fn operator_log(kubernetes: &Kubernetes) -> String {
    let arguments = ["logs", "-n", deployment::SYSTEM, "-l", OPERATOR_LABEL, "--tail=30"];
    kubernetes.kubectl(&arguments).unwrap_or_else(|error| error.to_string())
}

/// Selects the pods of the operator.
const OPERATOR_LABEL: &str = "app.kubernetes.io/name=barnabas-operator";

impl Stage<'_> {
    /// Applies a manifest in the namespace of the scenario.
    fn apply(&self, manifest: &str) -> Result<()> {
        self.kubernetes.apply(&self.namespace, manifest).map(|_| ())
    }

    /// Runs kubectl in the namespace of the scenario.
    fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        let mut all = vec!["-n", self.namespace.as_str()];
        all.extend(arguments);
        self.kubernetes.kubectl(&all)
    }

    /// Applies the smallest cluster, waits until it is Ready, and says how long that took.
    fn cluster(&self, name: &str) -> Result<Duration> {
        let begun = Instant::now();
        self.apply(&cluster(name))?;
        self.ready(&format!("kafkacluster/{name}"))?;
        Ok(begun.elapsed())
    }

    /// Waits until an object is Ready.
    fn ready(&self, object: &str) -> Result<()> {
        self.kubernetes.wait(&self.namespace, object, "Ready", READY_MAX)
    }

    /// The only pod of a cluster.
    fn pod(&self, cluster: &str) -> Result<String> {
        let label = format!("app.kubernetes.io/instance={cluster}");
        let names = self.kubectl(&["get", "pods", "-l", &label, "-o", "name"])?;
        let mut names = names.split_whitespace();
        match (names.next(), names.next()) {
            (Some(name), None) => Ok(name.to_owned()),
            _ => Err(Failure::new(format!("{cluster} has not exactly one pod"))),
        }
    }

    /// Waits until the only broker of a cluster takes connections, and connects to it.
    fn connect(&self, cluster: &str) -> Result<Link> {
        let begun = Instant::now();
        loop {
            let service = format!("service/{cluster}-bootstrap");
            let link =
                self.kubernetes.forward(&self.namespace, &service, 9092).and_then(|forward| {
                    let mut connection = Connection::open(forward.address())?;
                    connection.brokers()?;
                    Ok(Link { connection, _forward: forward })
                });
            match link {
                Ok(link) => return Ok(link),
                Err(error) if begun.elapsed() > READY_MAX => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(100)),
            }
        }
    }
}

/// A connection to a broker in the cluster.
struct Link {
    connection: Connection,
    _forward: Forward,
}

/// The smallest cluster.
fn cluster(name: &str) -> String {
    format!(
        "apiVersion: kafka.barnabas.dev/v1alpha1
kind: KafkaCluster
metadata: {{name: {name}}}
spec:
  nodePools:
  - name: brokers
    storage: {{size: 1Gi}}
  listeners:
  - {{name: clients, port: 9092}}
"
    )
}

/// A topic of a cluster, with more of its spec as indented lines.
fn topic_of(cluster: &str, name: &str, more: &str) -> String {
    format!(
        "apiVersion: kafka.barnabas.dev/v1alpha1
kind: KafkaTopic
metadata: {{name: {name}}}
spec:
  clusterRef: {{name: {cluster}}}
{more}"
    )
}
