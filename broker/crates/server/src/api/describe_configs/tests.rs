use std::collections::BTreeMap;

use barnabas_metadata::image::Provenance;
use barnabas_metadata::record::{ConfigRecord, TopicRecord};
use barnabas_wire::Uuid;

use super::*;

const EVERYTHING: Shown = Shown { synonyms: true, documentation: true };

fn answer(id: (i8, &str), keys: Option<&[&str]>, shown: &Shown) -> DescribeConfigsResult {
    let config = ConfigRecord {
        resource_type: 2,
        resource_name: "orders".to_owned(),
        name: "retention.ms".to_owned(),
        value: Some("5".to_owned()),
    };
    let topic = TopicRecord { name: "orders".to_owned(), topic_id: Uuid([7; 16]) };
    let records = [topic.into(), config.into()];
    let image = Image::from_records(&records, Provenance::default()).expect("fits");
    let file = BTreeMap::from([("node.id".to_owned(), "1".to_owned())]);
    let live = LiveConfig::new(Arc::new(file)).with_image(1, &image);
    let resource = DescribeConfigsResource {
        resource_type: id.0,
        resource_name: id.1.to_owned(),
        configuration_keys: keys.map(|keys| keys.iter().map(|&key| key.to_owned()).collect()),
    };
    result(resource, describe(1, &image, live.layers(), id), shown)
}

#[test]
fn a_topic_is_described_with_source_type_and_documentation() {
    let answer = answer((2, "orders"), Some(&["retention.ms"]), &EVERYTHING);
    assert_eq!(answer.error_code, ErrorCode::NONE);
    let [config] = &answer.configs[..] else { panic!("{answer:?}") };
    assert_eq!(config.value.as_deref(), Some("5"));
    assert_eq!((config.config_source, config.config_type), (1, 5));
    assert!(!config.read_only && !config.is_sensitive);
    assert!(config.documentation.is_some());
    assert_eq!(
        config.synonyms.first().map(|s| (s.name.as_str(), s.source)),
        Some(("retention.ms", 1))
    );
}

#[test]
fn what_is_not_asked_for_is_not_shown() {
    let shown = Shown { synonyms: false, documentation: false };
    let all = answer((2, "orders"), None, &shown);
    assert_eq!(all.configs.len(), 33);
    assert!(all.configs.iter().all(|c| c.synonyms.is_empty() && c.documentation.is_none()));
    assert_eq!(answer((2, "orders"), Some(&[]), &shown).configs.len(), 33);
}

#[test]
fn brokers_describe_themselves_only() {
    let own = answer((4, "1"), Some(&["node.id", "log.dirs"]), &EVERYTHING);
    let shown: Vec<_> =
        own.configs.iter().map(|c| (c.name.as_str(), c.config_source, c.read_only)).collect();
    assert_eq!(shown, [("log.dirs", 5, true), ("node.id", 4, true)]);
    assert_eq!(answer((4, ""), None, &EVERYTHING).configs, []);
    let other = answer((4, "2"), None, &EVERYTHING);
    assert_eq!(other.error_code, ErrorCode::INVALID_REQUEST);
}

#[test]
fn what_does_not_exist_is_refused() {
    let code = |resource_type, name| answer((resource_type, name), None, &EVERYTHING).error_code;
    assert_eq!(code(2, "nowhere"), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    assert_eq!(code(2, "no/where"), ErrorCode::INVALID_TOPIC_EXCEPTION);
    assert_eq!(code(32, ""), ErrorCode::INVALID_REQUEST);
    assert_eq!(code(32, "g"), ErrorCode::NONE);
    assert_eq!(code(77, "x"), ErrorCode::INVALID_REQUEST);
}
