//! What the person at the terminal sees while something takes long.

use std::time::Instant;

use crate::failure::Result;

/// Prints `what`, does it, and prints how long it took if that was worth a remark.
///
/// # Errors
/// Hands on the failure of `work`.
pub fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("  {what}");
    let started = Instant::now();
    let result = work();
    let seconds = started.elapsed().as_secs_f64();
    if seconds > 1.0 {
        println!("    {} after {seconds:.1} s", if result.is_ok() { "done" } else { "failed" });
    }
    result
}
