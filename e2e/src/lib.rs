//! Test bed, scenarios, client matrix and benchmark.

pub mod bed;
pub mod bench;
pub mod broker;
pub mod cache;
pub mod checkout;
pub mod checks;
pub mod clients;
pub mod deployment;
pub mod failure;
pub mod hostile;
pub mod image;
pub mod kafka;
pub mod kubernetes;
pub mod program;
pub mod progress;
pub mod scenario;
pub mod suites;
pub mod usage;

/// The root of the repository that this program was built from.
pub fn repository() -> &'static std::path::Path {
    let crate_folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder.parent().unwrap_or(crate_folder)
}
