//! The configuration of `dev`.

use std::path::Path;

use barnabas_server::config::{BrokerConfig, Origin, Settings, SettingsError};

use crate::cli::DevArguments;

/// One broker and controller on this machine.
pub(crate) fn dev(arguments: &DevArguments) -> Result<BrokerConfig, SettingsError> {
    let mut settings = Settings::default();
    let port = arguments.port;
    let listeners = format!("PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:0");
    let preset = [
        ("process.roles", "broker,controller"),
        ("node.id", "1"),
        ("listeners", &listeners),
        ("controller.listener.names", "CONTROLLER"),
        ("controller.quorum.voters", "1@127.0.0.1:0"),
        ("log.dirs", &path(&arguments.dir)),
        ("offsets.topic.replication.factor", "1"),
        // Nobody waits for more members on a developer's machine.
        ("group.initial.rebalance.delay.ms", "0"),
    ];
    for (name, value) in preset {
        settings.set(name, value, Origin::Preset)?;
    }
    if let Some(http) = arguments.http {
        settings.set("barnabas.http.listener", &http.to_string(), Origin::Preset)?;
    }
    for text in &arguments.overrides {
        settings.apply_override(text)?;
    }
    BrokerConfig::new(settings)
}

fn path(dir: &Path) -> String {
    dir.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preset_is_valid_and_can_be_overridden() {
        let arguments = DevArguments {
            dir: "data".into(),
            port: 9999,
            http: Some(([127, 0, 0, 1], 8080).into()),
            overrides: vec!["num.partitions=3".to_owned()],
        };
        let config = dev(&arguments).expect("valid");
        assert_eq!(config.listeners.first().map(|listener| listener.port), Some(9999));
        assert_eq!(config.log_dirs, [Path::new("data")]);
        assert_eq!(config.settings().integer("num.partitions").ok(), Some(3));
        assert!(config.http.is_some());
    }
}
