//! `barnabas-e2e`: the test bed, what runs on it, and `make`'s way to both.

use std::path::PathBuf;
use std::process::ExitCode;

use barnabas_e2e::bed::{Bed, storage};
use barnabas_e2e::failure::Result;
use clap::{Parser, Subcommand};

/// Test bed, scenarios, client matrix and benchmark of Barnabas.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A real three-node Kubernetes on this host.
    #[command(subcommand)]
    Bed(BedCommand),
}

#[derive(Subcommand)]
enum BedCommand {
    /// Starts it, or finds it running.
    Up {
        /// Its name: several can live side by side.
        #[arg(long, default_value = "bed")]
        name: String,
    },
    /// Ends it and removes all that it made.
    Down {
        /// Its name.
        #[arg(long, default_value = "bed")]
        name: String,
    },
    /// Lists the beds of this host and their processes.
    Status,
    /// Serves the volumes of a bed (started by `bed up`).
    #[command(hide = true)]
    Provisioner {
        /// Where the volumes are.
        #[arg(long)]
        folder: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Bed(command) => bed(command),
    }
}

fn bed(command: BedCommand) -> Result<()> {
    match command {
        BedCommand::Up { name } => {
            let bed = Bed::up(&name)?;
            println!("export KUBECONFIG={}", bed.kubeconfig().display());
            println!("export PATH={}:$PATH", bed.programs().display());
        }
        BedCommand::Down { name } => match Bed::find(&name)? {
            Some(bed) => {
                bed.down();
                println!("{name} is down");
            }
            None => println!("there is no bed {name}"),
        },
        BedCommand::Status => {
            for bed in Bed::all()? {
                let state = if bed.is_alive() { "running" } else { "broken" };
                println!("{} {state} {}", bed.name(), bed.kubeconfig().display());
                for daemon in bed.daemons() {
                    let state = if daemon.is_alive() { "running" } else { "ended" };
                    println!("  {:<26} {:>8} {state}", daemon.name, daemon.pid);
                }
            }
        }
        BedCommand::Provisioner { folder } => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let client = kube::Client::try_default().await?;
                storage::serve(client, folder).await
            })?;
        }
    }
    Ok(())
}
