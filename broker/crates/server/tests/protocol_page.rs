//! `docs/protocol.md` lists what is served, as it is.

use std::collections::BTreeMap;

use barnabas_server::api::ROUTES;
use barnabas_server::net::ListenerRole;

const PAGE: &str = include_str!("../../../../docs/protocol.md");

#[test]
fn the_page_lists_what_is_served_and_nothing_else() {
    let rows = rows();
    let served: Vec<_> = ROUTES.iter().map(|route| route.key() as i16).collect();
    assert!(rows.keys().eq(&served), "the page has {:?}, served is {served:?}", rows.keys());
    for route in ROUTES {
        let key = route.key();
        let versions = route.versions();
        let roles = [(ListenerRole::Broker, "broker"), (ListenerRole::Controller, "controller")];
        let listeners: Vec<_> = roles
            .into_iter()
            .filter(|(role, _)| route.is_served_on(*role))
            .map(|(_, name)| name)
            .collect();
        let expected =
            (key.name(), format!("{}-{}", versions.min, versions.max), listeners.join(", "));
        let (name, versions, listeners) = rows[&(key as i16)];
        assert_eq!((name, versions.to_owned(), listeners.to_owned()), expected);
    }
}

/// Name, versions and listeners by key.
fn rows() -> BTreeMap<i16, (&'static str, &'static str, &'static str)> {
    let mut rows = BTreeMap::new();
    for line in PAGE.lines() {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, key, name, versions, listeners, ..] = cells[..] else { continue };
        if let Ok(key) = key.parse() {
            rows.insert(key, (name, versions, listeners));
        }
    }
    rows
}
