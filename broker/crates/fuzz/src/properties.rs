//! `server.properties`.

use std::path::Path;

use barnabas_server::config::{BrokerConfig, Settings};
use barnabas_wire::Source;

use crate::memory::bounded;

/// Memory of reading a file, for each of its bytes, and on top.
const MEMORY_PER_BYTE: usize = 1024;
const MEMORY_SLACK: usize = 4 << 20;

/// Reads a file, and works out what its settings mean.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    bounded(MEMORY_SLACK + data.len() * MEMORY_PER_BYTE, || {
        if let Ok(settings) = Settings::parse(text, Path::new("server.properties")) {
            let _ = BrokerConfig::new(settings);
        }
    });
}

/// A file that starts a broker, with other settings in between.
pub fn seed(source: &mut Source) -> Vec<u8> {
    let lines = [
        "process.roles=broker,controller",
        "node.id=1",
        "listeners=PLAINTEXT://:9092,CONTROLLER://localhost:9093",
        "advertised.listeners=PLAINTEXT://broker-1:9092",
        "controller.listener.names=CONTROLLER",
        "controller.quorum.voters=1@localhost:9093",
        "log.dirs=/tmp/a,/tmp/b",
        "# a comment",
        "! another",
        "num.partitions : 3",
        "log.retention.hours 168",
        "broker.rack = a\\u0041\\\n   b",
        "compression.type=zstd",
        "log.retention.bytes=-1",
    ];
    let mut text = String::new();
    for line in lines {
        if !source.chance(12) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text.into_bytes()
}
