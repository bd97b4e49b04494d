//! `kafka.network:type=RequestMetrics`.

use std::sync::OnceLock;
use std::time::Duration;

use barnabas_wire::ApiKey;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
};

use super::register;

/// Upper bounds of the time histogram, ms.
const BUCKETS_MS: &[f64] =
    &[0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 5000.0, 30_000.0];

/// One above the highest API key.
const APIS: usize = 128;

/// Counters and times by API.
#[derive(Debug)]
pub struct RequestMetrics {
    requests: IntCounterVec,
    times: HistogramVec,
    /// Found once for each API, so that counting looks nothing up.
    apis: [OnceLock<ApiMetrics>; APIS],
}

#[derive(Debug)]
struct ApiMetrics {
    requests: IntCounter,
    times: Histogram,
}

impl RequestMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let opts = |name: &str, help: &str| {
            Opts::new(format!("kafka_network_requestmetrics_{name}"), help)
        };
        let times = HistogramOpts::from(opts("totaltimems", "Time from request to answer, ms."));
        Self {
            requests: register(
                registry,
                IntCounterVec::new(opts("requests_total", "Requests answered."), &["request"]),
            ),
            times: register(
                registry,
                HistogramVec::new(times.buckets(BUCKETS_MS.to_vec()), &["request"]),
            ),
            apis: [const { OnceLock::new() }; APIS],
        }
    }

    /// A request was answered after so long.
    pub fn answered(&self, api: ApiKey, time: Duration) {
        let index = usize::try_from(api as i16).ok();
        let Some(slot) = index.and_then(|index| self.apis.get(index)) else { return };
        let metrics = slot.get_or_init(|| {
            let label = api.name();
            ApiMetrics {
                requests: self.requests.with_label_values(&[label]),
                times: self.times.with_label_values(&[label]),
            }
        });
        metrics.requests.inc();
        metrics.times.observe(time.as_secs_f64() * 1000.0);
    }
}
