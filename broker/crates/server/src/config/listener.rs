//! `listeners`, `advertised.listeners` and `listener.security.protocol.map`.

use std::collections::{BTreeMap, BTreeSet};

use crate::net::ListenerRole;

use super::broker::Roles;
use super::error::SettingsError;
use super::settings::Settings;

/// The one security protocol that is supported.
const PLAINTEXT: &str = "PLAINTEXT";

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Name, upper case.
    pub name: String,
    /// Host; empty for every address of the machine.
    pub host: String,
    /// Port; 0 for any.
    pub port: u16,
    /// Whom it serves.
    pub role: ListenerRole,
}

/// An address that clients are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvertisedListener {
    /// Name of the listener that it leads to.
    pub name: String,
    /// Host; empty for the machine's name.
    pub host: String,
    /// Port; 0 for the port that the listener was given.
    pub port: u16,
}

/// The listeners of a node.
pub(super) struct Listeners {
    pub(super) listeners: Vec<Listener>,
    pub(super) advertised: Vec<AdvertisedListener>,
    pub(super) controllers: Vec<AdvertisedListener>,
    pub(super) controller_names: Vec<String>,
    pub(super) inter_broker: String,
}

impl Listeners {
    pub(super) fn new(settings: &Settings, roles: Roles) -> Result<Self, SettingsError> {
        let controller_names: Vec<String> = settings
            .list("controller.listener.names")?
            .iter()
            .map(|name| name.to_ascii_uppercase())
            .collect();
        let listeners = listeners(settings, &controller_names)?;
        check_roles(&listeners, &controller_names, roles)?;
        check_protocols(settings, &listeners, &controller_names)?;
        let (advertised, controllers) = advertised(settings, &listeners)?;
        let inter_broker = inter_broker(settings, &advertised)?;
        Ok(Self { listeners, advertised, controllers, controller_names, inter_broker })
    }
}

fn listeners(
    settings: &Settings,
    controller_names: &[String],
) -> Result<Vec<Listener>, SettingsError> {
    let name = "listeners";
    let invalid = |reason| SettingsError::invalid(name, reason);
    let mut listeners = Vec::new();
    let mut seen = (BTreeSet::new(), BTreeSet::new());
    for text in settings.list(name)? {
        let (listener, host, port) = endpoint(&text).map_err(invalid)?;
        if !seen.0.insert(listener.clone()) {
            return Err(invalid(format!(
                "{listener} is given twice: each needs a name of its own"
            )));
        }
        if port != 0 && !seen.1.insert((host.clone(), port)) {
            return Err(invalid(format!("{host}:{port} is given twice")));
        }
        let role = if controller_names.contains(&listener) {
            ListenerRole::Controller
        } else {
            ListenerRole::Broker
        };
        listeners.push(Listener { name: listener, host, port, role });
    }
    Ok(listeners)
}

/// A controller listens for controllers, a broker for clients, and neither for the other.
fn check_roles(
    listeners: &[Listener],
    controller_names: &[String],
    roles: Roles,
) -> Result<(), SettingsError> {
    let names = "controller.listener.names";
    let Some(first) = controller_names.first() else {
        let reason = "must name the listener that controllers are reached by, as CONTROLLER";
        return Err(SettingsError::invalid(names, reason));
    };
    for controller in controller_names {
        let known = listeners.iter().any(|listener| listener.name == *controller);
        if roles.controller && !known {
            let reason =
                format!("{controller} is not among the listeners: add {controller}://:9093");
            return Err(SettingsError::invalid(names, reason));
        }
        if !roles.controller && known {
            let reason = format!("{first} is for controllers, which this node is not: remove it");
            return Err(SettingsError::invalid("listeners", reason));
        }
    }
    let for_clients = listeners.iter().any(|listener| listener.role == ListenerRole::Broker);
    if roles.broker && !for_clients {
        let reason = "there is none for clients: add PLAINTEXT://:9092".to_owned();
        return Err(SettingsError::invalid("listeners", reason));
    }
    if !roles.broker && for_clients {
        let reason = "a controller serves no clients: keep those of controller.listener.names";
        return Err(SettingsError::invalid("listeners", reason.to_owned()));
    }
    Ok(())
}

