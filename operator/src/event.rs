//! Events: what the operator did, on the resource that it did it for.

use barnabas_crds::condition::{READY, STALLED};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource};

use crate::condition::Health;

/// Longest note that the API server takes, in bytes.
const NOTE_MAX: usize = 1000;

/// Publishes Events; one that cannot be published is logged and forgotten.
#[derive(Clone)]
pub struct Events {
    recorder: Recorder,
}

impl Events {
    /// Events reported by `instance`, the operator's pod.
    pub fn new(client: Client, instance: &str) -> Self {
        let reporter =
            Reporter { controller: crate::MANAGER.into(), instance: Some(instance.to_owned()) };
        Self { recorder: Recorder::new(client, reporter) }
    }

    /// Tells of something that happened to `resource`.
    pub async fn publish<K>(&self, resource: &K, type_: EventType, reason: &str, note: &str)
    where
        K: Resource<DynamicType = ()>,
    {
        self.publish_about(resource, None, (type_, reason), note).await;
    }

    /// The same about a part of it. Events that differ in nothing but the note are one, counted.
    pub async fn publish_about<K>(
        &self,
        resource: &K,
        part: Option<ObjectReference>,
        (type_, reason): (EventType, &str),
        note: &str,
    ) where
        K: Resource<DynamicType = ()>,
    {
        let end = (0..=note.len().min(NOTE_MAX)).rfind(|end| note.is_char_boundary(*end));
        let event = Event {
            type_,
            reason: reason.to_owned(),
            note: Some(note[..end.unwrap_or(0)].to_owned()),
            action: "Reconcile".to_owned(),
            secondary: part,
        };
        match self.recorder.publish(&event, &resource.object_ref(&())).await {
            Err(error) if !namespace_ends(&error) => {
                tracing::warn!(reason, error = error_text(&error), "event not published");
            }
            _ => {}
        }
    }

    /// Tells when a resource becomes ready, or stalls for another reason than before.
    pub async fn transition<K>(&self, resource: &K, before: &[Condition], health: &Health)
    where
        K: Resource<DynamicType = ()>,
    {
        let old = |type_: &str| before.iter().find(|condition| condition.type_ == type_);
        if let Some(reason) = &health.stalled {
            if old(STALLED).is_none_or(|condition| condition.reason != *reason) {
                self.publish(resource, EventType::Warning, reason, &health.message).await;
            }
        } else if health.ready.0 && old(READY).is_none_or(|condition| condition.status != "True") {
            self.publish(resource, EventType::Normal, health.ready.1, &health.message).await;
        }
    }
}

/// Whether the API server takes nothing new because the namespace is being deleted: no news.
#[must_use]
pub fn namespace_ends(error: &kube::Error) -> bool {
    let kube::Error::Api(status) = error else { return false };
    let causes = status.details.as_ref().map_or(&[][..], |details| &details.causes);
    status.code == 403 && causes.iter().any(|cause| cause.reason == "NamespaceTerminating")
}

/// The API server's words without the whole of its answer.
#[must_use]
pub fn error_text(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}
