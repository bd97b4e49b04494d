//! Bad manifests are refused with a message that says what to do, and good ones are not.
//!
//! Each file of `tests/bad` starts with `# refused:` and a part of the message that is expected.
//! A file with two documents is an update: the first is accepted, the second refused. The same
//! files are applied to a real API server by the end-to-end scenarios.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

mod support;

#[test]
fn bad_manifests_are_refused() {
    let crds = barnabas_crds::definitions();
    let mut wrong = Vec::new();
    let files = yaml_files("tests/bad");
    assert!(files.len() >= 60, "{} files", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let expected = text.lines().next().unwrap().strip_prefix("# refused: ").unwrap();
        let documents = documents(&text);
        let refusals = match documents.as_slice() {
            [object] => support::refusals(&crds, object, None),
            [before, after] => {
                assert_eq!(support::refusals(&crds, before, None), Vec::<String>::new());
                support::refusals(&crds, after, Some(before))
            }
            _ => panic!("{}: one or two documents", file.display()),
        };
        if !refusals.iter().any(|refusal| refusal.contains(expected)) {
            wrong.push(format!("{}: expected {expected:?}, got {refusals:#?}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn samples_are_accepted() {
    let crds = barnabas_crds::definitions();
    let mut files = yaml_files("../manifests/samples");
    files.extend(yaml_files("tests/good"));
    assert!(files.len() >= 4);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let documents = documents(&text);
        let mut before: Option<&Value> = None;
        for object in documents.iter().filter(|object| object["kind"] != "Namespace") {
            let old = before.filter(|old| {
                old["kind"] == object["kind"] && old["metadata"] == object["metadata"]
            });
            let refusals = support::refusals(&crds, object, old);
            assert_eq!(refusals, Vec::<String>::new(), "{}", file.display());
            before = Some(object);
        }
    }
}

#[test]
fn good_manifests_become_typed() {
    for file in yaml_files("../manifests/samples") {
        for object in documents(&fs::read_to_string(&file).unwrap()) {
            match object["kind"].as_str().unwrap() {
                "KafkaCluster" => {
                    let cluster: barnabas_crds::KafkaCluster =
                        serde_json::from_value(object).unwrap();
                    assert_eq!(cluster.spec.node_pools.iter().map(|p| p.replicas).sum::<i32>(), 3);
                }
                "KafkaTopic" => {
                    let topic: barnabas_crds::KafkaTopic = serde_json::from_value(object).unwrap();
                    assert!(!topic.topic_name().is_empty());
                }
                _ => {}
            }
        }
    }
}

fn documents(text: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(text).map(|d| Value::deserialize(d).unwrap()).collect()
}

fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
