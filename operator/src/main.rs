//! The operator's binary.

use std::process::ExitCode;

use barnabas_operator::cli::{Cli, Command};
use clap::Parser;
use tracing_subscriber::EnvFilter;

// One thread: the operator waits most of the time, and each thread costs memory.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Command::Run(options) = Cli::parse().command;
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,barnabas_operator=info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if options.json {
        logs.json().init();
    } else {
        logs.init();
    }
    match barnabas_operator::run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the operator stops");
            ExitCode::FAILURE
        }
    }
}
