//! How fast and how small the operator is. The figures are printed with their goals; only what is
//! far off fails, for the machine is shared.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::deployment;
use crate::ensure;
use crate::failure::{Context, Result};
use crate::scenario::OPERATOR_LABEL;
use crate::scenario::stage::{Stage, topic_of};

/// How often a miss of a goal is forgiven to a slow machine.
const SLACK: f64 = 3.0;
const TOPICS: usize = 1_000;

/// Topics one by one, a thousand at once, and a minute of rest.
pub fn run(stage: &Stage<'_>) -> Result<()> {
    stage.cluster("figures")?;
    let one = one_by_one(stage)?;
    let many = at_once(stage)?;
    let (writes, resident) = at_rest(stage)?;
    let mut missed = Vec::new();
    for (what, value, goal, unit) in [
        ("topic apply to Ready, median", one, 100.0, "ms"),
        ("1,000 topics at once, all Ready", many, 20.0, "s"),
        ("writes at rest, but for the Lease", writes, 0.0, ""),
        ("resident memory with 1,000 topics", resident, 25.0, "MiB"),
    ] {
        stage.say(&format!("{what:<36} {value:>8.1} {unit:<4} goal {goal}"));
        if value > goal * SLACK {
            missed.push(what);
        }
    }
    ensure!(missed.is_empty(), "far off the goal: {}", missed.join(", "));
    Ok(())
}

/// Timestamps of the API server are whole seconds, so the time is taken here, with a watch that is
/// opened before the apply.
fn one_by_one(stage: &Stage<'_>) -> Result<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut times: Vec<f64> = Vec::new();
    runtime.block_on(async {
        let topics = topics(stage).await?;
        for number in 0..20 {
            let name = format!("single{number}");
            let object = serde_yaml::from_str(&topic_of("figures", &name, "  partitions: 1\n"))?;
            let begun = Instant::now();
            topics.create(&kube::api::PostParams::default(), &object).await?;
            let ready = |object: Option<&kube::core::DynamicObject>| {
                object.is_some_and(|object| is_ready(&object.data))
            };
            let waiting = kube::runtime::wait::await_condition(topics.clone(), &name, ready);
            let waited = tokio::time::timeout(Duration::from_secs(30), waiting);
            waited.await.context("a topic does not get Ready")??;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        Ok::<(), crate::failure::Failure>(())
    })?;
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().context("nothing was measured")
}

fn at_once(stage: &Stage<'_>) -> Result<f64> {
    let manifests: Vec<String> = (0..TOPICS)
        .map(|number| topic_of("figures", &format!("many{number}"), "  partitions: 3\n"))
        .collect();
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), manifests.join("---\n"))?;
    let path = file.path().display().to_string();
    let begun = Instant::now();
    stage.kubectl(&["create", "-f", &path])?;
    stage.kubernetes.until("1,000 topics are Ready", Duration::from_secs(120), || {
        let listed = stage.kubectl(&["get", "kafkatopics", "-o", "json"])?;
        let listed: Value = serde_json::from_str(&listed)?;
        let items = listed["items"].as_array().context("no list")?;
        Ok(items.iter().filter(|item| is_ready(item)).count() >= TOPICS)
    })?;
    Ok(begun.elapsed().as_secs_f64())
}

/// Writes of a quiet minute are seen by the resource versions of everything the operator owns.
fn at_rest(stage: &Stage<'_>) -> Result<(f64, f64)> {
    let versions = || {
        let kinds = "kafkaclusters,kafkatopics,statefulsets,services,configmaps,\
                     poddisruptionbudgets,networkpolicies,serviceaccounts,persistentvolumeclaims,\
                     events";
        stage.kubectl(&["get", kinds, "-o", "jsonpath={.items[*].metadata.resourceVersion}"])
    };
    std::thread::sleep(Duration::from_secs(5));
    let before = versions()?;
    std::thread::sleep(Duration::from_secs(20));
    let after = versions()?;
    let written = before.split(' ').zip(after.split(' ')).filter(|(a, b)| a != b).count();
    let pid = stage.bed.processes("barnabas-operator").into_iter().next();
    let resident = crate::usage::resident_mib(pid.context("no operator runs")?)?;
    #[expect(clippy::cast_precision_loss, reason = "hundreds")]
    let written = written as f64;
    let restarts = stage.kubernetes.kubectl(&[
        "get",
        "pods",
        "-n",
        deployment::SYSTEM,
        "-l",
        OPERATOR_LABEL,
        "-o",
        "jsonpath={.items[*].status.containerStatuses[0].lastState.terminated.reason}",
    ])?;
    ensure!(!restarts.contains("OOMKilled"), "the operator ran out of memory");
    Ok((written, resident))
}

async fn topics(stage: &Stage<'_>) -> Result<kube::Api<kube::core::DynamicObject>> {
    let client = stage.kubernetes.client().await?;
    let resource = kube::core::ApiResource::from_gvk(&kube::core::GroupVersionKind::gvk(
        "kafka.barnabas.dev",
        "v1alpha1",
        "KafkaTopic",
    ));
    Ok(kube::Api::namespaced_with(client, &stage.namespace, &resource))
}

fn is_ready(object: &Value) -> bool {
    crate::kubernetes::condition(object, "Ready").is_ok_and(|ready| ready["status"] == "True")
}
