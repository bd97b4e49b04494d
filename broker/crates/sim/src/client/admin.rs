//! Administration.

use std::time::Duration;

use barnabas_wire::ErrorCode;
use barnabas_wire::api::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};

use super::Router;

const PATIENCE: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_millis(200);
const VERSION: i16 = 7;

/// A topic of a scenario.
#[derive(Clone, Debug)]
pub struct TopicPlan {
    /// Its name.
    pub name: String,
    /// Number of partitions.
    pub partitions: i32,
    /// Replicas of each.
    pub replication: i16,
    /// Its configs.
    pub configs: Vec<(String, String)>,
}

/// Creates topics; tries until the cluster has them.
pub async fn create_topics(router: &mut Router, topics: &[TopicPlan]) {
    let mut missing: Vec<&TopicPlan> = topics.iter().collect();
    while !missing.is_empty() {
        let request = CreateTopicsRequest {
            topics: missing.iter().map(|plan| creatable(plan)).collect(),
            timeout_ms: 5_000,
            validate_only: false,
        };
        if let Ok(response) = router.any(VERSION, &request, PATIENCE).await {
            let exists = |name: &str| {
                response.topics.iter().any(|topic| {
                    topic.name == name
                        && [ErrorCode::NONE, ErrorCode::TOPIC_ALREADY_EXISTS]
                            .contains(&topic.error_code)
                })
            };
            missing.retain(|plan| !exists(&plan.name));
        }
        tokio::time::sleep(RETRY).await;
    }
}

fn creatable(plan: &TopicPlan) -> CreatableTopic {
    let config = |(name, value): &(String, String)| CreatableTopicConfig {
        name: name.clone(),
        value: Some(value.clone()),
    };
    CreatableTopic {
        name: plan.name.clone(),
        num_partitions: plan.partitions,
        replication_factor: plan.replication,
        configs: plan.configs.iter().map(config).collect(),
        ..CreatableTopic::default()
    }
}
