//! What a scenario has to work with: a namespace of its own, and what is often done in it.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bed::Bed;
use crate::failure::{Failure, Result};
use crate::kafka::Connection;
use crate::kubernetes::{Forward, Kubernetes, condition};

/// Images are present and the machine is small: nothing takes longer.
pub const READY_MAX: Duration = Duration::from_secs(60);

/// What a scenario has to work with.
pub struct Stage<'a> {
    /// The test bed.
    pub bed: &'a Bed,
    /// Its Kubernetes.
    pub kubernetes: Kubernetes,
    /// The namespace of the scenario.
    pub namespace: String,
    /// Whether other scenarios print at the same time.
    pub is_shared: bool,
}

impl Stage<'_> {
    /// Prints a line for the person at the terminal.
    pub fn say(&self, line: &str) {
        if self.is_shared {
            println!("    {}: {line}", self.namespace);
        } else {
            println!("    {line}");
        }
    }

    /// Applies a manifest in the namespace of the scenario.
    pub fn apply(&self, manifest: &str) -> Result<()> {
        self.kubernetes.apply(&self.namespace, manifest).map(|_| ())
    }

    /// Runs kubectl in the namespace of the scenario.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        let mut all = vec!["-n", self.namespace.as_str()];
        all.extend(arguments);
        self.kubernetes.kubectl(&all)
    }

    /// Applies the smallest cluster, waits until it is Ready, and says how long that took.
    pub fn cluster(&self, name: &str) -> Result<Duration> {
        let begun = Instant::now();
        self.apply(&cluster(name))?;
        self.ready(&format!("kafkacluster/{name}"))?;
        Ok(begun.elapsed())
    }

    /// Waits until an object is Ready.
    pub fn ready(&self, object: &str) -> Result<()> {
        self.kubernetes.wait(&self.namespace, object, "Ready", READY_MAX)
    }

    /// An object as it is now.
    pub fn get(&self, object: &str) -> Result<Value> {
        let found = self.kubernetes.get(&self.namespace, object)?;
        found.ok_or_else(|| Failure::new(format!("there is no {object}")))
    }

    /// Changes the spec of a cluster by a JSON merge patch.
    pub fn change(&self, cluster: &str, spec: &Value) -> Result<()> {
        let patch = serde_json::json!({ "spec": spec }).to_string();
        self.kubectl(&["patch", "kafkacluster", cluster, "--type=merge", "-p", &patch]).map(|_| ())
    }

    /// Waits until a cluster is as its newest spec says, with nothing left to do.
    pub fn settled(&self, cluster: &str, limit: Duration) -> Result<Duration> {
        self.kubernetes.until(&format!("{cluster} is as its spec says"), limit, || {
            let object = self.get(&format!("kafkacluster/{cluster}"))?;
            if is_settled(&object) {
                return Ok(true);
            }
            Err(Failure::new(object["status"]["conditions"].to_string()))
        })
    }

    /// Waits until a condition of a cluster is true for this reason, and returns its message.
    pub fn told(&self, cluster: &str, kind: &str, reason: &str, limit: Duration) -> Result<String> {
        let mut message = String::new();
        self.kubernetes.until(&format!("{cluster} is {kind}: {reason}"), limit, || {
            let object = self.get(&format!("kafkacluster/{cluster}"))?;
            let is_current =
                object["status"]["observedGeneration"] == object["metadata"]["generation"];
            let found = condition(&object, kind)?;
            if is_current && found["status"] == "True" && found["reason"] == reason {
                found["message"].as_str().unwrap_or_default().clone_into(&mut message);
                return Ok(true);
            }
            Err(Failure::new(object["status"]["conditions"].to_string()))
        })?;
        Ok(message)
    }

    /// The only pod of a cluster.
    pub fn pod(&self, cluster: &str) -> Result<String> {
        let label = format!("app.kubernetes.io/instance={cluster}");
        let names = self.kubectl(&["get", "pods", "-l", &label, "-o", "name"])?;
        let mut names = names.split_whitespace();
        match (names.next(), names.next()) {
            (Some(name), None) => Ok(name.to_owned()),
            _ => Err(Failure::new(format!("{cluster} has not exactly one pod"))),
        }
    }

    /// Waits until the only broker of a cluster takes connections, and connects to it.
    pub fn connect(&self, cluster: &str) -> Result<Link> {
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
pub struct Link {
    /// It.
    pub connection: Connection,
    _forward: Forward,
}

/// The smallest cluster.
pub fn cluster(name: &str) -> String {
    cluster_of(name, "  - name: brokers\n    storage: {size: 1Gi}\n")
}

/// A cluster with these node pools, as indented lines.
pub fn cluster_of(name: &str, pools: &str) -> String {
    format!(
        "apiVersion: kafka.barnabas.dev/v1alpha1
kind: KafkaCluster
metadata: {{name: {name}}}
spec:
  listeners:
  - {{name: clients, port: 9092}}
  nodePools:
{pools}"
    )
}

/// A topic of a cluster, with more of its spec as indented lines.
pub fn topic_of(cluster: &str, name: &str, more: &str) -> String {
    format!(
        "apiVersion: kafka.barnabas.dev/v1alpha1
kind: KafkaTopic
metadata: {{name: {name}}}
spec:
  clusterRef: {{name: {cluster}}}
{more}"
    )
}

/// Whether an object is as its newest spec says and nothing is left to do, as kstatus sees it.
fn is_settled(object: &Value) -> bool {
    let is_current = object["status"]["observedGeneration"] == object["metadata"]["generation"];
    let holds = |kind| condition(object, kind).is_ok_and(|found| found["status"] == "True");
    is_current && holds("Ready") && !holds("Reconciling") && !holds("Stalled")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_worked_on_or_not_seen_yet_is_not_settled() {
        let object = |observed: i64, conditions: &[&str]| {
            let conditions: Vec<_> =
                conditions.iter().map(|kind| json!({"type": kind, "status": "True"})).collect();
            json!({
                "metadata": {"generation": 2},
                "status": {"observedGeneration": observed, "conditions": conditions},
            })
        };
        assert!(is_settled(&object(2, &["Ready"])));
        assert!(!is_settled(&object(1, &["Ready"])));
        assert!(!is_settled(&object(2, &["Ready", "Reconciling"])));
        assert!(!is_settled(&object(2, &["Ready", "Stalled"])));
        assert!(!is_settled(&object(2, &[])));
    }
}
