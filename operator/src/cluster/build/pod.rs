//! The pods of a node pool.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Affinity, Capabilities, ConfigMapKeySelector, ConfigMapVolumeSource, Container, ContainerPort,
    DownwardAPIVolumeFile, DownwardAPIVolumeSource, EnvVar, EnvVarSource, HTTPGetAction, KeyToPath,
    ObjectFieldSelector, PodAffinityTerm, PodAntiAffinity, PodSecurityContext, PodSpec,
    PodTemplateSpec, Probe, ResourceRequirements, SeccompProfile, SecurityContext,
    TopologySpreadConstraint, Volume, VolumeMount, WeightedPodAffinityTerm,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::json;

use super::super::defaults;
use super::super::validate::{Cluster, Pool};
use super::{HTTP_PORT, RACK, config_map, labels, properties, service_account};
use crate::fingerprint;

/// Annotation with the fingerprint of the configuration file that a pod started with.
pub const CONFIG: &str = "kafka.barnabas.dev/config";
/// Annotation with the fingerprint of what the user asked for: pods that differ in anything else
/// were made by another version of the operator.
pub const ASKED: &str = "kafka.barnabas.dev/asked";
/// Name of the disk.
pub const DATA_VOLUME: &str = "data";
/// Kafka's log directory: below the mount point, where a file system may have `lost+found`.
pub const DATA_DIR: &str = "/var/lib/barnabas/data";

const DATA_MOUNT: &str = "/var/lib/barnabas";
const PLACE_VOLUME: &str = "place";
const PLACE_MOUNT: &str = "/etc/barnabas-place";
/// What the operator writes, and what Kubernetes may have written by itself.
const PLACE_FILES: [&str; 2] = ["rack", "label"];
/// Environment variable with the first voters.
const VOTERS: &str = "INITIAL_CONTROLLERS";
const CONFIG_VOLUME: &str = "config";
const CONFIG_MOUNT: &str = "/etc/barnabas";
/// The user of the image.
const USER: i64 = 65532;
/// Label with the name of a Kubernetes node.
const HOST: &str = "kubernetes.io/hostname";
/// Seconds for a clean shutdown when the spec has none.
const GRACE_SECONDS: i64 = 120;

/// The template of a pool's pods.
pub fn template(cluster: &Cluster, pool: &Pool) -> PodTemplateSpec {
    let added = pool.template.metadata.clone().unwrap_or_default();
    let mut all_labels = added.labels;
    all_labels.extend(labels::all(cluster, Some(pool)));
    all_labels.extend(labels::roles(pool));
    let mut annotations = added.annotations;
    let config = fingerprint::of(&properties::that_restart(cluster, pool));
    annotations.insert(CONFIG.to_owned(), config);
    annotations.insert(ASKED.to_owned(), asked(cluster, pool));
    PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(all_labels),
            annotations: Some(annotations),
            ..ObjectMeta::default()
        }),
        spec: Some(spec(cluster, pool)),
    }
}

/// The fingerprint of all that a spec says about a pool's pods; the image shows by itself. None of
/// it changes without a change of the pods.
fn asked(cluster: &Cluster, pool: &Pool) -> String {
    let mut configs = defaults::of_brokers(cluster);
    configs.extend(cluster.config.clone());
    let spreads = pool.template.topology_spread_constraints.is_empty();
    let of_cluster = (
        cluster.image_pull_policy,
        &cluster.image_pull_secrets,
        &cluster.listeners,
        configs,
        (learns_rack(pool) || spreads).then_some(&cluster.topology_key),
    );
    let of_pool = (&pool.resources, &pool.rack, &pool.template);
    fingerprint::of(&json!([of_cluster, of_pool]).to_string())
}

/// DNS name of a pod, from anywhere in the Kubernetes cluster.
pub fn host(cluster: &Cluster, pod: &str) -> String {
    format!("{pod}.{}.{}.svc", cluster.headless_service(), cluster.namespace)
}

