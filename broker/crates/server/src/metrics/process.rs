//! The process, under the names of the Prometheus client libraries.

use prometheus::{Counter, IntGauge, Opts, Registry};

use super::register;

/// Memory, descriptors and processor time, read from `/proc` when asked.
#[derive(Debug)]
pub(super) struct ProcessMetrics {
    resident: IntGauge,
    descriptors: IntGauge,
    threads: IntGauge,
    cpu: Counter,
}

impl ProcessMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let gauge = |name: &str, help: &str| {
            register(registry, IntGauge::with_opts(Opts::new(format!("process_{name}"), help)))
        };
        let cpu = Opts::new("process_cpu_seconds_total", "Processor time used, s.");
        Self {
            resident: gauge("resident_memory_bytes", "Resident memory, bytes."),
            descriptors: gauge("open_fds", "Open file descriptors."),
            threads: gauge("threads", "Threads."),
            cpu: register(registry, Counter::with_opts(cpu)),
        }
    }

    /// Reads `/proc/self`; what cannot be read stays as it was.
    pub(super) fn update(&self) {
        if let Ok(entries) = std::fs::read_dir("/proc/self/fd") {
            self.descriptors.set(i64::try_from(entries.count()).unwrap_or(i64::MAX));
        }
        let Ok(stat) = std::fs::read_to_string("/proc/self/stat") else { return };
        let Some(stat) = Stat::parse(&stat) else { return };
        let page = i64::try_from(rustix::param::page_size()).unwrap_or(4096);
        self.resident.set(stat.resident_pages.saturating_mul(page));
        self.threads.set(stat.threads);
        let seconds = stat.cpu_ticks as f64 / rustix::param::clock_ticks_per_second() as f64;
        self.cpu.inc_by((seconds - self.cpu.get()).max(0.0));
    }
}

/// Fields of `/proc/<pid>/stat` (proc(5)).
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    cpu_ticks: u64,
    threads: i64,
    resident_pages: i64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The command may hold anything, blanks and brackets too: fields count from its end.
        let (_, rest) = text.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<i64>().ok();
        let ticks = number(14)?.checked_add(number(15)?)?;
        Some(Self {
            cpu_ticks: u64::try_from(ticks).ok()?,
            threads: number(20)?,
            resident_pages: number(24)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_with_blanks_and_brackets_does_not_shift_the_fields() {
        let line = "7 (a) b) S 1 7 7 0 -1 4194304 1 0 0 0 12 3 0 0 20 0 9 0 100 1000 55 184 1 1";
        let stat = Stat { cpu_ticks: 15, threads: 9, resident_pages: 55 };
        assert_eq!(Stat::parse(line), Some(stat));
        assert_eq!(Stat::parse("7 (a"), None);
    }
}
