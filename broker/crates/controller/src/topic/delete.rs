//! DeleteTopics.

use std::collections::BTreeSet;
use std::sync::Arc;

use barnabas_metadata::image::TopicImage;
use barnabas_metadata::record::{MetadataRecord, RemoveTopicRecord};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::delete_topics::{
    DeletableTopicResult, DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse,
};

use crate::{ApiError, Controller, Outcome, RECORDS_PER_OPERATION_MAX};

impl Controller {
    pub(crate) fn delete_topics(
        &mut self,
        request: &DeleteTopicsRequest,
    ) -> Outcome<DeleteTopicsResponse> {
        // Up to version 5 names alone, from 6 on names or ids.
        let mut wanted = request.topics.clone();
        wanted.extend(request.topic_names.iter().map(|name| DeleteTopicState {
            name: Some(name.clone()),
            ..DeleteTopicState::default()
        }));
        let mut records: Vec<MetadataRecord> = Vec::new();
        let mut responses = Vec::with_capacity(wanted.len());
        let mut deleted = BTreeSet::new();
        for topic in &wanted {
            let result = self.find(topic).and_then(|found| {
                if !deleted.insert(found.id) {
                    let message = "the topic is named twice in the request";
                    return Err(ApiError::new(ErrorCode::INVALID_REQUEST, message));
                }
                if records.len() >= RECORDS_PER_OPERATION_MAX {
                    let message =
                        format!("one request deletes at most {RECORDS_PER_OPERATION_MAX} topics");
                    return Err(ApiError::new(ErrorCode::POLICY_VIOLATION, message));
                }
                Ok(found)
            });
            responses.push(match result {
                Ok(found) => {
                    records.push(RemoveTopicRecord { topic_id: found.id }.into());
                    DeletableTopicResult {
                        name: Some(found.name.to_string()),
                        topic_id: found.id,
                        ..DeletableTopicResult::default()
                    }
                }
                Err(error) => DeletableTopicResult {
                    name: topic.name.clone(),
                    topic_id: topic.topic_id,
                    error_code: error.code,
                    error_message: Some(error.message),
                },
            });
        }
        Outcome::new(records, DeleteTopicsResponse { throttle_time_ms: 0, responses })
    }

    fn find(&self, topic: &DeleteTopicState) -> Result<Arc<TopicImage>, ApiError> {
        if !self.config.delete_topic {
            let message = "deletion of topics is off: delete.topic.enable=false";
            return Err(ApiError::new(ErrorCode::TOPIC_DELETION_DISABLED, message));
        }
        match (&topic.name, topic.topic_id) {
            (Some(name), id) if id.is_zero() => {
                self.state.topics.by_name(name).cloned().ok_or_else(|| {
                    let message = format!("topic {name} does not exist");
                    ApiError::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message)
                })
            }
            (None, id) if !id.is_zero() => self.state.topics.by_id(id).cloned().ok_or_else(|| {
                let message = format!("no topic has the id {id}");
                ApiError::new(ErrorCode::UNKNOWN_TOPIC_ID, message)
            }),
            _ => {
                let message = "name a topic either by its name or by its id";
                Err(ApiError::new(ErrorCode::INVALID_REQUEST, message))
            }
        }
    }
}
