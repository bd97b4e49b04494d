//! The command line.

use std::net::SocketAddr;

use clap::{Args, Parser, Subcommand};

/// Runs Kafka clusters in Kubernetes.
#[derive(Debug, Parser)]
#[command(name = "barnabas-operator", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Reconciles KafkaCluster and KafkaTopic resources.
    Run(Run),
}

/// How to run. Each option can be an environment variable.
#[derive(Clone, Debug, Args)]
pub struct Run {
    /// Namespaces to look after, separated by commas; all, if none is given.
    #[arg(long, env = "BARNABAS_NAMESPACES", value_delimiter = ',')]
    pub namespaces: Vec<String>,
    /// Image of brokers whose KafkaCluster names none.
    #[arg(long, env = "BARNABAS_BROKER_IMAGE", default_value = crate::BROKER_IMAGE)]
    pub broker_image: String,
    /// Address of /livez, /readyz and /metrics.
    #[arg(long, env = "BARNABAS_HTTP", default_value = "0.0.0.0:8080")]
    pub http: SocketAddr,
    /// Acts without holding a lease: only where no second operator can run.
    #[arg(long, env = "BARNABAS_NO_LEADER_ELECTION")]
    pub no_leader_election: bool,
    /// Namespace of the lease, by default the one that the operator runs in.
    #[arg(long, env = "POD_NAMESPACE")]
    pub lease_namespace: Option<String>,
    /// Name of this process in the lease and in Events, by default the host's.
    #[arg(long, env = "POD_NAME")]
    pub identity: Option<String>,
    /// Logs as JSON, one object a line.
    #[arg(long, env = "BARNABAS_JSON_LOGS")]
    pub json: bool,
    /// Where brokers answer the operator, with {namespace} and {cluster} to fill in.
    #[arg(
        long,
        env = "BARNABAS_BROKER_ADDRESS",
        default_value = "{cluster}-brokers.{namespace}.svc:9091",
        hide = true
    )]
    pub broker_address: String,
}
