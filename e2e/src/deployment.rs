//! Broker and operator on a Kubernetes: images, chart, samples; and a proof that records go
//! through. `make up` is this.

use std::process::Command;
use std::time::Duration;

use crate::bed::Bed;
use crate::checkout::Binaries;
use crate::failure::{Context, Failure, Result};
use crate::image::Image;
use crate::kafka::{self, Connection};
use crate::kubernetes::Kubernetes;
use crate::progress::step;
use crate::{cache, ensure, fail, program, repository};

/// The image that the chart installs.
pub const OPERATOR_IMAGE: &str = "barnabas/operator:0.1.0";
/// The image that the operator runs.
pub const BROKER_IMAGE: &str = "barnabas/broker:0.1.0";
/// Where the operator lives.
pub const SYSTEM: &str = "barnabas-system";
/// Where the samples live.
pub const NAMESPACE: &str = "kafka";

const RELEASE: &str = "barnabas-operator";

/// Which Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Target {
    /// A test bed on this host.
    Bed,
    /// The one of `KUBECONFIG`; images are loaded into kind and minikube.
    Current,
}

/// Brings up a Kubernetes with broker, operator and a topic, and sends a file through it.
///
/// # Errors
/// When any of it does not come up.
pub fn up(target: Target) -> Result<()> {
    let binaries = Binaries::build()?;
    let (bed, kubernetes) = match target {
        Target::Bed => {
            let bed = Bed::up(&bed_name())?;
            let kubernetes = Kubernetes::of(&bed);
            (Some(bed), kubernetes)
        }
        Target::Current => (None, Kubernetes::current()?),
    };
    step("load the images", || match &bed {
        Some(bed) => load_into_bed(bed, &binaries),
        None => load_into_current(&kubernetes, &binaries),
    })?;
    step("install the operator", || install(&kubernetes, &[]))?;
    step("apply the sample cluster and topic", || {
        kubernetes.restricted_namespace(NAMESPACE)?;
        kubernetes.apply_path(NAMESPACE, &repository().join("manifests/samples"))?;
        let limit = Duration::from_secs(120);
        kubernetes.wait(NAMESPACE, "kafkacluster/events", "Ready", limit)?;
        kubernetes.wait(NAMESPACE, "kafkatopic/orders", "Ready", limit)
    })?;
    let sent = step("send a text file through the topic and read it back", || {
        let leader = leader(&kubernetes, "orders")?;
        let forward = kubernetes.forward(NAMESPACE, &leader, 9092)?;
        file_round_trip(forward.address(), "orders")
    })?;
    println!("    {sent} bytes came back identical");
    explain(bed.as_ref());
    Ok(())
}

/// Ends what `up` has started.
///
/// # Errors
/// When the cluster cannot be reached.
pub fn down(target: Target) -> Result<()> {
    match target {
        Target::Bed => match Bed::find(&bed_name())? {
            Some(bed) => {
                bed.down();
                println!(
                    "the test bed is down; what was built stays in {}",
                    cache::root().display()
                );
            }
            None => println!("nothing is up"),
        },
        Target::Current => {
            let kubernetes = Kubernetes::current()?;
            kubernetes.kubectl(&["delete", "namespace", NAMESPACE, "--ignore-not-found"])?;
            uninstall(&kubernetes)?;
            println!("operator, samples and their volumes are removed from the current cluster");
        }
    }
    Ok(())
}

/// Installs or upgrades the operator with values of the form `key=value`.
///
/// # Errors
/// When helm fails or the operator does not become available.
pub fn install(kubernetes: &Kubernetes, values: &[&str]) -> Result<()> {
    // The operator, too, runs under the strictest profile.
    kubernetes.restricted_namespace(SYSTEM)?;
    let chart = repository().join("charts/barnabas-operator").display().to_string();
    let mut arguments = vec![
        "upgrade",
        "--install",
        RELEASE,
        &chart,
        "--namespace",
        SYSTEM,
        "--wait",
        "--timeout",
        "120s",
    ];
    for value in values {
        arguments.extend(["--set", value]);
    }
    let installed = kubernetes.helm(&arguments);
    installed.map(|_| ()).map_err(|error| {
        let pods = kubernetes.kubectl(&["describe", "pods", "--namespace", SYSTEM]);
        Failure::new(format!("{error}\n{}", pods.unwrap_or_default()))
    })
}

/// Removes the operator.
///
/// # Errors
/// When helm fails.
pub fn uninstall(kubernetes: &Kubernetes) -> Result<()> {
    let arguments = ["uninstall", RELEASE, "--namespace", SYSTEM, "--wait", "--ignore-not-found"];
    kubernetes.helm(&arguments).map(|_| ())
}

/// The images of broker and operator on every node of a bed.
///
/// # Errors
/// When containerd refuses one.
pub fn load_into_bed(bed: &Bed, binaries: &Binaries) -> Result<()> {
    for image in images(binaries) {
        bed.load(&image)?;
    }
    Ok(())
}

/// The pod that leads partition 0 of a topic.
fn leader(kubernetes: &Kubernetes, topic: &str) -> Result<String> {
    let forward = kubernetes.forward(NAMESPACE, "service/events-bootstrap", 9092)?;
    let partitions = Connection::open(forward.address())?.topic_state(topic)?;
    let leader = partitions.first().context("the topic has no partition")?.leader;
    Ok(format!("pod/events-brokers-{leader}"))
}

