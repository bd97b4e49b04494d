//! Ports for processes on loopback.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::ensure;
use crate::failure::Result;

/// Below the range from which the kernel gives outgoing connections their ports: nobody takes the
/// port of a process that is down for a moment, and who calls it does not reach itself.
const RANGE: std::ops::Range<u16> = 12_000..32_000;

/// Ports that were free a moment ago.
///
/// # Errors
/// When nearly all are taken.
pub fn free<const N: usize>() -> Result<[u16; N]> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let length = RANGE.end - RANGE.start;
    // Processes that ask at the same time begin at different places.
    let begin = std::process::id().wrapping_mul(37) % u32::from(length);
    let begin = u16::try_from(begin).unwrap_or(0);
    let mut ports = [0; N];
    // All are held until all are known, so that they differ.
    let mut held = Vec::new();
    for port in &mut ports {
        for _ in 0..length {
            let step = NEXT.fetch_add(1, Ordering::Relaxed) % length;
            let candidate = RANGE.start + (begin + step) % length;
            if let Ok(listener) = TcpListener::bind(("127.0.0.1", candidate)) {
                held.push(listener);
                *port = candidate;
                break;
            }
        }
        ensure!(*port != 0, "no free port from {} to {}", RANGE.start, RANGE.end);
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_differ() -> Result<()> {
        let [one, two] = free()?;
        let [three] = free()?;
        assert!(one != two && two != three && one != three);
        Ok(())
    }
}
