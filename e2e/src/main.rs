//! `barnabas-e2e`: the test bed, what runs on it, and `make`'s way to both.

use std::path::PathBuf;
use std::process::ExitCode;

use barnabas_e2e::bed::{Bed, storage};
use barnabas_e2e::clients::Target;
use barnabas_e2e::failure::{Context, Result};
use barnabas_e2e::faults::Setting;
use barnabas_e2e::suites::Suite;
use barnabas_e2e::system::System;
use barnabas_e2e::{bench, checks, deployment, ensure, faults, load, scenario};
use clap::{Args, Parser, Subcommand};

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
    /// Broker, operator, a cluster and a topic; a text file goes through it.
    Up {
        /// Where.
        #[arg(long, value_enum, default_value = "bed")]
        target: deployment::Target,
    },
    /// Ends what `up` started.
    Down {
        /// Where.
        #[arg(long, value_enum, default_value = "bed")]
        target: deployment::Target,
    },
    /// Every check of the repository.
    Test {
        /// The stages to run; all if none is named.
        stages: Vec<String>,
    },
    /// Scenarios on real pods.
    Scenarios {
        /// The scenarios to run; all if none is named.
        names: Vec<String>,
        /// Leave the test bed up.
        #[arg(long)]
        keep: bool,
    },
    /// Unmodified clients of the field against one broker.
    Clients(ClientsArguments),
    /// Hostile peers beside an honest client.
    Hostile {
        /// The broker binary to test.
        #[arg(long, value_name = "BINARY")]
        broker: PathBuf,
    },
    /// Faults on three brokers on loopback, under a load that knows what must come of it.
    Cluster(ClusterArguments),
    /// Apache Kafka's own tools against three brokers on loopback.
    Tools(ClusterArguments),
    /// A load on a cluster that runs already: each line of the standard input asks for the longest
    /// wait since the last one, its end for the verdict as JSON.
    Load(LoadArguments),
    /// A client's own test suite against a fresh broker.
    Suite {
        /// Which.
        suite: Suite,
        /// The broker binary to test.
        #[arg(long, value_name = "BINARY")]
        broker: PathBuf,
        /// Only tests whose name contains this.
        #[arg(long, value_name = "PART")]
        only: Option<String>,
    },
    /// Our broker and Apache Kafka 4.3.1 side by side.
    Bench {
        /// One run instead of three, and shorter.
        #[arg(long)]
        quick: bool,
        /// Three brokers with three replicas of each partition, instead of one broker.
        #[arg(long)]
        cluster: bool,
        /// Consuming alone.
        #[arg(long, conflicts_with = "cluster")]
        consume: bool,
        /// Apache Kafka against itself: what the machine alone does to the ratios.
        #[arg(long)]
        control: bool,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct ClientsTarget {
    /// The broker binary to test: each client gets a fresh broker.
    #[arg(long, value_name = "BINARY")]
    broker: Option<PathBuf>,
    /// The address of a broker that runs already.
    #[arg(long, value_name = "HOST:PORT")]
    bootstrap: Option<String>,
}

#[derive(Args)]
struct ClientsArguments {
    #[command(flatten)]
    target: ClientsTarget,
    /// Only clients whose name contains this.
    #[arg(long, value_name = "PART")]
    only: Option<String>,
}

#[derive(Args)]
struct ClusterArguments {
    /// The broker binary to test; without it, Apache Kafka, for comparison.
    #[arg(long, value_name = "BINARY")]
    broker: Option<PathBuf>,
    /// Few repetitions.
    #[arg(long)]
    short: bool,
    /// Where the figures are written as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// What to run; all if none is named.
    names: Vec<String>,
}

#[derive(Args)]
struct LoadArguments {
    /// The first brokers to ask.
    #[arg(long, value_name = "HOST:PORT", value_delimiter = ',')]
    bootstrap: Vec<String>,
    /// The topic, which is empty.
    #[arg(long)]
    topic: String,
    /// How many partitions it has.
    #[arg(long)]
    partitions: i32,
    /// Records a second.
    #[arg(long, default_value_t = 1_000.0)]
    rate: f64,
    /// Give a broker that says nothing one second instead of thirty.
    #[arg(long)]
    impatient: bool,
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
    /// Kills a node as a power cut would: its kubelet, its containerd, its pods. The disks stay.
    KillNode {
        /// The bed.
        #[arg(long, default_value = "bed")]
        name: String,
        /// The node: node1, node2 or node3.
        node: String,
    },
    /// Starts a node that was killed.
    StartNode {
        /// The bed.
        #[arg(long, default_value = "bed")]
        name: String,
        /// The node: node1, node2 or node3.
        node: String,
    },
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
        Command::Clients(arguments) => clients(&arguments),
        Command::Hostile { broker } => barnabas_e2e::hostile::run(&broker),
        Command::Suite { suite, broker, only } => {
            barnabas_e2e::suites::run(suite, &broker, only.as_deref())
        }
        Command::Cluster(arguments) => cluster(&arguments),
        Command::Tools(arguments) => tools(&arguments),
        Command::Load(arguments) => load(&arguments),
        Command::Up { target } => deployment::up(target),
        Command::Down { target } => deployment::down(target),
        Command::Test { stages } => checks::run(&stages),
        Command::Scenarios { names, keep } => scenarios(&names, keep),
        Command::Bench { quick, cluster: true, control, .. } => bench::run_cluster(quick, control),
        Command::Bench { quick, consume: true, control, .. } => bench::run_consume(quick, control),
        Command::Bench { quick, control, .. } => bench::run(quick, control),
    }
}