/// More than 10 MB of text, one record a line, through partition 0 of a topic and back.
///
/// # Errors
/// When the broker refuses it, or something else comes back.
pub fn file_round_trip(address: &str, topic: &str) -> Result<usize> {
    let text = sample_text();
    let mut connection = Connection::open(address)?;
    let start = connection.end_offset(topic, 0)?;
    let lines: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
    for lines in lines.chunks(2_000) {
        let batch = kafka::batch(kafka::now_ms(), lines.iter().copied());
        connection.produce(topic, 0, batch)?;
    }
    let end = connection.end_offset(topic, 0)?;
    ensure!(end - start == i64::try_from(lines.len())?, "{start} to {end} is not every line");
    let read = kafka::read_values(&mut connection, topic, 0, start, end)?;
    ensure!(read == lines, "what is read back differs from what was sent");
    Ok(text.len())
}

/// The name of the bed of `make up`.
fn bed_name() -> String {
    format!("up-{}", cache::hash(&[repository().display().to_string().as_bytes()]))
}

fn images(binaries: &Binaries) -> [Image; 2] {
    [
        Image::of_binary(BROKER_IMAGE, &binaries.broker, "barnabas-broker"),
        Image::of_binary(OPERATOR_IMAGE, &binaries.operator, "barnabas-operator"),
    ]
}

/// kind and minikube take an archive; any other cluster has the images on its nodes already, or
/// pulls them from its registry.
fn load_into_current(kubernetes: &Kubernetes, binaries: &Binaries) -> Result<()> {
    let context = kubernetes.context()?;
    let is_local = context.starts_with("kind-") || context.starts_with("minikube");
    if !is_local && nodes_have_images(kubernetes)? {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    for image in images(binaries) {
        let archive = folder.path().join("image.tar");
        image.write(&archive)?;
        let mut load = if let Some(name) = context.strip_prefix("kind-") {
            let mut kind = Command::new("kind");
            kind.args(["load", "image-archive", "--name", name]).arg(&archive);
            kind
        } else if context.starts_with("minikube") {
            let mut minikube = Command::new("minikube");
            minikube.args(["--profile", &context, "image", "load"]).arg(&archive);
            minikube
        } else {
            fail!(
                "{context} is neither kind nor minikube, and its nodes do not have the images: \
                 import {BROKER_IMAGE} and {OPERATOR_IMAGE} into them, or push both to a registry \
                 that they reach and install the chart with their names"
            );
        };
        program::output(&mut load).context(&image.name)?;
    }
    Ok(())
}

/// Whether every node says that it has both images.
fn nodes_have_images(kubernetes: &Kubernetes) -> Result<bool> {
    let path = "jsonpath={range .items[*]}{.status.images[*].names}{\"\\n\"}{end}";
    let listed = kubernetes.kubectl(&["get", "nodes", "-o", path])?;
    let has_both = |images: &str| images.contains(BROKER_IMAGE) && images.contains(OPERATOR_IMAGE);
    Ok(!listed.trim().is_empty() && listed.lines().all(has_both))
}

/// About 11 MB of lines that all differ.
fn sample_text() -> String {
    let mut text = String::with_capacity(12_000_000);
    for number in 0..200_000_u32 {
        let mixed = number.wrapping_mul(2_654_435_761);
        text.push_str(&format!("order {number:06}: customer {mixed:010}, {} items\n", mixed % 97));
        text.push_str("thank you for your order\n");
    }
    text
}

fn explain(bed: Option<&Bed>) {
    println!("\nBarnabas is up.");
    if let Some(bed) = bed {
        let namespace = bed.slot().namespace();
        println!(
            "
Look around:
  export KUBECONFIG={kubeconfig} PATH={programs}:$PATH
  kubectl get kafkaclusters,kafkatopics,pods -n {NAMESPACE}

Produce and consume with any client, from inside the bed's network:
  ip netns exec {namespace} kcat -b events-bootstrap.{NAMESPACE}:9092 -L
  echo hello | ip netns exec {namespace} kcat -b events-bootstrap.{NAMESPACE}:9092 -P -t orders
  ip netns exec {namespace} kcat -b events-bootstrap.{NAMESPACE}:9092 -C -t orders -o -5 -e",
            kubeconfig = bed.kubeconfig().display(),
            programs = bed.programs().display(),
        );
    } else {
        println!(
            "
Look around:
  kubectl get kafkaclusters,kafkatopics,pods -n {NAMESPACE}

Clients inside the cluster connect to events-bootstrap.{NAMESPACE}:9092."
        );
    }
    println!(
        "
Try next:
  kubectl -n {NAMESPACE} patch kafkatopic orders --type merge -p '{{\"spec\":{{\"partitions\":6}}}}'
  kubectl -n {NAMESPACE} delete pod events-brokers-1
  kubectl -n {NAMESPACE} patch kafkacluster events --type merge \\
    -p '{{\"spec\":{{\"config\":{{\"num.partitions\":3}}}}}}'
  kubectl -n {NAMESPACE} get kafkacluster events -o yaml

Stop: make down"
    );
}
