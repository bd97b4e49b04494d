//! What a broker says about itself.

use barnabas_controller::Request;
use barnabas_metadata::feature::{FEATURES, KRAFT_VERSION, METADATA_VERSION, MetadataVersion};
use barnabas_wire::Uuid;
use barnabas_wire::api::broker_registration::{BrokerRegistrationRequest, Feature, Listener};

/// Highest level of `kraft.version`.
const KRAFT_VERSION_MAX: i16 = 1;

/// A broker's registration, but for its incarnation.
#[derive(Clone, Debug)]
pub struct Registration {
    /// `node.id`.
    pub broker_id: i32,
    /// `cluster.id`.
    pub cluster_id: String,
    /// Advertised listeners with their ports.
    pub listeners: Vec<Listener>,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// Ids of the log directories.
    pub log_dirs: Vec<Uuid>,
    /// The broker epoch in the clean-shutdown files, if all directories agree; else -1.
    pub previous_broker_epoch: i64,
}

impl Registration {
    /// The request of a process that starts now.
    pub(super) fn request(&self, incarnation_id: Uuid) -> Request {
        let feature = |name: &str, min_supported_version, max_supported_version| Feature {
            name: name.to_owned(),
            min_supported_version,
            max_supported_version,
        };
        Request::BrokerRegistration(BrokerRegistrationRequest {
            broker_id: self.broker_id,
            cluster_id: self.cluster_id.clone(),
            incarnation_id,
            listeners: self.listeners.clone(),
            features: features().map(|(name, min, max)| feature(name, min, max)).collect(),
            rack: self.rack.clone(),
            is_migrating_zk_broker: false,
            log_dirs: self.log_dirs.clone(),
            previous_broker_epoch: self.previous_broker_epoch,
        })
    }
}

/// The features that this release knows: name, lowest and highest level.
pub(super) fn features() -> impl Iterator<Item = (&'static str, i16, i16)> {
    let (oldest, latest) = (MetadataVersion::OLDEST, MetadataVersion::LATEST_PRODUCTION);
    let own =
        [(METADATA_VERSION, oldest.level(), latest.level()), (KRAFT_VERSION, 0, KRAFT_VERSION_MAX)];
    own.into_iter()
        .chain(FEATURES.iter().map(|known| (known.name, known.min_level, known.max_level)))
}
