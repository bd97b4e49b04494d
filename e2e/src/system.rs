//! The two systems that are run side by side: ours and Apache Kafka.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::clients;
use crate::failure::Result;

/// Whose broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum System {
    /// Ours: the path of the binary.
    Barnabas(PathBuf),
    /// Apache Kafka 4.3.1.
    Apache,
}

impl System {
    /// What it is called in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Barnabas(_) => "Barnabas",
            Self::Apache => "Apache Kafka",
        }
    }

    /// Is it ours?
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::Barnabas(_))
    }

    /// What runs a broker with `server.properties` of this folder, but for the arguments that
    /// follow the file's name.
    ///
    /// # Errors
    /// When Apache Kafka cannot be fetched.
    pub fn broker(&self, folder: &Path) -> Result<Command> {
        let mut command = match self {
            Self::Barnabas(binary) => {
                let mut command = Command::new(binary);
                command.args(["run", "--config"]);
                command
            }
            Self::Apache => {
                let mut command = java()?;
                command.args(["-Xms1g", "-Xmx1g", "-XX:+UseG1GC"]);
                command.arg(format!("-Dkafka.logs.dir={}", folder.display()));
                command.arg("kafka.Kafka");
                command
            }
        };
        command.arg(folder.join("server.properties"));
        Ok(command)
    }
}

/// A JVM with Apache Kafka on its class path.
///
/// # Errors
/// When it cannot be fetched.
pub fn java() -> Result<Command> {
    let mut java = Command::new("java");
    java.arg("-cp").arg(format!("{}/*", clients::kafka_libs()?.display()));
    Ok(java)
}
