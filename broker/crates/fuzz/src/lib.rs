//! Entry points for fuzzing whatever reads bytes from outside: peers, files, configuration.
//!
//! A target takes any bytes. It panics when what it reads panics, allocates out of proportion, or
//! accepts something that it does not say again in the same way. `tests/smoke.rs` runs each target
//! on mutated seeds; `broker/fuzz` runs them under libFuzzer (see `docs/fuzzing.md`).

pub mod api;
pub mod consumer;
pub mod control;
pub mod directory;
mod files;
pub mod groups;
pub mod log;
pub mod memory;
pub mod metadata;
pub mod mutate;
pub mod properties;
pub mod records;
pub mod request;
pub mod response;

pub use barnabas_wire::Source;

/// Something to fuzz.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Name of the target, and of its file in `broker/fuzz/fuzz_targets`.
    pub name: &'static str,
    /// Reads the bytes.
    pub run: fn(&[u8]),
    /// Makes a valid input, to start from.
    pub seed: fn(&mut Source) -> Vec<u8>,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "request", run: request::run, seed: request::seed },
    Target { name: "response", run: response::run, seed: response::seed },
    Target { name: "consumer", run: consumer::run, seed: consumer::seed },
    Target { name: "records", run: records::run, seed: records::seed },
    Target { name: "metadata", run: metadata::run, seed: metadata::seed },
    Target { name: "log", run: log::run, seed: log::seed },
    Target { name: "directory", run: directory::run, seed: directory::seed },
    Target { name: "groups", run: groups::run, seed: groups::seed },
    Target { name: "control", run: control::run, seed: control::seed },
    Target { name: "properties", run: properties::run, seed: properties::seed },
];

/// The input with the number `seed`: a valid one, in most cases mutated.
pub fn input(target: &Target, seed: u64) -> Vec<u8> {
    let mut source = Source::new(seed);
    let mut input = (target.seed)(&mut source);
    // Some stay valid: what is accepted must read back.
    if !source.chance(8) {
        mutate::mutate(&mut input, &mut source);
    }
    input
}
