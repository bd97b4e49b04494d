use std::path::Path;

use super::*;
use crate::net::ListenerRole;

const MINIMAL: &str = "\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
controller.quorum.voters=1@localhost:9093
log.dirs=/tmp/a
";

fn settings(extra: &str) -> Result<Settings, SettingsError> {
    Settings::parse(&format!("{MINIMAL}{extra}"), Path::new("server.properties"))
}

fn config(extra: &str) -> Result<BrokerConfig, SettingsError> {
    BrokerConfig::new(settings(extra)?)
}

fn refusal(extra: &str) -> String {
    config(extra).expect_err(extra).to_string()
}

#[test]
fn a_small_file_is_enough() {
    let config = config("").expect("valid");
    assert_eq!(config.node_id, 1);
    assert_eq!(config.metadata_log_dir, Path::new("/tmp/a"));
    let listeners: Vec<_> = config
        .listeners
        .iter()
        .map(|l| (l.name.as_str(), l.host.as_str(), l.port, l.role))
        .collect();
    assert_eq!(
        listeners,
        [
            ("PLAINTEXT", "", 9092, ListenerRole::Broker),
            ("CONTROLLER", "localhost", 9093, ListenerRole::Controller),
        ]
    );
    let advertised: Vec<_> = config.advertised.iter().map(|l| (l.name.as_str(), l.port)).collect();
    assert_eq!(advertised, [("PLAINTEXT", 9092)]);
    assert_eq!(config.quorum.voters, [Voter { id: 1, host: "localhost".to_owned(), port: 9093 }]);
    assert_eq!(config.limits.max_frame_bytes, 100 << 20);
    assert_eq!(config.http, None);
}

#[test]
fn the_file_that_kafka_ships_is_accepted() {
    let shipped = "\
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
num.partitions=1
num.recovery.threads.per.data.dir=1
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL
";
    let settings = settings(shipped).expect("valid");
    let inert: Vec<_> = settings.inert().map(|(name, _)| name).collect();
    assert!(inert.contains(&"transaction.state.log.min.isr"));
    assert!(!inert.contains(&"num.io.threads"), "it has its default");
    BrokerConfig::new(settings).expect("valid");
}

#[test]
fn errors_say_where_and_what_to_do() {
    let cases = [
        (
            "log.dris=/x",
            "server.properties:7: Unknown broker config name: log.dris. Did you mean log.dirs?",
        ),
        (
            "\n# c\nnum.partitions=many",
            "server.properties:9: Invalid value many for configuration num.partitions",
        ),
        ("num.partitions=0", "must be at least 1"),
        ("a=\\u12", "server.properties: line 7"),
        ("retention.ms=1", "Did you mean log.retention.ms?"),
        ("sasl.enabled.mechanisms=PLAIN", "SASL is not supported yet"),
        ("process.roles=broker", "is for controllers, which this node is not"),
        ("process.roles=controller", "a controller serves no clients"),
        ("process.roles=brokers", "at least one of broker, controller"),
        ("controller.listener.names=", "must name the listener"),
        ("listeners=PLAINTEXT://:9092", "add CONTROLLER://:9093"),
        ("listeners=CONTROLLER://:9093", "there is none for clients"),
        ("listeners=PLAINTEXT://:9092,CONTROLLER://:9092", "is given twice"),
        ("listeners=PLAINTEXT:9092", "expected NAME://host:port"),
        ("listeners=PLAINTEXT://:99999,CONTROLLER://:1", "99999 is not a port"),
        ("listeners=CLIENTS://:1,CONTROLLER://:2", "has no protocol for CLIENTS"),
        ("listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:SSL", "only PLAINTEXT"),
        ("listener.security.protocol.map=PLAINTEXT:PLAINTEXT", "has no protocol for CONTROLLER"),
        ("listener.security.protocol.map=PLAINTEXT:TLS", "TLS is not a security protocol"),
        ("advertised.listeners=PLAINTEXT://0.0.0.0:9092", "leads nowhere"),
        ("advertised.listeners=OTHER://a:1", "OTHER is not among the listeners"),
        ("controller.quorum.voters=2@a:1,3@b:1", "does not name 1, which is a controller"),
        ("controller.quorum.voters=a:1", "expected id@host:port"),
        ("controller.quorum.voters=", "set it to 1@localhost:9093"),
        ("broker.id=2", "remove broker.id"),
        ("log.dirs=/a,/a", "/a is given twice"),
        ("inter.broker.listener.name=CONTROLLER", "is not among the advertised"),
        ("barnabas.http.listener=8080", "expected an IP address and a port"),
    ];
    for (extra, expected) in cases {
        let message = refusal(extra);
        assert!(message.contains(expected), "{extra}: {message}");
    }
}

