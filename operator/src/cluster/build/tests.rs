use std::fs;
use std::path::Path;

use barnabas_crds::KafkaCluster;
use barnabas_crds::cluster::PodTemplate;
use serde_json::Value;

use super::super::fixtures::{cluster, separate, three};
use super::{Rendered, build, properties};

/// Every object of the sample cluster, to be read by people. `UPDATE_SNAPSHOTS=1` writes it anew.
#[test]
fn the_sample_renders_as_recorded() {
    let rendered = build(&cluster(|_| {}));
    let texts: Vec<String> =
        rendered.iter().map(|object| serde_yaml::to_string(&object.value).unwrap()).collect();
    let text = texts.join("---\n");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cluster/build/snapshot.yaml");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(&path).unwrap(), "see UPDATE_SNAPSHOTS above");
}

fn stateful_set(rendered: &[Rendered]) -> &Value {
    &rendered.iter().find(|object| object.api.kind == "StatefulSet").unwrap().value
}

#[test]
fn pods_keep_to_the_restricted_standard() {
    let rendered = build(&cluster(|_| {}));
    let pod = &stateful_set(&rendered)["spec"]["template"]["spec"];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    assert_eq!(pod["automountServiceAccountToken"], false);
    for container in pod["containers"].as_array().unwrap() {
        let context = &container["securityContext"];
        assert_eq!(context["allowPrivilegeEscalation"], false);
        assert_eq!(context["readOnlyRootFilesystem"], true);
        assert_eq!(context["capabilities"]["drop"][0], "ALL");
    }
}

#[test]
fn ordinals_are_node_ids() {
    let rendered = build(&cluster(|raw| raw.spec.node_pools[0].first_node_id = 100));
    let spec = &stateful_set(&rendered)["spec"];
    assert_eq!(spec["ordinals"]["start"], 100);
    let text = serde_json::to_string(&rendered.iter().map(|r| &r.value).collect::<Vec<_>>());
    assert!(text.unwrap().contains("100@events-brokers-100.events-brokers.kafka.svc:9090:"));
}

#[test]
fn a_config_changes_the_pod_template_and_nothing_else_of_it() {
    let before = build(&cluster(|_| {}));
    let after = build(&cluster(|raw| {
        let value = serde_json::from_str("3").unwrap();
        raw.spec.config.insert("num.partitions".to_owned(), value);
    }));
    let template = |rendered: &[Rendered]| stateful_set(rendered)["spec"]["template"].clone();
    let (mut one, mut two) = (template(&before), template(&after));
    for name in ["kafka.barnabas.dev/config", "kafka.barnabas.dev/asked"] {
        let annotation = |template: &mut Value| template["metadata"]["annotations"][name].take();
        assert_ne!(annotation(&mut one), annotation(&mut two));
    }
    assert_eq!(one, two);
}

