//! The life of the process: read, start, wait, stop.

use std::io::{self, Write};

use barnabas_server::Machine;
use barnabas_server::config::BrokerConfig;
use barnabas_storage::RealDisk;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::{DevArguments, LogArguments, RunArguments};
use crate::error::StartError;
use crate::service::Service;
use crate::voters::FirstVoters;
use crate::{format, log, preset, rack};

/// `barnabas-broker run`.
pub(crate) fn command(
    mut arguments: RunArguments,
    log_arguments: &LogArguments,
) -> Result<(), StartError> {
    if let Some(http) = arguments.http {
        arguments.source.overrides.push(format!("barnabas.http.listener={http}"));
    }
    log::start(log_arguments)?;
    let Some(rack) = rack(&arguments)? else { return Ok(()) };
    arguments.source.overrides.extend(rack.map(|rack| format!("broker.rack={rack}")));
    let config = format::read(&arguments.source)?;
    let voters = FirstVoters::new(&arguments.voters, &config)?;
    execute(&config, arguments.cluster_id.as_deref(), &voters, |_| {})
}

/// The rack that is written down for this broker, if one is; `None` when the process is asked to
/// stop before it is known.
fn rack(arguments: &RunArguments) -> Result<Option<Option<String>>, StartError> {
    let runtime =
        Builder::new_current_thread().enable_all().build().map_err(StartError::Runtime)?;
    runtime.block_on(async {
        let mut stop = Stop::new().map_err(StartError::Runtime)?;
        Ok(tokio::select! {
            biased;
            () = stop.asked() => None,
            rack = rack::wait(&arguments.rack_files) => Some(rack),
        })
    })
}

/// `barnabas-broker dev`.
pub(crate) fn dev(
    arguments: &DevArguments,
    log_arguments: &LogArguments,
) -> Result<(), StartError> {
    log::start(log_arguments)?;
    let config = preset::dev(arguments)?;
    let cluster_id = match format::cluster_of(&RealDisk, &config)? {
        Some(known) => known,
        None => {
            barnabas_storage::directory::new_directory_id().map_err(StartError::Random)?.to_string()
        }
    };
    let dir = arguments.dir.display().to_string();
    execute(&config, Some(&cluster_id), &FirstVoters::default(), |service| {
        for address in service.clients() {
            tell(&format!("Barnabas serves Kafka clients on {address}, data in {dir}."));
            tell(&format!("Try: echo hello | kcat -b {address} -P -t greetings"));
            tell(&format!("     kcat -b {address} -C -t greetings -e"));
        }
        if let Some(address) = service.http() {
            tell(&format!("Metrics: curl http://{address}/metrics"));
        }
        tell("Stop with Ctrl-C.");
    })
}

/// For the person at the terminal, who may have closed it.
fn tell(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

fn execute(
    config: &BrokerConfig,
    cluster_id: Option<&str>,
    voters: &FirstVoters,
    ready: impl FnOnce(&Service),
) -> Result<(), StartError> {
    for (name, reason) in config.settings().inert() {
        tracing::warn!(name, reason, "a setting has no effect");
    }
    raise_open_files();
    let machine = Machine::real();
    let dirs = format::prepare(machine.disk.as_ref(), config, cluster_id, voters)?;
    let runtime = runtime().map_err(StartError::Runtime)?;
    let result = runtime.block_on(async {
        let mut stop = Stop::new().map_err(StartError::Runtime)?;
        let service = tokio::select! {
            started = Service::start(config, dirs, &machine) => started?,
            // Nothing is served yet, so nothing drains.
            () = stop.asked() => return Ok(()),
        };
        ready(&service);
        let failed = tokio::select! {
            () = stop.asked() => Ok(()),
            failure = service.failed() => Err(failure),
        };
        service.stop().await?;
        failed
    });
    // What still waits on a disk has nothing to add.
    runtime.shutdown_background();
    result
}

/// A log that is written to keeps three files open, a connection one: the customary soft limit of
/// 1024 is soon reached, the hard one is what the administrator meant.
fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "cannot raise the limit on open files");
    }
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().thread_name("worker").build()
}

/// SIGTERM and SIGINT.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