fn spec(cluster: &Cluster, pool: &Pool) -> PodSpec {
    let template = &pool.template;
    let some = |list: &[_]| (!list.is_empty()).then(|| list.to_vec());
    let spread = if template.topology_spread_constraints.is_empty() {
        default_spread(cluster, pool)
    } else {
        template.topology_spread_constraints.clone()
    };
    PodSpec {
        service_account_name: Some(service_account::name(cluster)),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        termination_grace_period_seconds: Some(
            template.termination_grace_period_seconds.unwrap_or(GRACE_SECONDS),
        ),
        security_context: Some(pod_security()),
        image_pull_secrets: some(&cluster.image_pull_secrets),
        node_selector: (!template.node_selector.is_empty()).then(|| template.node_selector.clone()),
        tolerations: (!template.tolerations.is_empty()).then(|| template.tolerations.clone()),
        affinity: Some(template.affinity.clone().unwrap_or_else(|| default_affinity(cluster))),
        topology_spread_constraints: Some(spread),
        priority_class_name: template.priority_class_name.clone(),
        containers: vec![container(cluster, pool)],
        volumes: Some(volumes(cluster, pool)),
        ..PodSpec::default()
    }
}

fn volumes(cluster: &Cluster, pool: &Pool) -> Vec<Volume> {
    let config = Volume {
        name: CONFIG_VOLUME.to_owned(),
        config_map: Some(ConfigMapVolumeSource {
            name: pool.full_name.clone(),
            items: Some(vec![KeyToPath {
                key: config_map::PROPERTIES.to_owned(),
                path: config_map::PROPERTIES.to_owned(),
                mode: None,
            }]),
            ..ConfigMapVolumeSource::default()
        }),
        ..Volume::default()
    };
    let file = |path: &str, field: String| DownwardAPIVolumeFile {
        path: path.to_owned(),
        field_ref: Some(ObjectFieldSelector {
            api_version: Some("v1".to_owned()),
            field_path: field,
        }),
        ..DownwardAPIVolumeFile::default()
    };
    let place = Volume {
        name: PLACE_VOLUME.to_owned(),
        downward_api: Some(DownwardAPIVolumeSource {
            items: Some(vec![
                file(PLACE_FILES[0], format!("metadata.annotations['{RACK}']")),
                file(PLACE_FILES[1], format!("metadata.labels['{}']", cluster.topology_key)),
            ]),
            default_mode: None,
        }),
        ..Volume::default()
    };
    let mut volumes = vec![config];
    volumes.extend(learns_rack(pool).then_some(place));
    volumes
}

/// Whether a broker's rack is that of the node that it runs on.
fn learns_rack(pool: &Pool) -> bool {
    pool.broker && pool.rack.is_none()
}

fn container(cluster: &Cluster, pool: &Pool) -> Container {
    let quantities = |map: &BTreeMap<String, Quantity>| (!map.is_empty()).then(|| map.clone());
    let mount = |name: &str, path: &str, read_only: bool| VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only: read_only.then_some(true),
        ..VolumeMount::default()
    };
    let mut mounts =
        vec![mount(DATA_VOLUME, DATA_MOUNT, false), mount(CONFIG_VOLUME, CONFIG_MOUNT, true)];
    mounts.extend(learns_rack(pool).then(|| mount(PLACE_VOLUME, PLACE_MOUNT, true)));
    Container {
        name: "broker".to_owned(),
        image: Some(cluster.image.clone()),
        image_pull_policy: Some(cluster.image_pull_policy.to_owned()),
        args: Some(arguments(cluster, pool)),
        env: Some(environment(pool)),
        ports: Some(ports(cluster, pool)),
        resources: Some(ResourceRequirements {
            requests: quantities(&pool.resources.requests),
            limits: quantities(&pool.resources.limits),
            claims: None,
        }),
        security_context: Some(container_security()),
        // What a broker says last becomes part of the cluster's status.
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        startup_probe: Some(probe("/livez", 1, 600)),
        liveness_probe: Some(probe("/livez", 10, 6)),
        readiness_probe: Some(probe("/readyz", 2, 2)),
        volume_mounts: Some(mounts),
        ..Container::default()
    }
}

