//! The configuration file of a pool's brokers.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;

use super::super::validate::{Cluster, Pool};
use super::{properties, quorum};

/// The file of a broker's configs.
pub const PROPERTIES: &str = "server.properties";
/// What controllers are told about the first voters. It is not part of the file, so that nothing
/// has to be restarted when it is emptied.
pub const INITIAL_CONTROLLERS: &str = "initial-controllers";

/// The ConfigMap of a pool.
pub fn build(cluster: &Cluster, pool: &Pool) -> ConfigMap {
    let text = properties::text(cluster, pool);
    let mut data = BTreeMap::from([(PROPERTIES.to_owned(), text)]);
    if pool.controller {
        data.insert(INITIAL_CONTROLLERS.to_owned(), quorum::initial_controllers(cluster));
    }
    ConfigMap {
        metadata: super::metadata(cluster, &pool.full_name, Some(pool)),
        data: Some(data),
        ..ConfigMap::default()
    }
}
