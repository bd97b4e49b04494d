//! The configuration file of a pool's brokers.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;

use super::super::validate::{Cluster, Pool};
use super::properties;

/// The ConfigMap of a pool.
pub fn build(cluster: &Cluster, pool: &Pool) -> ConfigMap {
    let text = properties::text(cluster, pool);
    ConfigMap {
        metadata: super::metadata(cluster, &pool.full_name, Some(pool)),
        data: Some(BTreeMap::from([("server.properties".to_owned(), text)])),
        ..ConfigMap::default()
    }
}
