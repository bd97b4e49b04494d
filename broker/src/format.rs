//! Preparing log directories for a cluster.

use std::path::{Path, PathBuf};

use barnabas_controller::bootstrap_records;
use barnabas_metadata::feature::MetadataVersion;
use barnabas_server::config::{BrokerConfig, Settings};
use barnabas_server::machine;
use barnabas_server::raft::{write_bootstrap, write_voters};
use barnabas_storage::directory::{MetaProperties, MetaPropertiesError};
use barnabas_storage::{Disk, DiskError, RealDisk};
use barnabas_wire::Uuid;

use crate::cli::{FormatArguments, Source};
use crate::error::StartError;
use crate::voters::FirstVoters;

/// Longest cluster id, in bytes.
const CLUSTER_ID_MAX: usize = 64;

/// A log directory that is ready for use.
#[derive(Clone, Debug)]
pub struct Formatted {
    /// Where it is.
    pub path: PathBuf,
    /// Its `meta.properties`.
    pub meta: MetaProperties,
}

/// `barnabas-broker format`.
pub(crate) fn command(arguments: &FormatArguments) -> Result<(), StartError> {
    let config = read(&arguments.source)?;
    check_cluster_id(&arguments.cluster_id)?;
    let voters = FirstVoters::new(&arguments.voters, &config)?;
    let disk = RealDisk;
    for dir in directories(&config) {
        if let Some(meta) = MetaProperties::load(&disk, &dir)? {
            if !arguments.ignore_formatted {
                return Err(StartError::AlreadyFormatted(dir));
            }
            MetaProperties::check(&[(dir, meta)], Some(&arguments.cluster_id), config.node_id)?;
            continue;
        }
        let meta = format(&disk, &dir, &arguments.cluster_id, &config, &voters)?;
        println!(
            "Formatted {} for cluster {} with metadata.version {}: directory id {}.",
            dir.display(),
            meta.cluster_id,
            MetadataVersion::LATEST_PRODUCTION,
            meta.directory_id,
        );
    }
    Ok(())
}

/// The configuration that a file and its overrides give.
pub(crate) fn read(source: &Source) -> Result<BrokerConfig, StartError> {
    let mut settings = Settings::read(&source.config)?;
    for text in &source.overrides {
        settings.apply_override(text)?;
    }
    Ok(BrokerConfig::new(settings)?)
}

/// The node's directories, each formatted for it: those that are not are, when the cluster is
/// known; the first voters matter to a metadata directory that is empty. One that cannot be read
/// or written is left out: the node starts without it, as Kafka does, unless it holds the metadata
/// log or no other is left.
///
/// # Errors
/// If a directory belongs to another node or cluster, or the disk fails that a node cannot do
/// without.
pub fn prepare(
    disk: &dyn Disk,
    config: &BrokerConfig,
    cluster_id: Option<&str>,
    voters: &FirstVoters,
) -> Result<Vec<Formatted>, StartError> {
    if let Some(id) = cluster_id {
        check_cluster_id(id)?;
    }
    let mut formatted = Vec::new();
    let mut missing = Vec::new();
    for dir in directories(config) {
        match MetaProperties::load(disk, &dir) {
            Ok(Some(meta)) => formatted.push((dir, meta)),
            Ok(None) => missing.push(dir),
            Err(MetaPropertiesError::Disk(error)) => do_without(config, &dir, error)?,
            Err(error) => return Err(error.into()),
        }
    }
    MetaProperties::check(&formatted, cluster_id, config.node_id)?;
    // A directory added to a formatted node joins the cluster of the others.
    let known = formatted.first().map(|(_, meta)| meta.cluster_id.clone());
    let cluster_id = cluster_id.map(str::to_owned).or(known);
    for dir in missing {
        let Some(cluster_id) = &cluster_id else { return Err(StartError::NotFormatted(dir)) };
        match format(disk, &dir, cluster_id, config, voters) {
            Ok(meta) => {
                let path = dir.display();
                tracing::info!(dir = %path, cluster_id, "formatted an empty log directory");
                formatted.push((dir, meta));
            }
            Err(StartError::Disk(error)) => do_without(config, &dir, error)?,
            Err(error) => return Err(error),
        }
    }
    if !formatted.iter().any(|(dir, _)| config.log_dirs.contains(dir)) {
        return Err(StartError::NoLogDir);
    }
    let order = |dir: &PathBuf| config.log_dirs.iter().position(|known| known == dir);
    formatted.sort_by_key(|(dir, _)| order(dir).unwrap_or(usize::MAX));
    Ok(formatted.into_iter().map(|(path, meta)| Formatted { path, meta }).collect())
}

/// Goes on without a directory that fails, if that is possible.
pub(crate) fn do_without(
    config: &BrokerConfig,
    dir: &Path,
    error: DiskError,
) -> Result<(), StartError> {
    if *dir == config.metadata_log_dir {
        return Err(error.into());
    }
    tracing::error!(dir = %dir.display(), %error, "starting without a log directory that failed");
    Ok(())
}

/// The cluster of the node's directories; none when no directory is formatted.
pub(crate) fn cluster_of(
    disk: &dyn Disk,
    config: &BrokerConfig,
) -> Result<Option<String>, StartError> {
    for dir in directories(config) {
        if let Some(meta) = MetaProperties::load(disk, &dir)? {
            return Ok(Some(meta.cluster_id));
        }
    }
    Ok(None)
}

/// What is written last says that the directory is formatted.
fn format(
    disk: &dyn Disk,
    dir: &Path,
    cluster_id: &str,
    config: &BrokerConfig,
    voters: &FirstVoters,
) -> Result<MetaProperties, StartError> {
    disk.create_dir(dir)?;
    let records = bootstrap_records(MetadataVersion::LATEST_PRODUCTION);
    write_bootstrap(disk, dir, records)?;
    let node_id = config.node_id;
    let holds_metadata = dir == config.metadata_log_dir;
    let given = voters.directory(node_id).filter(|_| holds_metadata);
    let directory_id = given.unwrap_or_else(new_directory_id);
    if holds_metadata && let Some(voters) = voters.set(config, directory_id) {
        write_voters(disk, dir, voters)?;
    }
    let meta = MetaProperties { cluster_id: cluster_id.to_owned(), node_id, directory_id };
    meta.store(disk, dir)?;
    Ok(meta)
}

/// A random id that none of the reserved ones is.
fn new_directory_id() -> Uuid {
    loop {
        let id = Uuid::from_random(machine::random());
        if let Some(id) = id.filter(|id| !id.is_reserved_dir()) {
            return id;
        }
    }
}

/// `log.dirs`, and the metadata log's if it is another one.
fn directories(config: &BrokerConfig) -> Vec<PathBuf> {
    let mut dirs = config.log_dirs.clone();
    if !dirs.contains(&config.metadata_log_dir) {
        dirs.push(config.metadata_log_dir.clone());
    }
    dirs
}

fn check_cluster_id(id: &str) -> Result<(), StartError> {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !id.is_empty() && id.len() <= CLUSTER_ID_MAX && id.bytes().all(valid) {
        return Ok(());
    }
    Err(StartError::ClusterId(id.to_owned()))
}
