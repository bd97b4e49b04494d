//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A Kafka broker and controller without the JVM.
#[derive(Debug, Parser)]
#[command(name = "barnabas-broker", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) log: LogArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a node until SIGTERM or SIGINT.
    ///
    /// The log directories must be formatted: by `format`, or here when --cluster-id is given.
    Run(RunArguments),
    /// Prepares the log directories of a node for a cluster.
    ///
    /// Writes meta.properties and bootstrap.checkpoint, as `kafka-storage.sh format` does.
    Format(FormatArguments),
    /// Runs a broker on 127.0.0.1 for development; no configuration is needed.
    Dev(DevArguments),
    /// Prints the version.
    Version,
}

#[derive(Debug, Args)]
pub(crate) struct Source {
    /// The properties file, with Kafka's names (docs/configuration.md).
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Sets one property over the file; can be repeated.
    #[arg(long = "override", value_name = "NAME=VALUE")]
    pub(crate) overrides: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) source: Source,
    /// The cluster that the node belongs to: empty log directories are formatted for it, those of
    /// another cluster are refused.
    #[arg(long, value_name = "ID")]
    pub(crate) cluster_id: Option<String>,
    #[command(flatten)]
    pub(crate) voters: VoterArguments,
    /// A file that somebody writes the broker's rack into once it is known (`-` for none): the
    /// start waits a minute for it. Can be repeated; the first that has text counts.
    #[arg(long = "rack-file", value_name = "FILE")]
    pub(crate) rack_files: Vec<PathBuf>,
    /// Address of /livez, /readyz and /metrics; the same as barnabas.http.listener.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) http: Option<SocketAddr>,
}

/// Who votes first in a dynamic quorum; nothing of it for static voters.
#[derive(Clone, Debug, Default, Args)]
#[group(multiple = false)]
pub(crate) struct VoterArguments {
    /// Empty directories: this controller is the only voter.
    #[arg(long)]
    pub(crate) standalone: bool,
    /// Empty directories: these controllers are the voters, as ID@HOST:PORT:DIRECTORY-ID,... The
    /// same on every node. An empty list is none.
    #[arg(long, value_name = "VOTERS", value_delimiter = ',')]
    pub(crate) initial_controllers: Vec<String>,
    /// Empty directories: the voters are those of the running quorum, which this controller may
    /// join. The default.
    #[arg(long)]
    pub(crate) no_initial_controllers: bool,
}

#[derive(Debug, Args)]
pub(crate) struct FormatArguments {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Id of the cluster, the same for all its nodes: by custom 22 characters of base64.
    #[arg(long, value_name = "ID")]
    pub(crate) cluster_id: String,
    #[command(flatten)]
    pub(crate) voters: VoterArguments,
    /// Leaves log directories alone that are formatted for this cluster and node already.
    #[arg(long)]
    pub(crate) ignore_formatted: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DevArguments {
    /// Where the data is kept; created if it does not exist.
    #[arg(long, value_name = "DIRECTORY", default_value = "barnabas-data")]
    pub(crate) dir: PathBuf,
    /// Port of the broker; 0 takes a free one.
    #[arg(long, default_value_t = 9092)]
    pub(crate) port: u16,
    /// Address of /livez, /readyz and /metrics; none if absent.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) http: Option<SocketAddr>,
    /// Sets one property; can be repeated.
    #[arg(long = "override", value_name = "NAME=VALUE")]
    pub(crate) overrides: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct LogArguments {
    /// What is logged to standard error: a level, or targets with levels as in
    /// `warn,barnabas_server=debug`.
    #[arg(long, global = true, env = "BARNABAS_LOG", value_name = "FILTER")]
    #[arg(default_value = "warn,barnabas_broker=info")]
    pub(crate) log: String,
    /// How it is logged; text on a terminal, JSON otherwise.
    #[arg(long, global = true, env = "BARNABAS_LOG_FORMAT", value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_operator_s_command_line_is_understood() {
        let cli = Cli::try_parse_from([
            "barnabas-broker",
            "run",
            "--config",
            "/etc/barnabas/server.properties",
            "--cluster-id",
            "4L6g3nShT-eMCtK--X86sw",
            "--override",
            "node.id=3",
            "--override",
            "advertised.listeners=A://h:1,B://h:2",
            "--http",
            "0.0.0.0:8080",
        ]);
        let Ok(Cli { command: Command::Run(run), .. }) = cli else { panic!("{cli:?}") };
        assert_eq!(run.source.overrides.len(), 2);
        assert_eq!(run.http, Some(SocketAddr::from(([0, 0, 0, 0], 8080))));
    }
}
