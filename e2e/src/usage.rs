//! What a process uses, from `/proc`.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::failure::{Context, Result};

/// Seconds of CPU that a process has used, its threads and the kernel on its behalf included.
///
/// # Errors
/// When the process is gone.
pub fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("the broker is gone")?;
    cpu_of(&stat)
}

/// Seconds of CPU that the calling thread has used.
///
/// # Errors
/// When there is no `/proc`.
pub fn thread_cpu_seconds() -> Result<f64> {
    cpu_of(&fs::read_to_string("/proc/thread-self/stat")?)
}

fn cpu_of(stat: &str) -> Result<f64> {
    let (_, fields) = stat.rsplit_once(')').context("an unreadable /proc/PID/stat")?;
    let ticks: Vec<f64> =
        fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    let per_second = rustix::param::clock_ticks_per_second();
    Ok(ticks.iter().sum::<f64>() / f64::from(u32::try_from(per_second).unwrap_or(100)))
}

/// MiB of memory that a process has resident.
///
/// # Errors
/// When the process is gone.
pub fn resident_mib(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("the broker is gone")?;
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse::<u32>().ok())
        .context("no VmRSS in /proc/PID/status")?;
    Ok(f64::from(kib) / 1024.0)
}

/// Watches the resident memory of a process and keeps the largest value.
pub struct Peak {
    largest_kib: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Peak {
    /// Starts to watch.
    pub fn watch(pid: u32) -> Self {
        let largest_kib = Arc::new(AtomicU64::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let (largest, stopped) = (Arc::clone(&largest_kib), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                if let Ok(mib) = resident_mib(pid) {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "whole kibibytes"
                    )]
                    largest.fetch_max((mib * 1024.0) as u64, Ordering::Relaxed);
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        Self { largest_kib, stop, thread: Some(thread) }
    }

    /// Stops and returns the largest value in MiB.
    pub fn mib(mut self) -> f64 {
        self.end();
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let kib = self.largest_kib.load(Ordering::Relaxed) as f64;
        kib / 1024.0
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It only reads a file: there is nothing to hear from it.
            let _ended = thread.join();
        }
    }
}

impl Drop for Peak {
    fn drop(&mut self) {
        self.end();
    }
}
