//! A line of the API table.

use barnabas_wire::{ApiKey, Listeners, Request, VersionRange};

use super::dispatch::{Call, Pending};
use crate::net::ListenerRole;

/// An API and the handler that serves it.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    key: ApiKey,
    pub(super) call: fn(Call) -> Pending,
}

impl Route {
    pub(super) const fn new<R: Request>(call: fn(Call) -> Pending) -> Self {
        Self { key: R::KEY, call }
    }

    /// The API.
    #[must_use]
    pub fn key(&self) -> ApiKey {
        self.key
    }

    /// Versions that are served: all stable ones.
    #[must_use]
    pub fn versions(&self) -> VersionRange {
        let VersionRange { min, .. } = self.key.versions();
        VersionRange { min, max: self.key.latest_stable_version() }
    }

    /// Whether listeners of this role serve it.
    #[must_use]
    pub fn is_served_on(&self, role: ListenerRole) -> bool {
        match self.key.listeners() {
            Listeners::Both => true,
            Listeners::Broker => role == ListenerRole::Broker,
            Listeners::Controller => role == ListenerRole::Controller,
        }
    }
}

/// `route!(XRequest, module::handle)`: a [`Route`] that decodes `XRequest`, calls the handler and
/// encodes what it returns.
macro_rules! route {
    ($request:ident, $handler:path) => {
        $crate::api::Route::new::<barnabas_wire::api::$request>(|call| {
            Box::pin(async move {
                let request = call.decode::<barnabas_wire::api::$request>()?;
                let response = $handler(&call.node, &call.context, request).await;
                call.encode::<barnabas_wire::api::$request, _>(response)
            })
        })
    };
}
pub(super) use route;
