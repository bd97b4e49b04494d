//! Test bed, scenarios, client matrix and benchmark.

pub mod bed;
pub mod bench;
pub mod broker;
pub mod cache;
pub mod checkout;
pub mod checks;
pub mod clients;
pub mod cluster;
pub mod deployment;
pub mod failure;
pub mod faults;
pub mod hostile;
pub mod image;
pub mod kafka;
pub mod kubernetes;
pub mod load;
pub mod ports;
pub mod program;
pub mod progress;
pub mod scenario;
pub mod suites;
pub mod system;
pub mod tools;
pub mod usage;

/// The root of the repository: that of the cargo which runs this program, or else the one that it
/// was built from. Checkouts share cargo's output, so the two may differ.
pub fn repository() -> &'static std::path::Path {
    static ROOT: std::sync::OnceLock<std::path::PathBuf> = std::sync::OnceLock::new();
    ROOT.get_or_init(|| {
        let running = std::env::var_os("CARGO_MANIFEST_DIR");
        let folder = running.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let folder = std::path::PathBuf::from(folder);
        folder.parent().map(std::path::Path::to_path_buf).unwrap_or(folder)
    })
}
