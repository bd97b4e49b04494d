//! Definitions by name.

use super::error::ConfigError;
use super::{ConfigDef, broker, group, nearest, topic};

/// What a config belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Topics.
    Topic,
    /// Brokers and controllers.
    Broker,
    /// Groups.
    Group,
}

impl Scope {
    /// Its name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Broker => "broker",
            Self::Group => "group",
        }
    }
}

/// Every definition of a scope; in name order within each of the tables.
pub fn definitions(scope: Scope) -> impl Iterator<Item = &'static ConfigDef> {
    let tables: &'static [&'static [ConfigDef]] = match scope {
        Scope::Topic => &[topic::DEFINITIONS],
        Scope::Broker => broker::TABLES,
        Scope::Group => &[group::DEFINITIONS],
    };
    tables.iter().copied().flatten()
}

/// A definition by its name.
#[must_use]
pub fn definition(scope: Scope, name: &str) -> Option<&'static ConfigDef> {
    definitions(scope).find(|definition| definition.name == name)
}

/// A definition by its name.
///
/// # Errors
/// [`ConfigError::Unknown`], naming the known config that is most alike.
pub fn lookup(scope: Scope, name: &str) -> Result<&'static ConfigDef, ConfigError> {
    definition(scope, name).ok_or_else(|| ConfigError::Unknown {
        scope: scope.name(),
        name: name.to_owned(),
        nearest: nearest::nearest(name, definitions(scope).map(|definition| definition.name)),
    })
}
