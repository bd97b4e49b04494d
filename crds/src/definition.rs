//! The CustomResourceDefinitions as they are installed.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps,
};
use kube::CustomResourceExt;
use serde_json::Value;

use crate::{KafkaCluster, KafkaTopic, condition};

/// Every CustomResourceDefinition, ready to apply.
///
/// # Panics
/// Never: the derived schemas are known to be JSON.
#[must_use]
pub fn definitions() -> Vec<CustomResourceDefinition> {
    vec![finish(KafkaCluster::crd()), finish(KafkaTopic::crd())]
}

#[expect(clippy::expect_used, reason = "a derived schema always goes to JSON and back")]
fn finish(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        let schema = version.schema.as_mut().and_then(|s| s.open_api_v3_schema.take());
        let mut schema = serde_json::to_value(schema).expect("a schema is JSON");
        tidy(&mut schema);
        schema["properties"]["status"]["default"] = condition::unknown();
        let schema: JSONSchemaProps = serde_json::from_value(schema).expect("JSON is a schema");
        version.schema.get_or_insert_default().open_api_v3_schema = Some(schema);
    }
    crd
}

/// Drops `nullable` everywhere: an optional field is left out, and `null` for it is refused
/// instead of being taken for a value by the rules. Unfolds the lines of descriptions.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.get("nullable") == Some(&Value::Bool(true)) {
                fields.remove("nullable");
            }
            if let Some(Value::String(text)) = fields.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            fields.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}
