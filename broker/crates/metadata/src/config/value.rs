//! Types of config values, and text to value.

use std::fmt;

/// Type of a config (Kafka: `ConfigDef.Type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigType {
    /// `true` or `false`, in any case.
    Boolean,
    /// A Java class name.
    Class,
    /// 64-bit floating point.
    Double,
    /// 32-bit integer.
    Int,
    /// Comma-separated list.
    List,
    /// 64-bit integer.
    Long,
    /// A secret.
    Password,
    /// 16-bit integer.
    Short,
    /// Text.
    String,
}

/// A value with its type.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// See [`ConfigType::Boolean`].
    Boolean(bool),
    /// See [`ConfigType::Double`].
    Double(f64),
    /// See [`ConfigType::Short`], [`ConfigType::Int`], [`ConfigType::Long`].
    Integer(i64),
    /// See [`ConfigType::List`]; empty for an empty text.
    List(Vec<String>),
    /// See [`ConfigType::String`], [`ConfigType::Class`], [`ConfigType::Password`].
    Text(String),
}

impl ConfigType {
    /// Parses a value as Kafka's `ConfigDef.parseType` does: surrounding blanks do not count.
    #[must_use]
    pub fn parse(self, text: &str) -> Option<Value> {
        let text = text.trim();
        match self {
            Self::Boolean => match text.to_ascii_lowercase().as_str() {
                "true" => Some(Value::Boolean(true)),
                "false" => Some(Value::Boolean(false)),
                _ => None,
            },
            Self::Double => text.parse().ok().map(Value::Double),
            Self::Short => text.parse::<i16>().ok().map(|value| Value::Integer(value.into())),
            Self::Int => text.parse::<i32>().ok().map(|value| Value::Integer(value.into())),
            Self::Long => text.parse().ok().map(Value::Integer),
            Self::List => Some(Value::List(parse_list(text))),
            Self::Class | Self::Password | Self::String => Some(Value::Text(text.to_owned())),
        }
    }

    /// The value in DescribeConfigs answers (Kafka: `DescribeConfigsResponse.ConfigType`).
    #[must_use]
    pub fn wire_value(self) -> i8 {
        match self {
            Self::Boolean => 1,
            Self::String => 2,
            Self::Int => 3,
            Self::Short => 4,
            Self::Long => 5,
            Self::Double => 6,
            Self::List => 7,
            Self::Class => 8,
            Self::Password => 9,
        }
    }

    /// What an error message calls the type.
    #[must_use]
    pub fn expected(self) -> &'static str {
        match self {
            Self::Boolean => "true or false",
            Self::Class => "a class name",
            Self::Double => "a number",
            Self::Int => "a 32-bit integer",
            Self::List => "a list separated by commas",
            Self::Long => "a 64-bit integer",
            Self::Password => "a secret",
            Self::Short => "a 16-bit integer",
            Self::String => "a text",
        }
    }
}

impl fmt::Display for ConfigType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boolean => "boolean",
            Self::Class => "class",
            Self::Double => "double",
            Self::Int => "int",
            Self::List => "list",
            Self::Long => "long",
            Self::Password => "password",
            Self::Short => "short",
            Self::String => "string",
        })
    }
}

fn parse_list(text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    text.split(',').map(|item| item.trim().to_owned()).collect()
}

/// A list as text.
pub(super) fn format_list(items: &[String]) -> String {
    items.join(",")
}

impl fmt::Display for Value {
    /// The text that Kafka gives back for the value (`ConfigDef.convertToString`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => write!(f, "{value}"),
            // Java writes 1.0 for 1 and an upper-case exponent.
            Self::Double(value) => f.write_str(&format!("{value:?}").replace('e', "E")),
            Self::Integer(value) => write!(f, "{value}"),
            Self::List(items) => f.write_str(&format_list(items)),
            Self::Text(text) => f.write_str(text),
        }
    }
}