/// The kubelet fills in `$(…)`.
fn arguments(cluster: &Cluster, pool: &Pool) -> Vec<String> {
    let mut arguments = vec![
        "run".to_owned(),
        format!("--config={CONFIG_MOUNT}/server.properties"),
        format!("--cluster-id={}", cluster.id),
        format!("--http=0.0.0.0:{HTTP_PORT}"),
        "--override=node.id=$(NODE_ID)".to_owned(),
    ];
    let host = host(cluster, "$(POD_NAME)");
    let advertised = properties::listeners(cluster, pool)
        .into_iter()
        .map(|(name, port)| format!("{name}://{host}:{port}"));
    let advertised: Vec<String> = advertised.collect();
    arguments.push(format!("--override=advertised.listeners={}", advertised.join(",")));
    if pool.controller {
        arguments.push(format!("--initial-controllers=$({VOTERS})"));
    }
    if learns_rack(pool) {
        arguments.extend(PLACE_FILES.map(|file| format!("--rack-file={PLACE_MOUNT}/{file}")));
    }
    arguments
}

/// Read anew whenever a container starts.
fn environment(pool: &Pool) -> Vec<EnvVar> {
    let mut variables = vec![
        from_field("POD_NAME", "metadata.name"),
        from_field("NODE_ID", "metadata.labels['apps.kubernetes.io/pod-index']"),
    ];
    if pool.controller {
        variables.push(EnvVar {
            name: VOTERS.to_owned(),
            value_from: Some(EnvVarSource {
                config_map_key_ref: Some(ConfigMapKeySelector {
                    name: pool.full_name.clone(),
                    key: config_map::INITIAL_CONTROLLERS.to_owned(),
                    optional: None,
                }),
                ..EnvVarSource::default()
            }),
            ..EnvVar::default()
        });
    }
    variables
}

fn ports(cluster: &Cluster, pool: &Pool) -> Vec<ContainerPort> {
    let port = |name: &str, port: i32| ContainerPort {
        name: Some(name.to_owned()),
        container_port: port,
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    };
    let mut ports = vec![port("http", HTTP_PORT)];
    if pool.controller {
        ports.push(port("controller", super::CONTROLLER_PORT));
    }
    if pool.broker {
        ports.push(port("replication", super::REPLICATION_PORT));
        ports.extend(cluster.listeners.iter().map(|listener| port(&listener.name, listener.port)));
    }
    ports
}

fn from_field(name: &str, path: &str) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                api_version: Some("v1".to_owned()),
                field_path: path.to_owned(),
            }),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    }
}

fn probe(path: &str, period_seconds: i32, failures: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String("http".to_owned()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period_seconds),
        failure_threshold: Some(failures),
        timeout_seconds: Some(5),
        ..Probe::default()
    }
}

fn pod_security() -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(true),
        run_as_user: Some(USER),
        run_as_group: Some(USER),
        fs_group: Some(USER),
        fs_group_change_policy: Some("OnRootMismatch".to_owned()),
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".to_owned(),
            localhost_profile: None,
        }),
        ..PodSecurityContext::default()
    }
}

fn container_security() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        read_only_root_filesystem: Some(true),
        capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
        ..SecurityContext::default()
    }
}

/// Over racks, then over nodes, where that is possible: a cluster in one zone has to run, too.
fn default_spread(cluster: &Cluster, pool: &Pool) -> Vec<TopologySpreadConstraint> {
    [cluster.topology_key.as_str(), HOST]
        .map(|key| TopologySpreadConstraint {
            max_skew: 1,
            topology_key: key.to_owned(),
            when_unsatisfiable: "ScheduleAnyway".to_owned(),
            label_selector: Some(labels::selector(cluster, Some(pool))),
            ..TopologySpreadConstraint::default()
        })
        .to_vec()
}

/// No two nodes of the cluster, of whatever pool, on one host, where that is possible.
fn default_affinity(cluster: &Cluster) -> Affinity {
    let apart = WeightedPodAffinityTerm {
        weight: 100,
        pod_affinity_term: PodAffinityTerm {
            label_selector: Some(labels::selector(cluster, None)),
            topology_key: HOST.to_owned(),
            ..PodAffinityTerm::default()
        },
    };
    Affinity {
        pod_anti_affinity: Some(PodAntiAffinity {
            preferred_during_scheduling_ignored_during_execution: Some(vec![apart]),
            ..PodAntiAffinity::default()
        }),
        ..Affinity::default()
    }
}
