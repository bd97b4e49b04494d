//! The first voters of a dynamic quorum (KIP-853).

use barnabas_quorum::{Endpoint, NodeId, ReplicaKey, Voter, VoterSet};
use barnabas_server::config::BrokerConfig;
use barnabas_wire::Uuid;

use crate::cli::VoterArguments;
use crate::error::StartError;

/// Highest kraft.version that this release supports.
const KRAFT_VERSION_MAX: i16 = 1;

/// Who votes before the log says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FirstVoters {
    /// Those of `controller.quorum.voters`, or of the running quorum that the bootstrap servers
    /// lead to.
    #[default]
    Known,
    /// This node only.
    Standalone,
    /// Those of `--initial-controllers`.
    Initial(VoterSet),
}

impl FirstVoters {
    /// What the command line says, checked against the configuration.
    pub(crate) fn new(
        arguments: &VoterArguments,
        config: &BrokerConfig,
    ) -> Result<Self, StartError> {
        let refused = |reason: &str| Err(StartError::Voters(reason.to_owned()));
        let VoterArguments { standalone, initial_controllers, no_initial_controllers } = arguments;
        // An empty list is none: whoever starts nodes empties it once the quorum was formed.
        let initial = initial_controllers.iter().any(|text| !text.trim().is_empty());
        if !config.quorum.voters.is_empty() && (*standalone || initial || *no_initial_controllers) {
            return refused("controller.quorum.voters names static voters already");
        }
        if *standalone {
            if !config.roles.controller {
                return refused("--standalone is for a controller");
            }
            return Ok(Self::Standalone);
        }
        if !initial {
            return Ok(Self::Known);
        }
        let listener = listener(config);
        let mut voters: Vec<Voter> = Vec::new();
        for text in initial_controllers {
            let voter = parse(text, &listener).ok_or_else(|| {
                StartError::Voters(format!("{text}: expected ID@HOST:PORT:DIRECTORY-ID"))
            })?;
            if voters.iter().any(|known| known.key.id == voter.key.id) {
                return refused(&format!("{} is given twice", voter.key.id));
            }
            voters.push(voter);
        }
        Ok(Self::Initial(VoterSet::new(voters)))
    }

    /// The directory id that the node's metadata directory is given, if one is.
    pub(crate) fn directory(&self, node_id: i32) -> Option<Uuid> {
        let Self::Initial(voters) = self else { return None };
        voters.by_id(NodeId(node_id)).and_then(|voter| voter.key.directory)
    }

    /// What the bootstrap snapshot holds, if there is one to be written.
    pub(crate) fn set(&self, config: &BrokerConfig, directory_id: Uuid) -> Option<VoterSet> {
        match self {
            Self::Known => None,
            Self::Standalone => Some(standalone(config, directory_id)),
            Self::Initial(voters) => Some(voters.clone()),
        }
    }
}

fn listener(config: &BrokerConfig) -> String {
    config.controller_listener_names.first().cloned().unwrap_or_default()
}

fn standalone(config: &BrokerConfig, directory_id: Uuid) -> VoterSet {
    let listener = listener(config);
    let own = config.controller_endpoints.iter().find(|endpoint| endpoint.name == listener);
    let own = own.filter(|endpoint| !endpoint.host.is_empty() && endpoint.port != 0);
    let own = own.map(|endpoint| (endpoint.host.clone(), endpoint.port));
    // With several addresses, one is as good as another: all lead to this node.
    let address = own.or_else(|| config.quorum.bootstrap_servers.first().cloned());
    let endpoints = address.map(|(host, port)| Endpoint { listener, host, port });
    VoterSet::new([voter(config.node_id, directory_id, endpoints)])
}

fn parse(text: &str, listener: &str) -> Option<Voter> {
    let (id, rest) = text.trim().split_once('@')?;
    let (address, directory) = rest.rsplit_once(':')?;
    let (host, port) = address.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    let id = id.parse().ok().filter(|id| *id >= 0)?;
    let directory: Uuid = directory.parse().ok()?;
    if host.is_empty() || directory.is_reserved_dir() {
        return None;
    }
    let endpoint =
        Endpoint { listener: listener.to_owned(), host: host.to_owned(), port: port.parse().ok()? };
    Some(voter(id, directory, Some(endpoint)))
}

fn voter(id: i32, directory: Uuid, endpoint: Option<Endpoint>) -> Voter {
    Voter {
        key: ReplicaKey::new(NodeId(id), directory),
        endpoints: endpoint.into_iter().collect(),
        kraft_version_min: 0,
        kraft_version_max: KRAFT_VERSION_MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voter_is_written_as_for_kafka() {
        let voter = parse("3@[::1]:9093:J8aAPcfLQt2bqs1JT_rMgQ", "CONTROLLER").expect("valid");
        assert_eq!(voter.key.id, NodeId(3));
        assert_eq!(voter.endpoint("CONTROLLER").map(|at| at.host.as_str()), Some("::1"));
        for bad in ["", "3@h:1", "h:1:J8aAPcfLQt2bqs1JT_rMgQ", "3@:1:J8aAPcfLQt2bqs1JT_rMgQ"] {
            assert_eq!(parse(bad, "CONTROLLER"), None, "{bad}");
        }
    }
}
