//! Test suites of clients, run against our broker: librdkafka's own tests and those of the rdkafka
//! crate. What is left out is listed with its reason in `e2e/clients/*/left-out.txt`.

mod librdkafka;
mod rdkafka;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::broker::Broker;
use crate::failure::{Context, Failure, Result};

/// One of the suites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Suite {
    /// The tests of librdkafka 2.12.1, in C.
    Librdkafka,
    /// The tests of the rdkafka crate 0.39.
    Rdkafka,
}

impl Suite {
    /// What its tests expect of the broker's configuration.
    fn properties(self) -> &'static [&'static str] {
        match self {
            Self::Librdkafka => &[
                "num.partitions=4",
                "group.initial.rebalance.delay.ms=0",
                "group.min.session.timeout.ms=1000",
                "auto.create.topics.enable=true",
            ],
            Self::Rdkafka => &["node.id=0", "num.partitions=3", "auto.create.topics.enable=true"],
        }
    }
}

/// How a suite went.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that did not, each with its reason.
    pub failed: Vec<String>,
    /// Tests that were not run.
    pub left_out: usize,
}

/// Runs a suite against a fresh broker of this binary. `only` picks tests by a part of their name.
///
/// # Errors
/// When the suite cannot be built or one of its tests failed.
pub fn run(suite: Suite, binary: &Path, only: Option<&str>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut broker = Broker::start(binary, folder.path(), suite.properties())?;
    let verdict = match suite {
        Suite::Librdkafka => librdkafka::run(&broker.bootstrap(), only)?,
        Suite::Rdkafka => rdkafka::run(&broker.bootstrap(), only)?,
    };
    broker.terminate()?;
    for failure in &verdict.failed {
        println!("FAIL  {failure}");
    }
    let failed = verdict.failed.len();
    println!("{suite:?}: {} left out", verdict.left_out);
    println!("{} passed, {failed} failed", verdict.passed);
    if failed > 0 || verdict.passed == 0 {
        return Err(Failure::new("the suite failed"));
    }
    Ok(())
}

/// The tests that are not run, with the reasons: a line `NAME REASON` each.
fn left_out(suite: &str) -> Result<BTreeMap<String, String>> {
    let path = crate::repository().join("e2e/clients").join(suite).join("left-out.txt");
    let text = fs::read_to_string(&path).context(path.display())?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines
        .filter_map(|line| line.split_once(' '))
        .map(|(name, reason)| (name.to_owned(), reason.trim().to_owned()))
        .collect())
}