#[test]
fn properties_survive_a_reader_of_java_properties() {
    let cluster = cluster(|raw| {
        let value = serde_json::from_str(r#"" a\\b""#).unwrap();
        raw.spec.config.insert("max.connections.per.ip.overrides".to_owned(), value);
    });
    let text = properties::text(&cluster, &cluster.pools[0]);
    assert!(text.contains("max.connections.per.ip.overrides=\\ a\\\\b\n"), "{text}");
}

#[test]
fn what_a_node_is_decides_where_it_listens() {
    let cluster = separate();
    let (control, brokers) = (&cluster.pools[0], &cluster.pools[1]);
    let text = properties::text(&cluster, control);
    assert!(text.contains("\nlisteners=CONTROLLER://:9090\n"), "{text}");
    assert!(text.contains("\nprocess.roles=controller\n"), "{text}");
    assert!(!text.contains("inter.broker.listener.name"), "{text}");
    let text = properties::text(&cluster, brokers);
    assert!(text.contains("\nlisteners=REPLICATION://:9091,CLIENTS://:9092\n"), "{text}");
    assert!(text.contains("\nprocess.roles=broker\n"), "{text}");
    let rendered = build(&cluster);
    let sets: Vec<&Value> = rendered
        .iter()
        .filter(|object| object.api.kind == "StatefulSet")
        .map(|object| &object.value["spec"]["template"])
        .collect();
    let ports = |template: &Value| {
        let ports = template["spec"]["containers"][0]["ports"].as_array().unwrap().clone();
        ports.iter().map(|port| port["containerPort"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ports(sets[0]), [8080, 9090]);
    assert_eq!(ports(sets[1]), [8080, 9091, 9092]);
    let broker =
        |template: &Value| template["metadata"]["labels"]["kafka.barnabas.dev/broker"].clone();
    assert_eq!((broker(sets[0]), broker(sets[1])), ("false".into(), "true".into()));
    let service = rendered.iter().find(|object| object.name == "events-bootstrap").unwrap();
    assert_eq!(service.value["spec"]["selector"]["kafka.barnabas.dev/broker"], "true");
}

#[test]
fn topics_of_a_cluster_of_three_survive_a_broker_by_default() {
    let has = |text: &str, line: &str| text.lines().any(|found| found == line);
    let cluster = three();
    let text = properties::text(&cluster, &cluster.pools[0]);
    assert!(has(&text, "default.replication.factor=3"), "{text}");
    assert!(has(&text, "min.insync.replicas=2"), "{text}");
    assert!(has(&text, "offsets.topic.replication.factor=3"), "{text}");
    let one = super::super::fixtures::cluster(|_| {});
    let text = properties::text(&one, &one.pools[0]);
    assert!(has(&text, "offsets.topic.replication.factor=1"), "{text}");
    assert!(!text.contains("min.insync.replicas"), "{text}");
}

#[test]
fn drains_stop_while_replicas_are_missing() {
    let mut cluster = three();
    cluster.disruptions = 0;
    let rendered = build(&cluster);
    let budget = rendered.iter().find(|object| object.api.kind == "PodDisruptionBudget").unwrap();
    assert_eq!(budget.value["spec"]["maxUnavailable"], 0);
}

#[test]
fn a_broker_waits_for_its_rack_unless_the_pool_has_one() {
    let arguments = |rendered: &[Rendered]| {
        let pod = &stateful_set(rendered)["spec"]["template"]["spec"];
        (pod["containers"][0]["args"].to_string(), pod["volumes"].to_string())
    };
    let (args, volumes) = arguments(&build(&three()));
    assert!(args.contains("--rack-file=/etc/barnabas-place/rack"), "{args}");
    assert!(volumes.contains("metadata.annotations['kafka.barnabas.dev/rack']"), "{volumes}");
    assert!(volumes.contains("metadata.labels['topology.kubernetes.io/zone']"), "{volumes}");
    let fixed = cluster(|raw| raw.spec.node_pools[0].rack = Some("basement".to_owned()));
    let (args, volumes) = arguments(&build(&fixed));
    assert!(!args.contains("rack-file") && !volumes.contains("downwardAPI"), "{args}");
    let text = properties::text(&fixed, &fixed.pools[0]);
    assert!(text.contains("broker.rack=basement\n"), "{text}");
}

#[test]
fn forming_the_quorum_changes_no_pod() {
    let mut cluster = three();
    let before = build(&cluster);
    cluster.quorum_formed = true;
    let after = build(&cluster);
    assert_eq!(stateful_set(&before), stateful_set(&after));
    let config = |rendered: &[Rendered]| {
        let map = rendered.iter().find(|object| object.api.kind == "ConfigMap").unwrap();
        map.value["data"]["initial-controllers"].as_str().unwrap().to_owned()
    };
    assert!(config(&before).starts_with("0@events-brokers-0."));
    assert_eq!(config(&after), "");
}

#[test]
fn what_was_asked_for_changes_only_where_pods_do() {
    let template = |edit: &dyn Fn(&mut KafkaCluster)| {
        let rendered = build(&cluster(edit));
        let mut template = stateful_set(&rendered)["spec"]["template"].clone();
        let asked = template["metadata"]["annotations"]["kafka.barnabas.dev/asked"].take();
        (asked, template)
    };
    let before = template(&|_| {});
    let same = [
        template(&|raw| raw.spec.image = Some("barnabas/broker:test".to_owned())),
        template(&|raw| raw.spec.node_pools[0].template = Some(PodTemplate::default())),
        template(&|raw| raw.spec.node_pools[0].storage.size.0 = "2Gi".to_owned()),
    ];
    for after in same {
        assert_eq!(after, before);
    }
    let other = [
        template(&|raw| raw.spec.node_pools[0].replicas = 3),
        template(&|raw| raw.spec.node_pools[0].rack = Some("a".to_owned())),
        template(&|raw| raw.spec.listeners[0].port = 9095),
        template(&|raw| {
            raw.spec.config.insert("num.partitions".to_owned(), serde_json::from_str("3").unwrap());
        }),
    ];
    for (asked, template) in other {
        assert!(asked != before.0 && template != before.1, "{template}");
    }
}
