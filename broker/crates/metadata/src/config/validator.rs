//! Bounds of config values.

use std::collections::BTreeSet;
use std::fmt;

use super::Value;

/// What a value of the right type must be beside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Validator {
    /// Anything.
    Any,
    /// An integer between two bounds, both included.
    Range {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// An integer between two bounds, or -1.
    RangeOrDefault {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// A number between two bounds, both included.
    Fraction {
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
    },
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// One of these texts, in any case.
    OneOfIgnoreCase(&'static [&'static str]),
    /// A list of some of these, each once at most.
    SomeOf(&'static [&'static str]),
    /// A list of some of these, each once at most, and not empty.
    AtLeastOneOf(&'static [&'static str]),
    /// A text that is not empty.
    NonEmpty,
    /// `*` alone, or a list of `partition:broker`.
    ThrottledReplicas,
    /// `latest`, `earliest` or `by_duration:` and an ISO 8601 duration.
    OffsetReset,
}

impl Validator {
    /// Whether a value is in bounds.
    #[must_use]
    pub fn accepts(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Range { min, max }, Value::Integer(number)) => (min..=max).contains(&number),
            (Self::RangeOrDefault { min, max }, Value::Integer(number)) => {
                *number == -1 || (min..=max).contains(&number)
            }
            (Self::Fraction { min, max }, Value::Double(number)) => (min..=max).contains(&number),
            (Self::OneOf(texts), Value::Text(text)) => texts.contains(&text.as_str()),
            (Self::OneOfIgnoreCase(texts), Value::Text(text)) => {
                texts.iter().any(|known| known.eq_ignore_ascii_case(text))
            }
            (Self::SomeOf(known), Value::List(items)) => some_of(known, items),
            (Self::AtLeastOneOf(known), Value::List(items)) => {
                !items.is_empty() && some_of(known, items)
            }
            (Self::NonEmpty, Value::Text(text)) => !text.is_empty(),
            (Self::ThrottledReplicas, Value::List(items)) => throttled_replicas(items),
            (Self::OffsetReset, Value::Text(text)) => offset_reset(text),
            _ => true,
        }
    }
}

impl fmt::Display for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any value"),
            Self::Range { min, max: i64::MAX } => write!(f, "at least {min}"),
            Self::Range { min, max } => write!(f, "between {min} and {max}"),
            Self::RangeOrDefault { min, max } => write!(f, "between {min} and {max}, or -1"),
            Self::Fraction { min, max } => write!(f, "between {min} and {max}"),
            Self::OneOf(texts) => write!(f, "one of {}", texts.join(", ")),
            Self::OneOfIgnoreCase(texts) => {
                write!(f, "one of {}, in any case", texts.join(", "))
            }
            Self::SomeOf(known) => write!(f, "a list of {}, each once", known.join(", ")),
            Self::AtLeastOneOf(known) => {
                write!(f, "a list of at least one of {}, each once", known.join(", "))
            }
            Self::NonEmpty => f.write_str("a text that is not empty"),
            Self::ThrottledReplicas => f.write_str("* or partition:broker,partition:broker,…"),
            Self::OffsetReset => f.write_str("latest, earliest or by_duration:<ISO 8601>"),
        }
    }
}

fn some_of(known: &[&str], items: &[String]) -> bool {
    let distinct: BTreeSet<&String> = items.iter().collect();
    distinct.len() == items.len() && items.iter().all(|item| known.contains(&item.as_str()))
}

fn throttled_replicas(items: &[String]) -> bool {
    if items == ["*"] {
        return true;
    }
    items.iter().all(|item| {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        item.split_once(':').is_some_and(|(partition, broker)| digits(partition) && digits(broker))
    })
}

fn offset_reset(text: &str) -> bool {
    let duration = match text {
        "latest" | "earliest" => return true,
        other => other.strip_prefix("by_duration:"),
    };
    duration.is_some_and(is_duration)
}

/// `PnDTnHnMn.nS` with at least one part, none negative (Java: `Duration.parse`).
fn is_duration(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    let Some(rest) = text.strip_prefix('P') else { return false };
    let (days, time) = match rest.split_once('T') {
        Some((days, time)) => (days, Some(time)),
        None => (rest, None),
    };
    let days_ok = days.is_empty() || days.strip_suffix('D').is_some_and(is_digits);
    match time {
        None => !days.is_empty() && days_ok,
        Some(time) => days_ok && is_time(time),
    }
}

fn is_time(mut time: &str) -> bool {
    let mut parts = 0;
    for unit in ['H', 'M', 'S'] {
        let Some((number, rest)) = time.split_once(unit) else { continue };
        let number_ok = match number.split_once('.') {
            Some((whole, fraction)) if unit == 'S' => {
                is_digits(whole)
                    && fraction.len() <= 9
                    && fraction.bytes().all(|b| b.is_ascii_digit())
            }
            _ => is_digits(number),
        };
        if !number_ok {
            return false;
        }
        parts += 1;
        time = rest;
    }
    parts > 0 && time.is_empty()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
