//! A Kafka broker and controller without the JVM: what the binary is made of, so that a simulator
//! can run many of them in one process.

mod cli;
mod error;
mod format;
mod log;
mod options;
mod preset;
mod rack;
mod run;
mod service;
mod voters;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

pub use error::StartError;
pub use format::{Formatted, prepare};
pub use service::Service;
pub use voters::FirstVoters;

/// Does what the command line says.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match execute(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not a log line: whoever typed the command reads it.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn execute(cli: Cli) -> Result<(), StartError> {
    match cli.command {
        Command::Version => {
            println!("barnabas-broker {} (Kafka 4.3)", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
        Command::Format(arguments) => format::command(&arguments),
        Command::Run(arguments) => run::command(arguments, &cli.log),
        Command::Dev(arguments) => run::dev(&arguments, &cli.log),
    }
}
