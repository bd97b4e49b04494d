//! Test bed, scenarios, client matrix and benchmark.
