//! Who may see and change the configs of what.

use barnabas_metadata::image::ConfigResourceType;
use barnabas_wire::ErrorCode;

use super::RequestContext;
use crate::access::{Operation, Resource};
use crate::node::Node;

/// A resource of a config request that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: ErrorCode,
    pub(super) message: String,
}

impl Refused {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// Checks that the connection may do `operation` to the configs of a resource. A type that is
/// unknown counts as part of the cluster: whoever may not see that learns nothing.
pub(super) fn authorize(
    node: &Node,
    ctx: &RequestContext,
    operation: Operation,
    (resource_type, name): (i8, &str),
) -> Result<(), Refused> {
    let (resource, code) = match ConfigResourceType::from_value(resource_type) {
        Some(ConfigResourceType::Topic) => {
            (Resource::Topic(name), ErrorCode::TOPIC_AUTHORIZATION_FAILED)
        }
        Some(ConfigResourceType::Group) => {
            (Resource::Group(name), ErrorCode::GROUP_AUTHORIZATION_FAILED)
        }
        Some(ConfigResourceType::Broker | ConfigResourceType::ClientMetrics) | None => {
            (Resource::Cluster, ErrorCode::CLUSTER_AUTHORIZATION_FAILED)
        }
    };
    if ctx.allows(node, operation, resource) {
        return Ok(());
    }
    Err(Refused::new(code, format!("{operation:?} of this resource is not allowed")))
}

/// Whether each resource of a request may be altered, in the request's order.
fn split_allowed<R>(
    node: &Node,
    ctx: &RequestContext,
    resources: Vec<R>,
    id: impl Fn(&R) -> (i8, &str),
) -> (Vec<R>, Vec<(R, Refused)>) {
    let (mut allowed, mut refused) = (Vec::new(), Vec::new());
    for resource in resources {
        match authorize(node, ctx, Operation::AlterConfigs, id(&resource)) {
            Ok(()) => allowed.push(resource),
            Err(reason) => refused.push((resource, reason)),
        }
    }
    (allowed, refused)
}

/// Alters the configs of those resources that may be: `ask` has the controller decide about them,
/// `refuse` says why one is refused.
pub(super) async fn alter<R: Clone, A>(
    node: &Node,
    ctx: &RequestContext,
    resources: Vec<R>,
    id: impl Fn(&R) -> (i8, &str),
    refuse: impl Fn(&R, Refused) -> A,
    ask: impl AsyncFnOnce(Vec<R>) -> Option<Vec<A>>,
) -> Vec<A> {
    let (allowed, refused) = split_allowed(node, ctx, resources, id);
    let mut responses: Vec<A> =
        refused.into_iter().map(|(resource, reason)| refuse(&resource, reason)).collect();
    if !allowed.is_empty() {
        match ask(allowed.clone()).await {
            Some(decided) => responses.extend(decided),
            None => responses.extend(allowed.iter().map(|one| refuse(one, no_controller()))),
        }
    }
    responses
}

/// What is said of every resource when no controller can be reached: clients try again.
pub(super) fn no_controller() -> Refused {
    Refused::new(ErrorCode::NOT_CONTROLLER, "No controller is active: try again.")
}
