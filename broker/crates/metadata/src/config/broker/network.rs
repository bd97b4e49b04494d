//! Listeners and connections.

use crate::config::define::{def, null, reason};
use crate::config::{ConfigDef, ConfigType, Validator};

pub(in crate::config) const DEFINITIONS: &[ConfigDef] = &[
    null(
        "advertised.listeners",
        ConfigType::List,
        "Addresses that clients are told; those of `listeners` when not set.",
    )
    .high(),
    def(
        "barnabas.http.listener",
        ConfigType::String,
        "",
        "Address of /livez, /readyz and /metrics, as `host:port`; empty = none. Not a config \
         of Apache Kafka.",
    )
    .internal(),
    def(
        "connection.failed.authentication.delay.ms",
        ConfigType::Int,
        "100",
        "How long the answer to a failed authentication is delayed, ms.",
    )
    .at_least(0)
    .low()
    .inert(reason::SASL),
    def(
        "connections.max.idle.ms",
        ConfigType::Long,
        "600000",
        "Idle time after which a connection is closed, ms.",
    ),
    def(
        "connections.max.reauth.ms",
        ConfigType::Long,
        "0",
        "Time after which a client must authenticate again, ms; 0 = never.",
    )
    .inert(reason::SASL),
    null(
        "early.start.listeners",
        ConfigType::List,
        "Listeners that open before the authorizer is ready.",
    )
    .high()
    .default_only(reason::EARLY),
    null(
        "inter.broker.listener.name",
        ConfigType::String,
        "Listener that brokers use among themselves.",
    ),
    def(
        "listener.security.protocol.map",
        ConfigType::String,
        "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
        "Security protocol of each listener name.",
    )
    .low()
    .per_broker(),
    def(
        "listeners",
        ConfigType::List,
        "PLAINTEXT://:9092",
        "Addresses to listen on, as `NAME://host:port`.",
    )
    .high()
    .per_broker(),
    def(
        "max.connection.creation.rate",
        ConfigType::Int,
        "2147483647",
        "New connections per second.",
    )
    .at_least(0)
    .cluster_wide()
    .default_only(reason::RATE),
    def(
        "max.connections",
        ConfigType::Int,
        "2147483647",
        "Connections that the broker accepts at once.",
    )
    .at_least(0)
    .cluster_wide(),
    def(
        "max.connections.per.ip",
        ConfigType::Int,
        "2147483647",
        "Connections that one address may have.",
    )
    .at_least(0)
    .cluster_wide(),
    def(
        "max.connections.per.ip.overrides",
        ConfigType::String,
        "",
        "Exceptions from `max.connections.per.ip`, as `address:count,…`.",
    )
    .cluster_wide()
    .default_only(reason::PER_ADDRESS),
    def("num.network.threads", ConfigType::Int, "3", "Threads that read and write sockets.")
        .at_least(1)
        .high()
        .cluster_wide()
        .inert(reason::ASYNC),
    def(
        "queued.max.request.bytes",
        ConfigType::Long,
        "-1",
        "Bytes of requests that may wait; -1 = no limit.",
    )
    .default_only(reason::QUEUE),
    def("queued.max.requests", ConfigType::Int, "500", "Requests that may wait for a thread.")
        .at_least(1)
        .high()
        .inert(reason::ASYNC),
    def(
        "security.inter.broker.protocol",
        ConfigType::String,
        "PLAINTEXT",
        "Security protocol among brokers when `inter.broker.listener.name` is not set.",
    )
    .check(Validator::OneOf(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]))
    .default_only(reason::TLS),
    def(
        "socket.connection.setup.timeout.max.ms",
        ConfigType::Long,
        "30000",
        "Longest time to open a connection to a broker, ms.",
    )
    .inert(reason::PEERS),
    def(
        "socket.connection.setup.timeout.ms",
        ConfigType::Long,
        "10000",
        "First time limit to open a connection to a broker, ms.",
    )
    .inert(reason::PEERS),
    def(
        "socket.listen.backlog.size",
        ConfigType::Int,
        "50",
        "Connections that may wait to be accepted.",
    )
    .at_least(1)
    .inert(reason::SOCKETS),
    def(
        "socket.receive.buffer.bytes",
        ConfigType::Int,
        "-1",
        "SO_RCVBUF of connections, bytes; -1: sized by the kernel (Apache Kafka: 102400).",
    )
    .at_least(-1)
    .high(),
    def("socket.request.max.bytes", ConfigType::Int, "104857600", "Largest request, bytes.")
        .at_least(1)
        .high(),
    def(
        "socket.send.buffer.bytes",
        ConfigType::Int,
        "262144",
        "SO_SNDBUF of connections, bytes; -1: sized by the kernel (Apache Kafka: 102400).",
    )
    .at_least(-1)
    .high(),
];
