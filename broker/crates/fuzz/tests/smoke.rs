//! Runs every target on mutated seeds: what a fuzzer would find in its first seconds.

use std::panic::{AssertUnwindSafe, catch_unwind};

use barnabas_fuzz::{TARGETS, input};

/// Inputs for each target.
const INPUTS: u64 = 4_000;

/// One test for all: the bound on memory counts what the whole process allocates.
#[test]
fn targets_survive_mutated_inputs() {
    for target in TARGETS {
        for seed in 0..INPUTS {
            let input = input(target, seed);
            if catch_unwind(AssertUnwindSafe(|| (target.run)(&input))).is_err() {
                panic!("target {}, seed {seed}, input {}", target.name, hex(&input));
            }
        }
    }
}

#[test]
fn names_are_those_of_the_fuzz_targets() {
    let manifest = include_str!("../../../fuzz/Cargo.toml");
    for target in TARGETS {
        let name = target.name;
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} has no binary");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
