//! `listener.name.<listener>.<config>`: a config for one listener only.

/// A name with a listener prefix, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenerPrefix<'a> {
    /// Listener name, lower case by convention.
    pub listener: &'a str,
    /// The config, possibly with a SASL mechanism before it.
    pub name: &'a str,
}

/// Takes a listener prefix off a config name; none when there is none.
#[must_use]
pub fn split_listener_prefix(name: &str) -> Option<ListenerPrefix<'_>> {
    let (listener, name) = name.strip_prefix("listener.name.")?.split_once('.')?;
    Some(ListenerPrefix { listener, name })
}
