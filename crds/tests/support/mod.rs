//! What an API server does with a custom resource before it stores it: structural schema, pruning
//! as `kubectl` asks for it (unknown fields are errors), and the CEL rules.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube_cel::{ErrorKind, Validator};
use regex::Regex;
use serde_json::Value;

/// Why `object`, an update of `old` when there is one, would be refused; empty when it would not.
pub fn refusals(
    crds: &[CustomResourceDefinition],
    object: &Value,
    old: Option<&Value>,
) -> Vec<String> {
    let kind = object["kind"].as_str().unwrap();
    let crd = crds.iter().find(|crd| crd.spec.names.kind == kind).unwrap();
    let schema = crd.spec.versions[0].schema.as_ref().unwrap();
    let schema = serde_json::to_value(schema.open_api_v3_schema.as_ref().unwrap()).unwrap();
    let mut found = Vec::new();
    check(&schema, object, "", &mut found);
    if found.is_empty()
        && let Err(errors) = Validator::new().validate(&schema, object, old)
    {
        found.extend(errors.iter().map(|error| match error.kind {
            ErrorKind::EvaluationError => format!("{error}: {}", message_of(&schema, &error.rule)),
            _ => error.to_string(),
        }));
    }
    found
}

/// The message of a rule; an API server adds it when the rule itself cannot be evaluated.
fn message_of(schema: &Value, rule: &str) -> String {
    match schema {
        Value::Object(fields) if fields.get("rule").is_some_and(|found| found == rule) => {
            fields["message"].as_str().unwrap().to_owned()
        }
        Value::Object(fields) => fields.values().map(|field| message_of(field, rule)).collect(),
        Value::Array(items) => items.iter().map(|item| message_of(item, rule)).collect(),
        _ => String::new(),
    }
}

fn check(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    let fits = match schema["type"].as_str() {
        _ if schema["x-kubernetes-int-or-string"] == true => value.is_i64() || value.is_string(),
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        Some("boolean") => value.is_boolean(),
        Some("number") => value.is_number(),
        _ => true,
    };
    if !fits {
        found.push(format!("{path}: must be of type {}", schema["type"]));
        return;
    }
    match value {
        Value::Object(_) => check_object(schema, value, path, found),
        Value::Array(_) => check_array(schema, value, path, found),
        Value::String(text) => check_text(schema, text, path, found),
        Value::Number(number) => {
            let number = number.as_f64().unwrap();
            let within = schema["minimum"].as_f64().is_none_or(|least| number >= least)
                && schema["maximum"].as_f64().is_none_or(|most| number <= most);
            if !within {
                found.push(format!("{path}: out of range"));
            }
        }
        _ => {}
    }
}

fn check_object(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    for required in schema["required"].as_array().into_iter().flatten() {
        let name = required.as_str().unwrap();
        if value.get(name).is_none() {
            found.push(format!("{}: required value", join(path, name)));
        }
    }
    let object = value.as_object().unwrap();
    if schema["maxProperties"].as_u64().is_some_and(|most| object.len() as u64 > most) {
        found.push(format!("{path}: too many"));
    }
    for (name, field) in object {
        let at = join(path, name);
        let known = schema["properties"].get(name).or_else(|| schema.get("additionalProperties"));
        match known {
            Some(schema) => check(schema, field, &at, found),
            None if path.is_empty() || path == "metadata" => {}
            None => found.push(format!("unknown field {at}")),
        }
    }
}

fn check_array(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    let items = value.as_array().unwrap();
    let count = items.len() as u64;
    if schema["minItems"].as_u64().is_some_and(|least| count < least)
        || schema["maxItems"].as_u64().is_some_and(|most| count > most)
    {
        found.push(format!("{path}: wrong number of items"));
    }
    let key = |item: &Value| match schema["x-kubernetes-list-type"].as_str() {
        Some("map") => Some(item[schema["x-kubernetes-list-map-keys"][0].as_str()?].clone()),
        Some("set") => Some(item.clone()),
        _ => None,
    };
    for (index, item) in items.iter().enumerate() {
        let at = format!("{path}[{index}]");
        if key(item).is_some() && items[..index].iter().any(|before| key(before) == key(item)) {
            found.push(format!("{at}: duplicate value"));
        }
        check(&schema["items"], item, &at, found);
    }
}

fn check_text(schema: &Value, text: &str, path: &str, found: &mut Vec<String>) {
    let length = text.chars().count() as u64;
    if schema["minLength"].as_u64().is_some_and(|least| length < least)
        || schema["maxLength"].as_u64().is_some_and(|most| length > most)
    {
        found.push(format!("{path}: wrong length"));
    }
    if let Some(pattern) = schema["pattern"].as_str()
        && !Regex::new(pattern).unwrap().is_match(text)
    {
        found.push(format!("{path}: should match '{pattern}'"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(&Value::from(text))
    {
        found.push(format!("{path}: unsupported value"));
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
