//! What the settings mean to this node.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::net::Limits;

use super::error::SettingsError;
use super::listener::{AdvertisedListener, Listener, Listeners};
use super::settings::Settings;
use super::voter::{Voter, parse_servers, parse_voters};

/// The configuration that a node starts with, checked as a whole.
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    /// `node.id`.
    pub node_id: i32,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// `log.dirs`.
    pub log_dirs: Vec<PathBuf>,
    /// `metadata.log.dir`, or the first of `log.dirs`.
    pub metadata_log_dir: PathBuf,
    /// `listeners`.
    pub listeners: Vec<Listener>,
    /// `advertised.listeners`.
    pub advertised: Vec<AdvertisedListener>,
    /// `controller.listener.names`.
    pub controller_listener_names: Vec<String>,
    /// `inter.broker.listener.name`.
    pub inter_broker_listener_name: String,
    /// `controller.quorum.*`.
    pub quorum: Quorum,
    /// Limits of the network layer.
    pub limits: Limits,
    /// `barnabas.http.listener`.
    pub http: Option<SocketAddr>,
    settings: Arc<Settings>,
}

/// Who votes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// `controller.quorum.voters`; empty for a dynamic quorum.
    pub voters: Vec<Voter>,
    /// `controller.quorum.bootstrap.servers`, host and port.
    pub bootstrap_servers: Vec<(String, u16)>,
}

impl BrokerConfig {
    /// Works out what checked settings mean together.
    ///
    /// # Errors
    /// [`SettingsError`] for a setting that is missing and for those that contradict each other.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        check_roles(&settings)?;
        let node_id = node_id(&settings)?;
        let Listeners { listeners, advertised, controller_names, inter_broker } =
            Listeners::new(&settings)?;
        let log_dirs = log_dirs(&settings)?;
        let metadata_log_dir = match settings.text("metadata.log.dir")? {
            Some(dir) => PathBuf::from(dir),
            None => log_dirs.first().cloned().unwrap_or_default(),
        };
        Ok(Self {
            node_id,
            rack: settings.text("broker.rack")?.map(str::to_owned),
            log_dirs,
            metadata_log_dir,
            listeners,
            advertised,
            controller_listener_names: controller_names,
            inter_broker_listener_name: inter_broker,
            quorum: quorum(&settings, node_id)?,
            limits: limits(&settings)?,
            http: http(&settings)?,
            settings: Arc::new(settings),
        })
    }

    /// Every setting by name, for what has no field here.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The file's settings as text.
    #[must_use]
    pub fn file(&self) -> Arc<BTreeMap<String, String>> {
        Arc::new(self.settings.values().clone())
    }
}

/// One process is broker and controller: other combinations need several nodes.
fn check_roles(settings: &Settings) -> Result<(), SettingsError> {
    let name = "process.roles";
    let roles = settings.list(name)?;
    let has = |role: &str| roles.iter().any(|known| known == role);
    if has("broker") && has("controller") {
        return Ok(());
    }
    let reason = "must be broker,controller: clusters of several nodes are not supported yet";
    Err(SettingsError::invalid(name, reason))
}

fn node_id(settings: &Settings) -> Result<i32, SettingsError> {
    let old: i32 = settings.number("broker.id")?;
    if !settings.values().contains_key("node.id") && old >= 0 {
        return Ok(old);
    }
    let id = settings.number("node.id")?;
    if old >= 0 && old != id {
        let reason = format!("{id} differs from broker.id {old}: remove broker.id");
        return Err(SettingsError::invalid("node.id", reason));
    }
    Ok(id)
}

fn log_dirs(settings: &Settings) -> Result<Vec<PathBuf>, SettingsError> {
    let mut dirs = settings.list("log.dirs")?;
    if dirs.is_empty() {
        dirs = settings.list("log.dir")?;
    }
    let dirs: Vec<PathBuf> =
        dirs.into_iter().filter(|dir| !dir.is_empty()).map(Into::into).collect();
    for (index, dir) in dirs.iter().enumerate() {
        if dirs[..index].contains(dir) {
            let reason = format!("{} is given twice", dir.display());
            return Err(SettingsError::invalid("log.dirs", reason));
        }
    }
    if dirs.is_empty() {
        return Err(SettingsError::invalid("log.dirs", "must name at least one directory"));
    }
    Ok(dirs)
}

fn quorum(settings: &Settings, node_id: i32) -> Result<Quorum, SettingsError> {
    let voters = parse_voters(settings)?;
    let bootstrap_servers = parse_servers(settings)?;
    let name = "controller.quorum.voters";
    if voters.is_empty() && bootstrap_servers.is_empty() {
        let reason = format!(
            "neither it nor controller.quorum.bootstrap.servers is set: \
             set it to {node_id}@localhost:9093"
        );
        return Err(SettingsError::invalid(name, reason));
    }
    if voters.len() > 1 {
        let reason = "quorums of several controllers are not supported yet: name this node only";
        return Err(SettingsError::invalid(name, reason));
    }
    if let Some(voter) = voters.first().filter(|voter| voter.id != node_id) {
        let reason = format!("names {}, but node.id is {node_id}", voter.id);
        return Err(SettingsError::invalid(name, reason));
    }
    Ok(Quorum { voters, bootstrap_servers })
}

fn limits(settings: &Settings) -> Result<Limits, SettingsError> {
    let idle: u64 = settings.number("connections.max.idle.ms")?;
    Ok(Limits {
        max_frame_bytes: settings.number("socket.request.max.bytes")?,
        max_connections: settings.number("max.connections")?,
        max_connections_per_ip: settings.number("max.connections.per.ip")?,
        max_creation_rate: None,
        max_idle: Duration::from_millis(idle),
        ..Limits::default()
    })
}

fn http(settings: &Settings) -> Result<Option<SocketAddr>, SettingsError> {
    let name = "barnabas.http.listener";
    match settings.text(name)? {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| {
            let reason = format!("{text}: expected an IP address and a port, as 0.0.0.0:8080");
            SettingsError::invalid(name, reason)
        }),
    }
}
