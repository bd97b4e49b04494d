//! Checked settings by name, with where each comes from.

use std::collections::BTreeMap;
use std::path::Path;

use barnabas_metadata::config::{
    ConfigError, Scope, Support, Value, check, definition, lookup, split_listener_prefix,
};

use super::error::{Origin, SettingsError};
use super::properties;

/// The settings of the file and its overrides, each known and well-typed; the later of two with
/// one name counts.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    values: BTreeMap<String, String>,
}

impl Settings {
    /// Reads a properties file.
    ///
    /// # Errors
    /// [`SettingsError`], with file and line.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SettingsError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Parses the text of a properties file.
    ///
    /// # Errors
    /// [`SettingsError`], with file and line.
    pub fn parse(text: &str, path: &Path) -> Result<Self, SettingsError> {
        let mut settings = Self::default();
        let properties = properties::parse(text)
            .map_err(|source| SettingsError::Syntax { path: path.to_owned(), source })?;
        for property in properties {
            let origin = Origin::File { path: path.to_owned(), line: property.line };
            settings.set(&property.name, &property.value, origin)?;
        }
        Ok(settings)
    }

    /// Applies `name=value`.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn apply_override(&mut self, text: &str) -> Result<(), SettingsError> {
        let (name, value) =
            text.split_once('=').ok_or_else(|| SettingsError::Override(text.to_owned()))?;
        self.set(name.trim(), value, Origin::Override)
    }

    /// Sets one config.
    ///
    /// # Errors
    /// [`SettingsError::Setting`] when it is unknown, ill-typed, out of bounds or not supported.
    pub fn set(&mut self, name: &str, value: &str, origin: Origin) -> Result<(), SettingsError> {
        let prefixed = split_listener_prefix(name);
        let base = prefixed.map(|prefix| prefix.name).filter(|base| known(base)).unwrap_or(name);
        let result = lookup(Scope::Broker, base).and_then(|found| check(found, name, value));
        match result {
            Ok(_) => {
                self.values.insert(name.to_owned(), value.trim().to_owned());
                Ok(())
            }
            Err(source) => Err(SettingsError::Setting { origin, source }),
        }
    }

    /// Everything that is set, by name.
    #[must_use]
    pub fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }

    /// Settings that cannot make a difference, with the reason.
    pub fn inert(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.values.iter().filter_map(|(name, value)| {
            let found = definition(Scope::Broker, name)?;
            let changed = found.default != Some(value.as_str());
            match found.support {
                Support::Inert(reason) if changed => Some((name.as_str(), reason)),
                _ => None,
            }
        })
    }

    /// The text of a config, or its default; none when that is null.
    ///
    /// # Errors
    /// [`SettingsError::Setting`] when it must be set and is not.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, SettingsError> {
        if let Some(value) = self.values.get(name) {
            return Ok(Some(value));
        }
        let missing = |source| SettingsError::Setting { origin: Origin::Preset, source };
        let definition = lookup(Scope::Broker, name).map_err(missing)?;
        if definition.required {
            return Err(missing(ConfigError::Missing { name }));
        }
        Ok(definition.default)
    }

    /// A typed config; none when it is null.
    ///
    /// # Errors
    /// As [`Settings::text`].
    pub fn value(&self, name: &'static str) -> Result<Option<Value>, SettingsError> {
        let definition = definition(Scope::Broker, name);
        let text = self.text(name)?;
        Ok(text.and_then(|text| definition?.config_type.parse(text)))
    }

    /// An integer.
    ///
    /// # Errors
    /// As [`Settings::text`]; [`SettingsError::Invalid`] when it is null.
    pub fn integer(&self, name: &'static str) -> Result<i64, SettingsError> {
        match self.value(name)? {
            Some(Value::Integer(number)) => Ok(number),
            _ => Err(SettingsError::invalid(name, "must be set to an integer")),
        }
    }

    /// An integer that fits where it is used.
    ///
    /// # Errors
    /// As [`Settings::integer`]; [`SettingsError::Invalid`] when it does not fit.
    pub fn number<T: TryFrom<i64>>(&self, name: &'static str) -> Result<T, SettingsError> {
        let number = self.integer(name)?;
        T::try_from(number)
            .map_err(|_| SettingsError::invalid(name, format!("{number} is out of bounds")))
    }

    /// A boolean; null counts as false.
    ///
    /// # Errors
    /// As [`Settings::text`].
    pub fn boolean(&self, name: &'static str) -> Result<bool, SettingsError> {
        Ok(self.value(name)? == Some(Value::Boolean(true)))
    }

    /// A list; a text is taken apart at its commas, null counts as empty.
    ///
    /// # Errors
    /// As [`Settings::text`].
    pub fn list(&self, name: &'static str) -> Result<Vec<String>, SettingsError> {
        match self.value(name)? {
            Some(Value::List(items)) => Ok(items),
            Some(Value::Text(text)) if !text.is_empty() => {
                Ok(text.split(',').map(|item| item.trim().to_owned()).collect())
            }
            _ => Ok(Vec::new()),
        }
    }
}

fn known(name: &str) -> bool {
    definition(Scope::Broker, name).is_some()
}
