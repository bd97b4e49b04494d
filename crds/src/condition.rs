//! Conditions shared by every resource, as kstatus reads them.

use schemars::{Schema, SchemaGenerator};

/// `True` when the resource does what its spec says; always present.
pub const READY: &str = "Ready";
/// Present, and `True`, while the operator is working towards the spec.
pub const RECONCILING: &str = "Reconciling";
/// Present, and `True`, when the operator cannot go on until somebody changes something.
pub const STALLED: &str = "Stalled";

/// Schema of `status.conditions`: `metav1.Condition`, one per type.
pub(crate) fn conditions(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({
        "type": "array",
        "maxItems": 16,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "required": ["lastTransitionTime", "message", "reason", "status", "type"],
            "properties": {
                "lastTransitionTime": {
                    "type": "string",
                    "format": "date-time",
                    "description": "When the status last changed.",
                },
                "message": {
                    "type": "string",
                    "maxLength": 32768,
                    "description": "What is going on, in words.",
                },
                "observedGeneration": {
                    "type": "integer",
                    "format": "int64",
                    "minimum": 0,
                    "description": "The generation of the spec that this condition is about.",
                },
                "reason": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 1024,
                    "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
                    "description": "Why, in one word for programs.",
                },
                "status": {
                    "type": "string",
                    "enum": ["True", "False", "Unknown"],
                    "description": "True, False or Unknown.",
                },
                "type": {
                    "type": "string",
                    "maxLength": 316,
                    "description": "Ready, Reconciling or Stalled.",
                },
            },
        },
    })
}

/// Schema default of a status that the operator has not written yet, so that
/// `kubectl wait --for=condition=Ready` and kstatus never take a new resource for a finished one.
pub(crate) fn unknown() -> serde_json::Value {
    serde_json::json!({
        "conditions": [{
            "type": READY,
            "status": "Unknown",
            "reason": "NotReconciled",
            "message": "waiting for the operator",
            "lastTransitionTime": "1970-01-01T00:00:00Z",
        }],
    })
}
