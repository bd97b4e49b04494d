//! What the settings mean to this node.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::net::{Limits, SocketBuffers};

use super::error::SettingsError;
use super::listener::{AdvertisedListener, Listener, Listeners};
use super::settings::Settings;
use super::voter::{Voter, parse_servers, parse_voters};

/// The configuration that a node starts with, checked as a whole.
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    /// `node.id`.
    pub node_id: i32,
    /// `process.roles`.
    pub roles: Roles,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// `log.dirs`.
    pub log_dirs: Vec<PathBuf>,
    /// `metadata.log.dir`, or the first of `log.dirs`.
    pub metadata_log_dir: PathBuf,
    /// `listeners`.
    pub listeners: Vec<Listener>,
    /// `advertised.listeners`, those of clients.
    pub advertised: Vec<AdvertisedListener>,
    /// Where other nodes reach the controller listeners: as advertised, else as bound.
    pub controller_endpoints: Vec<AdvertisedListener>,
    /// `controller.listener.names`.
    pub controller_listener_names: Vec<String>,
    /// `inter.broker.listener.name`.
    pub inter_broker_listener_name: String,
    /// `controller.quorum.*`.
    pub quorum: Quorum,
    /// Limits of the network layer.
    pub limits: Limits,
    /// `socket.send.buffer.bytes` and `socket.receive.buffer.bytes`.
    pub buffers: SocketBuffers,
    /// `barnabas.http.listener`.
    pub http: Option<SocketAddr>,
    settings: Arc<Settings>,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// Keeps partitions and serves clients.
    pub broker: bool,
    /// Votes in the metadata quorum, and may lead it.
    pub controller: bool,
}

/// Who votes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// `controller.quorum.voters`; empty for a dynamic quorum.
    pub voters: Vec<Voter>,
    /// `controller.quorum.bootstrap.servers`, host and port.
    pub bootstrap_servers: Vec<(String, u16)>,
    /// `controller.quorum.auto.join.enable`: this controller makes itself a voter.
    pub auto_join: bool,
}

impl BrokerConfig {
    /// Works out what checked settings mean together.
    ///
    /// # Errors
    /// [`SettingsError`] for a setting that is missing and for those that contradict each other.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let roles = roles(&settings)?;
        let node_id = node_id(&settings)?;
        let Listeners { listeners, advertised, controllers, controller_names, inter_broker } =
            Listeners::new(&settings, roles)?;
        let log_dirs = log_dirs(&settings)?;
        let metadata_log_dir = match settings.text("metadata.log.dir")? {
            Some(dir) => PathBuf::from(dir),
            None => log_dirs.first().cloned().unwrap_or_default(),
        };
        Ok(Self {
            node_id,
            roles,
            rack: settings.text("broker.rack")?.map(str::to_owned),
            log_dirs,
            metadata_log_dir,
            listeners,
            advertised,
            controller_endpoints: controllers,
            controller_listener_names: controller_names,
            inter_broker_listener_name: inter_broker,
            quorum: quorum(&settings, node_id, roles)?,
            limits: limits(&settings)?,
            buffers: buffers(&settings)?,
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

fn roles(settings: &Settings) -> Result<Roles, SettingsError> {
    let name = "process.roles";
    let mut roles = Roles { broker: false, controller: false };
    for role in settings.list(name)? {
        match role.as_str() {
            "broker" => roles.broker = true,
            "controller" => roles.controller = true,
            other => {
                let reason = format!("{other} is not a role: expected broker or controller");
                return Err(SettingsError::invalid(name, reason));
            }
        }
    }
    if !roles.broker && !roles.controller {
        let reason = "must be broker, controller or broker,controller";
        return Err(SettingsError::invalid(name, reason));
    }
    Ok(roles)
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

fn quorum(settings: &Settings, node_id: i32, roles: Roles) -> Result<Quorum, SettingsError> {
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
    let named = voters.iter().any(|voter| voter.id == node_id);
    if !voters.is_empty() && named != roles.controller {
        let reason = if named {
            format!("names {node_id}, which is no controller by process.roles")
        } else {
            format!("does not name {node_id}, which is a controller by process.roles")
        };
        return Err(SettingsError::invalid(name, reason));
    }
    let auto_join = settings.boolean("controller.quorum.auto.join.enable")? && roles.controller;
    if auto_join && !voters.is_empty() {
        let reason = "static voters cannot change: remove controller.quorum.voters";
        return Err(SettingsError::invalid("controller.quorum.auto.join.enable", reason));
    }
    Ok(Quorum { voters, bootstrap_servers, auto_join })
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

fn buffers(settings: &Settings) -> Result<SocketBuffers, SettingsError> {
    let bytes = |name| {
        let value: i32 = settings.number(name)?;
        Ok::<_, SettingsError>(usize::try_from(value).ok())
    };
    Ok(SocketBuffers {
        send: bytes("socket.send.buffer.bytes")?,
        receive: bytes("socket.receive.buffer.bytes")?,
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
