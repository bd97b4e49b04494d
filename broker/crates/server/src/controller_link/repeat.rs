//! Requests that are sent once more because nobody knows whether the controller heard them.
//!
//! The first attempt may have done its work: a controller that fails after the records are
//! replicated answers nobody, and its successor commits them. Apache Kafka's brokers send the
//! request again, and the client is told that the topic exists that it created. Here a refusal
//! that the first attempt explains counts as its success.

use barnabas_controller::{Request, Response};
use barnabas_metadata::Image;
use barnabas_metadata::image::TopicImage;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::create_partitions::{CreatePartitionsRequest, CreatePartitionsResponse};
use barnabas_wire::api::create_topics::{
    CreatableTopic, CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse,
};
use barnabas_wire::api::delete_topics::{DeleteTopicsRequest, DeleteTopicsResponse};

/// The request as it may be sent again: by its name, a topic would be deleted that somebody created
/// after the first attempt had deleted another.
pub(super) fn again(mut request: Request, before: &Image) -> Request {
    if let Request::DeleteTopics(request) = &mut request {
        for name in std::mem::take(&mut request.topic_names) {
            request.topics.push(barnabas_wire::api::delete_topics::DeleteTopicState {
                name: Some(name),
                ..Default::default()
            });
        }
        for topic in &mut request.topics {
            let named = topic.name.as_deref().and_then(|name| before.topics.by_name(name));
            if let Some(known) = named {
                topic.topic_id = known.id;
                topic.name = None;
            }
        }
    }
    request
}

/// The answer to a request that was sent more than once: `before` is the metadata from when it was
/// sent first, `now` that from after the answer.
pub(super) fn settle(
    request: &Request,
    response: Response,
    before: &Image,
    now: &Image,
) -> Response {
    match (request, response) {
        (Request::CreateTopics(request), Response::CreateTopics(response)) => {
            Response::CreateTopics(created(request, response, before, now))
        }
        (Request::DeleteTopics(request), Response::DeleteTopics(response)) => {
            Response::DeleteTopics(deleted(request, response, before))
        }
        (Request::CreatePartitions(request), Response::CreatePartitions(response)) => {
            Response::CreatePartitions(grown(request, response, before, now))
        }
        (Request::UnregisterBroker(request), Response::UnregisterBroker(mut response)) => {
            if response.error_code == ErrorCode::BROKER_ID_NOT_REGISTERED
                && before.cluster.broker(request.broker_id).is_some()
            {
                response.error_code = ErrorCode::NONE;
                response.error_message = None;
            }
            Response::UnregisterBroker(response)
        }
        // The others lead to the same however often they are sent.
        (_, response) => response,
    }
}

fn created(
    request: &CreateTopicsRequest,
    mut response: CreateTopicsResponse,
    before: &Image,
    now: &Image,
) -> CreateTopicsResponse {
    if request.validate_only {
        return response;
    }
    for result in &mut response.topics {
        let refused = result.error_code == ErrorCode::TOPIC_ALREADY_EXISTS;
        let asked = request.topics.iter().find(|topic| topic.name == result.name);
        if let Some(asked) = asked.filter(|_| refused)
            && before.topics.by_name(&result.name).is_none()
            && let Some(topic) = now.topics.by_name(&result.name)
            && is_as_asked(topic, asked)
        {
            *result = CreatableTopicResult {
                name: asked.name.clone(),
                topic_id: topic.id,
                error_message: None,
                configs: Some(Vec::new()),
                // Defaults that were taken are not told: they may have changed since.
                topic_config_error_code: ErrorCode::UNKNOWN_SERVER_ERROR,
                ..CreatableTopicResult::default()
            };
        }
    }
    response
}

/// Whether the topic has the partitions and replicas that were asked for.
fn is_as_asked(topic: &TopicImage, asked: &CreatableTopic) -> bool {
    if !asked.assignments.is_empty() {
        let placed = |at: i32, replicas: &[i32]| {
            topic.partitions.get(&at).is_some_and(|partition| partition.replicas == replicas)
        };
        return asked.assignments.len() == topic.partitions.len()
            && asked.assignments.iter().all(|a| placed(a.partition_index, &a.broker_ids));
    }
    let count = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
    let factor = topic.partitions.values().next().map_or(0, |first| first.replicas.len());
    let factor = i16::try_from(factor).unwrap_or(i16::MAX);
    [-1, count].contains(&asked.num_partitions) && [-1, factor].contains(&asked.replication_factor)
}

fn deleted(
    request: &DeleteTopicsRequest,
    mut response: DeleteTopicsResponse,
    before: &Image,
) -> DeleteTopicsResponse {
    let by_name = |name: &str| {
        let named = request.topics.iter().filter_map(|topic| topic.name.as_deref());
        named.chain(request.topic_names.iter().map(String::as_str)).any(|asked| asked == name)
    };
    for result in &mut response.responses {
        let Some(topic) = before.topics.by_id(result.topic_id) else { continue };
        if result.error_code == ErrorCode::UNKNOWN_TOPIC_ID {
            result.error_code = ErrorCode::NONE;
            result.error_message = None;
        }
        if result.error_code == ErrorCode::NONE || by_name(&topic.name) {
            result.name = Some(topic.name.to_string());
        }
    }
    response
}

fn grown(
    request: &CreatePartitionsRequest,
    mut response: CreatePartitionsResponse,
    before: &Image,
    now: &Image,
) -> CreatePartitionsResponse {
    let count = |image: &Image, name: &str| image.topics.by_name(name).map(|t| t.partitions.len());
    for result in &mut response.results {
        let asked = request.topics.iter().find(|topic| topic.name == result.name);
        let asked = asked.and_then(|topic| usize::try_from(topic.count).ok());
        let (then, now) = (count(before, &result.name), count(now, &result.name));
        if result.error_code == ErrorCode::INVALID_PARTITIONS
            && now == asked
            && then.is_some_and(|then| Some(then) < asked)
        {
            result.error_code = ErrorCode::NONE;
            result.error_message = None;
        }
    }
    response
}

#[cfg(test)]
mod tests;