/// Every listener must have a security protocol, and it must be PLAINTEXT.
fn check_protocols(
    settings: &Settings,
    listeners: &[Listener],
    controller_names: &[String],
) -> Result<(), SettingsError> {
    let name = "listener.security.protocol.map";
    let mut protocols = BTreeMap::new();
    for pair in settings.list(name)? {
        let (listener, protocol) = pair.split_once(':').ok_or_else(|| {
            SettingsError::invalid(name, format!("{pair}: expected NAME:PROTOCOL"))
        })?;
        let protocol = protocol.trim().to_ascii_uppercase();
        if !["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"].contains(&protocol.as_str()) {
            let reason = format!(
                "{protocol} is not a security protocol: \
                 expected PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
            );
            return Err(SettingsError::invalid(name, reason));
        }
        protocols.insert(listener.trim().to_ascii_uppercase(), protocol);
    }
    let explicit = settings.values().contains_key(name);
    for listener in listeners {
        // KIP-901: the default map serves controller listeners of any name.
        let assumed = !explicit && controller_names.contains(&listener.name);
        match protocols.get(&listener.name).map(String::as_str) {
            Some(PLAINTEXT) => {}
            None if assumed => {}
            None => {
                let reason = format!("has no protocol for {0}: add {0}:PLAINTEXT", listener.name);
                return Err(SettingsError::invalid(name, reason));
            }
            Some(protocol) => {
                let reason = format!(
                    "{}:{protocol}: only PLAINTEXT is supported yet, TLS and SASL are not",
                    listener.name
                );
                return Err(SettingsError::invalid(name, reason));
            }
        }
    }
    Ok(())
}

/// What clients are told, and where controllers are.
fn advertised(
    settings: &Settings,
    listeners: &[Listener],
) -> Result<(Vec<AdvertisedListener>, Vec<AdvertisedListener>), SettingsError> {
    let name = "advertised.listeners";
    let invalid = |reason| SettingsError::invalid(name, reason);
    let mut given: Vec<AdvertisedListener> = Vec::new();
    for text in settings.list(name)? {
        let (listener, host, port) = endpoint(&text).map_err(invalid)?;
        if !listeners.iter().any(|known| known.name == listener) {
            return Err(invalid(format!("{listener} is not among the listeners")));
        }
        if host == "0.0.0.0" || host == "::" {
            let reason = format!("{host} leads nowhere: give an address that clients can reach");
            return Err(invalid(reason));
        }
        if given.iter().any(|known| known.name == listener) {
            return Err(invalid(format!("{listener} is given twice")));
        }
        given.push(AdvertisedListener { name: listener, host, port });
    }
    let of_role = |role| listeners.iter().filter(move |listener| listener.role == role);
    let is_client = |known: &AdvertisedListener| {
        of_role(ListenerRole::Broker).any(|listener| listener.name == known.name)
    };
    let (clients, controllers): (Vec<_>, Vec<_>) = given.into_iter().partition(is_client);
    let of_controllers = of_role(ListenerRole::Controller).map(|listener| {
        let known = controllers.iter().find(|known| known.name == listener.name);
        known.cloned().unwrap_or_else(|| listener.advertised())
    });
    let own = || of_role(ListenerRole::Broker).map(Listener::advertised).collect();
    let clients = if clients.is_empty() { own() } else { clients };
    Ok((clients, of_controllers.collect()))
}

fn inter_broker(
    settings: &Settings,
    advertised: &[AdvertisedListener],
) -> Result<String, SettingsError> {
    let name = "inter.broker.listener.name";
    let known = |wanted: &str| advertised.iter().any(|listener| listener.name == wanted);
    match settings.text(name)? {
        Some(wanted) => {
            let wanted = wanted.to_ascii_uppercase();
            if known(&wanted) {
                return Ok(wanted);
            }
            let reason = format!("{wanted} is not among the advertised listeners");
            Err(SettingsError::invalid(name, reason))
        }
        // Kafka takes the listener of security.inter.broker.protocol; with one protocol only,
        // any listener serves.
        None if known(PLAINTEXT) => Ok(PLAINTEXT.to_owned()),
        None => Ok(advertised.first().map(|listener| listener.name.clone()).unwrap_or_default()),
    }
}

impl Listener {
    fn advertised(&self) -> AdvertisedListener {
        let wildcard = self.host == "0.0.0.0" || self.host == "::";
        let host = if wildcard { String::new() } else { self.host.clone() };
        AdvertisedListener { name: self.name.clone(), host, port: self.port }
    }
}

/// `NAME://host:port`, the host in brackets when it is an IPv6 address.
fn endpoint(text: &str) -> Result<(String, String, u16), String> {
    let malformed = || format!("{text}: expected NAME://host:port");
    let (name, address) = text.split_once("://").ok_or_else(malformed)?;
    let (host, port) = address.rsplit_once(':').ok_or_else(malformed)?;
    let name_ok = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if name.is_empty() || !name.bytes().all(name_ok) {
        return Err(malformed());
    }
    let port = port.parse().map_err(|_| format!("{text}: {port} is not a port"))?;
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    Ok((name.to_ascii_uppercase(), host.to_owned(), port))
}