fn cluster(arguments: &ClusterArguments) -> Result<()> {
    let system = arguments.system();
    let setting = Setting { system: &system, is_short: arguments.short };
    let tally = faults::run(setting, &arguments.names, arguments.json.as_deref())?;
    println!("faults: {} passed, {} failed", tally.passed, tally.failed);
    ensure!(tally.failed == 0, "{} faults failed", tally.failed);
    Ok(())
}

fn tools(arguments: &ClusterArguments) -> Result<()> {
    let system = arguments.system();
    let setting = Setting { system: &system, is_short: arguments.short };
    let tally = barnabas_e2e::tools::run(setting, &arguments.names)?;
    println!("tools: {} passed, {} failed", tally.passed, tally.failed);
    ensure!(tally.failed == 0, "{} trials failed", tally.failed);
    Ok(())
}

impl ClusterArguments {
    fn system(&self) -> System {
        self.broker.clone().map_or(System::Apache, System::Barnabas)
    }
}

fn load(arguments: &LoadArguments) -> Result<()> {
    let mut options =
        load::Options::new(&arguments.bootstrap, &arguments.topic, arguments.partitions);
    options.rate = arguments.rate;
    if arguments.impatient {
        options.patience = load::Patience::SHORT;
    }
    load::serve(&options)
}

fn scenarios(names: &[String], keep: bool) -> Result<()> {
    let bed = Bed::up(&scenario::bed_name())?;
    let outcome = scenario::run(&bed, names);
    if !keep {
        bed.down();
    }
    let tally = outcome?;
    println!("scenarios: {} passed, {} failed", tally.passed, tally.failed);
    ensure!(tally.failed == 0, "{} scenarios failed", tally.failed);
    Ok(())
}

fn clients(arguments: &ClientsArguments) -> Result<()> {
    let target = match &arguments.target {
        ClientsTarget { broker: Some(binary), .. } => Target::Binary(binary),
        ClientsTarget { bootstrap, .. } => Target::Bootstrap(bootstrap.as_deref().unwrap_or("")),
    };
    barnabas_e2e::clients::run(&target, arguments.only.as_deref())
}

fn found(name: &str) -> Result<Bed> {
    Bed::find(name)?.context(format!("there is no bed {name}"))
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
        BedCommand::KillNode { name, node } => found(&name)?.kill_node(&node)?,
        BedCommand::StartNode { name, node } => found(&name)?.start_node(&node)?,
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
