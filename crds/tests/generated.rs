//! What is installed is what the types say, and small enough for `kubectl apply`.

use std::process::Command;

use kube::ResourceExt;

#[test]
fn generated_files_are_up_to_date() {
    let output = Command::new(env!("CARGO_BIN_EXE_crdgen")).arg("--check").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn definitions_are_small() {
    for crd in barnabas_crds::definitions() {
        let size = serde_yaml::to_string(&crd).unwrap().len();
        assert!(size < 100_000, "{} has {size} bytes", crd.name_any());
    }
}

#[test]
fn every_field_of_ours_is_explained() {
    for crd in barnabas_crds::definitions() {
        let schema = crd.spec.versions[0].schema.as_ref().unwrap();
        let schema = serde_json::to_value(schema.open_api_v3_schema.as_ref().unwrap()).unwrap();
        for part in ["spec", "status"] {
            let fields = schema["properties"][part]["properties"].as_object().unwrap();
            for (name, field) in fields {
                let explained = field["description"].as_str().is_some_and(|text| text.len() > 10);
                assert!(explained, "{} {part}.{name}", crd.name_any());
            }
        }
    }
}
