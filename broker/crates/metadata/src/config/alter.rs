//! One change of one config, checked.

use super::definition::{ConfigDef, Support, UpdateMode};
use super::error::ConfigError;
use super::registry::{Scope, definition, lookup};
use super::value::format_list;
use super::{ConfigType, MAX_VALUE_LEN, Value, split_listener_prefix};

/// What IncrementalAlterConfigs may ask for (Kafka: `AlterConfigOp.OpType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlterOp {
    /// Set the value.
    Set,
    /// Go back to the default.
    Delete,
    /// Add to a list what it does not hold yet.
    Append,
    /// Take from a list.
    Subtract,
}

/// A checked change: the value to store, none to delete it.
pub type Alteration = Option<String>;

impl AlterOp {
    /// The operation of a value in a request.
    #[must_use]
    pub fn from_value(value: i8) -> Option<Self> {
        match value {
            0 => Some(Self::Set),
            1 => Some(Self::Delete),
            2 => Some(Self::Append),
            3 => Some(Self::Subtract),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Set => "SET",
            Self::Delete => "DELETE",
            Self::Append => "APPEND",
            Self::Subtract => "SUBTRACT",
        }
    }
}

/// Works out and checks what one operation stores.
///
/// `current` is what the resource has stored; a list that has nothing stored starts from the
/// config's default. Names of broker configs may carry a listener prefix.
///
/// # Errors
/// [`ConfigError`] when the name is unknown, the value is not of the config's type, out of
/// bounds or asks for what this broker does not do, or the operation needs a list.
pub fn alter(
    scope: Scope,
    name: &str,
    op: AlterOp,
    value: Option<&str>,
    current: Option<&str>,
) -> Result<Alteration, ConfigError> {
    if op == AlterOp::Delete {
        // A stored config that is unknown can be deleted: it may come from newer software.
        return match current {
            Some(_) => Ok(None),
            None => find(scope, name).map(|_| None),
        };
    }
    let definition = find(scope, name)?;
    let value = value.ok_or_else(|| ConfigError::Null { name: name.to_owned() })?;
    let new = match op {
        AlterOp::Append | AlterOp::Subtract => {
            if definition.config_type != ConfigType::List {
                return Err(ConfigError::NotList { name: name.to_owned(), op: op.name() });
            }
            combine(op, value, current.or(definition.default).unwrap_or_default())
        }
        AlterOp::Set | AlterOp::Delete => value.to_owned(),
    };
    check(definition, name, &new)?;
    Ok(Some(new))
}

/// Checks a value against its definition: length, type, bounds, and whether this broker
/// honours it. `name` is what the user called it.
///
/// # Errors
/// [`ConfigError`]; the message of a secret does not show it.
pub fn check(definition: &ConfigDef, name: &str, text: &str) -> Result<Value, ConfigError> {
    let shown = || if definition.is_sensitive() { "[hidden]" } else { text }.to_owned();
    let name = || name.to_owned();
    if text.len() > MAX_VALUE_LEN {
        return Err(ConfigError::TooLong { name: name(), len: text.len() });
    }
    let value = definition.config_type.parse(text).ok_or_else(|| ConfigError::Type {
        name: name(),
        value: shown(),
        expected: definition.config_type.expected(),
    })?;
    if !definition.validator.accepts(&value) {
        let expected = definition.validator.to_string();
        return Err(ConfigError::OutOfBounds { name: name(), value: shown(), expected });
    }
    match unsupported(definition, &value) {
        None => Ok(value),
        Some(reason) => Err(ConfigError::Unsupported { name: name(), value: shown(), reason }),
    }
}

/// Checks that a broker config may change while the broker runs; `default_of_all` when it is
/// set for every broker.
///
/// # Errors
/// [`ConfigError::NotDynamic`], [`ConfigError::PerBrokerOnly`], [`ConfigError::Unknown`].
pub fn check_dynamic(name: &str, default_of_all: bool) -> Result<(), ConfigError> {
    match find(Scope::Broker, name)?.update_mode {
        UpdateMode::ReadOnly => Err(ConfigError::NotDynamic { name: name.to_owned() }),
        UpdateMode::PerBroker if default_of_all => {
            Err(ConfigError::PerBrokerOnly { name: name.to_owned() })
        }
        UpdateMode::PerBroker | UpdateMode::ClusterWide | UpdateMode::PerResource => Ok(()),
    }
}

/// The definition of a name, which in the broker's scope may carry a listener prefix.
pub(super) fn find(scope: Scope, name: &str) -> Result<&'static ConfigDef, ConfigError> {
    if scope == Scope::Broker
        && let Some(prefix) = split_listener_prefix(name)
        && let Some(definition) = definition(scope, prefix.name)
    {
        return Ok(definition);
    }
    lookup(scope, name)
}

fn combine(op: AlterOp, change: &str, current: &str) -> String {
    let parts = |text: &str| -> Vec<String> {
        text.split(',').map(str::trim).filter(|p| !p.is_empty()).map(str::to_owned).collect()
    };
    let (change, mut items) = (parts(change), parts(current));
    match op {
        AlterOp::Append => {
            for item in change {
                if !items.contains(&item) {
                    items.push(item);
                }
            }
        }
        AlterOp::Set | AlterOp::Delete | AlterOp::Subtract => {
            items.retain(|item| !change.contains(item));
        }
    }
    format_list(&items)
}

fn unsupported(definition: &ConfigDef, value: &Value) -> Option<&'static str> {
    match definition.support {
        Support::Full | Support::Inert(_) => None,
        Support::DefaultOnly(reason) => {
            let default = definition.default.and_then(|text| definition.config_type.parse(text));
            let is_default = match &default {
                Some(default) => default == value,
                None => matches!(value, Value::Text(text) if text.is_empty()),
            };
            (!is_default).then_some(reason)
        }
        Support::Except(values, reason) => {
            let refused = match value {
                Value::List(items) => items.iter().any(|item| values.contains(&item.as_str())),
                Value::Text(text) => values.contains(&text.as_str()),
                Value::Boolean(_) | Value::Double(_) | Value::Integer(_) => false,
            };
            refused.then_some(reason)
        }
    }
}
