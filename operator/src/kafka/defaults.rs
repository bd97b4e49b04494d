//! Configs that are set for all brokers of a cluster at once.

use std::collections::BTreeMap;

use barnabas_wire::api::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use barnabas_wire::api::incremental_alter_configs::{
    AlterConfigsResource, IncrementalAlterConfigsRequest,
};

use super::admin::{ConfigChange, alterable};
use super::{Admin, Error, Refusal};

/// `ConfigResource.Type` of a broker; the empty name stands for all.
const BROKER: i8 = 4;
/// `ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG`: set for all brokers.
const SET_FOR_ALL: i8 = 3;

impl Admin {
    /// Those of the named configs that are set for all brokers.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn defaults(&self, names: &[&str]) -> Result<BTreeMap<String, String>, Error> {
        let resource = DescribeConfigsResource {
            resource_type: BROKER,
            resource_name: String::new(),
            configuration_keys: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        };
        let request = DescribeConfigsRequest {
            resources: vec![resource],
            ..DescribeConfigsRequest::default()
        };
        let mut found = BTreeMap::new();
        for result in self.send(&request).await?.results {
            result.error_code.ok().map_err(Error::Refused)?;
            let set = result.configs.into_iter().filter(|c| c.config_source == SET_FOR_ALL);
            found.extend(set.filter_map(|config| Some((config.name, config.value?))));
        }
        Ok(found)
    }

    /// Sets configs for all brokers; those that are not named stay.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn set_defaults(&self, change: &ConfigChange) -> Result<Result<(), Refusal>, Error> {
        let resource = AlterConfigsResource {
            resource_type: BROKER,
            resource_name: String::new(),
            configs: change.iter().map(alterable).collect(),
        };
        let request =
            IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
        let response = self.send(&request).await?;
        let refused = response
            .responses
            .into_iter()
            .map(|result| Refusal::unless_none(result.error_code, result.error_message));
        Ok(refused.collect())
    }
}
