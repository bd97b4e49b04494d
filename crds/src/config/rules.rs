//! CEL rules over a map of Kafka configs, made from the tables of names, types and bounds.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::definition::Kind;

/// Rules that refuse names and values that a broker would refuse.
///
/// `managed` holds names and prefixes that the operator sets itself.
pub fn rules(what: &str, configs: &[(&str, Kind)], managed: &[&str]) -> Vec<Value> {
    let mut rules = Vec::new();
    if !managed.is_empty() {
        rules.push(managed_rule(managed));
    }
    rules.push(known_rule(what, configs, managed));
    let mut groups: BTreeMap<Kind, Vec<&str>> = BTreeMap::new();
    for (name, kind) in configs {
        groups.entry(*kind).or_default().push(name);
    }
    rules.extend(groups.iter().filter_map(|(kind, names)| value_rule(*kind, names)));
    rules
}

fn managed_rule(managed: &[&str]) -> Value {
    let is_managed = is_managed(managed);
    rule(&format!("!({is_managed})"), "is set by the operator from other fields: remove it here")
}

fn known_rule(what: &str, configs: &[(&str, Kind)], managed: &[&str]) -> Value {
    let names = list(configs.iter().map(|(name, _)| *name));
    let known = if managed.is_empty() {
        format!("k in {names}")
    } else {
        format!("{} || k in {names}", is_managed(managed))
    };
    rule(
        &known,
        &format!("is not a {what} config that this version knows: correct or remove the name"),
    )
}

fn is_managed(managed: &[&str]) -> String {
    let tests: Vec<String> = managed.iter().map(|m| format!("k.startsWith('{m}')")).collect();
    tests.join(" || ")
}

fn value_rule(kind: Kind, names: &[&str]) -> Option<Value> {
    let (test, advice) = value_test(kind)?;
    if let [name] = names {
        let test = test.replace("self[k]", &format!("self['{name}']"));
        return Some(json!({
            "rule": format!("!('{name}' in self) || ({test})"),
            "message": format!("{name} {advice}"),
        }));
    }
    let names = list(names.iter().copied());
    Some(rule(&format!("!(k in {names}) || ({test})"), &advice))
}

/// The test of `self[k]`, and what to say when it fails.
fn value_test(kind: Kind) -> Option<(String, String)> {
    let (test, advice) = match kind {
        Kind::Whole(i64::MIN, i64::MAX) => {
            ("int(self[k]) == int(self[k])".to_owned(), "must be a whole number".to_owned())
        }
        Kind::Whole(min, i64::MAX) => {
            (format!("int(self[k]) >= {min}"), format!("must be a whole number, {min} or more"))
        }
        Kind::Whole(min, max) => (
            format!("int(self[k]) >= {min} && int(self[k]) <= {max}"),
            format!("must be a whole number from {min} to {max}"),
        ),
        Kind::Fraction => (
            "double(self[k]) >= 0.0 && double(self[k]) <= 1.0".to_owned(),
            "must be a decimal number from 0 to 1, quoted".to_owned(),
        ),
        Kind::Boolean => (
            "self[k] in ['true', 'false']".to_owned(),
            "must be the word 'true' or 'false', quoted".to_owned(),
        ),
        Kind::OneOf(words) => (
            format!("self[k] in {}", list(words.iter().copied())),
            format!("must be one of: {}", words.join(" | ").trim_end_matches(" | ")),
        ),
        Kind::Text => return None,
    };
    Some((test, advice))
}

/// A rule that must hold for every key `k`; its message starts with the first key that breaks it.
///
/// `message` serves where the test itself fails, which is how CEL refuses `int('abc')`.
fn rule(test: &str, advice: &str) -> Value {
    let quoted = advice.replace('\'', "\\'");
    json!({
        "rule": format!("self.all(k, {test})"),
        "message": format!("a config {advice}"),
        "messageExpression": format!("self.filter(k, !({test}))[0] + ' {quoted}'"),
    })
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.map(|word| format!("'{word}'")).collect();
    format!("[{}]", quoted.join(", "))
}