#[test]
fn a_node_can_be_a_broker_or_a_controller_only() {
    let voters = "controller.quorum.voters=7@c:9093,8@c:9093,9@c:9093\n";
    let broker = config(&format!("process.roles=broker\nlisteners=PLAINTEXT://:9092\n{voters}"));
    let broker = broker.expect("valid");
    assert_eq!(broker.roles, Roles { broker: true, controller: false });
    assert_eq!((broker.quorum.voters.len(), broker.controller_endpoints.len()), (3, 0));
    let controller = config(
        "process.roles=controller\nlisteners=CONTROLLER://:9093\n\
         controller.quorum.voters=\ncontroller.quorum.bootstrap.servers=c:9093\n\
         advertised.listeners=CONTROLLER://c:9093\n",
    );
    let controller = controller.expect("valid");
    assert!(controller.advertised.is_empty());
    let endpoint = &controller.controller_endpoints[0];
    assert_eq!((endpoint.host.as_str(), endpoint.port), ("c", 9093));
    let named = refusal("process.roles=broker\nlisteners=PLAINTEXT://:9092\n");
    assert!(named.contains("which is no controller"), "{named}");
}

#[test]
fn what_must_be_set_is_asked_for() {
    let parse = |text| Settings::parse(text, Path::new("f")).expect("well formed");
    let message = |text| BrokerConfig::new(parse(text)).expect_err(text).to_string();
    assert!(message("").contains("Missing required configuration process.roles"));
    assert!(message("process.roles=broker,controller").contains("node.id"));
    let old = MINIMAL.replace("node.id", "broker.id");
    assert_eq!(BrokerConfig::new(parse(&old)).map(|config| config.node_id).ok(), Some(1));
}

#[test]
fn overrides_win_over_the_file() {
    let mut settings = settings("num.partitions=3").expect("valid");
    settings.apply_override("num.partitions=5").expect("valid");
    assert_eq!(settings.integer("num.partitions").ok(), Some(5));
    let error = settings.apply_override("num.partitions").expect_err("no value");
    assert_eq!(error.to_string(), "--override num.partitions: expected name=value");
    let error = settings.apply_override("num.partitons=1").expect_err("unknown");
    assert!(error.to_string().starts_with("--override: Unknown broker config"), "{error}");
}

#[test]
fn topic_configs_follow_the_layers_of_the_image() {
    use barnabas_metadata::image::{Delta, Image, Provenance};
    use barnabas_metadata::record::{ConfigRecord, MetadataRecord};

    let config = config("log.retention.hours=1\nmessage.max.bytes=2000").expect("valid");
    let file = LiveConfig::new(config.file());
    let set = |resource_type, resource_name: &str, name: &str, value: &str| {
        MetadataRecord::from(ConfigRecord {
            resource_type,
            resource_name: resource_name.to_owned(),
            name: name.to_owned(),
            value: Some(value.to_owned()),
        })
    };
    let mut delta = Delta::new(&Image::default());
    for record in [
        set(4, "", "message.max.bytes", "3000"),
        set(4, "2", "message.max.bytes", "9000"),
        set(2, "t", "retention.ms", "5"),
    ] {
        delta.replay(&record).expect("fits");
    }
    let image = delta.finish(Provenance::default()).0;
    let live = file.with_image(config.node_id, &image);
    let topic = live.topic_of(&image, "t");
    assert_eq!((topic.retention_ms, topic.max_message_bytes), (5, 3000));
    assert_eq!(live.topic_of(&image, "other").retention_ms, 3_600_000);
    assert_eq!(file.topic(None).max_message_bytes, 2000);
}
